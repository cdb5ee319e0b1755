"""A chain of GCN layers as a network of the graph-level organisation, which also runs graphs larger than the chip."""

import numpy as np

from ..network.activation import IDENTITY, RELU
from ..network.batch import Batch
from ..network.granularity import Granularity
from ..network.network import Network, Quantizer, Term, Value, Weight
from ..network.rules import check_network
from ..network.sample import Limits, Sample
from .chain import QuantGraph, QuantLayer

__all__ = ["network_of"]


def network_of(graph: QuantGraph) -> tuple[Network, Sample]:
    """The same model, value by value, and its graph.

    ::

        message_l = Q_message( d^-1/2 · (row_{l-1} W) )                 per channel
        row_l     = Q_row( relu( d^-1/2 · Σ[looped] message_l + b ) )   per node; the last one is the result

    In real numbers both are equal. Each organisation rounds its constants in its own way, so that their integer results
    may differ by a code.

    Raises
    ------
    HwgenError
        If the model or its graph is malformed.
    """
    graph.verify()
    values: list[Value] = []
    for layer in graph.layers:
        values += _layer(layer, values[-1].name if values else None)
    data = graph.sample
    network = Network(name=graph.name, features=int(data.features.shape[1]), input_bits=graph.input_bits,
                      input_scale=graph.input_scale, values=tuple(values),
                      trained_nodes=graph.trained_nodes if len(graph.layers) > 1 else 0)
    check_network(network)
    batch = Batch(features=data.features, edges=data.edges, graph=np.zeros(data.num_nodes, dtype=np.int64), graphs=1,
                  node=data.node if network.trained_nodes else np.zeros(data.num_nodes, dtype=np.int64))
    return network, Sample(batch=batch, labels=data.labels, mask=data.test_mask, logits=data.logits,
                           limits=Limits.of(batch, graph.input_bits))


def _layer(layer: QuantLayer, source: str | None) -> tuple[Value, Value]:
    width = layer.weight.shape[1]
    combine = Term(source=source, via="features" if source is None else "self",
                   weight=Weight(codes=layer.weight, bits=layer.weight_bits, step=layer.weight_step))
    message = Value(name=f"{layer.path}.message", path=layer.path, width=width, domain="nodes", terms=(combine,),
                    factor="rsqrt", of="looped", quantizer=Quantizer(
                        signed=True, granularity=Granularity.PER_CHANNEL, step=layer.message_step,
                        bits=np.array([layer.message_bits])))
    aggregate = Term(source=message.name, via="looped", factor="rsqrt", of="looped")
    quantizer = None if layer.row is None else Quantizer(
        signed=False, granularity=Granularity.PER_NODE, step=layer.row.step, bits=layer.row.bits)
    return message, Value(name=layer.path, path=layer.path, width=width, domain="nodes", terms=(aggregate,),
                          bias=layer.bias, activation=IDENTITY if quantizer is None else RELU, quantizer=quantizer)
