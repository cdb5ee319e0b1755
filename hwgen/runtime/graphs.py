"""What users hand over -> single graphs of integer codes. PyG objects are taken by their attributes."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..errors import HwgenError
from ..network.batch import Batch
from ..network.network import Network
from ..network.sample import Sample, single

__all__ = ["encode_features", "graphs_of"]


def graphs_of(given: Any, network: Network) -> list[Batch]:
    """Single graphs, in the order given.

    Parameters
    ----------
    given : Batch, Sample, a PyG Data or Batch, or an iterable of such (a list, a DataLoader)
        Of PyG's, ``x`` float [n, f], ``edge_index`` int [2, e]; ``batch`` int [n], the graph of each node;
        ``num_graphs`` where graphs at the end have no nodes; ``node`` int [n] where quantizers are by node.
    network : Network
        Its input says what features may be.

    Raises
    ------
    HwgenError
        Not a graph, features of another width or that are no codes, edges out of range.
    """
    if isinstance(given, Sample):
        given = given.batch
    if isinstance(given, Batch):
        return single(given)
    if getattr(given, "edge_index", None) is not None:
        return single(_batch(given, network))
    if isinstance(given, Iterable) and not isinstance(given, str | bytes | dict):
        return [graph for each in given for graph in graphs_of(each, network)]
    raise HwgenError(f"a {type(given).__name__} is no graph", "graphs",
                     "give Data with x and edge_index, or a list or loader of them")


def encode_features(x: NDArray[Any], input_bits: int, input_scale: float) -> csr_array:
    """Codes of real features: csr_array int64 [n, f].

    Raises
    ------
    HwgenError
        If a feature is not a multiple of ``input_scale`` within ``input_bits``: nothing is rounded in silence.
    """
    values = csr_array(np.asarray(x, dtype=np.float64))
    exact = values.data / input_scale
    codes = np.rint(exact)
    wrong = ~np.isfinite(exact) | (np.abs(exact - codes) > 1e-4) | (codes < 0) | (codes >= 1 << input_bits)
    if wrong.any():
        raise HwgenError(f"feature {values.data[wrong][0]:g} is not one of 0 .. {(1 << input_bits) - 1} times "
                         f"{input_scale:g}", "x", "encode the features as for training")
    return csr_array((codes.astype(np.int64), values.indices, values.indptr), shape=values.shape)


def _batch(data: Any, network: Network) -> Batch:
    x, edges = _array(data, "x"), _array(data, "edge_index")
    if x is None or x.ndim != 2 or x.shape[1] != network.features:
        shape = None if x is None else x.shape
        raise HwgenError(f"x has shape {shape}, the model takes {network.features} features a node", "x",
                         "give the features that the model was trained on")
    nodes = len(x)
    if edges is None or edges.ndim != 2 or edges.shape[0] != 2:
        raise HwgenError(f"edge_index has shape {None if edges is None else edges.shape}, not (2, e)", "edge_index",
                         "give source nodes above destination nodes")
    edges = edges.astype(np.int64)
    if edges.size and (edges.min() < 0 or edges.max() >= nodes):
        worst = edges[(edges < 0) | (edges >= nodes)][0]
        raise HwgenError(f"edge_index names node {worst} of {nodes}", "edge_index", "number the nodes from 0 on")
    graph = _array(data, "batch")
    graph = np.zeros(nodes, dtype=np.int64) if graph is None else graph.astype(np.int64)
    node = _array(data, "node")
    count = getattr(data, "num_graphs", None) if hasattr(data, "batch") else None
    return Batch(features=encode_features(x, network.input_bits, network.input_scale), edges=edges, graph=graph,
                 graphs=max(int(graph.max(initial=0)) + 1, int(count or 1)),
                 node=np.arange(nodes) if node is None else node.astype(np.int64))


def _array(data: Any, name: str) -> NDArray[Any] | None:
    value = getattr(data, name, None)
    if value is None:
        return None
    if hasattr(value, "detach"):  # a tensor, wherever it lies
        value = value.detach().cpu()
    return np.asarray(value)
