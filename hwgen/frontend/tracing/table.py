"""A table of recognisers: what is known, by kind, and how each of it is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from torch import nn
from torch.nn.utils.parametrize import type_before_parametrizations

from ..calls import Call, Target, name_of

__all__ = ["ELEMENTWISE", "Kind", "Recogniser", "Recognisers"]

Kind = Literal["convolution", "linear", "norm", "activation", "dropout", "jump", "pool", "aggregation", "sum",
               "product", "cat", "maximum", "head", "same", "shape", "edges"]
#: What is computed number by number: of a vector as of a matrix of one column.
ELEMENTWISE: tuple[Kind, ...] = ("activation", "dropout", "sum", "product", "maximum", "head", "same")


class Recogniser(NamedTuple):
    """One row: layers, functions and methods that the same function reads.

    Parameters
    ----------
    kind : Kind
    targets : tuple
        Types of modules (exactly these: a subclass may compute anything), functions, and names of methods.
    read : callable
        Takes the reader, the call, and the layer (None for a function or method); gives an expression, or the end.
    is_alias : bool
        Whether the result is the first argument.
    is_proposed : bool
        Whether errors propose it.
    options : str
        What users may choose of it, for docs/own-models.md. What it computes is the docstring of ``read``.
    """

    kind: Kind
    targets: tuple[type[nn.Module] | Target, ...]
    read: Callable[..., Any]
    is_alias: bool = False
    is_proposed: bool = True
    options: str = ""


class Recognisers:
    """All rows, by target."""

    def __init__(self, rows: Sequence[Recogniser]) -> None:
        self.rows = tuple(rows)
        self._known = {target: row for row in rows for target in row.targets}

    def find(self, call: Call) -> Recogniser | None:
        """The row of what is called; a layer whose weights are parametrized is what it was."""
        target = call.target
        return self._known.get(type_before_parametrizations(target) if isinstance(target, nn.Module) else target)

    def classes(self) -> list[type[nn.Module]]:
        """Types of modules that are known."""
        return [target for target in self._known if isinstance(target, type)]

    def names(self, *kinds: Kind) -> str:
        """What to use, such as ``ReLU or LeakyReLU``: modules of these kinds; where a row has none, its function."""
        found: dict[str, None] = {}
        for row in (row for kind in kinds for row in self.rows if row.kind == kind and row.is_proposed):
            modules = [target.__name__ for target in row.targets if isinstance(target, type)]
            found |= dict.fromkeys(modules or [name_of(row.targets[0])])
        *before, last = found
        return f"{', '.join(before)} or {last}" if before else last
