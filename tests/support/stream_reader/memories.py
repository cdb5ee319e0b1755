"""The memories of a design, filled from a load stream as docs/banked.md states it."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hwgen.targets.banked.hardware import UNITS, Hardware
from rtl_templates.banked.formats import PASSES, Target, weight_plan
from rtl_templates.cells.mac_plan import MacPlan
from rtl_templates.shell.checksum import end_beat

__all__ = ["ImageError", "LoadedMemories", "Memories", "signed", "table_limits"]


class ImageError(AssertionError):
    """The images ask for something the accelerator would not do as intended."""


def signed(value: int, bits: int) -> int:
    """The low ``bits`` of a word as two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


class LoadedMemories:
    """Memories by load target, unit and address, as Python integers; of either target.

    Parameters
    ----------
    limits : dict
        Of each target the units that have it, and how many words they have; more than one pair where that differs.
    """

    def __init__(self, limits: dict[int, list[tuple[set[int], int]]]) -> None:
        self.limits = limits
        self.memory: dict[tuple[int, int], dict[int, int]] = {}

    def load(self, stream: bytes) -> None:
        """Parse headers and fill memories, as the loader does.

        Raises
        ------
        ImageError
            If a header names words that no memory has or the stream lacks, or none is END, or more follows, or
            the checksum differs.
        """
        beats, at = [int.from_bytes(stream[at : at + 16], "little") for at in range(0, len(stream), 16)], 0
        while True:
            if at >= len(beats):
                raise ImageError("the stream has no END header")
            header = beats[at]
            target, unit = header & 0xFF, header >> 8 & 0xFFFF
            address, count = header >> 32 & 0xFFFFFFFF, header >> 64 & 0xFFFFFFFF
            at += 1
            if target == Target.END:
                if header != end_beat(beats[: at - 1]):
                    raise ImageError("the checksum in END is not that of the stream")
                break
            depth = next((depth for units, depth in self.limits.get(target, []) if unit in units), 0)
            if address + count > depth or at + count > len(beats):
                raise ImageError(f"target {target}, unit {unit}: words {address} to {address + count - 1} do not exist")
            self.store(target, unit, address, beats[at : at + count])
            at += count
        if at != len(beats):
            raise ImageError(f"{len(beats) - at} beats behind END")

    def store(self, target: int, unit: int, address: int, words: Sequence[int]) -> None:
        """Write words from an address on."""
        self.memory.setdefault((target, unit), {}).update(enumerate(words, address))

    def plane_sums(self, target: IntEnum, plan: MacPlan, page: int, plane: list[int], negate: int = 0) -> list[int]:
        """Of all columns the sum of weights whose input bit is set, as entries of all tables; minus that if ``negate``.

        A table's address is its inputs' bits, turned where the plane is subtracted; above them, in the last table of
        signed arrays, ``negate``; then the page.
        """
        totals = [0] * plan.columns
        entries = [[0] * plan.columns for _ in plan.tables]
        for index, (number, low, width) in enumerate(plan.slices):
            table = plan.tables[number]
            bits = [bit ^ negate for bit in plane[table.first : table.first + table.inputs]]
            place = sum(bit << k for k, bit in enumerate(bits)) | negate << table.inputs
            address = place % (1 << table.address_bits) + (page << table.address_bits)
            for column in range(plan.columns):
                word = self.word(target, index + 32 * (column // plan.chunk), address)
                field = word >> plan.field * (column % plan.chunk)
                entries[number][column] |= (field & (1 << width) - 1) << low
        for table, values in zip(plan.tables, entries, strict=True):
            for column, value in enumerate(values):
                totals[column] += signed(value, table.width) if table.low < 0 else value
        return totals

    def word(self, target: IntEnum, unit: int, address: int) -> int:
        """A word that was written."""
        try:
            return self.memory[target, unit][address]
        except KeyError:
            raise ImageError(f"{target.name} {unit}: word {address} was never written") from None


def table_limits(plan: MacPlan) -> list[tuple[set[int], int]]:
    """Units and words of a MAC array's tables."""
    return [({index + 32 * chunk for chunk in range(len(plan.chunks))}, plan.tables[piece.table].depth)
            for index, piece in enumerate(plan.slices)]


class Memories(LoadedMemories):
    """All memories of a banked design."""

    def __init__(self, hardware: Hardware) -> None:
        self.hardware = h = hardware
        chunks = -(-UNITS * (h.bank_depth.bit_length() - 1 + 8) // 128)
        servers = set(range(h.servers))
        super().__init__({
            Target.TASK: [({0}, PASSES)],
            Target.SCHEDULE: [({g * UNITS + c for g in range(h.groups) for c in range(chunks)}, h.slots)],
            Target.BANK: [(set(range(UNITS)), h.bank_depth * h.digits)],
            Target.PARAM: [(servers, h.param_depth)],
            Target.COLUMN: [(set(range(h.requant_lanes)), h.column_depth)],
            Target.BIAS: [(set(range(h.requant_lanes)), h.bias_depth)],
            Target.TABLE: table_limits(weight_plan(h.to_dict())),
            Target.FEATURE: [(servers, h.feature_depth)],
            Target.SETUP: [(servers, h.ports)],
        })

    def digits(self, bank: int, row: int, index: int) -> list[int]:
        """One word of a row: digit ``index`` of every lane."""
        h = self.hardware
        value = self.word(Target.BANK, bank, row * h.digits + index)
        return [value >> h.digit * lane & (1 << h.digit) - 1 for lane in range(h.lanes)]

    def write_row(self, bank: int, row: int, codes: NDArray[np.int64]) -> None:
        """Cut a row into digits and store it."""
        h = self.hardware
        words = []
        for k in range(h.digits):
            digits = (codes >> h.digit * k & (1 << h.digit) - 1).tolist()
            words.append(sum(value << h.digit * lane for lane, value in enumerate(digits)))
        self.store(Target.BANK, bank, row * h.digits, words)
