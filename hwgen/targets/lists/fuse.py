"""Which values share a pass: docs/lists.md, "What a pass computes".

A row that only one linear layer reads never leaves its unit: its requantizer is Q1 of the pass whose MAC array
computes the linear layer. Where concatenations are stored, their parts begin with new words, and so do the parts of
whatever is read side by side with them.
"""

from dataclasses import dataclass

from ...network.granularity import Granularity
from ...network.network import Network, Term, Value
from ...network.rules import term_width

__all__ = ["Step", "blocks", "linear_term", "steps"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One pass.

    Parameters
    ----------
    row : Value or None
        What Q1 computes. None: it passes on the rows that the linear layer reads.
    linear : Value or None
        What the MAC array computes.
    """

    row: Value | None
    linear: Value | None

    @property
    def value(self) -> Value:
        """What the pass writes."""
        written = self.linear or self.row
        assert written is not None
        return written


def steps(network: Network) -> list[Step]:
    """Passes in an order in which each reads only what was written before."""
    by_name = {value.name: value for value in network.values}
    readers: dict[str, list[Value]] = {name: [] for name in by_name}
    for value in network.values:
        for term in value.terms:
            if term.source is not None:
                readers[term.source].append(value)
    fused = {value.name for value in network.values if _joins_its_reader(value, readers[value.name])}
    found: list[Step] = []
    for value in network.values:
        linear = linear_term(value)
        if value.name in fused:
            continue
        if linear is None:
            found.append(Step(row=value, linear=None))
        else:
            assert linear.source is not None
            found.append(Step(row=by_name[linear.source] if linear.source in fused else None, linear=value))
    return found


def linear_term(value: Value) -> Term | None:
    """The linear layer on a stored value that a value is; None of any other."""
    term = value.terms[0]
    return term if term.weight is not None and term.via == "self" else None


def blocks(network: Network) -> dict[str, tuple[int, ...]]:
    """Widths of the blocks of every value, as :class:`hwgen.targets.lists.program.Tensor` has them.

    What is read channel by channel has the blocks of what it becomes part of; a linear layer takes any.
    """
    cuts: dict[str, set[int]] = {value.name: set() for value in network.values}
    before = -1
    while before != (before := sum(map(len, cuts.values()))):
        for value in (value for value in network.values if linear_term(value) is None):
            for term in value.terms:
                own, end = cuts[value.name], term.offset + term_width(network, term)
                own |= {term.offset} - {0}
                if term.source is not None:
                    own |= {term.offset + cut for cut in cuts[term.source]}
                    cuts[term.source] |= {cut - term.offset for cut in own if term.offset < cut < end}
    ends = {value.name: [*sorted(cuts[value.name]), value.width] for value in network.values}
    return {name: tuple(end - start for start, end in zip([0, *each], each, strict=False))
            for name, each in ends.items()}


def _joins_its_reader(value: Value, readers: list[Value]) -> bool:
    if linear_term(value) is not None or len(readers) != 1 or linear_term(readers[0]) is None:
        return False
    degrees = _degree_sets(value) | _degree_sets(readers[0])
    return len(degrees) <= 1  # the row brings one degree along


def _degree_sets(value: Value) -> set[str]:
    """Lists whose lengths a value's quantizer, or its linear layer, looks up."""
    linear = linear_term(value)
    found: set[str] = {value.of} if value.factor != "one" else set()
    if linear is not None and linear.factor != "one":
        found |= {linear.of}
    if value.quantizer is not None and value.quantizer.granularity is Granularity.PER_DEGREE:
        found |= {value.quantizer.via}
    return found
