"""Graph classification sets of TUDataset (Morris et al., 2020), through PyG's own class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from .graph_set import GraphSet
from .raw_files import read_raw

__all__ = ["TU_DATASETS", "degree_bucket", "load_tudataset"]

Ints = NDArray[np.int64]

TU_DATASETS = ("MUTAG", "PROTEINS", "IMDB-BINARY", "REDDIT-BINARY", "COX2")
#: Those whose nodes have real values beside labels.
WITH_ATTRIBUTES = ("COX2",)
#: Degrees up to here have a feature each; above, four share every factor of two.
EXACT_DEGREES = 8


def load_tudataset(name: str, root: Path | str | None = None) -> GraphSet:
    """Load a set of graphs.

    Features are one-hot: node labels where the data set has some; else in-degrees, each of its own (IMDB-BINARY) or,
    where they spread over thousands (REDDIT-BINARY), in buckets (:func:`degree_bucket`). COX2 has coordinates before
    them, three real values a node.

    Parameters
    ----------
    name : str
        One of TU_DATASETS.
    root : Path or None
        Folder of raw files, ``$HWGEN_DATA`` if None (:func:`.raw_files.read_raw`).

    Raises
    ------
    HwgenError
        Files neither found nor downloaded.
    """
    found, raw = read_raw("TUDataset", name, f"{name}_A.txt", root)
    graph = np.loadtxt(raw / f"{name}_graph_indicator.txt", dtype=np.int64) - 1
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
    if name in WITH_ATTRIBUTES:
        attributes = np.loadtxt(raw / f"{name}_node_attributes.txt", delimiter=",", ndmin=2)
        features = csr_array(hstack([attributes, features]))
    return GraphSet(name=name, features=features, edges=edges, node_start=node_start, edge_start=edge_start,
                    labels=whole.y.numpy().astype(np.int64))


def degree_bucket(degree: Ints) -> Ints:
    """Degrees 0 .. 8 stay; from there on each factor of two has four buckets."""
    above = EXACT_DEGREES + 1 + np.floor(4 * np.log2(np.maximum(degree, EXACT_DEGREES + 1) / (EXACT_DEGREES + 1)))
    return np.where(degree <= EXACT_DEGREES, degree, above.astype(np.int64))
