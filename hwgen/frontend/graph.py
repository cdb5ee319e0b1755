"""A graph prepared for training: sparse operands, degrees, and the integer input codes behind the features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from ..errors import HwgenError
from ..numeric import MAX_ACTIVATION_BITS
from .sparse import SparseMatrix

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
        if data.x is None or data.edge_index is None:
            raise HwgenError("the graph has no features or no edges", "data", "set data.x and data.edge_index")
        x = data.x.detach().to("cpu", torch.float64)
        if x.ndim != 2:
            raise HwgenError(f"features have shape {tuple(x.shape)}", "data.x", "use one row of features a node")
        features = csr_array(x.numpy())
        bits = _input_bits(features.data)
        nodes = int(x.shape[0])
        edges = data.edge_index.detach().cpu().numpy()
        if edges.size and (edges.min() < 0 or edges.max() >= nodes):
            wrong = edges[(edges < 0) | (edges >= nodes)][0]
            raise HwgenError(f"edge index {wrong} is out of range for {nodes} nodes", "data.edge_index",
                             "number the nodes from 0 to n-1")
        loops = edges[0] == edges[1]
        source, target = (np.concatenate([ends[~loops], np.arange(nodes)]) for ends in edges)
        adjacency = csr_array((np.ones(len(source)), (target, source)), shape=(nodes, nodes))
        norm = np.asarray(adjacency.sum(axis=1)).reshape(-1, 1) ** -0.5
        scale = float(getattr(data, "input_scale", 1.0))
        rare = features.nnz < SPARSE_BELOW * nodes * x.shape[1]
        return cls(data=data, features=features.astype(np.int64), input_bits=bits, input_scale=scale,
                   norm=torch.from_numpy(norm.astype(np.float32)), adjacency=SparseMatrix.of(adjacency),
                   _sparse=SparseMatrix.of(features * scale) if rare else None, _dense=(x * scale).float())

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


def _input_bits(codes: NDArray[np.float64]) -> int:
    top = codes.max(initial=0)
    if not np.isfinite(codes).all() or (codes != np.rint(codes)).any() or codes.min(initial=0) < 0:
        wrong = codes[~np.isfinite(codes) | (codes != np.rint(codes)) | (codes < 0)][0]
        raise HwgenError(f"feature {wrong} is not an unsigned integer", "data.x",
                         "scale the features to integers from 0, and give the value of 1 as data.input_scale")
    if top >= 1 << MAX_ACTIVATION_BITS:
        raise HwgenError(f"feature {top:.0f} exceeds {MAX_ACTIVATION_BITS} bits", "data.x",
                         "scale the features to fewer bits, and give the value of 1 as data.input_scale")
    return max(1, int(top).bit_length())
