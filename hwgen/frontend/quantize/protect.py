"""Degree-Quant's protective masks: nodes that pass unquantized while a model trains, hubs more often."""

from __future__ import annotations

import torch
from torch import Tensor

from ..data.graph_batch import GraphBatch
from ..traced import TracedNetwork

__all__ = ["chances", "drawn", "exposed"]


def chances(batch: GraphBatch, protected: tuple[float, float]) -> Tensor:
    """How likely each node is protected: float [n].

    ``p(v) = least + (most - least) · |{u: d(u) ≤ d(v)}| / n`` over the in-degrees d of v's graph (Tailor et al. 2021,
    section 4.1, and the authors' code). Rows that stand for several nodes count once.
    """
    degree = batch.edges.length[:, 0].double()
    target, member = batch.members.matrix.pairs
    graph = torch.zeros(batch.nodes, dtype=torch.long).index_copy(0, member, target)
    key = graph * (degree.max().item() + 1 if batch.nodes else 1) + degree
    ordered = key.sort().values
    size = torch.bincount(graph, minlength=batch.graphs)
    below = torch.searchsorted(ordered, key, right=True) - (size.cumsum(0) - size)[graph]
    least, most = protected
    return (least + (most - least) * below / size[graph]).float()


def drawn(batch: GraphBatch, protected: tuple[float, float]) -> Tensor:
    """One draw, for all layers of a forward: bool [n]."""
    return torch.bernoulli(chances(batch, protected)).bool()


def exposed(plan: TracedNetwork) -> frozenset[str]:
    """Values whose protected rows pass unquantized: what lists read, and what is read over lists.

    As published: of a convolution the messages, sums and updates, not what a perceptron computes between its layers.
    A message that has a row is protected as its source.
    """
    listed = [term for value in plan.values for term in value.terms if term.via not in ("self", "features")]
    sums = {value.name for value in plan.values if any(
        term.via not in ("self", "features", "members") for term in value.terms)}
    for value in plan.values if plan.by_edge else ():  # updates
        if any(term.source in sums and term.via == "self" and term.weight is None for term in value.terms):
            sums.add(value.name)
    return frozenset(value.name for value in plan.values if value.domain != "graphs" and (
        value.name in sums or any(term.source == value.name for term in listed)))
