"""Real factors to the integers of one requantizer: the unit of V, and how each term's factor is shared between C and R.

For term t, row case c and channel k the real factor is ``column[k] · row[c]``; with the unit κ of V (in multiples of
the channel's norm), ``C·R ≈ column/norm · row / κ · 2^(V_SHIFT + shift)`` and ``Q ≈ gain · κ · 2^Q_SHIFT``. A small κ
rounds V finely but leaves Q few bits and V little room; a large C leaves R few bits. :func:`solve` tries units half
a bit apart and, for each term, shares half a bit apart for each shift, and keeps what errs least in codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rtl_templates.cells.formats import RAW_BITS
from rtl_templates.lists.formats import BIAS_BITS, BIAS_HALF, BIAS_SHIFT, MID_SHIFTS, Q_SHIFT, ROW_BITS, V_BITS, V_SHIFT

from ...errors import HwgenError
from ...numeric import Bounds
from ..arrays import Bools, Floats, Ints
from .shares import COLUMN_TOP, ROW_TOP, Shares, best_share, relative

__all__ = ["STEEPEST_CODES", "RealBlock", "RealTerm", "Solved", "Target", "solve"]

BIAS_TOP = (1 << (BIAS_BITS - 1)) - 1 - BIAS_HALF
RAW_TOP = (1 << (RAW_BITS - 1)) - 1
V_TOP = (1 << (V_BITS - 1)) - 1
#: Largest factor of x, in units of V; and in codes, where Q is the largest multiplier.
STEEPEST = (COLUMN_TOP - 1.0) * (ROW_TOP - 1.0) / 2.0 ** (V_SHIFT + MID_SHIFTS[0])
STEEPEST_CODES = STEEPEST * ROW_TOP / 2.0**Q_SHIFT
#: Mean error, in units of a code, above which a value is no longer what the model computes. Results have 16 bits.
TOLERANCE, RAW_TOLERANCE = 0.25, 128.0


@dataclass(frozen=True, kw_only=True)
class RealTerm:
    """One operand: ``x · column · row``.

    Parameters
    ----------
    column : float64 [k]
    row : float64 [cases]
        Not negative.
    bounds : Bounds [cases, k] or [cases, 1]
        Of x.
    """

    column: Floats
    row: Floats
    bounds: Bounds


@dataclass(frozen=True, kw_only=True)
class RealBlock:
    """Operands of the same channels, with the bias."""

    terms: tuple[RealTerm, ...]
    join: Literal["sum", "max"]
    bias: Floats


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a value becomes: ``code = v / norm · gain``.

    Parameters
    ----------
    kind : "unsigned", "signed" or "raw"
    norm : float64 [all k]
        A step per channel, or ones.
    gain : float64 [entries]
        Codes per norm, 0 of entries whose code is 0 whatever arrives; empty for raw.
    top : float64 [entries]
        Largest codes.
    beyond : float
        Codes beyond which nothing changes any more; infinite where the size of values matters on.
    coarsens : bool
        Whether the steps of up to half of the entries may be made coarser, because readers know what each stands for.
    """

    kind: Literal["unsigned", "signed", "raw"]
    norm: Floats
    gain: Floats
    top: Floats
    beyond: float
    coarsens: bool


@dataclass(frozen=True, kw_only=True)
class Solved:
    """Integers of a requantizer.

    Parameters
    ----------
    unit : float
        κ: V = v / (norm · unit).
    shares : tuple of tuple of Shares
        By block and term.
    bias : tuple of int64 [k]
        B, by block.
    multiplier : int64 [entries]
        Q.
    coarsened : bool [entries]
        Entries of steps too fine for Q, which were made coarser: their gain is ``multiplier / (unit · 2^Q_SHIFT)``.
    """

    unit: float
    shares: tuple[tuple[Shares, ...], ...]
    bias: tuple[Ints, ...]
    multiplier: Ints
    coarsened: Bools


def solve(blocks: Sequence[RealBlock], target: Target, where: str) -> Solved:
    """Choose scales and round.

    Raises
    ------
    HwgenError
        If no scales compute the value to a quarter of a code in the mean.
    """
    norms = np.split(target.norm, np.cumsum([len(block.bias) for block in blocks])[:-1])
    parts = [_Part(block, norm, _steepest(block, target)) for block, norm in zip(blocks, norms, strict=True)]
    best: _Found | None = None
    for unit in _units(parts, target):
        found = _with_unit(parts, target, unit)
        if found is not None and (best is None or found.cost < best.cost):
            best = found
    if best is None or best.error > (RAW_TOLERANCE if target.kind == "raw" else TOLERANCE):
        raise HwgenError(
            f"scales span too much: values up to {max(part.peak for part in parts):.3g} steps"
            + (f", entries of {_ratio(target.gain):.3g} times finer steps than others" if target.kind != "raw" else "")
            + (f"; codes would be off by {best.error:.2g} in the mean" if best else "; no multiplier holds them"),
            where, "quantize it again, with fewer bits (--message-bits 4), or for shorter lists")
    return best.solved


@dataclass(frozen=True)
class _Found:
    """Integers for one unit.

    Parameters
    ----------
    error : float
        Mean error in codes, of entries that are not coarsened.
    cost : float
        The same of all entries; of results in real numbers, as their unit is their code.
    """

    error: float
    cost: float
    solved: Solved


def _steepest(block: RealBlock, target: Target) -> float:
    """The column factor, in norms, from which on any x but 0 saturates: what is beyond it would only cost bits."""
    if len(block.terms) > 1 or block.bias.any():
        return np.inf
    row, gain = block.terms[0].row, target.gain
    if not (row > 0).any() or not (gain > 0).any():
        return np.inf
    return target.beyond / float(row[row > 0].min() * gain[gain > 0].min())


class _Part:
    """A block in multiples of its norm, and how large it can be."""

    def __init__(self, block: RealBlock, norm: Floats, steepest: float) -> None:
        self.bias = block.bias / norm
        self.columns = [np.clip(term.column / norm, -steepest, steepest) for term in block.terms]
        self.rows = [term.row for term in block.terms]
        self.x = [np.maximum(np.abs(term.bounds.low), np.abs(term.bounds.high)) for term in block.terms]
        largest = [(x * row[:, None]).max(axis=0) * np.abs(column)
                   for x, row, column in zip(self.x, self.rows, self.columns, strict=True)]
        joined = np.max(largest, axis=0) if block.join == "max" else np.sum(largest, axis=0)
        self.peak = float((joined + np.abs(self.bias)).max())
        self.steepest = max(float(np.abs(column).max() * row.max())
                            for column, row in zip(self.columns, self.rows, strict=True))

    def fits(self, shares: Sequence[Shares], bias: Floats, top: int) -> bool:
        """Whether the sum of all magnitudes stays below the largest V."""
        total = np.abs(bias) * 2.0**BIAS_SHIFT
        for x, share in zip(self.x, shares, strict=True):
            mid = np.abs(x * share.column) // (1 << MID_SHIFTS[share.mid]) + 1
            total = total + (mid * share.row[:, None]).max(axis=0)
        return bool(total.max() < top * 2.0**V_SHIFT)


def _units(parts: list[_Part], target: Target) -> list[float]:
    """Units of V worth trying, the largest first."""
    top = RAW_TOP if target.kind == "raw" else V_TOP
    least = max(max(part.peak / top, part.steepest / STEEPEST) for part in parts)
    if target.kind == "raw":
        return [(least or 1.0) * 2.0 ** (eighth / 8) for eighth in range(32)]
    live = target.gain[target.gain > 0]
    fine, middle = (float(live.max()), float(np.median(live))) if live.size else (1.0, 1.0)
    coarser = int(np.ceil(2 * np.log2(fine / middle))) if target.coarsens else 0  # half bits
    # the Q of the finest step is an integer: a constant multiplier errs nothing
    halves = range(coarser, -2 * ROW_BITS, -2 if live.size <= 1 else -1)
    units = [np.rint(ROW_TOP * 2.0 ** (half / 2)) / (fine * 2.0**Q_SHIFT) for half in halves]
    return [unit for unit in units if unit >= least]


def _with_unit(parts: list[_Part], target: Target, unit: float) -> _Found | None:
    """The integers for one unit; None where a port is too narrow."""
    wide = target.gain * (unit * 2.0**Q_SHIFT)
    multiplier = np.minimum(np.rint(wide), ROW_TOP).astype(np.int64)
    coarsened = np.rint(wide) > ROW_TOP
    counted = (target.gain > 0) & ~coarsened
    wrong = relative(multiplier.astype(np.float64), wide) * target.top
    if 2 * np.count_nonzero(coarsened) > (np.count_nonzero(target.gain) if target.coarsens else 0):
        return None
    codes, per_v, error = 0.0, 0.0, 0.0
    if target.kind == "raw":
        codes, per_v = float(RAW_TOP), 1.0
    elif counted.any():
        codes, per_v = float(target.top[counted].mean()) + 1, float(target.gain[counted].mean()) * unit
        error = float(wrong[counted].mean())
    shares, biases, errors = [], [], []
    for part in parts:
        bias = np.rint(part.bias / unit * 2.0 ** (V_SHIFT - BIAS_SHIFT))
        if np.abs(bias).max() > BIAS_TOP:
            return None
        chosen, errs = [], np.zeros(len(bias))
        for column, row, x in zip(part.columns, part.rows, part.x, strict=True):
            found = best_share(column / unit, row, x, codes, per_v)
            if found is None:
                return None
            chosen.append(found[0])
            errs += found[1]
        if not part.fits(chosen, bias, RAW_TOP if target.kind == "raw" else V_TOP):
            return None
        shares.append(tuple(chosen))
        biases.append(bias.astype(np.int64))
        errors.append(errs.max())
    error += max(errors) + 0.25 * per_v  # rounding V is off by a quarter in the mean
    cost = error * unit if target.kind == "raw" else error + float(wrong[coarsened].sum()) / max(1, coarsened.size)
    return _Found(error, cost, Solved(unit=unit, shares=tuple(shares), bias=tuple(biases), multiplier=multiplier,
                                      coarsened=coarsened))


def _ratio(gain: Floats) -> float:
    live = gain[gain > 0]
    return float(live.max() / live.min()) if live.size else 1.0
