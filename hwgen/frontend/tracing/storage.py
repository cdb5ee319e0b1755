"""Which symbolic values are stored, in which role, under which name.

A value that is gathered over a list is a message: one step a channel, so that rows add up as integers. A value that
only feeds linear layers (and maybe sums) is an activation: a step for each row, for the MAC array. A message that a
linear layer reads too is copied into an activation. What is left, read by sums only, is a message.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..traced import Role, TracedNetwork, TracedTerm, TracedValue
from .expr import Expr, ExprTerm

__all__ = ["assign_storage"]


def assign_storage(result: Expr, features: int) -> TracedNetwork:
    """Turn the symbolic result of a forward into values that are stored.

    Parameters
    ----------
    result : Expr
    features : int
        Width of the input.
    """
    order: list[Expr] = []
    terms: dict[Expr, tuple[ExprTerm, ...]] = {}
    copies: dict[Expr, Expr] = {}
    _visit(result, order, terms, copies)
    every = [term for each in order for term in terms[each] if term.source is not None]
    listed = {term.source for term in every if term.via != "self"}
    multiplied = {term.source for term in every if term.weight is not None}
    names, floats = _names(order), _Floats()
    values: list[TracedValue] = []
    for expr in order:
        role: Role = "activation" if expr in multiplied and expr not in listed else "message"
        values.append(TracedValue(
            name=names[expr], path=expr.path or "forward", width=expr.width, domain=expr.domain,
            role="result" if expr is result else role,
            terms=tuple(_term(term, names, listed, floats) for term in terms[expr]), join=expr.join,
            bias=floats(expr.bias), activation=expr.activation, factor=expr.factor, of=expr.of, cap=expr.cap))
        if expr in multiplied and expr in listed:
            values.append(TracedValue(name=_copy(names[expr]), path=expr.path or "forward", width=expr.width,
                                      role="activation", domain=expr.domain, terms=(TracedTerm(source=names[expr]),)))
    return TracedNetwork(features=features, values=tuple(values))


def _visit(expr: Expr, order: list[Expr], terms: dict[Expr, tuple[ExprTerm, ...]], copies: dict[Expr, Expr]) -> None:
    """Put expressions in the order of computation, and features that nothing multiplies through an identity."""
    if expr in terms:
        return
    terms[expr] = tuple(_through_identity(term, copies) for term in expr.terms)
    for term in terms[expr]:
        if term.source is not None:
            _visit(term.source, order, terms, copies)
    order.append(expr)


def _through_identity(term: ExprTerm, copies: dict[Expr, Expr]) -> ExprTerm:
    source = term.source
    if source is None or not source.is_input:
        return term
    eye = torch.eye(source.width, dtype=torch.float64)
    if term.via == "self":
        return replace(term, source=None, via="features", weight=eye)
    if source not in copies:
        read = ExprTerm(source=None, width=source.width, via="features", weight=eye)
        copies[source] = Expr(path=source.path, width=source.width, terms=(read,))
    return replace(term, source=copies[source])


def _names(order: list[Expr]) -> dict[Expr, str]:
    names: dict[Expr, str] = {}
    taken: set[str] = set()
    for expr in order:
        stem = name = ".".join(filter(None, (expr.path, expr.label))) or "forward"
        number = 1
        while name in taken:
            number += 1
            name = f"{stem}.{number}"
        taken |= {name, _copy(name)}
        names[expr] = name
    return names


def _copy(name: str) -> str:
    return f"{name}.activation"


def _term(term: ExprTerm, names: dict[Expr, str], listed: set[Expr | None], floats: _Floats) -> TracedTerm:
    source = None if term.source is None else names[term.source]
    if source is not None and term.weight is not None and term.source in listed:
        source = _copy(source)
    return TracedTerm(source=source, offset=term.offset, via=term.via, op=term.op, weight=floats(term.weight),
                    factor=term.factor, of=term.of, gain=floats(term.gain), dropout=term.dropout)


class _Floats:
    """Copies in float32; one tensor stays one, so that a layer that is called twice learns one weight."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Tensor, Tensor]] = {}  # with the original, whose number stays its own that way

    def __call__(self, tensor: Tensor | None) -> Tensor | None:
        if tensor is None:
            return None
        if id(tensor) not in self._known:
            self._known[id(tensor)] = tensor, tensor.detach().float().contiguous().clone()
        return self._known[id(tensor)][1]
