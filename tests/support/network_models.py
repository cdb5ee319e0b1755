"""Quantized networks with the structure of real models, for tests that are read. Weights and steps are random."""

from dataclasses import replace

import numpy as np
from network_builder import Builder, By

from hwgen.network.activation import RELU
from hwgen.network.network import Network, Term, Weight
from hwgen.network.rules import check_network

__all__ = ["gin_network", "node_gcn_network", "residual_gcn_network", "sage_network"]


def gin_network(seed: int = 0, *, features: int = 7, hidden: int = 16, layers: int = 2, classes: int = 3,
                by: By = "nearest", bits: tuple[int, int] = (2, 5), weight_bits: int = 4,
                epsilon: float = 0.1) -> Network:
    """GIN with a two-layer MLP, sum pooling and a readout MLP; one-hot features."""
    builder = Builder(seed, name="gin", features=features, input_bits=1, weight_bits=weight_bits)
    one = Weight(codes=np.eye(features, dtype=np.int64), bits=2, step=np.ones(features))
    message = builder.add("input", (Term(via="features", weight=one),), features, by="per_channel", bits=(1, 1))
    width = features
    for layer in range(layers):
        path = f"convs.{layer}"
        terms = (Term(source=message, via="edges"), Term(source=message, gain=np.full(width, 1 + epsilon)))
        row = builder.add(f"{path}.aggregate", terms, width, by=by, bits=bits)
        term = Term(source=row, weight=builder.weight(width, hidden))
        row = builder.add(f"{path}.mlp.0", (term,), hidden, by=by, bits=bits, bias=builder.bias(hidden),
                          activation=RELU)
        term = Term(source=row, weight=builder.weight(hidden, hidden))
        message = builder.add(f"{path}.mlp.2", (term,), hidden, by="per_channel", bits=(4, 4),
                              bias=builder.bias(hidden), activation=RELU)
        width = hidden
    return _readout(builder, (Term(source=message, via="members"),), width, classes, by=by, bits=bits)


def sage_network(seed: int = 0, *, features: int = 30, hidden: int = 16, classes: int = 5, op: str = "mean",
                 by: By = "per_degree", bits: tuple[int, int] = (2, 5), weight_bits: int = 4) -> Network:
    """GraphSAGE of two layers on nodes: neighbours and root side by side, then a linear layer."""
    builder = Builder(seed, name="sage", features=features, input_bits=1, trained_nodes=20, weight_bits=weight_bits)
    term = Term(via="features", weight=builder.weight(features, hidden))
    message = builder.add("lin", (term,), hidden, by="per_channel", bits=(4, 4), activation=RELU)
    gather = {"mean": {"factor": "mean"}, "max": {"op": "max"}, "sum": {}}[op]
    terms = (Term(source=message, via="edges", **gather), Term(source=message, offset=hidden))
    row = builder.add("convs.0.aggregate", terms, 2 * hidden, by=by, bits=bits)
    term = Term(source=row, weight=builder.weight(2 * hidden, hidden))
    message = builder.add("convs.0.lin", (term,), hidden, by="per_channel", bits=(4, 4), activation=RELU,
                          bias=builder.bias(hidden))
    terms = (Term(source=message, via="edges", **gather), Term(source=message, offset=hidden))
    row = builder.add("convs.1.aggregate", terms, 2 * hidden, by=by, bits=bits)
    term = Term(source=row, weight=builder.weight(2 * hidden, classes))
    builder.add("convs.1.lin", (term,), classes, by=None, bias=builder.bias(classes))
    return _done(builder)


def residual_gcn_network(seed: int = 0, *, features: int = 40, hidden: int = 16, layers: int = 3, classes: int = 6,
                         knowledge: str = "max", by: By = "per_node", bits: tuple[int, int] = (1, 5),
                         weight_bits: int = 4) -> Network:
    """GCN with residual sums, folded batch norms and JumpingKnowledge ("max" or "cat") on nodes."""
    builder = Builder(seed, name="residual", features=features, input_bits=1, trained_nodes=20, weight_bits=weight_bits)
    rsqrt = {"factor": "rsqrt", "of": "looped"}
    term = Term(via="features", weight=builder.weight(features, hidden))
    message = builder.add("convs.0.lin", (term,), hidden, by="per_channel", bits=(4, 4), signed=True, **rsqrt)
    outputs: list[str] = []
    for layer in range(layers):
        terms = [Term(source=message, via="looped", gain=builder.rng.uniform(0.5, 2.0, hidden), **rsqrt)]
        terms += [Term(source=outputs[-1])] if outputs else []
        outputs.append(builder.add(f"convs.{layer}", tuple(terms), hidden, by=by, bits=bits, activation=RELU,
                                   bias=builder.bias(hidden)))
        if layer < layers - 1:
            term = Term(source=outputs[-1], weight=builder.weight(hidden, hidden))
            message = builder.add(f"convs.{layer + 1}.lin", (term,), hidden, by="per_channel", bits=(4, 4), signed=True,
                                  **rsqrt)
    terms = [Term(source=name, offset=index * hidden * (knowledge == "cat")) for index, name in enumerate(outputs)]
    width = hidden * (layers if knowledge == "cat" else 1)
    row = builder.add("jump", tuple(terms), width, by=by, bits=bits, join="max" if knowledge == "max" else "sum")
    builder.add("lin", (Term(source=row, weight=builder.weight(width, classes)),), classes, by=None,
                bias=builder.bias(classes))
    return _done(builder)


def node_gcn_network(seed: int = 0, *, features: int = 40, hidden: int = 16, classes: int = 4, by: By = "per_node",
                     bits: tuple[int, int] = (1, 5), weight_bits: int = 4) -> Network:
    """The two-layer GCN that the banked target runs."""
    builder = Builder(seed, name="gcn", features=features, input_bits=1, trained_nodes=20, weight_bits=weight_bits)
    rsqrt = {"factor": "rsqrt", "of": "looped"}
    term = Term(via="features", weight=builder.weight(features, hidden))
    message = builder.add("convs.0.lin", (term,), hidden, by="per_channel", bits=(4, 4), signed=True, **rsqrt)
    row = builder.add("convs.0", (Term(source=message, via="looped", **rsqrt),), hidden, by=by, bits=bits,
                      activation=RELU, bias=builder.bias(hidden))
    term = Term(source=row, weight=builder.weight(hidden, classes))
    message = builder.add("convs.1.lin", (term,), classes, by="per_channel", bits=(4, 4), signed=True, **rsqrt)
    builder.add("convs.1", (Term(source=message, via="looped", **rsqrt),), classes, by=None, bias=builder.bias(classes))
    return _done(builder)


def _readout(builder: Builder, pooled: tuple[Term, ...], width: int, classes: int, *, by: By,
             bits: tuple[int, int]) -> Network:
    by = "nearest" if by in ("per_node", "per_degree") else by
    row = builder.add("pool", pooled, width, by=by, bits=bits, domain="graphs")
    term = Term(source=row, weight=builder.weight(width, width))
    row = builder.add("readout.0", (term,), width, by=by, bits=bits, domain="graphs", bias=builder.bias(width),
                      activation=RELU)
    term = Term(source=row, weight=builder.weight(width, classes))
    builder.add("readout.2", (term,), classes, by=None, domain="graphs", bias=builder.bias(classes))
    return _done(builder)


def _done(builder: Builder) -> Network:
    network = builder.network
    used = any(value.quantizer is not None and value.quantizer.granularity == "per_node" for value in network.values)
    network = replace(network, trained_nodes=network.trained_nodes if used else 0)
    check_network(network)
    return network
