"""Memories that a load fills: what a header may name."""

from typing import NamedTuple

from amaranth import Value

__all__ = ["LoadMemory"]


class LoadMemory(NamedTuple):
    """Words that a load may write under one target.

    Parameters
    ----------
    target : int
        Of a header.
    words : int
        Addresses of each unit: 0 to ``words - 1``. 0 where the design has no such memory.
    low, high : range, int
        Units are numbered ``l + (h << shift)``, l in ``low`` and h below ``high``.
    shift : int
    needed : bool
        No run without words of this target.
    """

    target: int
    words: int
    low: range = range(1)
    high: int = 1
    shift: int = 4
    needed: bool = False

    @property
    def units(self) -> set[int]:
        """Every unit that has this memory."""
        return {low + (high << self.shift) for high in range(self.high) for low in self.low}

    def has(self, unit: Value, address: Value) -> Value:
        """Whether there is a word of that unit and address."""
        low, inside = unit[:self.shift], (unit[self.shift:] < self.high) & (address < self.words)
        if self.low.start:  # tools warn of comparisons that always hold
            inside = inside & (low >= self.low.start)
        return inside & (low < self.low.stop) if self.low.stop < 1 << self.shift else inside
