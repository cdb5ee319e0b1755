"""Execute a plan in floating point: the equations of :mod:`hwgen.network.network`, differentiable."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..activations import activate
from ..data.graph_batch import GraphBatch, Lists
from ..data.sparse import SparseMatrix
from ..traced import TracedNetwork, TracedTerm, TracedValue

__all__ = ["Hook", "activated", "execute", "joined", "saturated"]

#: What is done to a value before it is stored, such as quantizing it.
Hook = Callable[[TracedValue, Tensor, GraphBatch], Tensor]


def execute(plan: TracedNetwork, batch: GraphBatch, hook: Hook | None = None,
            weights: Callable[[TracedTerm], Tensor] | None = None, *, training: bool = False) -> dict[str, Tensor]:
    """Compute every value of a plan.

    Parameters
    ----------
    plan : TracedNetwork
    batch : GraphBatch
    hook : callable or None
        Gets each value but the result, and returns what its readers see.
    weights : callable or None
        Gives a term's matrix; None takes the plan's own.
    training : bool
        Whether dropout is applied: where a term reads a value, behind its quantizer, so that steps see in training
        what they see in inference.

    Returns
    -------
    dict of Tensor
        Values by name, as their readers see them: float [nodes, graphs or edges, width].
    """
    stored: dict[str, Tensor] = {}
    for value in plan.values:
        out = activated(value, batch, joined(value, batch, stored, weights, training=training))
        stored[value.name] = (saturated(value, out) if hook is None else out if value.role == "result" else
                              hook(value, out, batch))
    return stored


def activated(value: TracedValue, batch: GraphBatch, out: Tensor) -> Tensor:
    """A value from its joined terms: bias, activation, factor."""
    if value.bias is not None:
        out = out + value.bias
    out = activate(value.activation, out)
    return out if value.factor == "one" else out * _factor(batch.lists(value.of), value.factor, out)


def saturated(value: TracedValue, out: Tensor) -> Tensor:
    """What FP32 stores of a value; where it is quantized, its codes end there."""
    return out if value.cap is None else out.clamp(-value.cap, value.cap)


def joined(value: TracedValue, batch: GraphBatch, stored: dict[str, Tensor],
           weights: Callable[[TracedTerm], Tensor] | None = None, *, training: bool = False) -> Tensor:
    """The sum or maximum of a value's terms, from values as their readers see them."""
    parts: dict[int, Tensor] = {}
    for term in value.terms:
        acc = _accumulate(term, batch, stored, weights, batch.rows(value.domain), term.dropout if training else 0.0)
        if term.factor != "one":
            acc = acc * _factor(batch.lists(term.of), term.factor, acc)
        if term.gain is not None:
            acc = acc * term.gain
        before = parts.get(term.offset)
        if before is not None:
            acc = torch.maximum(before, acc) if value.join == "max" else before + acc
        parts[term.offset] = acc
    return parts[0] if len(parts) == 1 else torch.cat([parts[offset] for offset in sorted(parts)], 1)


def _accumulate(term: TracedTerm, batch: GraphBatch, stored: dict[str, Tensor],
                weights: Callable[[TracedTerm], Tensor] | None, rows: int, dropout: float) -> Tensor:
    weight = term.weight if term.weight is None or weights is None else weights(term)
    if term.via == "features":
        assert weight is not None
        if isinstance(batch.features, SparseMatrix):
            return batch.features.product(weight, F.dropout(batch.features.values.to(weight.dtype), dropout))
        return F.dropout(batch.features.to(weight.dtype), dropout) @ weight
    if term.source is None:
        return torch.ones(rows, 1) if term.via == "self" else batch.lists(term.via).length
    source = F.dropout(stored[term.source], dropout) if dropout else stored[term.source]
    if weight is not None:
        return source @ weight
    if term.via == "self":
        return source
    lists = batch.lists(term.via)
    return lists.sum(source) if term.op == "sum" else lists.largest(source)


def _factor(lists: Lists, factor: str, like: Tensor) -> Tensor:
    if like.dtype != torch.float32:
        return lists.power(-1.0 if factor == "mean" else -0.5).to(like.dtype)
    return lists.mean if factor == "mean" else lists.rsqrt
