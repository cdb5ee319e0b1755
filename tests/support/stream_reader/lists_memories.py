"""The memories of stream hardware, filled from load streams as docs/lists.md states them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwgen.targets.lists.hardware import Hardware
from rtl_templates.lists.formats import BIAS_BITS, BIAS_HALF, Target, weight_plan

from .memories import LoadedMemories, signed, table_limits

__all__ = ["Memories"]


class Memories(LoadedMemories):
    """All memories of a design of edge lists.

    The node buffer keeps an entry beside every word; loaded words have entry 0.
    """

    def __init__(self, hardware: Hardware) -> None:
        self.hardware = h = hardware
        self.entries: dict[int, int] = {}
        groups = {16 * stage + group for stage in (0, 1) for group in range(h.lanes // 4)}
        units = set(range(h.units))
        super().__init__({
            Target.PASS: [({0, 1}, h.passes)],
            Target.BEAT: [({0}, h.beats)],
            Target.LIST: [(units, h.list_depth)],
            Target.DESCRIPTOR: [(units, h.descriptor_depth)],
            Target.COLUMN: [(groups, h.column_depth)],
            Target.BIAS: [(groups, h.column_depth)],
            Target.TABLE: table_limits(weight_plan(h.to_dict())) if h.weight_bits else [],
            Target.PARAM: [({0, 1}, h.param_depth)],
            Target.THRESHOLD: [({level, 16 + level}, h.tables << level) for level in range(h.levels)],
            Target.ROWS: [(set(range(-(-h.lanes * h.code_bits // 128))), h.buffer_depth)],
            Target.SETUP: [(units, 1)],
        })

    def store(self, target: int, unit: int, address: int, words: Sequence[int]) -> None:
        super().store(target, unit, address, words)
        if target == Target.ROWS:
            self.entries.update(dict.fromkeys(range(address, address + len(words)), 0))

    def lanes(self, target: Target, stage: int, address: int, bits: int) -> NDArray[np.int64]:
        """A chunk of C or B: int64 [lanes]."""
        groups = [self.word(target, 16 * stage + group, address) for group in range(self.hardware.lanes // 4)]
        return np.array([signed(word >> bits * lane, bits) for word in groups for lane in range(4)])

    def biases(self, stage: int, address: int) -> NDArray[np.int64]:
        """A chunk of B, which lies there with what rounds P to V: int64 [lanes]."""
        return self.lanes(Target.BIAS, stage, address, BIAS_BITS) - BIAS_HALF

    def row(self, address: int, is_signed: int) -> tuple[NDArray[np.int64], int]:
        """Codes of a buffer word, int64 [lanes], and the entry beside it."""
        h = self.hardware
        chunks = range(-(-h.lanes * h.code_bits // 128))
        whole = sum(self.word(Target.ROWS, chunk, address) << 128 * chunk for chunk in chunks)
        mask = (1 << h.code_bits) - 1
        codes = [whole >> h.code_bits * lane & mask for lane in range(h.lanes)]
        return np.array([signed(code, h.code_bits) if is_signed else code for code in codes]), self.entries[address]

    def write_row(self, address: int, data: int, entry: int) -> None:
        """Store a word in the node buffer."""
        for chunk in range(-(-self.hardware.lanes * self.hardware.code_bits // 128)):
            self.store(Target.ROWS, chunk, address, [data >> 128 * chunk & (1 << 128) - 1])
        self.entries[address] = entry
