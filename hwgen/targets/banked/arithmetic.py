"""The numeric contract of the banked target: the requantizer that reference and RTL share.

Everything here is exact integer arithmetic. A requantizer computes, for the accumulator ``x`` of row ``i``
and column ``k``::

    mid_a = (x * C[k]            >> MID_SHIFT) + (0 if rank1 else B[k])      # floor shifts
    P     = mid_a * R[i] + (B[k] * Rb[i] if rank1 else 0)
    code  = clip((P + half - 1 + carry) >> shift)
    carry = 1 when the rounding is half up, or when it is half away from zero and mid_a >= 0

``C`` and ``B`` are column constants, ``R`` and ``Rb`` row constants, all fixed point. ``shift`` is ``SHIFT`` for
codes and ``RAW_SHIFT`` for raw 16-bit results. See docs/decisions/0001-requantizer.md.
"""

import numpy as np
from numpy.typing import NDArray

from rtl_templates.banked.formats import MID_SHIFT, SHIFT

__all__ = ["requantize"]

Ints = NDArray[np.int64]


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
