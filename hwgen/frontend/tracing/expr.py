"""Symbolic values: what a user's forward computes, as sums of terms, before it is decided which of them are stored.

An :class:`Expr` has the equation of a value of :mod:`hwgen.network.network`; the sources of its terms are expressions.
One that a term reads becomes a value of its own; one that is used once, and has no activation yet, is spliced into what
uses it. Nothing is computed on a graph here.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ...network.activation import IDENTITY
from ...network.equation import Equation, TermOf

__all__ = ["Expr", "ExprTerm"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ExprTerm(TermOf["Expr", Tensor, Tensor]):
    """One term; tensors are float64. Without a source it reads the input features.

    Parameters
    ----------
    width : int
    dropout : float
        As in :class:`hwgen.frontend.traced.TracedTerm`.
    """

    width: int
    dropout: float = 0.0

    @property
    def segment(self) -> tuple[int, int]:
        """Offset and width."""
        return self.offset, self.width

    @property
    def is_raw(self) -> bool:
        """Whether it is linear in the input features, without a weight yet."""
        return self.weight is None and self.op == "sum" and self.source is not None and self.source.is_raw


@dataclass(frozen=True, eq=False, kw_only=True)
class Expr(Equation[ExprTerm, Tensor]):
    """A symbolic value; ``path`` is empty for the forward of the model itself.

    Parameters
    ----------
    label : str
        What of the layer it is, such as ``message``; empty for its result.
    terms : tuple of ExprTerm
        Empty for the input features themselves.
    shared : bool
        Used more than once: to be stored, not spliced.
    dropout : float
        What training drops of it wherever this expression is read.
    cap : float or None
        As in :class:`hwgen.frontend.traced.TracedValue`.
    origin : Expr or None
        The same without dropout: it is stored once, whether readers drop some of it or not.
    """

    label: str = ""
    terms: tuple[ExprTerm, ...] = ()
    shared: bool = False
    dropout: float = 0.0
    cap: float | None = None
    origin: Expr | None = None

    @property
    def stored(self) -> Expr:
        """What is stored of it."""
        return self if self.origin is None else self.origin

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
        return self.is_input or (self.is_sum and all(term.is_raw for term in self.terms))

    @property
    def is_affine(self) -> bool:
        """Whether it is a sum without activation, and no factor behind it."""
        return self.is_sum and self.factor == "one"

    @property
    def is_sum(self) -> bool:
        """Whether it is a sum, not activated and not saturated."""
        return self.join == "sum" and self.activation == IDENTITY and self.cap is None

    @property
    def is_closed(self) -> bool:
        """Whether no activation can be put behind what there is."""
        return self.factor != "one" or self.cap is not None
