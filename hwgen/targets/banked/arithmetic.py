"""The numeric contract of the banked target: the requantizer that reference and RTL share.

Everything here is exact integer arithmetic. A requantizer computes, for the accumulator ``x`` of row ``i``
and column ``k``::

    mid_a = (x * C[k] >> MID_SHIFT) + (0 if pair else B[c, k])      # floor shifts
    P     = mid_a * R[i] + (B[0, k] * Rb[i] if pair else 0)
    code  = clip((P + half - 1 + carry) >> shift)
    carry = 1 when the rounding is half up, or when it is half away from zero and mid_a >= 0

``C`` and ``B`` are column constants, ``R`` and ``Rb`` row constants, all fixed point; ``c`` is the row's class. Rows
whose bias has the same ratio to ``R`` are one class, such as nodes of one degree after a GCN's normalisation. A row of
a ratio that is too rare for a class is a rank-1 pair, with a factor of its own for the bias. ``shift`` is ``SHIFT`` for
codes and ``RAW_SHIFT`` for raw 16-bit results. See docs/decisions/0001-requantizer.md and 0010-bias-by-class.md.
"""

import numpy as np

from rtl_templates.banked.formats import MID_SHIFT, SHIFT

from ..arrays import Ints

__all__ = ["requantize"]


def requantize(
    x: Ints,
    column: Ints,
    bias: Ints,
    row: Ints,
    bias_class: Ints,
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
    column : int64 [k]
        ``C``.
    bias : int64 [classes, k]
        ``B``.
    row : int64 [n]
        ``R``.
    bias_class : int64 [n]
        ``c``.
    bias_row : int64 [n] or None
        ``Rb``: rows of class 0 are pairs. None where no row is one.
    low, high : int or int64 [n, 1]
        Clipping bounds.
    """
    mid = (x * column[None, :]) >> MID_SHIFT
    if bias_row is None:
        mid = mid + bias[bias_class]
        product = mid * row[:, None]
    else:
        pair = (bias_class == 0)[:, None]
        mid = mid + np.where(pair, 0, bias[bias_class])
        product = mid * row[:, None] + np.where(pair, bias[0] * bias_row[:, None], 0)
    carry = 1 if half_up else (mid >= 0).astype(np.int64)
    codes: Ints = np.clip((product + ((1 << (shift - 1)) - 1) + carry) >> shift, low, high)
    return codes
