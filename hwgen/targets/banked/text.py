"""Deterministic text forms: what a representation holds, short enough to read and exact enough to compare.

Arrays appear as type, shape, range and the first digits of a SHA-256 over their little-endian bytes, so two texts
are equal only if the representations are.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .chain import GraphData, QuantGraph, QuantLayer
from .hardware import Hardware
from .program import Pass, Program, Requant

__all__ = ["to_text"]


def to_text(thing: QuantGraph | Program | Hardware) -> str:
    """Describe a representation in lines of ``name value``, children indented by two spaces."""
    if isinstance(thing, QuantGraph):
        lines = _graph(thing)
    elif isinstance(thing, Program):
        lines = _program(thing)
    else:
        lines = _hardware(thing)
    return "\n".join(lines) + "\n"


def _graph(graph: QuantGraph) -> Iterator[str]:
    yield f"graph {graph.name}: {len(graph.layers)} layers, {graph.trained_nodes} trained nodes"
    yield f"  input {graph.input_bits} bit, scale {graph.input_scale!r}"
    for layer in graph.layers:
        yield from _indent(_layer(layer))
    yield from _indent(_data(graph.sample))


def _layer(layer: QuantLayer) -> Iterator[str]:
    yield f"layer {layer.path}: {layer.weight.shape[0]} -> {layer.weight.shape[1]}"
    yield f"  weight {layer.weight_bits} bit {_array(layer.weight)}"
    yield f"  weight_step {_array(layer.weight_step)}"
    yield f"  message {layer.message_bits} bit, step {_array(layer.message_step)}"
    yield f"  bias {_array(layer.bias)}"
    if layer.row is not None:
        histogram = np.bincount(layer.row.bits, minlength=1)
        widths = ", ".join(f"{count} of {bits} bit" for bits, count in enumerate(histogram) if count)
        yield f"  row step {_array(layer.row.step)}"
        yield f"  row bits {_array(layer.row.bits)}: {widths}"


def _data(data: GraphData) -> Iterator[str]:
    yield f"sample: {data.num_nodes} nodes, {data.edges.shape[1]} edges"
    yield f"  features {_sparse(data.features)}"
    yield f"  edges {_array(data.edges)}"
    yield f"  node {_array(data.node)}"
    for key, value in (("labels", data.labels), ("test_mask", data.test_mask), ("logits", data.logits)):
        yield f"  {key} {_array(value)}"


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
    for name, stage in (("pre", step.pre), ("post", step.post)):
        if name == "post" and step.combine is not None:
            yield f"  combine {_array(step.combine)}"
        if stage is not None:
            yield from _indent(_requant(name, stage))


def _requant(name: str, stage: Requant) -> Iterator[str]:
    rounding = "half up" if stage.half_up else "half away from zero"
    yield f"{name}: {stage.kind} {stage.bits} bit, {rounding}, x {stage.x}, mid {stage.mid}"
    for key in ("row_bits", "column", "bias", "row", "bias_row", "scale"):
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
