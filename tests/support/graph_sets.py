"""A small set of graphs that the tests of training share."""

import numpy as np
from scipy.sparse import csr_array

from hwgen.frontend.data.graph_set import GraphSet

__all__ = ["rings_and_stars"]


def rings_and_stars(count: int = 40) -> GraphSet:
    """Even graphs are rings, odd ones stars, of four to seven nodes of one kind."""
    starts, edges, counts = [0], [], [0]
    for graph in range(count):
        size, first = 4 + graph // 2 % 4, starts[-1]
        pairs = [(k, (k + 1) % size) for k in range(size)] if graph % 2 == 0 else [(0, k) for k in range(1, size)]
        edges += [(first + a, first + b) for pair in pairs for a, b in (pair, pair[::-1])]
        starts.append(first + size)
        counts.append(len(edges))
    nodes = starts[-1]
    return GraphSet(name="shapes", features=csr_array(np.ones((nodes, 1), np.int64)), edges=np.array(edges).T,
                    node_start=np.array(starts), edge_start=np.array(counts), labels=np.arange(count) % 2)
