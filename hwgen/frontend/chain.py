"""IR 1, the quantized graph: integer codes and scales as training left them, and the graph they were trained on.

The layer equation (GCN, Kipf & Welling 2017; quantizers of A²Q, Zhu et al. 2023, in integer-adder order)::

    y_j = Q_message( d_j^-1/2 · (x_j W) )          codes, one step per output column
    z_i = d_i^-1/2 · Σ_{j ∈ N(i) ∪ {i}} y_j + bias
    x'_i = Q_row( relu(z_i) )                      codes, one step and one bit width per node

``d`` is the in-degree with the self loop. The last layer has no row quantizer: z is the logits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..errors import HwgenError
from ..numeric import MAX_ACTIVATION_BITS

__all__ = ["GraphData", "QuantGraph", "QuantLayer", "RowQuantizer"]


@dataclass(frozen=True, kw_only=True)
class GraphData:
    """One graph: what a build runs on.

    Parameters
    ----------
    features : csr_array int64 [n, f]
        Non-negative integer input codes (0/1 for binary features).
    edges : int64 [2, e]
        Directed edges, source row above destination row; without self loops unless the user's graph has them.
    node : int64 [n]
        For each node, its index among the nodes the model was trained on (per-node steps and bit widths).
    labels : int64 [n] or None
    test_mask : bool [n] or None
    logits : float64 [n, c] or None
        The PyTorch model's own logits on this graph, for the agreement report.
    """

    features: csr_array
    edges: NDArray[np.int64]
    node: NDArray[np.int64]
    labels: NDArray[np.int64] | None = None
    test_mask: NDArray[np.bool_] | None = None
    logits: NDArray[np.float64] | None = None

    @property
    def num_nodes(self) -> int:
        return int(self.features.shape[0])


@dataclass(frozen=True, kw_only=True)
class RowQuantizer:
    """Unsigned codes 0..2^b-1 with one step and one bit width per trained node; b = 0 stores nothing.

    Parameters
    ----------
    step : float64 [n]
    bits : int64 [n]
    """

    step: NDArray[np.float64]
    bits: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class QuantLayer:
    """One graph convolution.

    Parameters
    ----------
    path : str
        The layer's path in the user's module, such as ``convs.0``.
    weight : int64 [f_in, f_out]
        Signed symmetric codes.
    weight_bits : int
    weight_step : float64 [f_out]
    message_bits : int
        Width of the signed symmetric codes that are aggregated.
    message_step : float64 [f_out]
    bias : float64 [f_out] or None
        Added after aggregation.
    row : RowQuantizer or None
        None for the last layer.
    """

    path: str
    weight: NDArray[np.int64]
    weight_bits: int
    weight_step: NDArray[np.float64]
    message_bits: int
    message_step: NDArray[np.float64]
    bias: NDArray[np.float64] | None
    row: RowQuantizer | None


@dataclass(frozen=True, kw_only=True)
class QuantGraph:
    """A quantized model with its sample graph.

    Parameters
    ----------
    name : str
        Short name, used for files.
    input_bits : int
        Unsigned width of an input code: 1 for binary features.
    input_scale : float
        Real value of input code 1.
    layers : tuple of QuantLayer
    sample : GraphData
    trained_nodes : int
        Number of nodes the row quantizers were trained for.
    """

    name: str
    input_bits: int
    input_scale: float
    layers: tuple[QuantLayer, ...]
    sample: GraphData
    trained_nodes: int

    def verify(self) -> None:
        """Check shapes, ranges and finiteness; raise HwgenError naming the layer at fault."""
        if not self.layers:
            raise HwgenError("the model has no layers", f"model {self.name}", "save a model of graph convolutions")
        if not 1 <= self.input_bits <= MAX_ACTIVATION_BITS:
            raise HwgenError(f"bit width {self.input_bits} is out of range", "input_bits",
                             f"use 1 to {MAX_ACTIVATION_BITS} bits")
        if not np.isfinite(self.input_scale) or self.input_scale <= 0:
            raise HwgenError(f"scale is {self.input_scale}", "input_scale", "use a positive input scale")
        width = self.sample.features.shape[1]
        for layer in self.layers:
            _check_layer(layer, int(width), self.trained_nodes, last=layer is self.layers[-1])
            width = layer.weight.shape[1]
        _check_graph(self.sample, self.trained_nodes, self.input_bits)


def _check_layer(layer: QuantLayer, width: int, nodes: int, *, last: bool) -> None:
    def fail(what: str, key: str, fix: str) -> None:
        raise HwgenError(what, f"{layer.path}.{key}", fix)

    if layer.weight.ndim != 2 or layer.weight.shape[0] != width:
        fail(f"weight has shape {layer.weight.shape}, but {width} inputs arrive", "weight", "save the model again")
    vectors = {"weight_step": layer.weight_step, "message_step": layer.message_step, "bias": layer.bias}
    for name, vector in vectors.items():
        if vector is not None and vector.shape != layer.weight.shape[1:]:
            fail(f"shape is {vector.shape}, not {layer.weight.shape[1:]}", name, "save the model again")
    for key, bits in (("weight_bits", layer.weight_bits), ("message_bits", layer.message_bits)):
        if not 2 <= bits <= MAX_ACTIVATION_BITS:
            fail(f"bit width {bits} is out of range", key, f"use 2 to {MAX_ACTIVATION_BITS} bits")
    if np.abs(layer.weight).max(initial=0) > 2 ** (layer.weight_bits - 1) - 1:
        fail(f"a weight code exceeds {layer.weight_bits} bits", "weight", "quantize the weights again")
    scales = {"weight_step": layer.weight_step, "message_step": layer.message_step}
    if layer.row is not None:
        scales["row.step"] = layer.row.step
    for key, value in scales.items():
        if not np.isfinite(value).all():
            fail(f"scale is {value[~np.isfinite(value)][0]}", key, "train again with a lower learning rate")
        if (value <= 0).any():
            fail(f"scale is {value.min()}, not positive", key, "train again, or clamp the step")
    if layer.bias is not None and not np.isfinite(layer.bias).all():
        fail("bias is not finite", "bias", "train again with a lower learning rate")
    if (layer.row is None) != last:
        fail("row quantizer missing" if not last else "the last layer has a row quantizer", "row",
             "quantize the output of every layer but the last")
    if layer.row is not None:
        widths = layer.row.bits
        if widths.shape != (nodes,) or layer.row.step.shape != (nodes,):
            fail(f"{widths.shape[0]} bit widths for {nodes} nodes", "row.bits", "save the model with its own graph")
        if widths.min(initial=0) < 0 or widths.max(initial=0) > MAX_ACTIVATION_BITS:
            wrong = widths[(widths < 0) | (widths > MAX_ACTIVATION_BITS)][0]
            fail(f"bit width {wrong} is out of range", "row.bits", f"use 0 to {MAX_ACTIVATION_BITS} bits")


def _check_graph(graph: GraphData, trained: int, input_bits: int) -> None:
    n = graph.num_nodes
    if graph.edges.ndim != 2 or graph.edges.shape[0] != 2:
        raise HwgenError(f"edges has shape {graph.edges.shape}, not (2, e)", "graph.edges",
                         "store source nodes above destination nodes")
    if n == 0 or graph.node.shape != (n,):
        raise HwgenError(f"{n} rows of features and {graph.node.size} nodes", "graph.node",
                         "give every node its features and its trained node")
    if graph.edges.size and (graph.edges.min() < 0 or graph.edges.max() >= n):
        wrong = graph.edges[(graph.edges < 0) | (graph.edges >= n)][0]
        raise HwgenError(f"edge index {wrong} is out of range for {n} nodes", "graph.edges",
                         "number the nodes from 0 to n-1")
    if graph.node.size and (graph.node.min() < 0 or graph.node.max() >= trained):
        wrong = graph.node[(graph.node < 0) | (graph.node >= trained)][0]
        raise HwgenError(f"node {wrong} was not trained ({trained} nodes were)", "graph.node",
                         "map every node to a trained node")
    codes = graph.features.data
    if codes.size and (codes.min() < 0 or codes.max() >= 1 << input_bits):
        wrong = codes[(codes < 0) | (codes >= 1 << input_bits)][0]
        raise HwgenError(f"input code {wrong} does not fit {input_bits} bits", "graph.features",
                         "scale the features to unsigned integers")
