"""Between which integers every sum and every code of a program lies, node by node and column by column.

Requantization is monotone: the bounds of its input give the bounds of its codes exactly.
"""

import numpy as np
from scipy.sparse import csr_array

from rtl_templates.banked.formats import RAW_SHIFT, SHIFT

from ...numeric import Bounds
from ..arrays import Ints
from .arithmetic import requantize
from .program import Pass, Program, Requant

__all__ = ["codes_of", "feature_sums", "gathered_sums", "sums_of"]

_UNBOUNDED = 1 << 62


def feature_sums(features: csr_array, weight: Ints) -> Bounds:
    """Of input codes times weights, and of every part of that sum, in whatever order it is added up."""
    return Bounds(features @ np.minimum(weight, 0), features @ np.maximum(weight, 0))


def gathered_sums(neighbours: csr_array, rows: Bounds) -> Bounds:
    """Of the sum of each node's neighbours' rows."""
    return Bounds(neighbours @ rows.low, neighbours @ rows.high)


def sums_of(program: Program, step: Pass, rows: Bounds | None) -> Bounds:
    """Of what a pass sums up first; one that gathers adds ``rows``, which the pass before it wrote."""
    if step.kind == "gather":
        assert rows is not None
        return gathered_sums(program.neighbours, rows)
    weight = step.combine if step.kind == "dense" else step.source
    assert weight is not None
    return feature_sums(program.features, weight)


def codes_of(requant: Requant, sums: Bounds) -> Bounds:
    """Codes that sums become; raw results as they are before they are cut to their width."""
    raw, limits = requant.kind == "raw", requant.code_range
    lowest = -_UNBOUNDED if raw else limits.low
    highest = _UNBOUNDED if raw else (
        limits.high if requant.row_bits is None else ((1 << requant.row_bits) - 1)[:, None])
    low, high = (
        requantize(x, requant.column, requant.bias, requant.row, requant.bias_class, requant.bias_row,
                   lowest, highest, shift=RAW_SHIFT if raw else SHIFT, half_up=requant.half_up)
        for x in (sums.low, sums.high)
    )
    return Bounds(low, high)
