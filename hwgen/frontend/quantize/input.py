"""The quantizer of the input, read off the features of sample graphs.

Features that are codes already stay as they are. Else each feature gets a scale of its own: features have units of
their own, and a scale costs nothing, since it goes into the rows of the first weights. Which of three kinds it is
follows from its values:

* multiples of one number, so few that they are codes (0 and 1, counts): those codes, nothing is lost;
* never negative, or mostly 0: code 0 is the real 0, which costs no cycle; a column for either sign where it has both;
* else codes are spread from the least to the largest value, and the real 0 is one of them or lies outside.

Steps are those of least squared error over a grid of clipped ranges, as in :mod:`.step_search`.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from ...errors import HwgenError
from ...network.input import Input
from ...network.reader.codes import plain_input
from ...numeric import MAX_ACTIVATION_BITS
from .step_search import GRID

__all__ = ["INPUT_BITS", "calibrated", "input_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Width of a code of real values. Test accuracy of 3 seeds at 2, 3, 4 and 8 bits (FP32: 92.8, 96.0): wine 92.1, 92.8,
#: 93.6, 94.3; breast_cancer 94.1, 94.3, 93.9, 93.9. A node of breast_cancer costs 20, 30, 41 and 99 list entries.
INPUT_BITS = 4
#: Of a scale, so that float32 holds what every code stands for.
BITS_OF_SCALE = 16
#: How far a multiple may lie from an integer: features are float32.
NEAR = 1e-5
#: Values of a feature that its step is searched on, at most.
SAMPLE = 4096


def input_of(features: csr_array, scale: float | None, bits: int | None = None, *, rows: Ints | None = None,
             zero_points: bool = True) -> Input:
    """The input for features: as they are if they are codes of ``bits`` at most, else :func:`calibrated`.

    Parameters
    ----------
    features : csr_array [n, f]
    scale : float or None
        Real value of 1; None: 1.
    bits : int or None
        Width of a code, 1 to 8; None: what codes need, and of real values :data:`INPUT_BITS`.
    rows : int64 [k] or None
        Nodes whose real values the input is read off; None: all.
    zero_points : bool
        False: the real 0 has code 0, and every feature of both signs two columns.

    Raises
    ------
    HwgenError
        ``bits`` out of range.
    """
    if bits is not None and not 1 <= bits <= MAX_ACTIVATION_BITS:
        raise HwgenError(f"input_bits is {bits}", "input_bits", f"use 1 to {MAX_ACTIVATION_BITS}")
    plain = plain_input(features, scale, bits)
    if plain is not None:
        return plain
    seen = features if rows is None else features[rows]
    return calibrated(csr_array(seen * (1.0 if scale is None else scale)), bits or INPUT_BITS, zero_points=zero_points)


def calibrated(x: csr_array, bits: int, *, zero_points: bool = True) -> Input:
    """The input for real features ``x`` [n, f]."""
    columns, top = csc_array(x.astype(np.float32).astype(np.float64)), (1 << bits) - 1
    made: list[tuple[int, float, int]] = []
    for feature in range(x.shape[1]):
        found = columns.data[columns.indptr[feature] : columns.indptr[feature + 1]]
        own = _column(found, x.shape[0] - len(found), top, zero_points=zero_points)
        made += [(feature, scale, zero) for scale, zero in own]
    column, scale, zero = (np.array(each) for each in zip(*made, strict=True)) if made else (np.zeros(0),) * 3
    scale = scale.astype(np.float64)
    scale = np.ldexp(np.rint(np.ldexp(np.frexp(scale)[0], BITS_OF_SCALE)), np.frexp(scale)[1] - BITS_OF_SCALE)
    scale[scale == 0] = np.abs(scale).max(initial=0.0) or 1.0  # of features that are always 0
    return Input(features=x.shape[1], bits=bits, scale=scale, zero_point=zero.astype(np.int64),
                 column=column.astype(np.int64), exact=False)


def _column(found: Floats, zeros: int, top: int, *, zero_points: bool) -> list[tuple[float, int]]:
    """Scale and zero point of the column or columns of one feature, from its values that are not 0."""
    if not len(found):
        return [(0.0, 0)]
    if found.min() < 0 and (zeros > len(found) or not zero_points):
        sides = [(sign, sign * found[sign * found > 0]) for sign in (1, -1)]
        return [(sign * scale, 0) for sign, side in sides if len(side)
                for scale, _ in _column(side, zeros or 1, top, zero_points=False)]
    every = np.r_[found, np.zeros(1 if zeros or not zero_points else 0)]
    low, high, step = every.min(), every.max(), _multiples(found)
    for start in (min(low, 0.0), low)[: 1 + zero_points] if step else ():
        if round((high - start) / step) <= top:
            return [(step, -round(start / step))]
    if len(found) > SAMPLE:
        share = np.random.default_rng(0).permutation(len(found))[:SAMPLE]
        zeros, found = zeros * SAMPLE // len(found), found[share]
    if low == 0:
        return [(_unsigned(found, high, top), 0)]
    return [_spread(np.r_[found, np.zeros(zeros)], low, high, top)]


def _multiples(found: Floats) -> float:
    """The number that all values are multiples of, if it is one of them or a difference of two; else 0."""
    values = np.unique(np.r_[found, 0.0])
    step = float(np.diff(values).min())
    counts = values / step
    return step if (np.abs(counts - np.rint(counts)) < NEAR * np.maximum(1, np.abs(counts))).all() else 0.0


def _unsigned(x: Floats, high: float, top: int) -> float:
    """The step of least squared error for codes from 0, of values from 0 to ``high``."""
    steps = high * np.array(GRID) / top
    return float(steps[np.argmin([((np.clip(np.floor(x / step + 0.5), 0, top) * step - x) ** 2).sum()
                                  for step in steps])])


def _spread(x: Floats, low: float, high: float, top: int) -> tuple[float, int]:
    """Step and zero point of least squared error, of ranges whose ends approach the median."""
    middle = float(np.median(x))
    best, found = np.inf, (1.0, 0)
    for down, up in product(GRID, GRID):
        step = ((high - middle) * up + (middle - low) * down) / top
        zero = round((middle - low) * down / step - middle / step)
        error = float((((np.clip(np.rint(x / step) + zero, 0, top) - zero) * step - x) ** 2).sum())
        if error < best:
            best, found = error, (step, zero)
    return found
