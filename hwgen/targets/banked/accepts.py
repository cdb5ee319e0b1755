"""Which networks the banked design runs: a network as its chain of GCN layers, or what is in the way."""

import numpy as np

from ...errors import HwgenError
from ...network.activation import IDENTITY, RELU
from ...network.edges import kind_by_row
from ...network.granularity import Granularity
from ...network.network import Network, Quantizer, Value
from .chain import Chain, Layer

__all__ = ["chain_of"]

FIX = ("banked designs run chains of GCN layers with rows by node, by degree or per tensor: leave the target out, or "
       "use --target lists")


def chain_of(network: Network) -> Chain:
    """Recognize pairs of values: a combination by column, then its aggregation by node.

    ::

        message_l = Q_message( d^-1/2 · (row_{l-1} W + p) )             by column or as a whole; p in layer 1
        row_l     = Q_row( relu( d^-1/2 · Σ[looped] message_l + b ) )   unsigned; the last one is the result

    Parameters
    ----------
    network : Network
        Verified.

    Raises
    ------
    HwgenError
        Names the first value that is not part of such a chain.
    """
    if network.edges:
        which = ", ".join(sorted(network.edges))
        raise HwgenError(f"edges of {which} lists {'have rows' if kind_by_row(network.edges) else 'weigh'}",
                         f"network {network.name}",
                         "a schedule reads each row once for each edge: leave the target out, or use --target lists")
    values = network.values
    layers: list[Layer] = []
    for message, row in zip(values[::2], values[1::2], strict=False):
        layers.append(_layer(message, row, values[2 * len(layers) - 1].name if layers else None))
    if len(values) % 2:
        raise _refused(values[-1])
    return Chain(name=network.name, input_bits=network.input_bits, input_scale=network.input.unit,
                 layers=tuple(layers))


def _refused(value: Value) -> HwgenError:
    return HwgenError(f"{value.name} is no part of a chain of GCN layers", value.path, FIX)


def _layer(message: Value, row: Value, before: str | None) -> Layer:
    """A pair of values as a layer; ``before`` is the row of the layer before it."""
    def need(good: bool, value: Value) -> None:
        if not good:
            raise _refused(value)

    need(len(message.terms) == 1 and (message.bias is None or before is None) and message.activation == IDENTITY
         and message.domain == "nodes", message)
    combine, sent = message.terms[0], message.quantizer
    need(combine.source == before and combine.via == ("features" if before is None else "self")
         and combine.factor == "one" and combine.gain is None, message)
    need((message.factor, message.of) == ("rsqrt", "looped"), message)
    if combine.weight is None or sent is None or sent.granularity.by_row or sent.bits[0] < 1 + sent.signed:
        raise _refused(message)
    need(len(row.terms) == 1 and row.factor == "one" and row.domain == "nodes", row)
    gather, kept = row.terms[0], row.quantizer
    need((gather.source, gather.via, gather.op, gather.factor, gather.of) ==
         (message.name, "looped", "sum", "rsqrt", "looped") and gather.gain is None, row)
    need(row.activation == IDENTITY if kept is None else kept.granularity is not Granularity.NEAREST and not kept.signed
         and not kept.zero_point and row.activation == RELU and _of_rows(kept), row)
    step = sent.step if sent.granularity is Granularity.PER_CHANNEL else np.repeat(sent.step, message.width)
    return Layer(path=row.path, weight=combine.weight.codes, weight_bits=combine.weight.bits,
                 weight_step=combine.weight.step, message_bits=int(sent.bits[0]), message_step=step, bias=row.bias,
                 prompt=message.bias, message_zero=None if sent.signed else sent.zero_point,
                 row=kept)


def _of_rows(kept: Quantizer) -> bool:
    """Whether all channels of a row have one step."""
    return kept.granularity is not Granularity.PER_CHANNEL or bool((kept.step == kept.step[0]).all())
