"""A set of graphs with labels, of graphs or of nodes: fast unions, folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch_geometric.data import Data

from ...errors import HwgenError
from ...network.batch import Batch
from ...network.equation import Labelled
from ...network.labels import Labels, results_for
from ...network.reader import Graphs

__all__ = ["FOLDS", "FOLD_SEED", "GraphSet", "Split", "folds"]

Ints = NDArray[np.int64]

#: Of every split: the one that graph classification papers use.
FOLD_SEED, FOLDS = 12345, 10


@dataclass(frozen=True, kw_only=True)
class GraphSet:
    """Many small graphs, end to end; as a sequence it holds each as PyG has it.

    Parameters
    ----------
    name : str
    features : csr_array int64 or float64 [n, f]
    edges : int64 [2, e]
        Sources above destinations, numbered over all graphs; those of a graph lie together.
    node_start, edge_start : int64 [graphs + 1]
    labels : [rows] or [rows, columns], of any real type
        Of graphs or of nodes, as given; :mod:`hwgen.network.labels` says what they mean.
    input_scale : float
        What features are multiplied by to be real values.
    per : "graphs" or "nodes"
        What has a label.
    weight : float64 [e] or None
        What each edge weighs.
    """

    name: str
    features: csr_array
    edges: Ints
    node_start: Ints
    edge_start: Ints
    labels: NDArray[Any]
    input_scale: float = 1.0
    per: Labelled = "graphs"
    weight: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, batch: Batch, labels: NDArray[Any], *, name: str, input_scale: float,
           per: Labelled = "graphs") -> GraphSet:
        """From a union of graphs whose edges lie together graph by graph."""
        starts = (np.r_[0, np.cumsum(np.bincount(owner, minlength=batch.graphs))]
                  for owner in (batch.graph, batch.graph[batch.edges[1]]))
        node_start, edge_start = starts
        return cls(name=name, features=batch.features, edges=batch.edges, node_start=node_start, edge_start=edge_start,
                   labels=labels, input_scale=input_scale, per=per, weight=batch.weight)

    def as_graphs(self) -> Graphs:
        """All graphs, as :func:`hwgen.network.reader.read_graphs` takes them."""
        graph = np.repeat(np.arange(len(self)), np.diff(self.node_start))
        return Graphs(features=self.features, scale=self.input_scale, edges=self.edges, graph=graph, graphs=len(self),
                      labels=self.labels, domains=frozenset({self.per}),
                      weights={} if self.weight is None else {"edge_weight": self.weight})

    @property
    def classes(self) -> int:
        """Number of classes, or of labels of a row."""
        return results_for(self.labels)

    def __len__(self) -> int:
        return len(self.node_start) - 1

    def __iter__(self) -> Iterator[Data]:
        return (self[graph] for graph in range(len(self)))

    def __getitem__(self, graph: int) -> Data:
        """One graph: ``x`` float32 [n, f], ``edge_index`` int64 [2, e], ``y`` [1] or [n], ``input_scale``.

        Also ``edge_weight`` float32 [e], where there is any.
        """
        one = self.union([graph])
        return Data(x=torch.from_numpy(one.features.toarray().astype(np.float32)),
                    edge_index=torch.from_numpy(one.edges), y=torch.from_numpy(self.labels[self.rows_of([graph])]),
                    input_scale=self.input_scale,
                    **({} if one.weight is None else {"edge_weight": torch.from_numpy(one.weight).float()}))

    def nodes_of(self, graphs: Sequence[int] | Ints) -> Ints:
        """The nodes of some graphs, in that order."""
        return _ranges(self.node_start, np.asarray(graphs, dtype=np.int64))[0]

    def rows_of(self, graphs: Sequence[int] | Ints) -> Ints:
        """Where the labels of some graphs, or of their nodes, are, in that order."""
        return np.asarray(graphs, dtype=np.int64) if self.per == "graphs" else self.nodes_of(graphs)

    def folds(self, seed: int, labels: Labels | None = None) -> list[Split]:
        """Folds of the graphs that have a label: stratified by their classes, where they have one each.

        Parameters
        ----------
        seed : int
        labels : Labels or None
            What labels of the set mean beside the results of a model; None: what they mean alone.

        Raises
        ------
        HwgenError
            As :func:`folds`; too few graphs.
        """
        if self.per == "nodes":
            return folds(np.zeros(len(self), np.int64), seed)
        labels = labels or Labels.alone(self.labels)
        there = np.flatnonzero(labels.counted)
        classes = labels.kind in ("classification", "binary")
        parts = folds(labels.known[there, 0].astype(np.int64) if classes else np.zeros(len(there), np.int64), seed)
        return [Split(train=there[each.train], validation=there[each.validation], test=there[each.test])
                for each in parts]

    def union(self, graphs: Sequence[int] | Ints) -> Batch:
        """Disjoint union of some graphs, in that order, with features as they are here."""
        chosen = np.asarray(graphs, dtype=np.int64)
        nodes, sizes = _ranges(self.node_start, chosen)
        edges, counts = _ranges(self.edge_start, chosen)
        shift = np.concatenate([[0], np.cumsum(sizes)[:-1]]) - self.node_start[chosen]
        return Batch(features=self.features[nodes], edges=self.edges[:, edges] + np.repeat(shift, counts),
                     graph=np.repeat(np.arange(len(chosen)), sizes), graphs=len(chosen),
                     node=np.zeros(len(nodes), np.int64),
                     weight=None if self.weight is None else self.weight[edges])


@dataclass(frozen=True, kw_only=True)
class Split:
    """One fold: numbers of graphs, ascending."""

    train: Ints
    validation: Ints
    test: Ints


def folds(labels: Ints, seed: int = FOLD_SEED) -> list[Split]:
    """Ten stratified folds; of what a fold does not test, a stratified ninth is for validation.

    Parameters
    ----------
    labels : int64 [graphs]
    seed : int
        Of both shuffles.

    Raises
    ------
    HwgenError
        A class with fewer graphs than there are folds.
    """
    from sklearn.model_selection import StratifiedKFold

    classes, counts = np.unique(labels, return_counts=True)
    if counts.min(initial=FOLDS) < FOLDS:
        rare = int(classes[counts.argmin()])
        raise HwgenError(f"{counts.min()} graphs" + (f" of class {rare}" if len(classes) > 1 else ""), "data",
                         f"give at least {FOLDS} graphs of every class: each of {FOLDS} folds tests one; "
                         "or, where nodes have labels, masks")
    found = []
    for rest, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(labels, labels):
        inner = StratifiedKFold(FOLDS - 1, shuffle=True, random_state=seed)
        train, validation = next(iter(inner.split(rest, labels[rest])))
        found.append(Split(train=rest[train], validation=rest[validation], test=test))
    return found


def _ranges(start: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    """All indices of the chosen ranges, and each range's length."""
    sizes = start[chosen + 1] - start[chosen]
    first = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum())) + np.repeat(start[chosen] - first, sizes), sizes
