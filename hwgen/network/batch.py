"""Graphs as a disjoint union, and the lists that a program walks in it."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..errors import HwgenError
from .edges import NO_EDGES, EdgeQuantizers, edge_values, kind_by_row
from .equation import Domain

__all__ = ["Batch", "Model", "SetName", "check_batch", "named_by", "owner_of"]

Ints = NDArray[np.int64]
SetName = Literal["edges", "looped", "closed", "weighted", "normed", "features", "members", "sources", "incoming"]


def owner_of(name: SetName) -> Domain:
    """What has a list of a set."""
    return "graphs" if name == "members" else "edges" if name == "sources" else "nodes"


def named_by(name: SetName) -> Domain:
    """What the entries of a list are; those of features are columns."""
    return "edges" if name == "incoming" else "nodes"


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Graphs as one disjoint union.

    Parameters
    ----------
    features : csr_array int64 [n, f]
        Input codes.
    edges : int64 [2, e]
        Sources above destinations, numbered within the batch.
    graph : int64 [n]
        The graph of each node, ascending; a graph may have none.
    graphs : int
    node : int64 [n]
        Number of each node among the trained ones; zeros where quantizers do not ask.
    weight : float64 [e] or None
        What each edge weighs, where lists ask; None: 1.
    """

    features: csr_array
    edges: Ints
    graph: Ints
    graphs: int
    node: Ints
    weight: NDArray[np.float64] | None = None

    @property
    def num_nodes(self) -> int:
        return int(self.features.shape[0])

    def rows(self, domain: Domain, quantizers: EdgeQuantizers = NO_EDGES) -> int:
        """How many nodes, graphs, or entries of the lists whose entries have rows."""
        if domain == "edges":
            return int(self.lists("sources", quantizers).shape[0])
        return self.num_nodes if domain == "nodes" else self.graphs

    def lists(self, name: SetName, quantizers: EdgeQuantizers = NO_EDGES) -> csr_array:
        """One set of lists.

        Parameters
        ----------
        name : SetName
        quantizers : mapping
            Of lists that weigh (:mod:`.edges`): the data are their codes.

        Returns
        -------
        csr_array int64 [rows, columns]
            Row i names the members of list i in the order in which they are walked, duplicates as often as they
            occur: ``indptr`` has the lengths. Edges: in the order of ``edges``; looped: without self loops, then one;
            closed: all, then the node itself;
            data are 1, and the codes of features. Not canonical: do not sum duplicates before taking lengths.
            Sources: row e has the node of entry e of the lists by row; incoming: node i has the rows of its entries.
        """
        n = self.num_nodes
        if name == "features":
            features = csr_array(self.features, dtype=np.int64, copy=True)
            features.sum_duplicates()
            features.eliminate_zeros()
            return features
        if name == "members":
            return _lists(np.arange(n), self.graph, (self.graphs, n))
        if name == "sources" or name == "incoming":
            return self._by_row(name, quantizers)
        if name == "weighted" or name == "normed":
            codes = quantizers[name]
            source, target, values = edge_values(name, self.edges, self.weight if codes.given else None, n)
            return _lists(source, target, (n, n), codes.codes(values))
        source, target = self.edges
        if name == "looped":
            proper = source != target
            source, target = source[proper], target[proper]
        if name == "looped" or name == "closed":
            own = np.arange(n, dtype=np.int64)
            source, target = np.r_[source, own], np.r_[target, own]
        return _lists(source, target, (n, n))

    def _by_row(self, name: Literal["sources", "incoming"], quantizers: EdgeQuantizers) -> csr_array:
        kind = kind_by_row(quantizers)
        assert kind is not None
        whole = self.lists(kind, quantizers)
        numbers = np.arange(whole.nnz + 1, dtype=np.int64)
        if name == "sources":
            return csr_array((whole.data, whole.indices, numbers), shape=(whole.nnz, self.num_nodes))
        return csr_array((np.ones(whole.nnz, dtype=np.int64), numbers[:-1], whole.indptr),
                         shape=(self.num_nodes, whole.nnz))


class Model(Protocol):
    """What a batch must go with: a network, or a program that was lowered from one."""

    @property
    def name(self) -> str: ...
    @property
    def features(self) -> int: ...
    @property
    def input_bits(self) -> int: ...
    @property
    def trained_nodes(self) -> int: ...


def check_batch(model: Model, batch: Batch) -> None:
    """Refuse what no hardware takes: other features, larger codes, unknown nodes and graphs.

    Raises
    ------
    HwgenError
    """
    where = f"model {model.name}"
    width = int(batch.features.shape[1])
    if width != model.features:
        raise HwgenError(f"nodes have {width} features, the model takes {model.features}", where,
                         "encode the features as for training")
    codes = batch.features.data
    if codes.size and (codes.min() < 0 or codes.max() >= 1 << model.input_bits):
        worst = int(codes.min()) if codes.min() < 0 else int(codes.max())
        raise HwgenError(f"feature code {worst} is not in 0 .. {(1 << model.input_bits) - 1}",
                         f"{where}, input_bits {model.input_bits}", "encode the features as for training")
    for what, numbers, count in (("an edge names node", batch.edges, batch.num_nodes),
                                 ("a node belongs to graph", batch.graph, batch.graphs)):
        if numbers.size and (numbers.min() < 0 or numbers.max() >= count):
            worst = int(numbers.min()) if numbers.min() < 0 else int(numbers.max())
            raise HwgenError(f"{what} {worst} of {count}", "batch", "number within the batch, from 0 on")
    weight = batch.weight
    if weight is not None and (weight.shape != batch.edges.shape[1:] or not np.isfinite(weight).all()):
        raise HwgenError(f"weights of shape {weight.shape} for {batch.edges.shape[1]} edges, finite or not", "batch",
                         "give one finite number for each edge")
    if model.trained_nodes and batch.node.size:
        worst = int(batch.node.max()) if batch.node.min() >= 0 else int(batch.node.min())
        if not 0 <= worst < model.trained_nodes:
            raise HwgenError(f"node {worst} is not among the {model.trained_nodes} trained ones", where,
                             "number nodes as in training")


def _lists(source: Ints, target: Ints, shape: tuple[int, int], times: Ints | None = None) -> csr_array:
    order = np.argsort(target, kind="stable")
    starts = np.r_[0, np.cumsum(np.bincount(target, minlength=shape[0]))].astype(np.int64)
    data = np.ones(len(source), dtype=np.int64) if times is None else times[order]
    return csr_array((data, source[order], starts), shape=shape)
