"""The work that every peer is given: one GCN on one small graph, with its integer weights, features and adjacency.

Needs NumPy only, since it also runs in the interpreter that has the peers.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["WORKS", "Work", "load_work", "normalized", "save_work", "work_of"]

Ints = NDArray[np.int64]

#: Largest code of the normalized adjacency matrix: a signed byte.
ADJACENCY = 127


@dataclass(frozen=True, kw_only=True)
class Work:
    """One GCN on one graph.

    Parameters
    ----------
    name : str
    features : int64 [n, f]
        Unsigned codes.
    edges : int64 [2, e]
        Directed, without self loops; both directions of every edge.
    weights : tuple of int64 [in, out]
        Signed codes, a matrix a layer.
    """

    name: str
    features: Ints
    edges: Ints
    weights: tuple[Ints, ...]

    @property
    def nodes(self) -> int:
        return len(self.features)

    @property
    def widths(self) -> list[int]:
        """Channels: of the input, and behind every layer."""
        return [self.features.shape[1], *(each.shape[1] for each in self.weights)]

    @property
    def dense_products(self) -> int:
        """Multiplications where the adjacency matrix is dense."""
        return sum(self.nodes * each.size + self.nodes**2 * each.shape[1] for each in self.weights)

    @property
    def sparse_products(self) -> int:
        """Multiplications where only edges and self loops count."""
        linked = self.edges.shape[1] + self.nodes
        return sum(self.nodes * each.size + linked * each.shape[1] for each in self.weights)


#: Name: nodes, channels, largest magnitudes of features and of weights.
WORKS: dict[str, tuple[int, tuple[int, ...], int, int]] = {
    "one layer, 32 nodes, 8 bit": (32, (16, 16), 127, 127),
    "two layers, 32 nodes, 8 bit": (32, (16, 16, 7), 127, 127),
    "two layers, 32 nodes, 4 bit": (32, (16, 16, 7), 15, 7),
    "two layers, 8 nodes, 4 bit": (8, (8, 8, 4), 15, 7),
}


def work_of(name: str) -> Work:
    """One of :data:`WORKS`; the same graph for the same number of nodes, whatever the bits."""
    nodes, widths, feature, weight = WORKS[name]
    graph, codes = np.random.default_rng(nodes), np.random.default_rng([nodes, weight])
    linked = np.zeros((nodes, nodes), dtype=bool)
    one, other = graph.integers(0, nodes, (2, 3 * nodes))
    linked[one, other] = linked[other, one] = True
    np.fill_diagonal(linked, val=False)
    weights = tuple(codes.integers(-weight, weight + 1, shape) for shape in pairwise(widths))
    return Work(name=name, features=codes.integers(0, feature + 1, (nodes, widths[0])),
                edges=np.stack(np.nonzero(linked)).astype(np.int64), weights=weights)


def normalized(work: Work) -> Ints:
    """Signed bytes of ``D^-1/2 (A + I) D^-1/2``: int64 [n, n], the largest entry :data:`ADJACENCY`."""
    dense = np.eye(work.nodes)
    dense[work.edges[1], work.edges[0]] = 1
    root = np.sqrt(dense.sum(axis=1))
    dense /= root[:, None] * root
    return np.rint(dense * ADJACENCY / dense.max()).astype(np.int64)


def save_work(work: Work, path: Path) -> None:
    """Write a work for another interpreter."""
    np.savez(path, name=work.name, features=work.features, edges=work.edges,
             **{f"weights{layer}": each for layer, each in enumerate(work.weights)})


def load_work(path: Path) -> Work:
    """What :func:`save_work` wrote."""
    with np.load(path) as file:
        count = sum(name.startswith("weights") for name in file)
        return Work(name=str(file["name"]), features=file["features"], edges=file["edges"],
                    weights=tuple(file[f"weights{layer}"] for layer in range(count)))
