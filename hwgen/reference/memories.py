"""The memories of a design, filled from a load stream as docs/architecture.md states it."""

import numpy as np
from numpy.typing import NDArray

from rtl_templates.formats import TABLE_INPUTS, Target

from ..ir.hardware import UNITS, Hardware

__all__ = ["ImageError", "Memories", "signed"]


class ImageError(Exception):
    """The images ask for something the accelerator would not do as intended."""


def signed(value: int, bits: int) -> int:
    """The low ``bits`` of a word as two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


class Memories:
    """All memories of a design, by load target, unit and address, as Python integers."""

    def __init__(self, hardware: Hardware) -> None:
        self.hardware = hardware
        self.memory: dict[tuple[int, int], dict[int, int]] = {}
        h = hardware
        chunks = -(-UNITS * (h.bank_depth.bit_length() - 1 + 8) // 128)
        tables, columns = -(-h.lanes // TABLE_INPUTS), -(-h.mac_columns // (128 // (h.weight_bits + 3)))
        self.limits: dict[int, tuple[set[int], int]] = {
            Target.TASK: ({0}, 1 << 8),
            Target.SCHEDULE: ({g * UNITS + c for g in range(h.groups) for c in range(chunks)}, h.slots),
            Target.BANK: (set(range(UNITS)), h.bank_depth * h.digits),
            Target.PARAM: (set(range(h.servers)), h.param_depth),
            Target.COLUMN: (set(range(h.requant_lanes)), h.column_depth),
            Target.TABLE: ({t + 32 * c for t in range(tables) for c in range(columns)}, 64 * h.pages),
            Target.FEATURE: (set(range(h.servers)), h.feature_depth),
            Target.SETUP: (set(range(h.servers)), h.ports),
        }

    def load(self, beats: NDArray[np.uint64]) -> None:
        """Parse headers and fill memories, as the loader does."""
        words = [low | high << 64 for low, high in beats.tolist()]
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
            units, depth = self.limits[target]
            if unit not in units or address + count > depth or at + count > len(words):
                raise ImageError(f"{Target(target).name} {unit}: words {address} to {address + count - 1} do not exist")
            block = self.memory.setdefault((target, unit), {})
            for offset in range(count):
                block[address + offset] = words[at + offset]
            at += count

    def word(self, target: Target, unit: int, address: int) -> int:
        """A word that was written."""
        try:
            return self.memory[target, unit][address]
        except KeyError:
            raise ImageError(f"{target.name} {unit}: word {address} was never written") from None

    def digits(self, bank: int, row: int, index: int) -> list[int]:
        """One word of a row: digit ``index`` of every lane."""
        h = self.hardware
        value = self.word(Target.BANK, bank, row * h.digits + index)
        return [value >> h.digit * lane & (1 << h.digit) - 1 for lane in range(h.lanes)]

    def write_row(self, bank: int, row: int, codes: NDArray[np.int64]) -> None:
        """Cut a row into digits and store it."""
        h = self.hardware
        block = self.memory.setdefault((Target.BANK, bank), {})
        for k in range(h.digits):
            digits = (codes >> h.digit * k & (1 << h.digit) - 1).tolist()
            block[row * h.digits + k] = sum(value << h.digit * lane for lane, value in enumerate(digits))
