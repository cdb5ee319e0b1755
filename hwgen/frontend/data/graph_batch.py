"""Graphs prepared for execution: one sparse matrix for each set of lists that a plan may walk."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from ...errors import HwgenError
from ...network.batch import Batch, SetName
from ...network.edges import EdgeCodes, EdgeQuantizers, Weighed, edge_values, kind_by_row
from ...network.equation import Domain, Via
from ...network.input import Input
from ...network.reader.arrays import array_of, integers_of
from ...network.reader.fields import structure_of
from .sparse import SparseMatrix

__all__ = ["GraphBatch", "quotient"]

Ints = NDArray[np.int64]

#: Features with fewer non-zeros than this share multiply faster as a sparse matrix; so do one-hot ones of any width.
SPARSE_BELOW = 0.1


@dataclass(frozen=True)
class Lists:
    """Lists of rows, one for each destination.

    Parameters
    ----------
    matrix : SparseMatrix [destinations, sources]
        How often each source occurs in each list.
    length : Tensor float32 [destinations, 1]
    """

    matrix: SparseMatrix
    length: Tensor

    @classmethod
    def of(cls, target: Ints, source: Ints, shape: tuple[int, int], times: NDArray[np.float64] | None = None) -> Lists:
        """Lists from pairs; pairs that occur twice count twice."""
        matrix = csr_array((np.ones(len(target)) if times is None else times, (target, source)), shape=shape)
        length = np.asarray(matrix.sum(axis=1)).reshape(-1, 1)
        return cls(SparseMatrix.of(matrix), torch.from_numpy(length.astype(np.float32)))

    @cached_property
    def mean(self) -> Tensor:
        """``1 / length``, 0 of an empty list: float32 [destinations, 1]."""
        return self.power(-1.0).float()

    @cached_property
    def rsqrt(self) -> Tensor:
        """``length^-1/2``, 0 of an empty list: float32 [destinations, 1]."""
        return self.power(-0.5).float()

    def power(self, exponent: float) -> Tensor:
        """A power of the length, 0 of an empty list: float64 [destinations, 1]."""
        length = self.length.double()
        return torch.where(length > 0, length**exponent, 0.0)

    def sum(self, source: Tensor) -> Tensor:
        """The sum of each list's rows: float [destinations, k]."""
        return self.matrix.product(source, self.matrix.values.to(source.dtype))

    def largest(self, source: Tensor) -> Tensor:
        """The largest of each list's rows, channel by channel; 0 where a list is empty: float [destinations, k]."""
        target, index = self.matrix.pairs
        wide = target[:, None].expand(-1, source.shape[1])
        return source.new_zeros(len(self.length), source.shape[1]).scatter_reduce(0, wide, source[index], "amax",
                                                                                  include_self=False)

class GraphBatch:
    """The disjoint union of some graphs.

    Parameters
    ----------
    features : csr_array [n, f] or Tensor float [n, f]
        Real values.
    edges : int64 [2, e]
        Sources above destinations.
    graph : int64 [n]
        The graph of each node.
    graphs : int
    times, straight : float64 [e] or None
        How often an edge counts, and how often without self loops (:func:`quotient`); None is once.
    count : float64 [n] or None
        How many nodes each row stands for; None is one.
    node : int64 [n] or None
        Number of each node among the trained ones; None: its row.
    weight : float64 [e] or None
        What each edge weighs.
    """

    def __init__(self, features: csr_array | Tensor, edges: Ints, graph: Ints, graphs: int, *,
                 times: NDArray[np.float64] | None = None, straight: NDArray[np.float64] | None = None,
                 count: NDArray[np.float64] | None = None, node: Ints | None = None,
                 weight: NDArray[np.float64] | None = None) -> None:
        nodes = int(features.shape[0])
        self.features = features if isinstance(features, Tensor) else _operand(features)
        #: Most codes of a node that are not 0, where that is known.
        self.most: int | None = None
        self._quantized: tuple[Input, GraphBatch] | None = None
        self.width, self.nodes, self.graphs = int(features.shape[1]), nodes, graphs
        self.count = torch.ones(nodes, 1) if count is None else torch.from_numpy(count.astype(np.float32))[:, None]
        self.node = torch.arange(nodes) if node is None else torch.from_numpy(node)
        #: Whether some row stands for several nodes, and whether node i is row i.
        self.is_joined, self.is_in_order = count is not None, bool(torch.equal(self.node, torch.arange(nodes)))
        self._edges, self._graph, self._times, self._straight = edges, graph, times, straight
        self.weight, self.quantizers = weight, dict[Weighed, EdgeCodes]()
        self._weighed: dict[Via, Lists] = {}
        self._coded: dict[tuple[tuple[Weighed, EdgeCodes], ...], GraphBatch] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> GraphBatch:
        return self  # nothing changes in it, so that copies of a model share their graph

    @classmethod
    def of(cls, x: Tensor, edge_index: Tensor, batch: Tensor | None = None,
           weight: Tensor | None = None) -> GraphBatch:
        """From what PyG hands to a ``forward``; without ``batch`` all nodes are one graph.

        Raises
        ------
        HwgenError
            Edges or graphs that :func:`hwgen.network.reader.read_graphs` refuses.
        """
        numbers = None if weight is None else _numbers(weight)
        return cls(x, *structure_of(len(x), edge_index, batch, "forward."), weight=numbers)

    @classmethod
    def union(cls, batch: Batch, scale: float = 1.0) -> GraphBatch:
        """From graphs; ``scale`` is the real value of a feature of 1."""
        return cls(batch.features * scale, batch.edges, batch.graph, batch.graphs, node=batch.node,
                   weight=batch.weight)

    def is_made_of(self, x: Tensor, edge_index: Tensor, weight: Tensor | None = None) -> bool:
        """Whether these are the features, as real values in float32, and the edges of this batch; and their weights."""
        if weight is not None and not (self.weight is not None and np.array_equal(
                _numbers(weight), self.weight)):
            return False
        own = self.features if isinstance(self.features, Tensor) else self.features.dense()
        return (x.shape == own.shape and torch.allclose(x.detach().cpu().to(own.dtype), own, rtol=1e-6, atol=0)
                and np.array_equal(integers_of(edge_index, "forward.edge_index"), self._edges))

    @cached_property
    def edges(self) -> Lists:
        """In-edges as the user gave them."""
        source, target = self._edges
        return Lists.of(target, source, (self.nodes, self.nodes), self._times)

    @property
    def edge_index(self) -> Tensor:
        """Edges as PyG has them, each as often as it counts: int64 [2, e]."""
        times = None if self._times is None else self._times.astype(np.int64)
        return torch.from_numpy(self._edges if times is None else np.repeat(self._edges, times, axis=1))

    @cached_property
    def looped(self) -> Lists:
        """In-edges without self loops, and then one."""
        source, target = self._edges
        straight = (source != target).astype(np.float64) if self._straight is None else self._straight
        own, keep = np.arange(self.nodes), straight > 0
        return Lists.of(np.concatenate([target[keep], own]), np.concatenate([source[keep], own]),
                        (self.nodes, self.nodes), np.concatenate([straight[keep], np.ones(self.nodes)]))

    @cached_property
    def members(self) -> Lists:
        """The nodes of each graph."""
        return Lists.of(self._graph, np.arange(self.nodes), (self.graphs, self.nodes),
                        self.count[:, 0].double().numpy())

    def quantized(self, given: Input) -> GraphBatch:
        """The same with what an input's codes stand for, times its unit: features [n, columns]; exact ones stay.

        Rows of weights belong to it that are multiplied by ``given.ratio``.

        Raises
        ------
        HwgenError
            A feature that is not finite.
        """
        if given.exact:
            return self
        if self._quantized is None or self._quantized[0] is not given:
            own = self.features
            x = csr_array(own.detach().cpu().numpy()) if isinstance(own, Tensor) else own.scipy()
            if not np.isfinite(x.data).all():
                raise HwgenError(f"a feature is {x.data[~np.isfinite(x.data)][0]}", "x", "give finite numbers")
            levels = given.levels(x)
            made = copy.copy(self)
            made._coded = {}
            made.features, made.width = _operand(csr_array(levels * given.unit)), given.width
            made.most = int(np.diff(given.codes(x).indptr).max(initial=0))
            self._quantized = given, made
        return self._quantized[1]

    def longest(self, times: float = 1.0) -> dict[SetName, int]:
        """The longest list of each set, of edges and members so many times as long; a self loop is counted."""
        if self.most is None:
            own = self.features
            entries = own.matrix[0].diff() if isinstance(own, SparseMatrix) else (own != 0).sum(1)
            self.most = int(entries.max()) if self.nodes else 0
        found = {"edges": self.edges.length.amax() + 1, "members": self.members.length.amax()} if self.nodes else {}
        edges, members = (math.ceil(times * float(found.get(name, 1))) for name in ("edges", "members"))
        sums = [(1 << each.bits) - 1 if each.by_row else times * float(
            np.bincount(target, np.abs(each.codes(values))).max(initial=0))
            for name, each in self.quantizers.items() for _, target, values in [self.values_of(name, given=each.given)]]
        weight = math.ceil(max(sums, default=0.0))
        return {"weighted": weight, "normed": weight, "sources": weight, "edges": edges, "looped": edges,
                "incoming": edges, "members": members, "features": max(1, self.most)}

    def rows(self, domain: Domain) -> int:
        """How many rows there are of nodes, of graphs, or of edges."""
        if domain == "edges":
            return len(self.lists("sources").length)
        return self.nodes if domain == "nodes" else self.graphs

    def lists(self, via: Via) -> Lists:
        """The lists of a set: edges, looped, weighted, normed, members; or sources and incoming of rows by edge."""
        if via == "weighted" or via == "normed":
            return self.weighed(via)
        if via == "sources" or via == "incoming":
            return self._by_row(via)
        found: Lists = getattr(self, via)
        return found

    def weighed(self, name: Weighed) -> Lists:
        """Lists of edges that weigh: what they weigh, or the real values of its codes."""
        if name not in self._weighed:
            source, target, values = self._coded_values(name)
            self._weighed[name] = Lists.of(target, source, (self.nodes, self.nodes), values)
        return self._weighed[name]

    def _by_row(self, via: Via) -> Lists:
        if via not in self._weighed:
            kind = kind_by_row(self.quantizers)
            assert kind is not None
            source, target, values = self._coded_values(kind)
            order, rows = np.argsort(target, kind="stable"), np.arange(len(target))
            self._weighed["sources"] = Lists.of(rows, source[order], (len(rows), self.nodes), values[order])
            self._weighed["incoming"] = Lists.of(target[order], rows, (self.nodes, len(rows)))
        return self._weighed[via]

    def coded(self, quantizers: EdgeQuantizers) -> GraphBatch:
        """The same graphs, whose edges weigh what their codes stand for."""
        if not quantizers or self.quantizers == quantizers:
            return self
        key = tuple(sorted(quantizers.items(), key=lambda each: each[0]))
        if key not in self._coded:
            other = self._coded[key] = copy.copy(self)
            other.quantizers, other._weighed, other._coded, other._quantized = dict(quantizers), {}, {}, None
        return self._coded[key]

    def _coded_values(self, name: Weighed) -> tuple[Ints, Ints, NDArray[np.float64]]:
        """Source, destination and what each entry weighs; where it is quantized, what its code stands for."""
        coder = self.quantizers.get(name)
        source, target, values = self.values_of(name, given=coder is None or coder.given)
        return source, target, values if coder is None else np.asarray(coder.codes(values) * coder.step)

    def values_of(self, name: Weighed, *, given: bool = True) -> tuple[Ints, Ints, NDArray[np.float64]]:
        """Source, destination and real value of each entry of lists that weigh (:func:`edge_values`).

        ``given`` says whether graphs say what edges weigh; else each weighs 1.

        Raises
        ------
        HwgenError
            They do not say it.
        """
        if given and self.weight is None:
            raise HwgenError("the model takes a weight of each edge, and the graphs have none", "edge_weight",
                             "give edge_weight, one number for each edge, as the model was trained with")
        return edge_values(name, self._edges, self.weight if given else None, self.nodes)


def _numbers(weight: Tensor) -> NDArray[np.float64]:
    """What edges weigh, as float32 holds it."""
    return array_of(weight, "forward.edge_weight").reshape(-1).astype(np.float32).astype(np.float64)


def _operand(features: csr_array) -> Tensor | SparseMatrix:
    """Features in the form that multiplies faster."""
    rare = features.nnz < SPARSE_BELOW * features.shape[0] * features.shape[1] or features.nnz <= features.shape[0]
    return SparseMatrix.of(features) if rare else torch.from_numpy(features.toarray()).float()


def quotient(batch: Batch, rounds: int, scale: float = 1.0) -> GraphBatch:
    """A smaller batch on which a network of at most ``rounds`` aggregations computes the same.

    Nodes of one graph that colour refinement (Weisfeiler and Leman) does not tell apart in ``rounds`` rounds have the
    same values in every layer. One row stands for all of them: edges and memberships count as often as they did. The
    leaves around a hub become one row, which is what makes REDDIT-BINARY fast to train.
    """
    colour = _refine(batch, rounds)
    _, first, which = np.unique(colour, return_index=True, return_inverse=True)
    source, target = batch.edges
    kept = first[which[target]] == target  # one node's list speaks for its class
    pairs = np.stack([which[source[kept]], which[target[kept]]])
    unique, number = np.unique(pairs[1] * len(first) + pairs[0], return_inverse=True)
    straight = np.bincount(number, weights=source[kept] != target[kept], minlength=len(unique)).astype(np.float64)
    return GraphBatch(batch.features[first] * scale, np.stack([unique % len(first), unique // len(first)]),
                      batch.graph[first], batch.graphs, times=np.bincount(number).astype(np.float64),
                      straight=straight, count=np.bincount(which).astype(np.float64), node=batch.node[first])


def _refine(batch: Batch, rounds: int) -> Ints:
    """Colours: int64 [n]. Lists of neighbours are told apart by 64-bit sums of random words, one a colour."""
    random = np.random.default_rng(0)
    source, target = batch.edges
    features = batch.features
    words = random.integers(0, 1 << 63, size=features.shape[1], dtype=np.uint64)
    key = np.zeros(batch.num_nodes, np.uint64)
    alike = np.unique(features.data, return_inverse=True)[1].astype(np.uint64) + np.uint64(1)
    np.add.at(key, np.repeat(np.arange(batch.num_nodes), np.diff(features.indptr)), words[features.indices] * alike)
    key += random.integers(0, 1 << 63, size=batch.graphs, dtype=np.uint64)[batch.graph]
    colour = np.unique(key, return_inverse=True)[1]
    for _ in range(rounds):
        words = random.integers(0, 1 << 63, size=int(colour.max(initial=-1)) + 1, dtype=np.uint64)
        around = np.zeros(batch.num_nodes, np.uint64)
        np.add.at(around, target, words[colour[source]])
        mixed = around * np.uint64(0x9E3779B97F4A7C15) + words[colour]
        colour = np.unique(mixed, return_inverse=True)[1]
    return colour
