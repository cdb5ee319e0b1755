"""Graph classification: TUDataset through PyG's own class, with integer features, stratified folds and fast unions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..network.batch import Batch
from .raw_files import known_name, read_raw

if TYPE_CHECKING:
    from torch_geometric.data import Data

__all__ = ["FOLD_SEED", "TU_DATASETS", "GraphSet", "Split", "folds", "load_graphs"]

Ints = NDArray[np.int64]

TU_DATASETS = ("MUTAG", "PROTEINS", "IMDB-BINARY", "REDDIT-BINARY")
#: Of every split: the one that graph classification papers use.
FOLD_SEED, FOLDS = 12345, 10
#: Degrees up to here have a feature each; above, four share every factor of two.
EXACT_DEGREES = 8


@dataclass(frozen=True, kw_only=True)
class GraphSet:
    """Many small graphs, end to end.

    Parameters
    ----------
    name : str
    features : csr_array int64 [n, f]
        Codes; here one-hot.
    edges : int64 [2, e]
        Sources above destinations, numbered over all graphs; those of a graph lie together.
    node_start, edge_start : int64 [graphs + 1]
    labels : int64 [graphs]
    """

    name: str
    features: csr_array
    edges: Ints
    node_start: Ints
    edge_start: Ints
    labels: Ints

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.labels.max()) + 1

    def __len__(self) -> int:
        return len(self.labels)

    def union(self, graphs: Sequence[int] | Ints) -> Batch:
        """Disjoint union of some graphs, in that order."""
        chosen = np.asarray(graphs, dtype=np.int64)
        nodes, sizes = _ranges(self.node_start, chosen)
        edges, counts = _ranges(self.edge_start, chosen)
        shift = np.concatenate([[0], np.cumsum(sizes)[:-1]]) - self.node_start[chosen]
        return Batch(features=self.features[nodes], edges=self.edges[:, edges] + np.repeat(shift, counts),
                     graph=np.repeat(np.arange(len(chosen)), sizes), graphs=len(chosen),
                     node=np.zeros(len(nodes), np.int64))

    def data(self, graph: int) -> Data:
        """One graph as PyG has it: ``x`` float32 [n, f], ``edge_index`` int64 [2, e], ``y`` int64 [1]."""
        from torch_geometric.data import Data

        one = self.union([graph])
        return Data(x=torch.from_numpy(one.features.toarray().astype(np.float32)),
                    edge_index=torch.from_numpy(one.edges), y=torch.from_numpy(self.labels[graph : graph + 1]))


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
    """
    from sklearn.model_selection import StratifiedKFold

    found = []
    for rest, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(labels, labels):
        inner = StratifiedKFold(FOLDS - 1, shuffle=True, random_state=seed)
        train, validation = next(iter(inner.split(rest, labels[rest])))
        found.append(Split(train=rest[train], validation=rest[validation], test=test))
    return found


def load_graphs(name: str, root: Path | str | None = None) -> GraphSet:
    """Load a data set for graph classification.

    Features are one-hot: node labels where the data set has some; else in-degrees, each of its own (IMDB-BINARY) or,
    where they spread over thousands (REDDIT-BINARY), in buckets (:func:`degree_bucket`).

    Parameters
    ----------
    name : str
        One of TU_DATASETS, in any case.
    root : Path or None
        Folder of raw files, ``$HWGEN_DATA`` if None (:func:`.raw_files.read_raw`).

    Raises
    ------
    HwgenError
        Unknown name, or files neither found nor downloaded.
    """
    name = known_name(name, TU_DATASETS)
    found, raw = read_raw("TUDataset", name, f"{name}_A.txt", root)
    graph = np.loadtxt(raw / f"{name}_graph_indicator.txt", dtype=np.int64) - 1
    return _graph_set(name, found, graph)


def _graph_set(name: str, found: Any, graph: Ints) -> GraphSet:
    whole = found._data
    node_start = np.concatenate([[0], np.cumsum(np.bincount(graph, minlength=len(whole.y)))])
    edge_start = found.slices["edge_index"].numpy().astype(np.int64)
    edge_start = np.pad(edge_start, (0, len(node_start) - len(edge_start)), mode="edge")  # last graphs without edges
    shift = np.repeat(node_start[:-1], np.diff(edge_start))
    edges = whole.edge_index.numpy().astype(np.int64) + shift  # PyG numbers each graph's nodes from 0
    if whole.x is not None:
        kind = whole.x.numpy().argmax(1).astype(np.int64)
        width = int(whole.x.shape[1])
    else:
        degree = np.bincount(edges[1], minlength=int(node_start[-1]))
        kind = degree if name == "IMDB-BINARY" else degree_bucket(degree)
        width = int(kind.max()) + 1
    nodes = int(node_start[-1])
    features = csr_array((np.ones(nodes, np.int64), kind, np.arange(nodes + 1)), shape=(nodes, width))
    return GraphSet(name=name, features=features, edges=edges, node_start=node_start, edge_start=edge_start,
                    labels=whole.y.numpy().astype(np.int64))


def degree_bucket(degree: Ints) -> Ints:
    """Degrees 0 .. 8 stay; from there on each factor of two has four buckets."""
    above = EXACT_DEGREES + 1 + np.floor(4 * np.log2(np.maximum(degree, EXACT_DEGREES + 1) / (EXACT_DEGREES + 1)))
    return np.where(degree <= EXACT_DEGREES, degree, above.astype(np.int64))


def _ranges(start: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    """All indices of the chosen ranges, and each range's length."""
    sizes = start[chosen + 1] - start[chosen]
    first = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum())) + np.repeat(start[chosen] - first, sizes), sizes
