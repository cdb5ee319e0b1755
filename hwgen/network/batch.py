"""Graphs as a disjoint union, and the lists that a program walks in it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

__all__ = ["Batch", "SetName"]

Ints = NDArray[np.int64]
SetName = Literal["edges", "looped", "features", "members"]


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
    """

    features: csr_array
    edges: Ints
    graph: Ints
    graphs: int
    node: Ints

    @property
    def num_nodes(self) -> int:
        return int(self.features.shape[0])

    def lists(self, name: SetName) -> csr_array:
        """One set of lists.

        Returns
        -------
        csr_array int64 [rows, columns]
            Row i names the members of list i in the order in which they are walked, duplicates as often as they
            occur: ``indptr`` has the lengths. Edges: in the order of ``edges``; looped: without self loops, then one;
            data are 1, and the codes of features. Not canonical: do not sum duplicates before taking lengths.
        """
        n = self.num_nodes
        if name == "features":
            features = csr_array(self.features, dtype=np.int64, copy=True)
            features.sum_duplicates()
            features.eliminate_zeros()
            return features
        if name == "members":
            return _lists(np.arange(n), self.graph, (self.graphs, n))
        source, target = self.edges
        if name == "looped":
            proper, loops = source != target, np.arange(n, dtype=np.int64)
            source, target = np.r_[source[proper], loops], np.r_[target[proper], loops]
        return _lists(source, target, (n, n))


def _lists(source: Ints, target: Ints, shape: tuple[int, int]) -> csr_array:
    order = np.argsort(target, kind="stable")
    starts = np.r_[0, np.cumsum(np.bincount(target, minlength=shape[0]))].astype(np.int64)
    return csr_array((np.ones(len(source), dtype=np.int64), source[order], starts), shape=shape)
