"""Stream hardware as docs/stream.md states it, without time: executes load streams and nothing else.

It knows the hardware's parameters and the 128-bit beats, not the program nor the batch that they were made from, so
that its agreement with :func:`hwgen.reference.stream.execute.run` proves the images.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rtl_templates.formats import TABLE_INPUTS, unpack
from rtl_templates.stream.formats import (
    BEAT,
    BIAS_BITS,
    BIAS_SHIFT,
    COLUMN_BITS,
    DESCRIPTOR,
    LIST_ENTRY,
    MID_BITS,
    MID_SHIFTS,
    NULL_INDEX,
    P_BITS,
    PARAM,
    PASS,
    RAW_BITS,
    RESULT_LANES,
    SETS,
    SETUP,
    V_BITS,
    X_BITS,
    Kind,
    Operand,
    Select,
    Target,
)

from ...ir.stream_hardware import StreamHardware
from ...numeric import activate, encode, round_value
from .memories import ImageError, StreamMemories, signed

__all__ = ["ImageError", "Machine", "PassWrites"]

Ints = NDArray[np.int64]


@dataclass
class PassWrites:
    """What one pass wrote, in any order.

    Attributes
    ----------
    buffer : dict of int to (data, entry)
        By buffer word.
    results : dict of (unit, word) to data
    """

    buffer: dict[int, tuple[int, int]] = field(default_factory=dict)
    results: dict[tuple[int, int], int] = field(default_factory=dict)


@dataclass
class _Context:
    """What is known of a row on its way."""

    degree: int = 0
    node: int = 0
    entry: int = 0


class Machine:
    """A design that was given a model image, and runs batches."""

    def __init__(self, hardware: StreamHardware, model: bytes) -> None:
        self.hardware = hardware
        self.memories = StreamMemories(hardware)
        self.memories.load(model)
        self.loaded = set(self.memories.entries)
        self.read: set[int] = set()

    def run(self, batch: bytes) -> list[PassWrites]:
        """Load a batch and run all passes.

        Raises
        ------
        ImageError
            On an address outside a memory, a row read before this batch wrote it or in the pass that writes it, a word
            written twice, or a number that exceeds its width.
        """
        for address in set(self.memories.entries) - self.loaded:  # rows of the batch before
            del self.memories.entries[address]
            del self.memories.memory[Target.ROWS, 0][address]
        self.memories.load(batch)
        done: list[PassWrites] = []
        for number in range(self.hardware.passes):
            halves = [self.memories.word(Target.PASS, half, number) for half in (0, 1)]
            task = unpack(PASS, halves[0] | halves[1] << 128)
            done.append(self._pass(task))
            if task["last"]:
                return done
        raise ImageError("no pass is the last")

    def _pass(self, task: dict[str, int]) -> PassWrites:
        writes, self.read = PassWrites(), set()
        beats = [unpack(BEAT, self.memories.word(Target.BEAT, 0, task["beat_start"] + k))
                 for k in range(task["beat_count"])]
        for unit in range(self.hardware.units):
            setup = unpack(SETUP, self.memories.word(Target.SETUP, unit, 0))
            for local in range(setup["graphs" if task["graphs"] else "nodes"]):
                self._row(task, beats, setup, unit, local, writes)
        for address, (data, entry) in writes.buffer.items():
            if address in self.read or address in self.loaded or address >= self.hardware.buffer_depth:
                raise ImageError(f"buffer word {address} is written, and read in the same pass or loaded or beyond")
            self.memories.write_row(address, data, entry)
        return writes

    def _row(self, task: dict[str, int], beats: list[dict[str, int]], setup: dict[str, int], unit: int, local: int,
             writes: PassWrites) -> None:
        context = _Context()
        row = unit + local * self.hardware.units
        values: list[Ints] = []
        total: Ints | None = None
        for beat in beats:
            if beat["operand"] == Operand.SKIP:
                self._listed(beat, setup, unit, local, context)
                continue
            product = self._operand(beat, setup, unit, local, row, context)
            if beat["first"] != (total is None):
                raise ImageError("a chunk does not begin where the one before ends")
            total = product if total is None else (
                np.maximum(total, product) if beat["join_max"] else total + product)
            if beat["last"]:
                if not beat["join_max"]:
                    total = total + (self.memories.lanes(Target.BIAS, 0, beat["bias"], BIAS_BITS) << BIAS_SHIFT)
                values.append(round_value(_fits(total, P_BITS, "P")))
                total = None
        if not beats[-1]["end"] or not beats[-1]["last"] or sum(beat["end"] for beat in beats) != 1:
            raise ImageError("the last beat does not end the row")
        if len(values) != task["in_chunks"]:
            raise ImageError(f"{len(values)} chunks instead of {task['in_chunks']}")
        codes, bits = self._final(task, "pre", 0, values, context)
        if task["combine"]:
            codes = self._combine(task, codes, bits, context)
        self._write(task, unit, local, row, codes, context, writes)

    def _operand(self, beat: dict[str, int], setup: dict[str, int], unit: int, local: int, row: int,
                 context: _Context) -> Ints:
        """``mid * R`` of one beat."""
        x = np.zeros(self.hardware.lanes, dtype=np.int64)
        if beat["operand"] == Operand.ONE:
            x += 1
        elif beat["operand"] == Operand.SELF:
            x, entry = self._fetch(beat, row)
            if beat["entry"]:
                context.entry = entry
        else:
            for number, (index, double) in enumerate(self._listed(beat, setup, unit, local, context)):
                if double:
                    x = 2 * x
                if index == NULL_INDEX:
                    if beat["max"] or (beat["degree"] and beat["row_kind"] == Select.DEGREE):
                        raise ImageError("a list that is counted or takes the maximum names nothing")
                    continue
                codes, _ = self._fetch(beat, index)
                x = (codes if number == 0 else np.maximum(x, codes)) if beat["max"] else x + codes
                _fits(x, X_BITS, "x")
        mid = x * self.memories.lanes(Target.COLUMN, 0, beat["column"], COLUMN_BITS) >> MID_SHIFTS[beat["mid"]]
        address = _select(beat["row_kind"], beat["row_base"], beat["row_limit"], context)[0]
        return _fits(mid, MID_BITS, "mid") * self._param(0, address)["multiplier"]

    def _fetch(self, beat: dict[str, int], index: int) -> tuple[Ints, int]:
        address = beat["base"] + index * beat["stride"]
        if address not in self.memories.entries:
            raise ImageError(f"buffer word {address} is read before it was written")
        self.read.add(address)
        return self.memories.row(address, beat["signed"])

    def _listed(self, beat: dict[str, int], setup: dict[str, int], unit: int, local: int,
                context: _Context) -> list[tuple[int, int]]:
        """Entries of a row's list."""
        at = setup[SETS[beat["set"]].name.lower()] * 2 + local
        word = self.memories.word(Target.DESCRIPTOR, unit, at // 2) >> 64 * (at % 2)
        descriptor = unpack(DESCRIPTOR, word)
        if beat["degree"]:
            context.degree, context.node = descriptor["count"], descriptor["node"]
        if beat["operand"] == Operand.SKIP:
            return []
        entries = []
        for at in range(descriptor["start"], descriptor["start"] + descriptor["count"]):
            entry = unpack(LIST_ENTRY, self.memories.word(Target.LIST, unit, at // 8) >> 16 * (at % 8))
            entries.append((entry["index"], entry["double"]))
        return entries

    def _final(self, task: dict[str, int], name: str, stage: int, values: list[Ints],
               context: _Context) -> tuple[Ints, int]:
        """Codes of a row, int64 [chunks * lanes], and their width; the entry goes into the context."""
        value = activate(_fits(np.concatenate(values), V_BITS, "V"), task[f"{name}_slope"])
        if task[f"{name}_kind"] == Kind.RAW:
            return value, 0
        select, base = task[f"{name}_select"], task[f"{name}_base"]
        if select == Select.NEAREST:
            context.entry = self._nearest(task[f"{name}_table"], stage, int(np.abs(value).max()))
            address = base + context.entry
        else:
            address, context.entry = _select(select, base, task[f"{name}_limit"], context)
        param = self._param(stage, address)
        codes = encode(value[None], np.array([param["multiplier"]]), np.array([param["bits"]]),
                       signed=task[f"{name}_kind"] == Kind.SIGNED)
        return codes[0], param["bits"]

    def _nearest(self, table: int, stage: int, peak: int) -> int:
        prefix = 0
        for level in range(self.hardware.levels):
            threshold = self.memories.word(Target.THRESHOLD, 16 * stage + level, table << level | prefix)
            prefix = prefix << 1 | int(peak > threshold)
        return prefix

    def _combine(self, task: dict[str, int], codes: Ints, bits: int, context: _Context) -> Ints:
        """The MAC array and the second requantizer."""
        lanes = self.hardware.lanes
        multiplier = self._param(1, _select(task["row_select"], task["row_base"], task["row_limit"], context)[0])
        values = []
        for out in range(task["out_chunks"]):
            x = np.zeros(lanes, dtype=np.int64)
            for chunk in range(task["in_chunks"]):
                page = task["page"] + out * task["in_chunks"] + chunk
                for plane in range(bits):
                    weight = -(1 << plane) if task["pre_kind"] == Kind.SIGNED and plane == bits - 1 else 1 << plane
                    x += weight * self._sums(page, codes[chunk * lanes : (chunk + 1) * lanes] >> plane & 1)
            _fits(x, X_BITS, "x")
            column = self.memories.lanes(Target.COLUMN, 1, task["column"] + out, COLUMN_BITS)
            mid = _fits(x * column >> MID_SHIFTS[task["mid"]], MID_BITS, "mid")
            bias = self.memories.lanes(Target.BIAS, 1, task["bias"] + out, BIAS_BITS) << BIAS_SHIFT
            values.append(round_value(_fits(mid * multiplier["multiplier"] + bias, P_BITS, "P")))
        return self._final(task, "post", 1, values, context)[0]

    def _sums(self, page: int, plane: Ints) -> Ints:
        """Weights of the inputs whose bit is set, summed: int64 [lanes]."""
        width = self.hardware.weight_bits + 3
        per_beat, lanes = 128 // width, self.hardware.lanes
        total = np.zeros(lanes, dtype=np.int64)
        for table in range(-(-lanes // TABLE_INPUTS)):
            inputs = plane[table * TABLE_INPUTS : (table + 1) * TABLE_INPUTS].tolist()
            subset = sum(bit << k for k, bit in enumerate(inputs))
            for chunk in range(-(-lanes // per_beat)):
                word = self.memories.word(Target.TABLE, table + 32 * chunk, page * 64 + subset)
                part = range(chunk * per_beat, min((chunk + 1) * per_beat, lanes))
                total[part.start : part.stop] += [signed(word >> width * k, width) for k in range(len(part))]
        return total

    def _param(self, stage: int, address: int) -> dict[str, int]:
        return unpack(PARAM, self.memories.word(Target.PARAM, stage, address))

    def _write(self, task: dict[str, int], unit: int, local: int, row: int, codes: Ints, context: _Context,
               writes: PassWrites) -> None:
        h = self.hardware
        if not task["to_result"]:
            mask = (1 << h.code_bits) - 1
            for chunk in range(task["out_chunks"]):
                data = sum((code & mask) << h.code_bits * lane
                           for lane, code in enumerate(codes[chunk * h.lanes : (chunk + 1) * h.lanes].tolist()))
                address = task["target"] + row * task["stride"] + chunk
                if address in writes.buffer:
                    raise ImageError(f"buffer word {address} is written twice")
                writes.buffer[address] = data, context.entry
            return
        _fits(codes, RAW_BITS, "result")
        for word in range(task["result_words"]):
            address = local * task["result_words"] + word
            if address >= h.result_depth:
                raise ImageError(f"result word {address} does not exist")
            part = codes[word * RESULT_LANES : (word + 1) * RESULT_LANES].tolist()
            writes.results[unit, address] = sum((code & (1 << RAW_BITS) - 1) << RAW_BITS * k
                                                for k, code in enumerate(part))


def _select(select: int, base: int, limit: int, context: _Context) -> tuple[int, int]:
    """Address of a row parameter, and the entry that it is."""
    entry = {Select.CONSTANT: 0, Select.DEGREE: min(context.degree, limit), Select.NODE: context.node,
             Select.ENTRY: context.entry}[Select(select)]
    return base + entry, entry


def _fits(values: Ints, bits: int, name: str) -> Ints:
    if values.size and (values.min() < -(1 << (bits - 1)) or values.max() >= 1 << (bits - 1)):
        raise ImageError(f"{name} reaches {values.min()} or {values.max()}, beyond {bits} bits")
    return values
