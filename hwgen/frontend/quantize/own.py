"""A traced network with parameters of its own: tensors are copied, and gains go into the weights before them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from torch import Tensor, equal, nn

from ...network.activation import IDENTITY
from ..traced import TracedNetwork, TracedTerm, TracedValue

__all__ = ["own"]


def own(plan: TracedNetwork) -> tuple[TracedNetwork, nn.ParameterList]:
    """Copy a network's tensors; one tensor stays one, so that a layer that is called twice learns one weight.

    A batch norm behind a linear layer is a gain of its weight already. One behind a convolution is a gain of the sum
    over the list; where nothing else reads the message that is summed, it goes into the message's weights instead:
    with steps by channel both are the same (Nagel et al. 2019, equation 4), and the sum needs no multiplier. Where it
    is one of a row and of its neighbours, as in GIN, it stays one parameter.
    """
    owned = nn.ParameterList()
    known: dict[tuple[int, ...], nn.Parameter] = {}

    def parameter(tensor: Tensor, *gains: Tensor) -> nn.Parameter:
        key = (id(tensor), *(id(gain) for gain in gains))
        if key not in known:
            value = tensor.detach()
            for gain in gains:
                value = value * gain.detach()
            known[key] = nn.Parameter(value.clone().contiguous())
            owned.append(known[key])
        return known[key]

    def term(old: TracedTerm, *more: Tensor) -> TracedTerm:
        if old.weight is not None:
            gains = more if old.gain is None else (old.gain, *more)
            return replace(old, weight=parameter(old.weight, *gains), gain=None)
        return old if old.gain is None else replace(old, gain=parameter(old.gain))

    values: list[TracedValue] = []
    moved = _movable(plan)
    for value in plan.values:
        gains = (moved[value.name],) if value.name in moved else ()
        terms = tuple(replace(each, gain=None) if each.source in moved and each.gain is moved[each.source] else each
                      for each in _shared(value.terms))
        values.append(replace(value, terms=tuple(term(each, *gains) for each in terms),
                              bias=None if value.bias is None else parameter(value.bias, *gains)))
    return replace(plan, values=tuple(values)), owned


def _shared(terms: tuple[TracedTerm, ...]) -> tuple[TracedTerm, ...]:
    """Terms of a value; equal gains of one source are one tensor."""
    made: list[TracedTerm] = []
    for term in terms:
        if term.source is not None and term.gain is not None:
            same = (each.gain for each in made if each.source == term.source and each.gain is not None
                    and equal(each.gain, term.gain))
            term = replace(term, gain=next(same, term.gain))
        made.append(term)
    return tuple(made)


def _movable(plan: TracedNetwork) -> dict[str, Tensor]:
    """Gains of sums over lists that may go into the one message that is summed, by the name of that."""
    reads = Counter(term.source for value in plan.values for term in value.terms if term.source is not None)
    sources = {value.name: value for value in plan.values}
    found: dict[str, Tensor] = {}
    for value in plan.values:
        for term in value.terms:
            if term.source is None or term.gain is None or term.via == "self" or term.op != "sum":
                continue
            source = sources[term.source]
            if (reads[term.source] == 1 and source.activation == IDENTITY and source.join == "sum"
                    and all(each.weight is not None for each in source.terms)
                    and len({each.offset for each in source.terms}) == 1):
                found[term.source] = term.gain
    return found
