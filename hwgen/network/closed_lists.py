"""Sums over neighbours and the row itself as one list: ``x_i + sum of x_j`` of GIN (Xu et al. 2019, eq. 4.1, ε = 0).

Hardware then reads the row as one more entry of its list, where it took an operand of its own. Equal in real numbers;
in integers the sum is rounded once instead of twice, so that a code may differ by one.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .granularity import Granularity
from .network import Network, Term, Value

__all__ = ["close_lists"]


def close_lists(network: Network) -> Network:
    """The same network with lists "closed" in place of "edges" and "self", where that leaves no list "edges".

    A batch brings one of both lists, not both: a network that needs the neighbours alone anywhere, or their number,
    stays as it is. So does one with lists "looped", whose place in a batch the closed ones take.

    Parameters
    ----------
    network : Network
        Verified.
    """
    if "looped" in _lists(network):
        return network
    closed = replace(network, values=tuple(replace(value, terms=_closed(value)) for value in network.values))
    lists = _lists(closed)
    return closed if "closed" in lists and "edges" not in lists else network


def _closed(value: Value) -> tuple[Term, ...]:
    """Terms of a value, pairs of a row and its neighbours as one."""
    terms = list(value.terms)
    for term in value.terms:
        if term.via == "edges" and term.op == "sum" and term.source is not None and value.join == "sum":
            own = next((each for each in terms if each.via == "self" and _same(each, term)), None)
            if own is not None:
                terms.remove(own)
                terms[terms.index(term)] = replace(term, via="closed")
    return tuple(terms)


def _same(own: Term, term: Term) -> bool:
    """Whether a row counts as its neighbours do."""
    return ((own.source, own.offset, own.factor) == (term.source, term.offset, term.factor)
            and own.weight is None and term.weight is None and (own.factor == "one" or own.of == term.of)
            and _equal(own.gain, term.gain))


def _equal(one: NDArray[np.float64] | None, two: NDArray[np.float64] | None) -> bool:
    """Whether gains are the same; none is 1."""
    return bool(np.all(np.equal(1.0 if one is None else one, 1.0 if two is None else two)))


def _lists(network: Network) -> set[str]:
    """Lists that are walked or counted."""
    return {name for value in network.values for name in _of_value(value)}


def _of_value(value: Value) -> Iterator[str]:
    for term in value.terms:
        yield term.via
        if term.factor != "one":
            yield term.of
    if value.factor != "one":
        yield value.of
    if value.quantizer is not None and value.quantizer.granularity is Granularity.PER_DEGREE:
        yield value.quantizer.via
