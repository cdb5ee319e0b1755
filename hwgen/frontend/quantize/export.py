"""From a quantized module to the network that targets take: codes, steps and tables."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import HwgenError
from ...network.activation import ACTIVATIONS
from ...network.edges import NO_EDGES, EdgeQuantizers
from ...network.granularity import Granularity
from ...network.network import Network, Quantizer, Term, Value, Weight
from ...network.reach import largest_of
from ...network.zero_points import of_input_codes
from ..traced import TracedTerm, TracedValue
from .quantizers import Quantizers

__all__ = ["export_network", "export_value"]


@torch.no_grad()
def export_network(quantizers: Quantizers, name: str, *, nodes: int, edges: EdgeQuantizers = NO_EDGES) -> Network:
    """Codes, steps and tables of a network; by node ``nodes`` were trained, and edges that weigh have quantizers."""
    plan = quantizers.plan
    return Network(name=name, input=quantizers.input,
                   values=tuple(export_value(quantizers, each) for each in plan.values),
                   trained_nodes=nodes if quantizers.scheme.rows is Granularity.PER_NODE else 0, head=plan.head,
                   edges=edges)


@torch.no_grad()
def export_value(quantizers: Quantizers, value: TracedValue) -> Value:
    """Codes, steps and tables of one value.

    Raises
    ------
    HwgenError
        An activation that only training computes, or a quantizer that goes beyond where the value saturates.
    """
    if value.activation.kind not in ACTIVATIONS:
        raise HwgenError(f"{value.activation.kind} has no exact integers", f"{value.path} (value {value.name})",
                         "measure it with hwgen.train in Python; build prompts gpf, lorap or gpf-lorap")
    return of_input_codes(quantizers.input, Value(
        name=value.name, path=value.path, width=value.width, domain=value.domain,
        terms=tuple(_term(quantizers, term) for term in value.terms), join=value.join, bias=_floats(value.bias),
        activation=value.activation, factor=value.factor, of=value.of, quantizer=_quantizer(quantizers, value)))


def _quantizer(quantizers: Quantizers, value: TracedValue) -> Quantizer | None:
    if value.role == "result":
        return None
    quantizer = quantizers.of(value).export()
    if value.cap is not None:
        reached = float(largest_of(quantizer).max())
        if reached > value.cap * (1 + 1e-6):
            raise HwgenError(f"codes reach {reached:g}, and the value saturates at {value.cap:g}", value.path,
                             "use another scheme: its steps do not end where the value does")
    return quantizer


def _term(quantizers: Quantizers, term: TracedTerm) -> Term:
    weight = None
    if term.weight is not None:
        own = quantizers.weight_steps(term)
        step = own.step[0].double().expand(term.weight.shape[1]).numpy().copy()
        weight = Weight(codes=own.codes(quantizers.matrix(term)).numpy(), bits=own.bits, step=step)
    return Term(source=term.source, offset=term.offset, via=term.via, op=term.op, weight=weight, factor=term.factor,
                of=term.of, gain=_floats(term.gain))


def _floats(tensor: Tensor | None) -> NDArray[np.float64] | None:
    return None if tensor is None else tensor.detach().double().numpy().copy()
