"""Features of a PyG graph as the integer codes that hardware reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...errors import HwgenError
from ...numeric import MAX_ACTIVATION_BITS

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["GraphCodes"]


@dataclass(frozen=True, kw_only=True)
class GraphCodes:
    """One graph in integers.

    Parameters
    ----------
    features : csr_array int64 [n, f]
        Input codes.
    bits : int
        Unsigned width of the codes.
    scale : float
        Real value of code 1.
    edges : int64 [2, e]
        Sources above destinations.
    """

    features: csr_array
    bits: int
    scale: float
    edges: NDArray[np.int64]

    @classmethod
    def of(cls, data: Data) -> GraphCodes:
        """Check a PyG graph and take its codes.

        Parameters
        ----------
        data : Data
            ``x`` [n, f] holds unsigned integers of at most 8 bits; ``data.input_scale`` (default 1) is the value of 1.

        Raises
        ------
        HwgenError
            Missing, fractional or negative features; edge indices out of range.
        """
        if data.x is None or data.edge_index is None:
            raise HwgenError("the graph has no features or no edges", "data", "set data.x and data.edge_index")
        x = data.x.detach().to("cpu", torch.float64)
        if x.ndim != 2:
            raise HwgenError(f"features have shape {tuple(x.shape)}", "data.x", "use one row of features a node")
        features = csr_array(x.numpy())
        bits = _bits(features.data)
        nodes = int(x.shape[0])
        edges = data.edge_index.detach().cpu().numpy().astype(np.int64)
        if edges.size and (edges.min() < 0 or edges.max() >= nodes):
            wrong = edges[(edges < 0) | (edges >= nodes)][0]
            raise HwgenError(f"edge index {wrong} is out of range for {nodes} nodes", "data.edge_index",
                             "number the nodes from 0 to n-1")
        return cls(features=features.astype(np.int64), bits=bits, scale=float(getattr(data, "input_scale", 1.0)),
                   edges=edges)


def _bits(codes: NDArray[np.float64]) -> int:
    """Width that holds the largest code."""
    top = codes.max(initial=0)
    if not np.isfinite(codes).all() or (codes != np.rint(codes)).any() or codes.min(initial=0) < 0:
        wrong = codes[~np.isfinite(codes) | (codes != np.rint(codes)) | (codes < 0)][0]
        raise HwgenError(f"feature {wrong} is not an unsigned integer", "data.x",
                         "scale the features to integers from 0, and give the value of 1 as data.input_scale")
    if top >= 1 << MAX_ACTIVATION_BITS:
        raise HwgenError(f"feature {top:.0f} exceeds {MAX_ACTIVATION_BITS} bits", "data.x",
                         "scale the features to fewer bits, and give the value of 1 as data.input_scale")
    return max(1, int(top).bit_length())
