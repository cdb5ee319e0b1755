"""Real scale factors to the requantizer's fixed-point constants.

A stage's real factor for row i and column k is ``column[k] * row[i]``; the requantizer multiplies by the
integers ``C[k]`` and ``R[i]`` with constant shifts, so ``C·R ≈ factor · 2^(MID_SHIFT + shift)``. How that power is
divided between C and R decides what is lost where: a small C rounds columns, a small R rounds rows, a large R
magnifies what the first shift dropped. :func:`fold` tries divisions half a bit apart and keeps the one with the
least mean square error in codes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rtl_templates.banked.formats import (
    ACC_BITS,
    BIAS_BITS,
    MID_BITS,
    MID_SHIFT,
    RAW_SHIFT,
    ROW_BITS,
    SHIFT,
    column_bits,
)
from rtl_templates.cells.formats import RAW_BITS

from ...errors import HwgenError
from ...numeric import IntRange
from ..arrays import Bools, Floats, Ints
from .bias_classes import Bias
from .program import Requant

__all__ = ["Factors", "fold"]

ROW_TOP = (1 << ROW_BITS) - 1
BIAS_TOP = (1 << (BIAS_BITS - 1)) - 1
#: Mean square error in codes up to which a gain is good enough if it leaves room for the bias.
SMALL = 1e-4
#: Mean error, in units of a code, above which a stage no longer computes the model. Raw results have 16 bits.
TOLERANCE = {"unsigned": 0.25, "signed": 0.25, "affine": 0.25, "raw": 128.0}


@dataclass(frozen=True, kw_only=True)
class Factors:
    """What a requantization multiplies by and adds, in real numbers: ``code = (x·column + bias)·row``.

    Parameters
    ----------
    column : float64 [k]
        Positive.
    row : float64 [n]
        Positive, or 0 for a row whose code is zero whatever arrives.
    bias : Bias or None
    """

    column: Floats
    row: Floats
    bias: Bias | None = None


def fold(
    factors: Factors,
    *,
    where: str,
    kind: Literal["unsigned", "signed", "affine", "raw"],
    bits: int,
    row_bits: Ints | None,
    x: IntRange,
    scale: Floats,
    zero: int = 0,
    sum_bits: int = ACC_BITS,
) -> Requant:
    """Choose exponents and round.

    Parameters
    ----------
    factors : Factors
        The real numbers.
    where : str
        The user's layer path, for errors.
    kind, bits, row_bits, x, scale, zero
        As in :class:`hwgen.targets.banked.program.Requant`. Signed codes round half away from zero, all others half up;
        on unsigned codes, which affine ones are before ``zero`` is subtracted, the two agree.
    sum_bits : int
        As in :class:`hwgen.targets.banked.program.Program`.

    Raises
    ------
    HwgenError
        If the factors span more than the multipliers hold: codes would be off by a quarter in the mean. A few
        rows or columns of extremely fine steps are no error: they are coarsened, which changes what they add to
        the next layer by less than their largest code's worth of that step.
    """
    shift = RAW_SHIFT if kind == "raw" else SHIFT
    top = _largest_code(kind, bits, row_bits, len(factors.row), zero)
    bias = factors.bias if factors.bias is not None and factors.bias.moves(factors.row) else None
    column, row = _saturate(factors, top, bias) if kind != "raw" else (factors.column, factors.row)
    largest = max(-x.low, x.high)
    reach = np.minimum(top[:, None] + 1.0, largest * row[:, None] * column[None, :])

    factor_bits = column_bits(sum_bits)
    limit = min((1 << factor_bits) - 1, ((1 << (MID_BITS - 1 + MID_SHIFT)) - 1) // max(largest, 1))
    total = np.ldexp(1.0, MID_SHIFT + shift)
    gains = _gains(column, limit, factor_bits, ROW_BITS)
    if row.any():  # the gain at which every row just fits
        gains.append(total * float(row.max()) / ROW_TOP)
    # where sums are always 0, R still multiplies the bias, so it is chosen as for sums of 1
    counted = reach if largest else np.minimum(top[:, None] + 1.0, row[:, None] * column[None, :])
    cost = {gain: _cost(column, row, counted, gain, total / gain, limit, shift) for gain in gains}
    gain = min(gains, key=cost.__getitem__)
    classes = None
    if bias is not None:
        classes = bias.classes(column, row, row < factors.row, largest, top)
        room = classes.largest_gain(column, largest)
        within = [each for each in gains if each <= room]
        best = min(within, key=cost.__getitem__, default=gain)
        if best <= room and cost[best] <= max(SMALL, cost[gain]):
            gain = best
        else:
            classes = None  # the bias would leave too few bits for the sum
    c, c_beyond = _rounded(column, gain, limit)
    r, r_beyond = _rounded(row, total / gain, ROW_TOP)
    # the reciprocal of its own step is in an unsigned row and in a signed column: one that is beyond the multiplier
    # has a step so fine that its codes mean next to nothing, and is coarsened as a whole
    rows, columns = row > 0, np.ones(len(column), dtype=np.bool_)
    fine, among = (r_beyond, rows) if kind == "unsigned" else (c_beyond, columns)
    # (not beside wide sums: the multipliers are narrower there, and reach ordinary steps)
    if kind != "raw" and sum_bits == ACC_BITS and 2 * np.count_nonzero(fine) <= np.count_nonzero(among):
        among &= ~fine
    _check(column, row, reach, c, r, total, rows, columns, TOLERANCE[kind], where, factor_bits)

    b, which, rb = np.zeros((1, len(c)), dtype=np.int64), np.zeros(len(r), dtype=np.int64), None
    if bias is not None:
        kept = np.divide(r * (gain / total), row, out=np.ones_like(row), where=r_beyond)
        apart = np.where(row > 0, bias.ratio * factors.row * kept, 0.0)
        if classes is not None:
            which = classes.of_row
            b = classes.integers(gain)
            apart[which > 0] = 0.0
        if classes is None or classes.has_pairs:
            b[0], rb = _fold_bias(bias.column, apart, top, shift)
    return Requant(kind=kind, bits=bits, row_bits=row_bits, column=c, bias=b, row=r, bias_class=which, bias_row=rb,
                   half_up=kind != "signed", x=x, scale=scale, zero=zero)


def _largest_code(kind: str, bits: int, row_bits: Ints | None, rows: int, zero: int) -> Floats:
    if row_bits is not None:
        return np.exp2(row_bits) - 1.0
    if kind == "affine":
        return np.full(rows, float(max(zero, (1 << bits) - 1 - zero)))
    largest = (1 << (RAW_BITS - 1)) - 1 if kind == "raw" else (1 << (bits - 1)) - 1
    return np.full(rows, float(largest))


def _saturate(factors: Factors, top: Floats, bias: Bias | None) -> tuple[Floats, Floats]:
    """Lower factors so large that any x but 0 saturates: the codes stay, and the other rows keep their bits."""
    column, row = factors.column, factors.row
    active = row > 0
    if not active.any() or not column.size:
        return column, row
    enough = 2.0 * (top + 1.0)
    if bias is not None:  # x = ±1 must outweigh the bias as well
        enough = enough + 2.0 * np.abs(bias.column).max() * bias.ratio * row
    else:
        column = np.minimum(column, enough.max() / row[active].min())
    return column, np.minimum(row, enough / column.min())


def _gains(values: Floats, limit: int, below: int, above: int) -> list[float]:
    """What to multiply by so that the largest value becomes ``limit``, and some bits less or more."""
    largest = float(np.abs(values).max(initial=0.0)) or 1.0
    return [limit / largest * 2.0 ** (half / 2) for half in range(-2 * below, 2 * above + 1)]


def _rounded(values: Floats, gain: float, limit: int) -> tuple[Ints, Bools]:
    """Integers ``values * gain``, lowered to ±``limit``, and which were lowered."""
    exact = np.rint(values * gain)
    return np.clip(exact, -limit, limit).astype(np.int64), np.abs(exact) > limit


def _relative(values: Floats, integers: Ints, gain: float) -> Floats:
    have = integers / gain
    return np.divide(np.abs(have - values), values, out=np.zeros_like(values), where=values > 0)


def _cost(column: Floats, row: Floats, reach: Floats, gain: float, row_gain: float, limit: int,
          shift: int) -> float:
    """Mean square error in codes of rounding C, of rounding R and of the first floor."""
    r, _ = _rounded(row, row_gain, ROW_TOP)
    columns = _relative(column, _rounded(column, gain, limit)[0], gain)
    rows = _relative(row, r, row_gain)
    error = reach * (columns[None, :] + rows[:, None]) + np.ldexp(r, -shift - 1)[:, None]
    return float(np.square(error).mean()) if error.size else 0.0


def _check(column: Floats, row: Floats, reach: Floats, c: Ints, r: Ints, total: float,
           rows: Bools, columns: Bools, tolerance: float, where: str, factor_bits: int) -> None:
    factor = row[:, None] * column[None, :]
    have = r[:, None] * (c[None, :] / total)
    relative = np.divide(np.abs(have - factor), factor, out=np.zeros_like(factor), where=factor > 0)
    if not rows.any():
        return
    error = (np.minimum(relative, 1.0) * reach)[rows].mean(axis=0) * columns
    if error.max(initial=0.0) > tolerance:
        low, high = float(row[rows].min()), float(row[rows].max())
        raise HwgenError(
            f"scales span too much for {factor_bits}- and {ROW_BITS}-bit multipliers: columns "
            f"{column.min():.3g} to {column.max():.3g}, rows {low:.3g} to {high:.3g}; "
            f"column {int(error.argmax())} would be off by {error.max():.2g} codes",
            where, "quantize it again, with fewer bits (--message-bits 4)")


def _fold_bias(bias: Floats, bias_row: Floats, top: Floats, shift: int) -> tuple[Ints, Ints]:
    """B and Rb with ``B·Rb ≈ bias · bias_row · 2^shift``."""
    total = np.ldexp(1.0, shift)
    reach = np.minimum(np.abs(bias).mean() * bias_row, top + 1.0)

    def cost(gain: float) -> float:
        rb, _ = _rounded(bias_row, total / gain, ROW_TOP)
        error = reach * _relative(bias_row, rb, total / gain) + np.ldexp(rb, -shift - 1)
        return float(np.square(error).mean())

    gain = min(_gains(bias, BIAS_TOP, BIAS_BITS, 0), key=cost)
    return _rounded(bias, gain, BIAS_TOP)[0], _rounded(bias_row, total / gain, ROW_TOP)[0]
