"""What calls of a forward compute, apart from expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...network.heads import Head
from ..calls import Value
from .expr import Expr

__all__ = ["OF_BATCH", "End", "Fixed", "Outcome", "Shaped"]

#: What is computed of the graph of each node alone: how many graphs there are, if it is used as that.
OF_BATCH = Value("what is computed of batch")


@dataclass(frozen=True)
class End:
    """Logits behind a softmax or a sigmoid, which is left out: nothing may follow."""

    expr: Expr
    name: str
    head: Head


@dataclass(frozen=True)
class Fixed:
    """A number, or a tensor that does not depend on the graph, such as a parameter."""

    value: object


@dataclass(frozen=True)
class Shaped:
    """A value that is a vector from here on, or a matrix of one column again."""

    of: Expr | End
    flat: bool


#: What a call computes; a :class:`Value` is the edges or the batch, a tuple several results.
Outcome = Expr | End | Fixed | Value | tuple[Any, ...]
