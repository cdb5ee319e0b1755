"""Graphs of the sizes and edges of MUTAG's and PROTEINS', with features drawn anew."""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hwgen.network.batch import Batch
from hwgen.targets.design import Design

__all__ = ["FEATURES", "Graphs", "draw_batch"]

FEATURES = 7
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Graphs:
    """Edges of graph g are ``edges[:, first[g]:first[g + 1]]``, numbered from 0 on; it has ``nodes[g]`` nodes."""

    edges: Ints
    first: Ints
    nodes: Ints

    def save(self, path: Path) -> None:
        np.savez(path, edges=self.edges, first=self.first, nodes=self.nodes)

    @classmethod
    def load(cls, path: Path) -> "Graphs":
        with np.load(path) as arrays:
            return cls(arrays["edges"], arrays["first"], arrays["nodes"])

    def graph(self, number: int, draw: np.random.Generator) -> Batch:
        """A graph with its nodes in another order and one feature of each drawn."""
        count = int(self.nodes[number])
        order = draw.permutation(count)
        edges = order[self.edges[:, self.first[number]:self.first[number + 1]]]
        kind = draw.integers(0, FEATURES, count)
        features = csr_array((np.ones(count, dtype=np.int64), (np.arange(count), kind)), shape=(count, FEATURES))
        return Batch(features=features, edges=edges.reshape(2, -1), graph=np.zeros(count, dtype=np.int64), graphs=1,
                     node=np.zeros(count, dtype=np.int64))


def draw_batch(rng: random.Random, graphs: Graphs, built: Design) -> Batch:
    """Graphs that fit one batch: seldom one, mostly many."""
    draw = np.random.default_rng(rng.getrandbits(64))
    most = rng.choice([1, 3, 64, 64, 64, 64])
    drawn = [graphs.graph(int(draw.integers(len(graphs.nodes))), draw) for _ in range(most)]
    return built.deal(drawn)[0]
