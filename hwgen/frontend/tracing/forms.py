"""Symbolic values: what a user's forward computes, as sums of terms, before it is decided which of them are stored.

A :class:`Form` has the equation of a value of :mod:`hwgen.network.network`; the sources of its terms are forms. A form
that a term reads becomes a value of its own; one that is used once, and has no activation yet, is spliced into what
uses it. Nothing is computed on a graph here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ...network.network import Domain, Factor, Via

__all__ = ["Form", "Summand"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Summand:
    """One term, as in :class:`hwgen.frontend.plan.PlanTerm`; tensors are float64.

    Parameters
    ----------
    source : Form or None
        None with a weight: the input features times that.
    width : int
    """

    source: Form | None
    width: int
    offset: int = 0
    via: Via = "self"
    op: Literal["sum", "max"] = "sum"
    weight: Tensor | None = None
    factor: Factor = "one"
    of: Literal["edges", "looped", "members"] = "edges"
    gain: Tensor | None = None

    @property
    def segment(self) -> tuple[int, int]:
        """Offset and width."""
        return self.offset, self.width

    @property
    def is_raw(self) -> bool:
        """Whether it is linear in the input features, without a weight yet."""
        return self.weight is None and self.op == "sum" and self.source is not None and self.source.is_raw


@dataclass(frozen=True, eq=False, kw_only=True)
class Form:
    """A symbolic value.

    Parameters
    ----------
    path : str
        The user's layer; empty for the forward of the model itself.
    label : str
        What of the layer it is, such as ``message``; empty for its result.
    width : int
    domain : "nodes" or "graphs"
    terms : tuple of Summand
        Empty for the input features themselves.
    join, bias, slope, factor, of
        As in :class:`hwgen.frontend.plan.PlanValue`.
    shared : bool
        Used more than once: to be stored, not spliced.
    """

    path: str
    width: int
    label: str = ""
    domain: Domain = "nodes"
    terms: tuple[Summand, ...] = ()
    join: Literal["sum", "max"] = "sum"
    bias: Tensor | None = None
    slope: float = 1.0
    factor: Factor = "one"
    of: Literal["edges", "looped", "members"] = "edges"
    shared: bool = False

    @property
    def is_input(self) -> bool:
        """Whether this is the matrix of input features."""
        return not self.terms

    @property
    def segments(self) -> list[tuple[int, int]]:
        """Offsets and widths of the concatenated parts, ascending."""
        return sorted({term.segment for term in self.terms})

    @property
    def is_product(self) -> bool:
        """Whether this is a linear layer on a stored row, which has no other terms."""
        return any(term.via == "self" and term.weight is not None for term in self.terms)

    @property
    def is_open(self) -> bool:
        """Whether gains can still be worked into it: a sum, used once, and not activated yet."""
        return not (self.is_input or self.shared) and self.is_affine

    @property
    def is_raw(self) -> bool:
        """Whether it is linear in the input features: a linear layer that follows is then applied to these first."""
        return self.is_input or (self.is_affine and all(term.is_raw for term in self.terms))

    @property
    def is_affine(self) -> bool:
        """Whether it is a sum without activation."""
        return self.join == "sum" and self.slope == 1 and self.factor == "one"
