"""Facts about a quantized network: what it computes, bits, scales, sizes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network.batch import Batch
from ..network.formulas import formula, is_identity
from ..network.network import Network, Term, Value
from ..numeric import MAX_ACTIVATION_BITS
from .lists_names import quantizer_name, roles
from .model_facts import bits_by_degree, degree_labels, span

__all__ = ["network_facts"]

Ints = NDArray[np.int64]


def network_facts(network: Network, batch: Batch, bits: Mapping[str, Ints]) -> dict[str, Any]:
    """What ``hwgen inspect`` prints of a network.

    Parameters
    ----------
    network : Network
    batch : Batch
        Its sample graphs.
    bits : mapping of value name to int64 [rows]
        Width of each row of every value but the result, on these graphs; see :mod:`hwgen.targets.lists.bits`.

    Notes
    -----
    Average bits come in both conventions:

    * ``hidden_maps``: over the rows of values by row, as A²Q reports them; a row counts once, whatever its width;
    * ``all_activations``: over every stored code, messages included.

    Neither counts the input, whose width is exact. Sizes count weights at their own width, steps, biases and gains at
    32 bit, and tables of rows at 32 bit for the step (and the clip value) and 4 for the width. Identities that only
    bring the input in are no weights.
    """
    role = roles(network)
    rows = [bits[value.name] for value in network.values if role[value.name] == "row"]
    codes = [(value.width * int(bits[value.name].sum()), value.width * bits[value.name].size)
             for value in network.values if value.quantizer is not None]
    hidden = _share(sum(int(each.sum()) for each in rows), sum(each.size for each in rows))
    everything = _share(sum(each for each, _ in codes), sum(count for _, count in codes))
    degrees = np.diff(batch.lists("looped").indptr).astype(np.int64)
    return {
        "name": network.name, "graphs": batch.graphs, "nodes": batch.num_nodes, "edges": int(batch.edges.shape[1]),
        "features": network.features, "feature_nonzeros": int(batch.features.nnz), "input_bits": network.input_bits,
        "of": network.values[-1].domain, "classes": network.values[-1].width,
        "trained_nodes": network.trained_nodes,
        "values": [_value_facts(value, role[value.name], bits.get(value.name)) for value in network.values],
        "layers": [_layer_facts(value, term) for value, term in _linear(network)],
        "operations": {value.name: _operations(value, network, batch) for value in network.values},
        "bits_by_degree": {value.name: bits_by_degree(degrees, bits[value.name]).tolist() for value in network.values
                           if role[value.name] == "row" and value.domain == "nodes"},
        "degree_classes": degree_labels(),
        "average_bits": {"hidden_maps": hidden, "all_activations": everything},
        **_sizes(network, hidden, everything),
    }


def _linear(network: Network) -> list[tuple[Value, Term]]:
    """Linear layers, with the value each is part of."""
    return [(value, term) for value in network.values for term in value.terms
            if term.weight is not None and not is_identity(term.weight.codes)]


def _value_facts(value: Value, role: str, bits: Ints | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": value.name, "path": value.path, "width": value.width, "of": value.domain,
                             "role": role, "formula": formula(value, lambda weight: weight.codes),
                             "quantizer": None, "row_bits": None}
    quantizer = value.quantizer
    if quantizer is not None:
        facts["quantizer"] = {
            "granularity": quantizer.granularity, "name": quantizer_name(quantizer), "signed": quantizer.signed,
            "entries": int(quantizer.step.size) if quantizer.granularity.by_row else 1,
            "bits": [int(quantizer.bits.min()), int(quantizer.bits.max())], "step": span(quantizer.step)}
    if bits is not None and bits.size:
        facts["row_bits"] = {"mean": float(bits.mean()), "min": int(bits.min()), "max": int(bits.max()),
                             "histogram": np.bincount(bits, minlength=MAX_ACTIVATION_BITS + 1).tolist()}
    return facts


def _layer_facts(value: Value, term: Term) -> dict[str, Any]:
    weight = term.weight
    assert weight is not None
    return {"name": value.name, "path": value.path, "inputs": int(weight.codes.shape[0]),
            "outputs": int(weight.codes.shape[1]), "weight_bits": weight.bits, "weight_step": span(weight.step),
            "weight_zeros": float((weight.codes == 0).mean()), "bias": value.bias is not None}


def _operations(value: Value, network: Network, batch: Batch) -> dict[str, int]:
    """On the sample: multiplications that are not of zero features, additions of listed rows; and weights."""
    rows = batch.num_nodes if value.domain == "nodes" else batch.graphs
    width = {each.name: each.width for each in network.values}
    ops = {"op_mac": 0, "op_add": 0}
    for term in value.terms:
        if term.weight is not None and not is_identity(term.weight.codes):
            inputs = batch.features.nnz if term.via == "features" else rows * term.weight.codes.shape[0]
            ops["op_mac"] += int(inputs) * term.weight.codes.shape[1]
            key = f"param_weight_INT{term.weight.bits}"
            ops[key] = ops.get(key, 0) + int(term.weight.codes.size)
        elif term.via in ("edges", "looped", "members") and term.source is not None:
            ops["op_add"] += int(batch.lists(term.via).nnz) * width[term.source]
    return ops


def _sizes(network: Network, hidden: float, everything: float) -> dict[str, Any]:
    matrices = [term.weight for _, term in _linear(network) if term.weight is not None]
    weights = sum(weight.codes.size for weight in matrices)
    weight_bits = sum(weight.codes.size * weight.bits for weight in matrices)
    columns = sum(0 if each is None else each.size for value in network.values
                  for each in (value.bias, *(term.gain for term in value.terms)))
    quantizers = [value.quantizer for value in network.values if value.quantizer is not None]
    steps = sum(weight.step.size for weight in matrices) + sum(each.step.size for each in quantizers
                                                               if not each.granularity.by_row)
    tables = sum(each.step.size * (32 + 4 + 32 * (each.clip_value is not None)) for each in quantizers
                 if each.granularity.by_row)
    model = 32 * (weights + columns)
    return {
        "bytes": {"fp32": model / 8, "weights": weight_bits / 8, "steps_and_biases": 4 * (steps + columns),
                  "node_parameters": tables / 8},
        "compression": {
            "weights": _share(32 * weights, weight_bits),
            "model": _share(model, weight_bits + 32 * (steps + columns)),
            "model_with_node_parameters": _share(model, weight_bits + 32 * (steps + columns) + tables),
            "hidden_maps": _share(32, hidden), "all_activations": _share(32, everything)},
    }


def _share(part: float, whole: float) -> float:
    """0 where there is nothing: facts are JSON, which knows no infinity."""
    return part / whole if whole else 0.0
