"""Facts about a quantized model, from its codes and scales alone: bits, scales, sizes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network.batch import Batch
from ..network.network import Network
from ..numeric import MAX_ACTIVATION_BITS
from ..targets.banked.accepts import chain_of
from ..targets.banked.chain import Layer

__all__ = ["DEGREES", "bits_by_degree", "degree_labels", "in_degrees", "model_facts", "span"]

#: Lower bounds of the in-degree classes (self loop counted) that histograms use.
DEGREES = (1, 2, 3, 4, 5, 9, 17, 33)

Ints = NDArray[np.int64]


def degree_labels() -> list[str]:
    """Names of the degree classes: ``1``, ``2``, ..., ``5-8``, ..., ``33+``."""
    ends = [*(start - 1 for start in DEGREES[1:]), None]
    return [f"{low}+" if high is None else str(low) if low == high else f"{low}-{high}"
            for low, high in zip(DEGREES, ends, strict=True)]


def in_degrees(batch: Batch) -> Ints:
    """In-degree of every node, its self loop counted once."""
    return np.asarray(np.diff(batch.lists("looped").indptr), dtype=np.int64)


def bits_by_degree(degrees: Ints, bits: Ints) -> Ints:
    """Nodes by degree class (rows) and bit width 0..8 (columns)."""
    classes = np.searchsorted(np.array(DEGREES), degrees, side="right") - 1
    table = np.zeros((len(DEGREES), MAX_ACTIVATION_BITS + 1), np.int64)
    np.add.at(table, (classes, bits), 1)
    return table


def model_facts(network: Network, batch: Batch) -> dict[str, Any]:
    """What ``hwgen inspect`` prints.

    Average bits come in both conventions:

    * ``hidden_maps``: over the values of the hidden feature maps only, as A²Q reports them;
    * ``all_activations``: over every quantized map, the aggregated XW codes included. Neither counts the input,
      whose width is exact.

    Sizes count codes at their own widths, steps, biases and per-node steps at 32 bit, and per-node widths at 4 bit.
    """
    graph = chain_of(network)
    nodes = batch.num_nodes
    degrees = in_degrees(batch)
    hidden = [(layer.weight.shape[1], layer.row.bits[batch.node]) for layer in graph.layers if layer.row]
    hidden_bits = sum(width * int(bits.sum()) for width, bits in hidden)
    hidden_values = sum(width * nodes for width, _ in hidden)
    message_values = sum(layer.weight.shape[1] * nodes for layer in graph.layers)
    message_bits = sum(layer.weight.shape[1] * nodes * layer.message_bits for layer in graph.layers)
    weights = sum(layer.weight.size for layer in graph.layers)
    weight_bits = sum(layer.weight.size * layer.weight_bits for layer in graph.layers)
    biases = sum(layer.bias.size for layer in graph.layers if layer.bias is not None)
    step_bits = 32 * (biases + sum(2 * layer.weight.shape[1] for layer in graph.layers))
    node_bits = sum((32 + 4) * layer.row.bits.size for layer in graph.layers if layer.row)
    average = hidden_bits / max(hidden_values, 1)
    everything = (hidden_bits + message_bits) / max(hidden_values + message_values, 1)
    return {
        "name": graph.name,
        "nodes": nodes,
        "edges": int(batch.edges.shape[1]),
        "features": int(batch.features.shape[1]),
        "feature_nonzeros": int(batch.features.nnz),
        "input_bits": graph.input_bits,
        "layers": [_layer_facts(layer, batch.node) for layer in graph.layers],
        "bits_by_degree": {layer.path: bits_by_degree(degrees, layer.row.bits[batch.node]).tolist()
                           for layer in graph.layers if layer.row},
        "degree_classes": degree_labels(),
        "average_bits": {"hidden_maps": average, "all_activations": everything},
        "bytes": {"fp32": 4 * (weights + biases), "weights": weight_bits / 8, "steps_and_biases": step_bits / 8,
                  "node_parameters": node_bits / 8},
        "compression": {
            "weights": 32 * weights / weight_bits,
            "model": 32 * (weights + biases) / (weight_bits + step_bits),
            "model_with_node_parameters": 32 * (weights + biases) / (weight_bits + step_bits + node_bits),
            "hidden_maps": 32 / average if average else float("inf"),
            "all_activations": 32 / everything,
        },
    }


def _layer_facts(layer: Layer, node: Ints) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "path": layer.path, "inputs": int(layer.weight.shape[0]), "outputs": int(layer.weight.shape[1]),
        "weight_bits": layer.weight_bits, "weight_step": span(layer.weight_step),
        "weight_zeros": float((layer.weight == 0).mean()),
        "message_bits": layer.message_bits, "message_step": span(layer.message_step),
        "bias": layer.bias is not None, "row_bits": None, "row_step": None,
    }
    if layer.row is not None:
        bits = layer.row.bits[node]
        facts["row_bits"] = {"mean": float(bits.mean()), "min": int(bits.min()), "max": int(bits.max()),
                             "histogram": np.bincount(bits, minlength=MAX_ACTIVATION_BITS + 1).tolist()}
        facts["row_step"] = span(layer.row.step[node])
    return facts


def span(values: NDArray[np.float64]) -> list[float]:
    """Lowest and highest value."""
    return [float(values.min()), float(values.max())]
