"""Networks with rows by edge: others, whose sums over edges that weigh go over a value of the edges."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hwgen.network.activation import IDENTITY, RELU
from hwgen.network.edges import WEIGHED, EdgeCodes
from hwgen.network.granularity import Granularity
from hwgen.network.network import Network, Quantizer, Term, Value, Weight
from hwgen.network.reach import largest_of
from hwgen.network.rules import check_network

__all__ = ["with_edge_rows"]


def with_edge_rows(network: Network, seed: int = 0, *, given: bool = True) -> Network:
    """Let each entry of one kind of lists that weigh have a row, where there is one; other kinds count once an entry.

    Some rows are rectified, or go through a linear layer. ``given`` is that of the codes.
    """
    rng = np.random.default_rng([seed, 15])
    kinds = [name for name in WEIGHED if name in network.edges]
    if not kinds:
        return network
    kind = str(rng.choice(kinds))
    plain = {"weighted": "edges", "normed": "looped"}
    values: list[Value] = []
    for value in network.values:
        terms = []
        for index, term in enumerate(value.terms):
            if term.via == kind:
                source = next(each for each in values if each.name == term.source)
                made = _rows(source, network.edges[kind], f"{value.name}.rows{index}", rng)
                values += made
                term = replace(term, source=made[-1].name, via="incoming")
            terms.append(replace(term, via=plain.get(term.via, term.via)))
        values.append(replace(value, terms=tuple(terms)))
    found = replace(network, values=tuple(values),
                    edges={kind: replace(network.edges[kind], by_row=True, given=given)})
    check_network(found)
    return found


def _rows(source: Value, codes: EdgeCodes, name: str, rng: np.random.Generator) -> list[Value]:
    """The value of edges, and now and then a linear layer on it, as wide."""
    most = float(largest_of(source.quantizer).max()) * codes.step * ((1 << codes.bits) - 1) or 1.0
    signed, width = bool(rng.random() < 0.8), source.width
    bias = rng.uniform(-0.2, 0.2, width) * most if rng.random() < 0.3 else None
    first = Value(name=name, path=source.path, width=width, domain="edges", bias=bias,
                  terms=(Term(source=source.name, via="sources"),), activation=IDENTITY if signed else RELU,
                  quantizer=_quantizer(most, signed, width, rng))
    if rng.random() < 0.7:
        return [first]
    first = replace(first, quantizer=_quantizer(most, signed, 1, rng))
    weight = Weight(codes=rng.integers(-3, 4, (width, width)), bits=3, step=np.full(width, 0.4 / width**0.5))
    return [first, replace(first, name=f"{name}.linear", terms=(Term(source=name, weight=weight),),
                           quantizer=_quantizer(most, signed, width, rng))]


def _quantizer(most: float, signed: bool, channels: int, rng: np.random.Generator) -> Quantizer:
    """Of whole tensors, or of channels where there are several; ranges are smaller than what can be reached."""
    bits = int(rng.integers(2, 9))
    top = (1 << (bits - signed)) - 1
    by = Granularity.PER_CHANNEL if channels > 1 and rng.random() < 0.5 else Granularity.PER_TENSOR
    step: NDArray[np.float64] = most * rng.uniform(0.2, 0.6, channels if by is Granularity.PER_CHANNEL else 1) / top
    return Quantizer(signed=signed, granularity=by, step=step, bits=np.array([bits]))
