"""The memories of stream hardware, filled from load streams as docs/stream.md states them."""

import numpy as np
from numpy.typing import NDArray

from rtl_templates.formats import TABLE_INPUTS
from rtl_templates.stream.formats import Target

from ...ir.stream_hardware import StreamHardware
from ..memories import ImageError, signed

__all__ = ["ImageError", "StreamMemories", "signed"]


class StreamMemories:
    """All memories of a design by load target, unit and address, as Python integers.

    The node buffer keeps an entry beside every word; loaded words have entry 0.
    """

    def __init__(self, hardware: StreamHardware) -> None:
        self.hardware = h = hardware
        self.memory: dict[tuple[int, int], dict[int, int]] = {}
        self.entries: dict[int, int] = {}
        per_beat = 128 // (h.weight_bits + 3)
        groups = {16 * stage + group for stage in (0, 1) for group in range(h.lanes // 4)}
        tables = {table + 32 * chunk for table in range(-(-h.lanes // TABLE_INPUTS))
                  for chunk in range(-(-h.lanes // per_beat))}
        units = set(range(h.units))
        self.limits: dict[int, list[tuple[set[int], int]]] = {
            Target.PASS: [({0, 1}, h.passes)],
            Target.BEAT: [({0}, h.beats)],
            Target.LIST: [(units, h.list_depth)],
            Target.DESCRIPTOR: [(units, h.descriptor_depth)],
            Target.COLUMN: [(groups, h.column_depth)],
            Target.BIAS: [(groups, h.column_depth)],
            Target.TABLE: [(tables if h.weight_bits else set(), 64 * h.pages)],
            Target.PARAM: [({0, 1}, h.param_depth)],
            Target.THRESHOLD: [({level, 16 + level}, h.tables << level) for level in range(h.levels)],
            Target.ROWS: [(set(range(-(-h.lanes * h.code_bits // 128))), h.buffer_depth)],
            Target.SETUP: [(units, 1)],
        }

    def load(self, stream: bytes) -> None:
        """Parse headers and fill memories, as the loader does."""
        words = [int.from_bytes(stream[at : at + 16], "little") for at in range(0, len(stream), 16)]
        at = 0
        while True:
            if at >= len(words):
                raise ImageError("the stream has no END header")
            header = words[at]
            target, unit = header & 0xFF, header >> 8 & 0xFFFF
            address, count = header >> 32 & 0xFFFFFFFF, header >> 64 & 0xFFFFFFFF
            at += 1
            if target == Target.END:
                break
            depth = next((depth for units, depth in self.limits.get(target, []) if unit in units), 0)
            if address + count > depth or at + count > len(words):
                raise ImageError(f"target {target}, unit {unit}: words {address} to {address + count - 1} do not exist")
            block = self.memory.setdefault((target, unit), {})
            for offset in range(count):
                block[address + offset] = words[at + offset]
                if target == Target.ROWS:
                    self.entries[address + offset] = 0
            at += count
        if at != len(words):
            raise ImageError(f"{len(words) - at} beats behind END")

    def word(self, target: Target, unit: int, address: int) -> int:
        """A word that was written."""
        try:
            return self.memory[target, unit][address]
        except KeyError:
            raise ImageError(f"{target.name} {unit}: word {address} was never written") from None

    def lanes(self, target: Target, stage: int, address: int, bits: int) -> NDArray[np.int64]:
        """A chunk of C or B: int64 [lanes]."""
        groups = [self.word(target, 16 * stage + group, address) for group in range(self.hardware.lanes // 4)]
        return np.array([signed(word >> bits * lane, bits) for word in groups for lane in range(4)])

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
            block = self.memory.setdefault((Target.ROWS, chunk), {})
            block[address] = data >> 128 * chunk & (1 << 128) - 1
        self.entries[address] = entry
