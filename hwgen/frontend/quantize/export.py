"""From a trained :class:`QuantizedNetwork` to the network that lowering takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import HwgenError
from ...network.granularity import Granularity
from ...network.network import Network, Quantizer, Term, Value, Weight
from ..traced import TracedTerm, TracedValue

if TYPE_CHECKING:
    from .module import QuantizedNetwork

__all__ = ["export"]


@torch.no_grad()
def export(model: QuantizedNetwork, name: str) -> Network:
    """Codes, steps and tables of a model; :meth:`QuantizedNetwork.export` documents it."""
    if model.scheme is None:
        raise HwgenError("the model has no quantizers", name, "make it with hwgen.quantize")
    for key, tensor in model.named_parameters():
        if not bool(torch.isfinite(tensor).all()):
            raise HwgenError(f"{key} holds {float(tensor[~torch.isfinite(tensor)][0])}", name,
                             "train again with a lower learning rate")
    return Network(name=name, features=model.plan.features, input_bits=model.input_bits,
                   input_scale=model.input_scale, values=tuple(_value(model, each) for each in model.plan.values),
                   trained_nodes=model.nodes if model.scheme.rows is Granularity.PER_NODE else 0)


def _value(model: QuantizedNetwork, value: TracedValue) -> Value:
    return Value(name=value.name, path=value.path, width=value.width, domain=value.domain,
                 terms=tuple(_term(model, term) for term in value.terms), join=value.join, bias=_floats(value.bias),
                 activation=value.activation, factor=value.factor, of=value.of, quantizer=_quantizer(model, value))


def _quantizer(model: QuantizedNetwork, value: TracedValue) -> Quantizer | None:
    if value.role == "result":
        return None
    return model.quantizer(value.name).export()


def _term(model: QuantizedNetwork, term: TracedTerm) -> Term:
    weight = None
    if term.weight is not None:
        steps = model.weight_steps(term)
        weight = Weight(codes=steps.codes(term.weight).numpy(), bits=steps.bits,
                        step=steps.step[0].double().numpy().copy())
    return Term(source=term.source, offset=term.offset, via=term.via, op=term.op, weight=weight, factor=term.factor,
                of=term.of, gain=_floats(term.gain))


def _floats(tensor: Tensor | None) -> NDArray[np.float64] | None:
    return None if tensor is None else tensor.detach().double().numpy().copy()
