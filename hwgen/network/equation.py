"""The equation of a value, declared once for every form of a model.

::

    v_i = act( join_t( factor_t(i) · gain_t · acc_t(i) ) + bias ) · factor(i)         real numbers

The quantized network fills it with arrays (:mod:`.network`), the traced module with tensors
(:mod:`hwgen.frontend.traced`), and the tracer with symbolic sources (:mod:`hwgen.frontend.tracing.expr`). Each adds
what only it has: a quantizer; a role and a dropout; a width and a mark that a value is used twice.
"""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from .activation import IDENTITY, Activation

__all__ = ["Counted", "Domain", "Equation", "Factor", "Labelled", "TermOf", "Via"]

Domain = Literal["nodes", "graphs", "edges"]
#: What may have labels.
Labelled = Literal["nodes", "graphs"]
Via = Literal["self", "edges", "looped", "closed", "weighted", "normed", "features", "members", "sources", "incoming"]
#: 1, 1/d or d^-1/2 of the length d of a list; 0 where d is 0.
Factor = Literal["one", "mean", "rsqrt"]
#: Lists whose length a factor takes.
Counted = Literal["edges", "looped", "members"]

SourceT = TypeVar("SourceT")
ArrayT = TypeVar("ArrayT")
WeightT = TypeVar("WeightT")
TermT = TypeVar("TermT")


@dataclass(frozen=True, kw_only=True, eq=False)
class TermOf(Generic[SourceT, ArrayT, WeightT]):
    """One summand of a value.

    Parameters
    ----------
    source : SourceT or None
        A value. None: the input features where ``via`` is "features", else a constant 1.
    offset : int
        First channel of the value that the term covers.
    via : Via
    op : "sum" or "max"
    weight : WeightT or None
        A linear layer's matrix [in, out].
    factor : Factor
        Of the destination.
    of : "edges", "looped" or "members"
        The list whose length the factor takes.
    gain : ArrayT [k] or None
        Real multiplier of each channel, such as 1 + ε or a folded batch norm; None is 1. A constant has one, and its
        factor is of the list that it is counted by.
    """

    source: SourceT | None = None
    offset: int = 0
    via: Via = "self"
    op: Literal["sum", "max"] = "sum"
    weight: WeightT | None = None
    factor: Factor = "one"
    of: Counted = "edges"
    gain: ArrayT | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Equation(Generic[TermT, ArrayT]):
    """What one value computes, for all nodes, all graphs or all edges.

    Parameters
    ----------
    path : str
        The user's layer, for messages.
    width : int
    domain : Domain
    terms : tuple of TermT
    join : "sum" or "max"
    bias : ArrayT [k] or None
        None where terms join by maximum.
    activation : Activation
    factor, of
        As in :class:`TermOf`; applied after the activation, such as GCN's factor of the source.
    """

    path: str
    width: int
    domain: Domain = "nodes"
    terms: tuple[TermT, ...]
    join: Literal["sum", "max"] = "sum"
    bias: ArrayT | None = None
    activation: Activation = IDENTITY
    factor: Factor = "one"
    of: Counted = "edges"
