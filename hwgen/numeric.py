"""The numeric contract: every rounding, clipping and width that the reference and the RTL share.

Everything here is exact integer arithmetic. A requantizer computes, for the accumulator ``x`` of row ``i``
and column ``k``::

    mid_a = (x * C[k]            >> MID_SHIFT) + (0 if rank1 else B[k])      # floor shifts
    P     = mid_a * R[i] + (B[k] * Rb[i] if rank1 else 0)
    code  = clip((P + half - 1 + carry) >> shift)
    carry = 1 when the rounding is half up, or when it is half away from zero and mid_a >= 0

``C`` and ``B`` are column constants, ``R`` and ``Rb`` row constants, all fixed point. ``shift`` is ``SHIFT`` for
codes and ``RAW_SHIFT`` for raw 16-bit results. See docs/decisions/0001-requantizer.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl_templates.formats import (
    BIAS_BITS,
    COLUMN_BITS,
    MID_BITS,
    MID_SHIFT,
    RAW_BITS,
    RAW_SHIFT,
    ROW_BITS,
    SHIFT,
    X_BITS,
)
from rtl_templates.stream import formats as stream

__all__ = [
    "BIAS_BITS",
    "COLUMN_BITS",
    "MAX_ACTIVATION_BITS",
    "MID_BITS",
    "MID_SHIFT",
    "RAW_BITS",
    "RAW_SHIFT",
    "ROW_BITS",
    "SHIFT",
    "X_BITS",
    "IntRange",
    "activate",
    "encode",
    "requantize",
    "round_value",
]

MAX_ACTIVATION_BITS = 8

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


def requantize(
    x: Ints,
    column: Ints,
    bias: Ints,
    row: Ints,
    bias_row: Ints | None,
    low: Ints | int,
    high: Ints | int,
    *,
    shift: int = SHIFT,
    half_up: bool = False,
) -> Ints:
    """Requantize accumulators; the module docstring has the equation.

    Parameters
    ----------
    x : int64 [n, k]
        Accumulators.
    column, bias : int64 [k]
        ``C`` and ``B``.
    row : int64 [n]
        ``R``.
    bias_row : int64 [n] or None
        ``Rb``; None when the bias shares the row multiplier.
    low, high : int or int64 [n, 1]
        Clipping bounds.
    """
    mid = (x * column[None, :]) >> MID_SHIFT
    if bias_row is None:
        mid = mid + bias[None, :]
        product = mid * row[:, None]
    else:
        product = mid * row[:, None] + bias[None, :] * bias_row[:, None]
    carry = 1 if half_up else (mid >= 0).astype(np.int64)
    codes: Ints = np.clip((product + ((1 << (shift - 1)) - 1) + carry) >> shift, low, high)
    return codes


# ---- the graph-level organisation (docs/stream.md) ----------------------------------------------------------------


def round_value(total: Ints) -> Ints:
    """``V`` of a sum of products P: round half up, drop V_SHIFT bits."""
    return (total + (1 << (stream.V_SHIFT - 1))) >> stream.V_SHIFT


def activate(value: Ints, slope: int) -> Ints:
    """Negative values times ``slope / SLOPE_ONE``, floored."""
    return np.where(value < 0, (value * slope) >> stream.SLOPE_SHIFT, value)


def encode(value: Ints, multiplier: Ints, bits: Ints, *, signed: bool) -> Ints:
    """Codes of values.

    Parameters
    ----------
    value : int64 [n, k]
        V, after the activation.
    multiplier, bits : int64 [n]
        Q and width of each row.
    """
    product = value * multiplier[:, None]
    rounded = (product + (1 << (stream.Q_SHIFT - 1)) - (value < 0)) >> stream.Q_SHIFT
    top = np.maximum(0, (1 << np.maximum(bits - signed, 0)) - 1)[:, None]
    codes: Ints = np.clip(rounded, -top if signed else 0, top)
    return codes
