"""Deterministic text forms: what a representation holds, short enough to read and exact enough to compare.

Arrays appear as type, shape, range and the first digits of a SHA-256 over their little-endian bytes, so two texts
are equal only if the representations are.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hwgen.targets.banked.hardware import Hardware
from hwgen.targets.banked.program import Pass, Program, Requant

__all__ = ["to_text"]


def to_text(thing: Program | Hardware) -> str:
    """Describe a representation in lines of ``name value``, children indented by two spaces."""
    return "\n".join(_program(thing) if isinstance(thing, Program) else _hardware(thing)) + "\n"


def _program(program: Program) -> Iterator[str]:
    yield f"program {program.name}: {program.num_nodes} nodes, {len(program.passes)} passes"
    yield f"  input {program.input_bits} bit {_sparse(program.features)}"
    yield f"  neighbours {_sparse(program.neighbours)}"
    for step in program.passes:
        yield from _indent(_pass(step))


def _pass(step: Pass) -> Iterator[str]:
    yield f"pass {step.name}: {step.kind}, {step.width} channels"
    if step.source is not None:
        yield f"  source {_array(step.source)}"
    if step.kind != "dense":
        yield f"  accumulate {step.accumulate}"
    for name, stage in (("q1", step.q1), ("q2", step.q2)):
        if name == "q2" and step.combine is not None:
            yield f"  combine {_array(step.combine)}"
        if stage is not None:
            yield from _indent(_requant(name, stage))


def _requant(name: str, stage: Requant) -> Iterator[str]:
    rounding = "half up" if stage.half_up else "half away from zero"
    yield f"{name}: {stage.kind} {stage.bits} bit, {rounding}, x {stage.x}, mid {stage.mid}"
    for key in ("row_bits", "column", "bias", "row", "bias_class", "bias_row", "scale"):
        value = getattr(stage, key)
        if value is not None:
            yield f"  {key} {_array(value)}"


def _hardware(hardware: Hardware) -> Iterator[str]:
    yield "hardware"
    for key, value in hardware.to_dict().items():
        yield f"  {key} {value}"


def _indent(lines: Iterator[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _array(values: NDArray[np.generic] | None) -> str:
    if values is None:
        return "none"
    shape = " x ".join(map(str, values.shape))
    if not values.size:
        return f"{values.dtype}[{shape}]"
    low, high = values.min().item(), values.max().item()
    span = f"[{low:.6g}, {high:.6g}]" if values.dtype.kind == "f" else f"[{low}, {high}]"
    return f"{values.dtype}[{shape}] in {span} #{_digest(values)}"


def _sparse(matrix: csr_array) -> str:
    tidy = csr_array(matrix, copy=True)
    tidy.sum_duplicates()
    parts = [tidy.indptr.astype(np.int64), tidy.indices.astype(np.int64), tidy.data]
    shape = " x ".join(map(str, tidy.shape))
    return f"csr {tidy.dtype}[{shape}] of {tidy.nnz}, sum {tidy.sum()} #{_digest(*parts)}"


def _digest(*arrays: NDArray[np.generic]) -> str:
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
    return total.hexdigest()[:12]
