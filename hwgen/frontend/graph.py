"""A graph prepared for training: sparse operands, degrees, and the integer input codes behind the features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_array
from torch import Tensor

from .data.codes import GraphCodes
from .data.sparse import SparseMatrix

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["Graph"]

#: Inputs with fewer non-zeros than this share multiply faster as sparse matrices.
SPARSE_BELOW = 0.1


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One graph, bound to the operands that a GCN needs.

    Parameters
    ----------
    data : Data
        As the user gave it.
    features : csr_array int64 [n, f]
        Input codes.
    input_bits : int
        Unsigned width of the codes.
    input_scale : float
        Real value of code 1.
    norm : Tensor float32 [n, 1]
        ``d^-1/2``, where d is the in-degree with the self loop.
    adjacency : SparseMatrix [n, n]
        Row i counts the edges into i from every source; exactly one self loop, as in PyG's GCNConv.
    """

    data: Data
    features: csr_array
    input_bits: int
    input_scale: float
    norm: Tensor
    adjacency: SparseMatrix
    _sparse: SparseMatrix | None
    _dense: Tensor

    @classmethod
    def of(cls, data: Data | Graph) -> Graph:
        """Prepare a PyG graph.

        Parameters
        ----------
        data : Data
            ``x`` [n, f] holds unsigned integers of at most 8 bits; ``data.input_scale`` (default 1) is the value of 1.

        Raises
        ------
        HwgenError
            Missing, fractional or negative features; edge indices out of range.
        """
        if isinstance(data, Graph):
            return data
        codes = GraphCodes.of(data)
        features, edges, nodes = codes.features, codes.edges, codes.features.shape[0]
        loops = edges[0] == edges[1]
        source, target = (np.concatenate([ends[~loops], np.arange(nodes)]) for ends in edges)
        adjacency = csr_array((np.ones(len(source)), (target, source)), shape=(nodes, nodes))
        norm = np.asarray(adjacency.sum(axis=1)).reshape(-1, 1) ** -0.5
        real = features.astype(np.float64) * codes.scale
        rare = features.nnz < SPARSE_BELOW * nodes * features.shape[1]
        return cls(data=data, features=features, input_bits=codes.bits, input_scale=codes.scale,
                   norm=torch.from_numpy(norm.astype(np.float32)), adjacency=SparseMatrix.of(adjacency),
                   _sparse=SparseMatrix.of(real) if rare else None, _dense=torch.from_numpy(real.toarray()).float())

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return int(self.features.shape[0])

    @property
    def width(self) -> int:
        """Number of input features."""
        return int(self.features.shape[1])

    def combine_input(self, weight: Tensor, dropout: float) -> Tensor:
        """Input features, with dropout, times ``weight``: float32 [n, k]."""
        if self._sparse is None:
            return F.dropout(self._dense, dropout) @ weight
        return self._sparse.product(weight, F.dropout(self._sparse.values, dropout) if dropout else None)

    def is_made_of(self, x: Tensor, edge_index: Tensor) -> bool:
        """Whether these are the features and edges of this very graph."""
        mine = self.data.x, self.data.edge_index
        pairs = zip(mine, (x, edge_index), strict=True)
        return all(a is b or (a.shape == b.shape and torch.equal(a, b)) for a, b in pairs)
