"""The oracle: a program executed in NumPy integers. The RTL must equal it, code by code."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from rtl_templates.banked.formats import RAW_SHIFT, SHIFT

from ..arrays import Ints
from .arithmetic import requantize
from .program import Pass, Program, Requant

__all__ = ["PassTrace", "Trace", "run"]


@dataclass(frozen=True, kw_only=True)
class PassTrace:
    """What one pass computed.

    Parameters
    ----------
    name : str
        The pass's.
    rows : int64 [n, width]
        Codes written, or 16-bit results.
    activations : int64 [n, k] or None
        Codes between aggregation and MAC array; None where the pass has only one of the two.
    """

    name: str
    rows: Ints
    activations: Ints | None


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What a program computed, pass by pass."""

    passes: tuple[PassTrace, ...]

    @property
    def logits(self) -> Ints:
        """Raw results of the last pass: int64 [n, classes]."""
        return self.passes[-1].rows


def run(program: Program) -> Trace:
    """Execute a program.

    Raises
    ------
    OverflowError
        If a sum leaves its proved range: a defect of the lowering, never of the input.
    """
    traces: list[PassTrace] = []
    rows: Ints | None = None
    for step in program.passes:
        trace = _run_pass(program, step, rows)
        traces.append(trace)
        rows = trace.rows
    return Trace(passes=tuple(traces))


def _run_pass(program: Program, step: Pass, rows: Ints | None) -> PassTrace:
    activations: Ints | None = None
    if step.kind == "dense":
        codes = program.features
    else:
        if step.kind == "gather_features":
            assert step.source is not None
            sums = _product(program.features, step.source)
        else:
            assert rows is not None
            sums = _product(program.neighbours, rows)
        assert step.q1 is not None
        step.accumulate.prove(sums, f"{step.name}: sum")
        codes = _requantize(sums, step.q1, f"{step.name}: q1")
        if step.combine is None:
            return PassTrace(name=step.name, rows=codes, activations=None)
        activations = codes
    assert step.combine is not None
    assert step.q2 is not None
    written = _requantize(_product(codes, step.combine), step.q2, f"{step.name}: q2")
    return PassTrace(name=step.name, rows=written, activations=activations)


def _product(left: Ints | csr_array, right: Ints) -> Ints:
    if isinstance(left, csr_array):
        return np.asarray(left @ right, dtype=np.int64)
    # float64 products of codes are exact below 2^53 and use BLAS, which integers do not
    return np.rint(left.astype(np.float64) @ right.astype(np.float64)).astype(np.int64)


def _requantize(x: Ints, stage: Requant, where: str) -> Ints:
    stage.x.prove(x, where)
    limits = stage.code_range
    high = limits.high if stage.row_bits is None else ((1 << stage.row_bits) - 1)[:, None]
    return requantize(x, stage.column, stage.bias, stage.row, stage.bias_class, stage.bias_row, limits.low, high,
                      shift=RAW_SHIFT if stage.kind == "raw" else SHIFT, half_up=stage.half_up)
