"""How large a quantized network is: average bits, bytes, ratios to FP32, operations."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..network.batch import Batch
from ..network.bits import Bits
from ..network.edges import coder_of
from ..network.formulas import is_identity
from ..network.network import Network, Term, Value, Weight
from .names import roles

__all__ = ["average_bits", "bit_operations", "bytes_of", "compression", "linear_terms", "operations"]

#: Bits of a real number, and of a bit width in a table.
REAL, WIDTH = 32, 4

Ints = NDArray[np.int64]


def average_bits(network: Network, bits: Bits) -> dict[str, float]:
    """Average the stored bits of activations; the input does not count, its width is exact.

    Returns
    -------
    dict
        ``rows``: over the rows of activations; a row counts once, whatever its width. ``hidden_maps``: over the
        codes of these rows. A²Q reports them without distinction: they are equal where all rows are as wide.
        ``all_activations``: over every stored code, messages included.
    """
    role = roles(network)
    every = [(value.width, bits[value.name]) for value in network.values if value.quantizer is not None]
    rows = [(value.width, bits[value.name]) for value in network.values if role[value.name] == "activation"]
    return {"rows": _mean([(1, widths) for _, widths in rows]), "hidden_maps": _mean(rows),
            "all_activations": _mean(every)}


def bytes_of(network: Network) -> dict[str, float]:
    """Count bytes of a model's parameters.

    Returns
    -------
    dict
        ``fp32``: weights, biases and gains in FP32. ``weights``: codes at their own width. ``steps_and_biases``: steps
        by column, biases and gains, 32 bits each. ``node_parameters``: tables of rows, 32 bits for the step (and the
        clip value) and 4 for the width.
    """
    weights = _weights(network)
    columns = sum(each.size for value in network.values
                  for each in (value.bias, *(term.gain for term in value.terms)) if each is not None)
    quantizers = [value.quantizer for value in network.values if value.quantizer is not None]
    steps = sum(weight.step.size for weight in weights)
    steps += sum(each.step.size for each in quantizers if not each.granularity.by_row)
    tables = sum(each.step.size * (REAL + WIDTH + REAL * (each.clip_value is not None)) for each in quantizers
                 if each.granularity.by_row)
    return {"fp32": REAL * (sum(weight.codes.size for weight in weights) + columns) / 8,
            "weights": sum(weight.codes.size * weight.bits for weight in weights) / 8,
            "steps_and_biases": REAL * (steps + columns) / 8, "node_parameters": tables / 8}


def compression(network: Network, average: dict[str, float]) -> dict[str, float]:
    """Ratios of FP32 to what is stored: of weights, of the model, and of each of :func:`average_bits`.

    A ratio to nothing is 0: JSON has no infinity.
    """
    size, codes = bytes_of(network), sum(weight.codes.size for weight in _weights(network))
    model = size["weights"] + size["steps_and_biases"]
    return {"weights": _ratio(REAL * codes / 8, size["weights"]), "model": _ratio(size["fp32"], model),
            "model_with_node_parameters": _ratio(size["fp32"], model + size["node_parameters"]),
            **{name: _ratio(REAL, bits) for name, bits in average.items()}}


def linear_terms(network: Network) -> list[tuple[Value, Term]]:
    """Linear layers, with the value each is part of; identities that only bring the input in are none."""
    return [(value, term) for value in network.values for term in value.terms
            if term.weight is not None and not is_identity(term.weight.codes)]


def operations(value: Value, network: Network, batch: Batch) -> dict[str, int]:
    """Count a value's operations on the sample, under FINN's names.

    Returns
    -------
    dict
        ``op_mac``: multiplications, those of zero features left out. ``op_add``: additions of listed rows.
        ``param_weight_INT<bits>``: weights.
    """
    rows = batch.rows(value.domain, network.edges)
    width = {each.name: each.width for each in network.values}
    ops = {"op_mac": 0, "op_add": 0}
    for term in value.terms:
        if term.weight is not None and not is_identity(term.weight.codes):
            inputs = batch.features.nnz if term.via == "features" else rows * term.weight.codes.shape[0]
            ops["op_mac"] += int(inputs) * term.weight.codes.shape[1]
            key = f"param_weight_INT{term.weight.bits}"
            ops[key] = ops.get(key, 0) + int(term.weight.codes.size)
        elif term.via != "self" and term.via != "features" and term.source is not None:
            lists = batch.lists(term.via, network.edges)  # an addition for each bit of a code that is set
            codes = lists.data if coder_of(term.via, network.edges) else np.ones(lists.nnz, dtype=np.int64)
            ops["op_add"] += int(np.bitwise_count(np.abs(codes)).sum()) * width[term.source]
    return ops


def bit_operations(network: Network, batch: Batch, bits: Bits) -> int:
    """Count bit operations on some graphs (van Baalen et al., "Bayesian Bits", NeurIPS 2020, equation 23; as MixQ).

    A multiplication counts the product of both widths, those of zero features left out; an addition of a listed row
    the width of what is added, times the bits of what its edge weighs. ``bits`` are the widths of each value's rows.
    """
    total = 0
    for value in network.values:
        for term in value.terms:
            if term.weight is not None and not is_identity(term.weight.codes):
                outputs, rows = term.weight.codes.shape[1], term.weight.codes.shape[0]
                read = (batch.features.nnz * network.input_bits if term.source is None
                        else rows * int(bits[term.source].sum()))
                total += read * outputs * term.weight.bits
            elif term.via != "self" and term.via != "features" and term.source is not None:
                listed = int(bits[term.source][batch.lists(term.via, network.edges).indices].sum())
                width = next(each.width for each in network.values if each.name == term.source)
                coder = coder_of(term.via, network.edges)
                total += listed * width * (1 if coder is None else coder.bits)
    return total


def _weights(network: Network) -> list[Weight]:
    return [term.weight for _, term in linear_terms(network) if term.weight is not None]


def _mean(values: Sequence[tuple[int, Ints]]) -> float:
    """Mean width of rows, each as often as its weight says."""
    return _ratio(sum(weight * int(widths.sum()) for weight, widths in values),
                  sum(weight * widths.size for weight, widths in values))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
