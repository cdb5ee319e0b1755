"""Rows that are zero for every input of a graph: they are not computed, not written, and no node reads them.

A row of 0 bits is zero whatever its node gathers, and so is what comes of it behind the MAC array, unless a bias or a
rounding says otherwise. Ranges say it exactly (:mod:`.ranges`): a row is left out where its codes are proved to lie
between zero and zero. A row that only such rows read is not computed either. The reference computes all rows; those
that are left out are zeros there, or are read by none.
"""

from dataclasses import replace

import numpy as np

from ..arrays import Bools
from .program import Live, Program
from .ranges import codes_of, sums_of

__all__ = ["without_zero_rows"]

#: Share of the rows of all passes that must be zero to be left out: passes then have schedules of their own.
WORTH = 1 / 32


def without_zero_rows(program: Program) -> Program:
    """The program with what its passes compute and read; as it is where too few rows are zero, or all of a pass."""
    zero = _zero_rows(program)
    count, last = program.num_nodes, len(program.passes) - 1
    rows = [np.ones(count, dtype=np.bool_)]  # of the last pass first
    for index in range(last - 1, -1, -1):
        read = np.asarray(program.neighbours[rows[0]].sum(axis=0)).ravel() > 0
        rows.insert(0, read & ~zero[index])
    left_out = sum(int((~each).sum()) for each in rows)
    if left_out < WORTH * count * len(rows) or not all(each.any() for each in rows):
        return program
    sources = [np.ones(count, dtype=np.bool_), *(~each for each in zero[:last])]
    return replace(program, live=tuple(Live(rows=own, sources=read) for own, read in zip(rows, sources, strict=True)))


def _zero_rows(program: Program) -> list[Bools]:
    """Of each pass but the last the rows that are proved to be zero: bool [n]."""
    found: list[Bools] = []
    bounds = None
    for step in program.passes[:-1]:
        sums = sums_of(program, step, bounds)
        if step.q1 is not None:
            bounds = codes_of(step.q1, sums)
            sums = bounds if step.combine is None else bounds.times(step.combine)
        if step.q2 is not None:
            bounds = codes_of(step.q2, sums)
        assert bounds is not None
        found.append(np.asarray((bounds.low == 0).all(axis=1) & (bounds.high == 0).all(axis=1)))
    return found
