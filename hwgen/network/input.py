"""How features become codes: the quantizer of the input, which the host computes alike on every way in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

__all__ = ["Input"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Input:
    """The quantizer of the input; half is rounded away from zero, and features are taken as float32.

    Column c of the codes is of feature ``column[c]`` (Jacob et al., CVPR 2018, equation 1)::

        code_c = clip(round(x / scale_c) + zero_point_c, 0, 2^bits - 1)
        x      = Σ_{c of the feature} scale_c · (code_c - zero_point_c)

    Hardware multiplies codes by the rows of a matrix: ``scale_c / unit`` belongs to the rows, which are quantized with
    it, and ``Σ_c zero_point_c · row_c`` to the bias. A code of 0 costs no cycle, so that a feature that is 0 on most
    nodes has code 0 there; where it can be negative, it has a column for either sign, of scales s and -s.

    Parameters
    ----------
    features : int
        Width of what users hand over.
    bits : int
        Unsigned width of a code, 1 to 8.
    scale : float64 [columns]
        Real value of a code's step; negative of a column for negative values.
    zero_point : int64 [columns]
        Code of the real 0; it may lie outside the range of codes.
    column : int64 [columns]
        Feature of each column.
    exact : bool
        Features are codes times a scale already; others are refused, not rounded.
    """

    features: int
    bits: int
    scale: Floats
    zero_point: Ints
    column: Ints
    exact: bool

    @classmethod
    def plain(cls, features: int, bits: int, scale: float) -> "Input":
        """Of features that are codes times one scale."""
        return cls(features=features, bits=bits, scale=np.full(features, scale), exact=True,
                   zero_point=np.zeros(features, np.int64), column=np.arange(features))

    @property
    def width(self) -> int:
        """Columns of codes."""
        return len(self.column)

    @property
    def top(self) -> int:
        """Largest code."""
        return (1 << self.bits) - 1

    @property
    def unit(self) -> float:
        """What the products of codes and rows are multiplied by."""
        return float(np.abs(self.scale).max(initial=0.0)) or 1.0

    @property
    def ratio(self) -> Floats:
        """What each column's row has been multiplied by: float64 [columns], within ±1."""
        return self.scale / self.unit

    @property
    def is_plain(self) -> bool:
        """Whether the rows are the user's own, without a factor of their own and without a bias."""
        return self.width == self.features and not (self.column != np.arange(self.width)).any() and not (
            self.zero_point.any() or (self.ratio != 1).any())

    def codes(self, x: csr_array) -> csr_array:
        """Codes of real features [n, features]: csr_array int64 [n, columns], without explicit zeros."""
        return _tidy(self.levels(x) + _rows(self.zero_point, x.shape[0])).astype(np.int64)

    def levels(self, x: csr_array) -> csr_array:
        """``code - zero_point``: csr_array float64 [n, columns]."""
        given = csr_array(x[:, self.column]) if self.width != self.features else x
        zero = self._level(np.zeros(self.width), np.arange(self.width))
        found = self._level(_single(given.data), given.indices) - zero[given.indices]
        return _tidy(csr_array((found, given.indices, given.indptr), shape=given.shape) + _rows(zero, x.shape[0]))

    def clipped(self, x: csr_array) -> int:
        """How many features lie beyond what codes stand for, by more than rounding."""
        levels = self.levels(x)
        back = csr_array((levels.data * self.scale[levels.indices], self.column[levels.indices], levels.indptr),
                         shape=(x.shape[0], self.features))
        back.sum_duplicates()
        off = csr_array(x - back)
        widest = np.zeros(self.features)
        np.maximum.at(widest, self.column, np.abs(self.scale))
        return int((np.abs(off.data) > 0.51 * widest[off.indices]).sum())

    def _level(self, x: Floats, at: NDArray[np.integer]) -> Floats:
        scaled, zero = x / self.scale[at], self.zero_point[at]
        rounded = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)
        return np.asarray(np.clip(rounded + zero, 0, self.top) - zero, dtype=np.float64)


def _single(x: NDArray[np.generic]) -> Floats:
    """Numbers as float32 has them: PyG's features are, and a file's may not be."""
    with np.errstate(over="ignore"):  # what is too large is clipped
        return np.asarray(x).astype(np.float32).astype(np.float64)


def _rows(row: NDArray[np.float64] | Ints, count: int) -> csr_array:
    """The same row for every node."""
    filled = np.flatnonzero(row)
    return csr_array((np.tile(row[filled].astype(np.float64), count), np.tile(filled, count),
                      np.arange(count + 1) * len(filled)), shape=(count, len(row)))


def _tidy(matrix: csr_array) -> csr_array:
    found = csr_array(matrix)
    found.eliminate_zeros()
    found.sort_indices()
    return found
