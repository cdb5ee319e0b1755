"""Zero points as terms that hardware has: a network without them whose codes are the same.

A value v with zero point z has the code ``clip(round(v/s + z), 0, top)`` and stands for ``s·(code - z)``
(Krishnamoorthi 2018, "Quantizing deep convolutional networks for efficient inference", section 2.1). With ``z·s`` as a
bias that is the code of ``relu(v + z·s)`` without a zero point; whoever reads the codes subtracts ``s·z`` once for each
that it adds: a bias, through a linear layer ``(s·z)ᵀ W``, and over a list a constant for each neighbour. Those of the
input's columns are folded where values of a network are made (:func:`of_input_codes`). For hardware
that has no zero points.
"""

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..errors import HwgenError
from .activation import IDENTITY, RELU
from .edges import CODED, UNCODED
from .input import Input
from .network import Factor, Network, Term, Value

__all__ = ["fold_zero_points", "of_input_codes"]

Floats = NDArray[np.float64]
SYMMETRIC = "give it signed symmetric codes, without a zero point"


def fold_zero_points(network: Network) -> Network:
    """The same network without zero points: codes and results are equal, in real numbers.

    Parameters
    ----------
    network : Network
        Verified.

    Raises
    ------
    HwgenError
        A zero point that no bias and no constant makes up for: behind an activation, at a maximum, under weights of
        edges, or where a linear layer would need a bias for each row.
    """
    raised: dict[str, Floats] = {}
    by_row = {value.name for value in network.values
              if value.quantizer is not None and value.quantizer.granularity.by_row}
    values = []
    for value in network.values:
        read = _read(value, raised)
        quantizer = value.quantizer
        if quantizer is not None and quantizer.zero_point:
            raised[value.name] = np.broadcast_to(quantizer.step * quantizer.zero_point, (value.width,))
            read = _raised(read, raised[value.name], by_row)
        values.append(read)
    return replace(network, values=tuple(values)) if raised else network


def of_input_codes(given: Input, value: Value) -> Value:
    """A value whose weights on the input multiply ``code - zero_point``, as one whose weights multiply codes."""
    terms: list[Term] = []
    bias = np.zeros(value.width)
    for term in value.terms:
        terms.append(term)
        if term.weight is None or term.via != "features" or not given.zero_point.any():
            continue
        constant = -given.unit * (given.zero_point @ term.weight.codes) * term.weight.step
        if term.gain is not None:
            constant = constant * term.gain
        if term.factor == "one":
            bias[term.offset : term.offset + len(constant)] += constant
        else:
            terms.append(replace(term, via="self", weight=None, gain=constant))
    return replace(value, terms=tuple(terms), bias=_plus(value.bias, bias) if bias.any() else value.bias)


def _read(value: Value, raised: Mapping[str, Floats]) -> Value:
    """A value whose sources are too large by ``raised``."""
    terms: list[Term] = []
    bias = np.zeros(value.width)
    for term in value.terms:
        terms.append(term)
        if term.source is None or term.source not in raised:
            continue
        constant = -raised[term.source]
        if term.weight is not None:
            constant = constant @ (term.weight.codes * term.weight.step)
        if term.gain is not None:
            constant = constant * term.gain
        if term.via in CODED:
            raise _refused(value, f"a weighted sum reads {term.source}, which has a zero point", SYMMETRIC)
        if term.op == "max" or (value.join == "max" and _several(value)):
            raise _refused(value, f"a maximum reads {term.source}, which has a zero point", SYMMETRIC)
        if term.via == "self" and term.factor == "one":
            bias[term.offset : term.offset + len(constant)] += constant
        elif term.weight is not None or (term.factor != "one" and term.via not in ("self", term.of)):
            raise _refused(value, f"a factor of {term.of} and {term.source}, which has a zero point", SYMMETRIC)
        else:
            terms.append(replace(term, source=None, gain=constant))
    if len(terms) == len(value.terms) and not bias.any():
        return value
    return replace(value, terms=tuple(terms), join="sum", bias=_plus(value.bias, bias))


def _raised(value: Value, by: Floats, by_row: Set[str]) -> Value:
    """An unsigned value, raised such that its zero is code 0; ``by_row`` names those with a step for each row."""
    if value.activation != IDENTITY or value.quantizer is None:
        raise _refused(value, f"a zero point behind {value.activation.text('x')}", SYMMETRIC)
    if value.join == "max" and _several(value):
        raise _refused(value, "a zero point of a maximum", SYMMETRIC)
    terms, bias = value.terms, value.bias
    if value.factor != "one":  # the raise comes behind the factor, so that terms and bias take that first
        if any(term.source in by_row for term in terms):
            raise _refused(value, "a factor, a zero point and a source whose rows have steps of their own", SYMMETRIC)
        terms = tuple(replace(term, factor=_times(value, term), of=value.of) for term in terms)
        if bias is not None and bias.any():
            if any(term.weight is not None and term.via == "self" for term in terms):
                raise _refused(value, "a linear layer with a bias, a factor and a zero point", SYMMETRIC)
            starts = [*sorted({term.offset for term in terms}), value.width]
            terms += tuple(Term(offset=start, factor=value.factor, of=value.of, gain=bias[start:end])
                           for start, end in pairwise(starts))
        bias = None
    return replace(value, terms=terms, join="sum", bias=_plus(bias, by), activation=RELU, factor="one",
                   quantizer=replace(value.quantizer, zero_point=0))


def _times(value: Value, term: Term) -> Factor:
    """The factor of a term, times that of its value."""
    counted = term.source is None and term.via in UNCODED
    if term.factor == "one" and (not counted or term.via == value.of):
        return value.factor
    if (term.factor, value.factor) == ("rsqrt", "rsqrt") and term.of == value.of:
        return "mean"
    raise _refused(value, f"a zero point behind factors of {term.of} and {value.of}", SYMMETRIC)


def _several(value: Value) -> bool:
    """Whether terms join."""
    return max(Counter(term.offset for term in value.terms).values()) > 1


def _plus(bias: Floats | None, more: Floats) -> Floats:
    return more.copy() if bias is None else bias + more


def _refused(value: Value, what: str, fix: str) -> HwgenError:
    return HwgenError(f"{what}: hardware has no term for that", f"{value.path} (value {value.name})", fix)
