"""Ranges of integers that are proved, the widest code and the longest reach; widths of words belong to the targets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_ACTIVATION_BITS", "MAX_STEPS", "MOST_STEPS", "SUM_STEPS", "Bounds", "IntRange"]

MAX_ACTIVATION_BITS = 8
#: Steps that a value may reach on any graph before it is clipped: constants of 18 bits compute so many to an eighth of
#: a code, whatever the other channels; and where these reach as far, so many that ports hold them.
MAX_STEPS, MOST_STEPS = 1 << 15, 1 << 18
#: Steps that a sum may reach before a mean divides it.
SUM_STEPS = 1 << 19

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class IntRange:
    """A closed interval of integers: what a value can be, proved."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"empty range [{self.low}, {self.high}]")

    @property
    def signed_bits(self) -> int:
        """Width of the narrowest two's complement signal that holds every value."""
        return max(max(self.high, 0).bit_length(), max(-1 - self.low, 0).bit_length()) + 1

    def __or__(self, other: "IntRange") -> "IntRange":
        return IntRange(min(self.low, other.low), max(self.high, other.high))

    def __contains__(self, other: "IntRange | int") -> bool:
        if isinstance(other, int):
            return self.low <= other <= self.high
        return self.low <= other.low and other.high <= self.high

    def __str__(self) -> str:
        return f"[{self.low}, {self.high}]"

    @classmethod
    def signed(cls, bits: int) -> "IntRange":
        """All values of a two's complement signal of ``bits``."""
        return cls(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)

    @classmethod
    def of(cls, values: Ints) -> "IntRange":
        """The narrowest that holds 0 and every value."""
        return cls(int(values.min(initial=0)), int(values.max(initial=0)))

    def prove(self, values: Ints, where: str) -> None:
        """Raise OverflowError if a value lies outside: a defect of whoever proved the range, never of the input."""
        if values.size and not (self.low <= values.min() and values.max() <= self.high):
            raise OverflowError(f"{where} spans [{values.min()}, {values.max()}], proved {self}")


@dataclass(frozen=True)
class Bounds:
    """Lowest and highest integers of each element: ``low``, ``high`` int64 [n, k]."""

    low: Ints
    high: Ints

    def times(self, weight: Ints) -> "Bounds":
        """Of the product with a matrix, int64 [k, m]."""
        up, down = np.maximum(weight, 0), np.minimum(weight, 0)
        return Bounds(self.low @ up + self.high @ down, self.high @ up + self.low @ down)

    @property
    def span(self) -> IntRange:
        """All of them, and 0, where every sum starts."""
        return IntRange(int(self.low.min(initial=0)), int(self.high.max(initial=0)))
