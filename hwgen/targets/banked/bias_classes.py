"""Biases by class: rows whose bias has one ratio to their factor share entries of the bias table.

After a GCN's normalisation the bias of node i counts ``1 / norm_i``: nodes of one degree are a class. What is too rare
for a class is a rank-1 pair (:mod:`.arithmetic`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rtl_templates.banked.formats import BIAS_BITS, MID_BITS, MID_SHIFT

from ..arrays import Bools, Floats, Ints

__all__ = ["MOST", "Bias", "Classes", "classes_of"]

#: Classes of a stage at most, that of pairs included, and biases. So a layer of 16 channels and one of 8 results fill a
#: table of 64 entries for 8 lanes, and 1 % of Cora's nodes are pairs (docs/decisions/0010-bias-by-class.md).
MOST = 20
_BIASES = 320


def classes_of(channels: int) -> int:
    """Classes of a stage: what any graph may use."""
    return max(2, min(MOST, _BIASES // channels))


@dataclass(frozen=True, kw_only=True)
class Bias:
    """What is added to ``x·column``, in real numbers: ``column[k] · ratio[i]``.

    Parameters
    ----------
    column : float64 [k]
    ratio : float64 [n]
        Positive. Equal numbers make a class.
    """

    column: Floats
    ratio: Floats

    def moves(self, row: Floats) -> bool:
        """Whether it moves anything by a millionth of a code; if not, it is not worth an entry."""
        return bool(np.abs(self.column).max(initial=0.0) * (self.ratio * row).max(initial=0.0) > 1e-6)

    def classes(self, column: Floats, row: Floats, apart: Bools, x: float, top: Floats) -> Classes:
        """Give the most frequent ratios a class each.

        Parameters
        ----------
        column, row : float64 [k], [n]
            Factors of the sum.
        apart : bool [n]
            Rows that must be pairs.
        x : float
            Largest size of a sum.
        top : float64 [n]
            Largest code of each row. A bias beyond what makes every sum saturate is lowered to that.
        """
        active = (row > 0) & ~apart
        ratios, count = np.unique(self.ratio[active], return_counts=True)
        most = classes_of(len(column))
        has_pairs = bool(apart[row > 0].any()) or len(ratios) > most
        if has_pairs:
            frequent = np.sort(np.argsort(-count, kind="stable")[:most - 1])
            ratios = ratios[frequent]
        shift = int(has_pairs)
        place = np.searchsorted(ratios, self.ratio).clip(max=max(len(ratios) - 1, 0))
        known = ratios[place] == self.ratio if len(ratios) else np.zeros(len(row), dtype=np.bool_)
        of_row = np.where(known & ~apart, place + shift, 0)
        if len(ratios):
            of_row[row == 0] = shift  # their code is zero whatever is added: no pairs
        reach = np.zeros(len(ratios) + shift)
        np.maximum.at(reach, of_row[row > 0], ((top + 1) / np.where(row > 0, row, 1.0))[row > 0])
        values = np.concatenate((np.zeros(shift), ratios))[:, None] * self.column
        bound = x * column + reach[:, None]
        return Classes(values=np.clip(values, -bound, bound), of_row=of_row, has_pairs=has_pairs)


@dataclass(frozen=True, kw_only=True)
class Classes:
    """Biases of all classes, in real numbers, and the class of each row.

    Parameters
    ----------
    values : float64 [classes, k]
    of_row : int64 [n]
    has_pairs : bool
        Class 0 is that of pairs; its values are zero.
    """

    values: Floats
    of_row: Ints
    has_pairs: bool

    def largest_gain(self, column: Floats, x: float) -> float:
        """How large the integers of ``column`` may become so that the bias and the sum with it fit their ports."""
        bias = float(np.abs(self.values).max(initial=0.0))
        port, both = (1 << BIAS_BITS - 1) - 1, (1 << MID_BITS - 1) - 2
        most = min(port / bias if bias else np.inf, both / (x * float(column.max(initial=0.0)) + bias or 1.0))
        return float(np.ldexp(most, MID_SHIFT))

    def integers(self, gain: float) -> Ints:
        """B at a gain of the columns: int64 [classes, k]."""
        integers: Ints = np.rint(self.values * np.ldexp(gain, -MID_SHIFT)).astype(np.int64)
        return integers
