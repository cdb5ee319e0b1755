"""Stream hardware as docs/lists.md states it, without time: executes load streams and nothing else.

It knows the hardware's parameters and the 128-bit beats, not the program nor the batch that they were made from, so
that its agreement with :func:`hwgen.targets.lists.execute.run` proves the images.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hwgen.targets.lists.arithmetic import round_value
from hwgen.targets.lists.hardware import Hardware
from rtl_templates.cells.formats import RAW_BITS
from rtl_templates.lists.formats import (
    ACC_BITS,
    BEAT,
    BIAS_SHIFT,
    COLUMN_BITS,
    DESCRIPTOR,
    LIST_ENTRY,
    MID_BITS,
    MID_SHIFTS,
    NULL_INDEX,
    P_BITS,
    PASS,
    RESULT_LANES,
    SETUP,
    Operand,
    Select,
    Set,
    Target,
)
from rtl_templates.shell.words import unpack

from .lists_memories import Memories
from .lists_requantizers import Context, Requantizers, fits, select_row
from .memories import ImageError

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


class Machine:
    """A design that was given a model image, and runs batches."""

    def __init__(self, hardware: Hardware, model: bytes) -> None:
        self.hardware = hardware
        self.memories = Memories(hardware)
        self.memories.load(model)
        self.requantizers = Requantizers(self.memories)
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
        context = Context()
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
                    total = total + (self.memories.biases(0, beat["bias"]) << BIAS_SHIFT)
                values.append(round_value(fits(total, P_BITS, "P")))
                total = None
        if not beats[-1]["end"] or not beats[-1]["last"] or sum(beat["end"] for beat in beats) != 1:
            raise ImageError("the last beat does not end the row")
        if len(values) != task["in_chunks"]:
            raise ImageError(f"{len(values)} chunks instead of {task['in_chunks']}")
        codes, bits = self.requantizers.final(task, "q1", 0, values, context)
        if task["combine"]:
            codes = self.requantizers.combine(task, codes, bits, context)
        self._write(task, unit, local, row, codes, context, writes)

    def _operand(self, beat: dict[str, int], setup: dict[str, int], unit: int, local: int, row: int,
                 context: Context) -> Ints:
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
                if index == NULL_INDEX and not double:
                    x = -x
                if index == NULL_INDEX:
                    if beat["max"] or (beat["degree"] and beat["row_kind"] == Select.DEGREE):
                        raise ImageError("a list that is counted or takes the maximum names nothing")
                    continue
                codes, _ = self._fetch(beat, index)
                x = (codes if number == 0 else np.maximum(x, codes)) if beat["max"] else x + codes
                fits(x, ACC_BITS, "x")
        mid = x * self.memories.lanes(Target.COLUMN, 0, beat["column"], COLUMN_BITS) >> MID_SHIFTS[beat["mid"]]
        address = select_row(beat["row_kind"], beat["row_base"], beat["row_limit"], context)[0]
        return fits(mid, MID_BITS, "mid") * self.requantizers.param(0, address)["multiplier"]

    def _fetch(self, beat: dict[str, int], index: int) -> tuple[Ints, int]:
        address = beat["base"] + index * beat["stride"]
        if address not in self.memories.entries:
            raise ImageError(f"buffer word {address} is read before it was written")
        self.read.add(address)
        return self.memories.row(address, beat["signed"])

    def _listed(self, beat: dict[str, int], setup: dict[str, int], unit: int, local: int,
                context: Context) -> list[tuple[int, int]]:
        """Entries of a row's list."""
        if beat["set"] >= len(Set):
            raise ImageError(f"there is no set {beat['set']}")
        at = setup[Set(beat["set"]).name.lower()] * 2 + local
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

    def _write(self, task: dict[str, int], unit: int, local: int, row: int, codes: Ints, context: Context,
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
        fits(codes, RAW_BITS, "result")
        for word in range(task["result_words"]):
            address = local * task["result_words"] + word
            if address >= h.result_depth:
                raise ImageError(f"result word {address} does not exist")
            part = codes[word * RESULT_LANES : (word + 1) * RESULT_LANES].tolist()
            writes.results[unit, address] = sum((code & (1 << RAW_BITS) - 1) << RAW_BITS * k
                                                for k, code in enumerate(part))
