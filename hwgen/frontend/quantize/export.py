"""From a quantized module to the network that targets take: codes, steps and tables."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...network.granularity import Granularity
from ...network.input import Input
from ...network.network import Network, Quantizer, Term, Value, Weight
from ..traced import TracedTerm, TracedValue
from .quantizers import Quantizers

__all__ = ["export_network", "export_value"]


@torch.no_grad()
def export_network(quantizers: Quantizers, name: str, *, nodes: int) -> Network:
    """Codes, steps and tables of a network; by node ``nodes`` were trained."""
    plan = quantizers.plan
    return Network(name=name, input=quantizers.input,
                   values=tuple(export_value(quantizers, each) for each in plan.values),
                   trained_nodes=nodes if quantizers.scheme.rows is Granularity.PER_NODE else 0, head=plan.head)


@torch.no_grad()
def export_value(quantizers: Quantizers, value: TracedValue) -> Value:
    """Codes, steps and tables of one value."""
    terms, bias = [_term(quantizers, term) for term in value.terms], _floats(value.bias)
    for term in list(terms):
        away = _zero_points(quantizers.input, term)
        if away is not None and term.factor == "one":
            bias = np.zeros(value.width) if bias is None else bias
            bias[term.offset : term.offset + len(away)] -= away
        elif away is not None:
            terms.append(Term(source=None, via="self", offset=term.offset, factor=term.factor, of=term.of, gain=-away))
    return Value(name=value.name, path=value.path, width=value.width, domain=value.domain, terms=tuple(terms),
                 join=value.join, bias=bias, activation=value.activation, factor=value.factor, of=value.of,
                 quantizer=_quantizer(quantizers, value))


def _zero_points(given: Input, term: Term) -> NDArray[np.float64] | None:
    """What the codes of the real 0 add to a term on the input: float64 [k], or None."""
    if term.via != "features" or not given.zero_point.any():
        return None
    assert term.weight is not None
    found = given.zero_point @ term.weight.codes * term.weight.step * given.unit
    return np.asarray(found if term.gain is None else found * term.gain)


def _quantizer(quantizers: Quantizers, value: TracedValue) -> Quantizer | None:
    if value.role == "result":
        return None
    return quantizers.of(value).export()


def _term(quantizers: Quantizers, term: TracedTerm) -> Term:
    weight = None
    if term.weight is not None:
        own = quantizers.weight_steps(term)
        weight = Weight(codes=own.codes(quantizers.matrix(term)).numpy(), bits=own.bits,
                        step=own.step[0].double().numpy().copy())
    return Term(source=term.source, offset=term.offset, via=term.via, op=term.op, weight=weight, factor=term.factor,
                of=term.of, gain=_floats(term.gain))


def _floats(tensor: Tensor | None) -> NDArray[np.float64] | None:
    return None if tensor is None else tensor.detach().double().numpy().copy()
