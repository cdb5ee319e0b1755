"""Constants of both requantizers and weight pages, equal ones stored once."""

from collections.abc import Sequence

import numpy as np

from rtl_templates.lists.formats import V_BITS

from ..arrays import Ints

__all__ = ["Tables"]


class _Runs:
    """Entries of a memory; a run of entries that is there already is found again."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.count = 0
        self._parts: list[Ints] = []
        self._known: dict[bytes, int] = {}

    def add(self, entries: Ints) -> int:
        """First entry of a run: int64 [entries, width]."""
        key = entries.astype(np.int64).tobytes()
        if key not in self._known:
            self._known[key] = self.count
            self._parts.append(entries.astype(np.int64))
            self.count += len(entries)
        return self._known[key]

    def entries(self) -> Ints:
        """All entries: int64 [count, width]."""
        return np.concatenate([np.empty((0, self.width), dtype=np.int64), *self._parts])


class Tables:
    """What the model image loads into requantizers and MAC arrays.

    Requantizer 0 stands before the MAC array, 1 behind it.

    Parameters
    ----------
    lanes : int
        Channels of a chunk.
    levels : int
        Steps of a search.
    """

    def __init__(self, lanes: int, levels: int) -> None:
        self.lanes, self.levels = lanes, levels
        self._columns = [_Runs(lanes), _Runs(lanes)]
        self._biases = [_Runs(lanes), _Runs(lanes)]
        self._params = [_Runs(2), _Runs(2)]
        self._thresholds = [_Runs(max(1, (1 << levels) - 1)), _Runs(max(1, (1 << levels) - 1))]
        self._pages = _Runs(lanes * lanes)

    def column(self, stage: int, values: Ints, position: Ints, chunks: int) -> int:
        """First entry of C, channel by channel at the positions given."""
        return self._columns[stage].add(self._rows(values, position, chunks))

    def bias(self, stage: int, values: Ints, position: Ints, chunks: int) -> int:
        """First entry of B."""
        return self._biases[stage].add(self._rows(values, position, chunks))

    def params(self, stage: int, multiplier: Ints, bits: Ints | None = None) -> int:
        """First entry of a table of row parameters; ``bits`` None is a table of R."""
        bits = np.zeros_like(multiplier) if bits is None else bits
        return self._params[stage].add(np.stack([multiplier, bits], axis=1))

    def thresholds(self, stage: int, values: Ints) -> int:
        """Number of a table of thresholds, in ascending order; those that miss are never exceeded."""
        whole = np.full((1, max(1, len(values), (1 << self.levels) - 1)), (1 << (V_BITS - 1)) - 1, dtype=np.int64)
        whole[0, : len(values)] = values
        return self._thresholds[stage].add(whole)

    def pages(self, weight: Ints, rows: Ints, columns: Ints, chunks: tuple[int, int]) -> int:
        """First page of a matrix whose inputs and outputs lie at the positions given.

        Page ``o * in_chunks + c`` takes chunk c of the inputs to chunk o of the outputs.
        """
        lanes, (inputs, outputs) = self.lanes, chunks
        whole = np.zeros((inputs * lanes, outputs * lanes), dtype=np.int64)
        whole[np.ix_(rows, columns)] = weight
        cut = whole.reshape(inputs, lanes, outputs, lanes).transpose(2, 0, 1, 3)
        return self._pages.add(cut.reshape(outputs * inputs, lanes * lanes))

    def column_table(self, stage: int) -> Ints:
        """C: int64 [entries, lanes]."""
        return self._columns[stage].entries()

    def bias_table(self, stage: int) -> Ints:
        """B: int64 [entries, lanes]."""
        return self._biases[stage].entries()

    def param_table(self, stage: int) -> Ints:
        """Multiplier and bits: int64 [entries, 2]."""
        return self._params[stage].entries()

    def threshold_table(self, stage: int) -> Ints:
        """int64 [tables, 2^levels - 1]."""
        return self._thresholds[stage].entries()

    def page_table(self) -> Ints:
        """int64 [pages, lanes, lanes]."""
        return self._pages.entries().reshape(-1, self.lanes, self.lanes)

    @property
    def page_count(self) -> int:
        return self._pages.count

    @property
    def column_entries(self) -> Sequence[int]:
        """Entries that the memories of C and B of each requantizer need: the larger of the two."""
        return [max(self._columns[stage].count, self._biases[stage].count) for stage in (0, 1)]

    @property
    def param_entries(self) -> Sequence[int]:
        return [runs.count for runs in self._params]

    @property
    def threshold_tables(self) -> Sequence[int]:
        return [runs.count for runs in self._thresholds]

    def _rows(self, values: Ints, position: Ints, chunks: int) -> Ints:
        whole = np.zeros(chunks * self.lanes, dtype=np.int64)
        whole[position] = values
        return whole.reshape(chunks, self.lanes)
