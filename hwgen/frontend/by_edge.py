"""Degree-Quant's positions of quantizers: each message, each sum of messages, and each update has one.

Tailor et al. ("Degree-Quant: Quantization-Aware Training for Graph Neural Networks", ICLR 2021, section 4) and their
code compute a convolution as::

    m_e = Q_message( Q_norm(n_e) · x_source(e) )    a_i = Q_aggregate( Σ_e m_e )    u_i = Q_update( a_i + b )

Where edges weigh, as by the norms of GCN, messages of one source differ, and each gets a row of its own: a value of
edges, ``sources`` in and ``incoming`` out (:mod:`hwgen.network.edges`). Else they are the source's row, which has its
quantizer already. The result has no update quantizer; the authors leave the last layer's out as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..errors import HwgenError
from ..network.activation import IDENTITY
from ..network.edges import WEIGHED, Weighed
from .traced import TracedNetwork, TracedTerm, TracedValue

__all__ = ["by_edge"]

LISTS = ("edges", "looped", *WEIGHED)


def by_edge(plan: TracedNetwork) -> TracedNetwork:
    """The same network with values where Degree-Quant quantizes; in FP32 it computes the same.

    Raises
    ------
    HwgenError
        Norms that no codes of edges are, or edges that weigh in two ways.
    """
    if plan.by_edge:
        return plan
    normed = _normed(plan)
    kinds = set[Weighed](plan.lists_that_weigh)
    if normed:
        kinds.add("normed")
    if len(kinds) > 1 or (normed and plan.weighs):
        raise HwgenError("edges weigh by their norms and otherwise, and only one of both gets rows by edge", "scheme",
                         "use the scheme without -published: it needs no row for each edge")
    made = _Made(plan, normed)
    for value in plan.values:
        made.add(value)
    return replace(plan, values=tuple(made.values), by_edge=True, by_row=next(iter(kinds), None), plain=bool(normed))


def _normed(plan: TracedNetwork) -> frozenset[str]:
    """Values that are read by sums over looped lists only, with the factors of GCN's norms on both sides."""
    found = set[str]()
    for source in plan.values:
        read = [term for value in plan.values for term in value.terms if term.source == source.name]
        if source.factor == "one" or all(term.via == "self" for term in read):
            continue
        if (source.factor, source.of) != ("rsqrt", "looped") or any(
                (term.via, term.op, term.factor, term.of) != ("looped", "sum", "rsqrt", "looped") for term in read):
            raise HwgenError(f"{source.name} is summed with norms that are not GCN's with self loops, of which edges "
                             "have no codes", source.path, "use the scheme without -published")
        found.add(source.name)
    return frozenset(found)


@dataclass
class _Made:
    """Values in order, those of edges before the first one that reads them."""

    plan: TracedNetwork
    normed: frozenset[str]
    values: list[TracedValue] = field(default_factory=list)
    messages: dict[tuple[str, float], str] = field(default_factory=dict)

    def add(self, value: TracedValue) -> None:
        """A value, and what it is now computed from."""
        if value.name in self.normed:
            value = replace(value, factor="one")
        terms = tuple(self._term(term) for term in value.terms)
        if not self._is_sum(value):
            terms = tuple(self._aggregated(value, index, term) for index, term in enumerate(terms))
        changed, value = terms != value.terms, replace(value, terms=terms)
        if changed and value.activation != IDENTITY and value.role != "result":
            update = replace(value, name=self._free(f"{value.name}.update"), role="message", activation=IDENTITY,
                             factor="one", cap=None)
            self.values.append(update)
            value = replace(value, terms=(TracedTerm(source=update.name),), join="sum", bias=None)
        self.values.append(value)

    def _is_sum(self, value: TracedValue) -> bool:
        """Whether a value is nothing but one sum of messages: its own quantizer is that of the sum."""
        [first, *more] = value.terms
        return (value.role != "result" and not more and first.via in LISTS and value.bias is None
                and value.activation == IDENTITY and value.factor == "one")

    def _term(self, term: TracedTerm) -> TracedTerm:
        """A term that reads messages, where these differ from edge to edge."""
        weighs = term.via in WEIGHED
        if term.source is None or not (weighs or (term.source in self.normed and term.via == "looped")):
            return term
        key = term.source, term.dropout
        if key not in self.messages:
            source = next(each for each in self.values if each.name == term.source)
            name = self.messages[key] = self._free(f"{source.name}.edges")
            self.values.append(TracedValue(
                name=name, path=source.path, width=source.width, domain="edges", role="message",
                terms=(TracedTerm(source=source.name, via="sources", dropout=term.dropout),)))
        return replace(term, source=self.messages[key], via="incoming", dropout=0.0,
                       factor=term.factor if weighs else "one")

    def _aggregated(self, value: TracedValue, index: int, term: TracedTerm) -> TracedTerm:
        """A term that reads a stored sum of messages."""
        if term.source is None or term.via not in (*LISTS, "incoming"):
            return term
        width = next(each.width for each in self.values if each.name == term.source)
        name = self._free(f"{value.name}.aggregate{index or ''}")
        self.values.append(TracedValue(name=name, path=value.path, width=width, role="message",
                                       terms=(replace(term, offset=0, gain=None),)))
        return TracedTerm(source=name, offset=term.offset, gain=term.gain)

    def _free(self, name: str) -> str:
        taken = {each.name for each in (*self.plan.values, *self.values)}
        return next(each for each in (name, *(f"{name}.{number}" for number in range(2, len(taken) + 3)))
                    if each not in taken)
