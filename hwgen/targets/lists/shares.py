"""How a term's real factor is shared between C and R: ``C·R ≈ column · row · 2^(V_SHIFT + shift)`` in units of V."""

from dataclasses import dataclass

import numpy as np

from rtl_templates.lists.formats import COLUMN_BITS, MID_BITS, MID_SHIFTS, ROW_BITS, V_SHIFT

from ..arrays import Floats, Ints

__all__ = ["COLUMN_TOP", "ROW_TOP", "Shares", "best_share", "relative"]

ROW_TOP = (1 << ROW_BITS) - 1
COLUMN_TOP = (1 << (COLUMN_BITS - 1)) - 1
MID_TOP = (1 << (MID_BITS - 1)) - 1
SAMPLED = 65  #: Row cases by which shares are compared.


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Integers of one term: C [k], the number of the shift, and R [cases]."""

    column: Ints
    mid: int
    row: Ints


def best_share(column: Floats, row: Floats, x: Ints, codes: float, per_v: float) -> tuple[Shares, Floats] | None:
    """Share a term's factor between C and R; with its mean error in codes, by channel.

    Parameters
    ----------
    column : float64 [k]
        In units of V.
    row : float64 [cases]
    x : int64 [cases, k] or [cases, 1]
        Largest magnitudes.
    codes, per_v : float
        What saturates, in codes, and codes per unit of V.
    """
    size = x * np.abs(column)  # [cases, k]
    steep, tall, wide = float(np.abs(column).max()), float(row.max()), float(size.max())
    if steep * tall * wide == 0:
        zeros = np.zeros(len(column), dtype=np.int64)
        return Shares(column=zeros, mid=0, row=np.zeros(len(row), dtype=np.int64)), np.zeros(len(column))
    some = np.unique(np.linspace(0, len(row) - 1, SAMPLED).round().astype(np.int64))  # cases enough to compare by
    reach = np.minimum(codes, size * row[:, None] * per_v)[some]
    row_some, of_column, of_row, largest = row[some], reach.mean(axis=0), reach.mean(axis=1), x.max(axis=0)
    best: tuple[float, Shares, Floats] | None = None
    for mid, shift in enumerate(MID_SHIFTS):
        total = 2.0 ** (V_SHIFT + shift)
        most = min(COLUMN_TOP / steep, MID_TOP * 2.0**shift / wide * (1 - 2.0**-12))
        least = total * tall / ROW_TOP
        if least > most:
            continue
        powers = 2.0 ** -np.linspace(0, np.log2(most / least), 1 + int(2 * np.log2(most / least)))
        scale = most * np.rint(powers * 2.0**40) / 2.0**40  # libraries' powers differ in the last bit, images must not
        c = np.rint(column * scale[:, None])  # [candidates, k]
        r = np.minimum(np.rint(row_some * (total / scale)[:, None]), ROW_TOP)  # [candidates, cases]
        columns = relative(c, column * scale[:, None])
        rows = relative(r, row_some * (total / scale)[:, None])
        floors = r * (per_v / 2.0 ** (V_SHIFT + 1))
        cost = (np.square(columns * of_column).mean(axis=1) + np.square(rows * of_row).mean(axis=1)
                + np.square(floors).mean(axis=1))
        held = (np.abs(c) * largest).max(axis=1) <= MID_TOP * 2.0**shift  # C was rounded
        cost = np.where(held, cost, np.inf)
        at = int(cost.argmin())
        if not held[at]:
            continue
        if best is None or cost[at] < best[0]:
            error = columns[at] * of_column + (rows[at][:, None] * reach).mean(axis=0) + floors[at].mean()
            exact = np.minimum(np.rint(row * (total / scale[at])), ROW_TOP).astype(np.int64)
            best = float(cost[at]), Shares(column=c[at].astype(np.int64), mid=mid, row=exact), error
    return None if best is None else best[1:]


def relative(have: Floats, want: Floats) -> Floats:
    """How far a value is off, as a share of what it should be; 0 where that is 0."""
    return np.divide(np.abs(have - want), np.abs(want), out=np.zeros_like(want), where=want != 0)
