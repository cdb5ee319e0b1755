"""Which symbolic values are stored, in which role, under which name.

A value that is gathered over a list is a message: one step a channel, so that rows add up as integers. A value that
only feeds linear layers (and maybe sums) is a row: a step for each row, for the MAC array. A message that a linear
layer reads too is copied into a row. What is left, read by sums only, is a message.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..traced import Role, TracedNetwork, TracedTerm, TracedValue
from .expr import Expr, ExprTerm

__all__ = ["placed"]


def placed(result: Expr, features: int) -> TracedNetwork:
    """Turn the symbolic result of a forward into a plan.

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
    for form in order:
        role: Role = "result" if form is result else "row" if form in multiplied and form not in listed else "message"
        values.append(TracedValue(
            name=names[form], path=form.path or "forward", width=form.width, role=role, domain=form.domain,
            terms=tuple(_term(term, names, listed, floats) for term in terms[form]), join=form.join,
            bias=floats(form.bias), activation=form.activation, factor=form.factor, of=form.of))
        if form in multiplied and form in listed:
            values.append(TracedValue(name=_row(names[form]), path=form.path or "forward", width=form.width, role="row",
                                    domain=form.domain, terms=(TracedTerm(source=names[form]),)))
    return TracedNetwork(features=features, values=tuple(values))


def _visit(form: Expr, order: list[Expr], terms: dict[Expr, tuple[ExprTerm, ...]], copies: dict[Expr, Expr]) -> None:
    """Put forms in the order of computation, and features that nothing multiplies through an identity."""
    if form in terms:
        return
    terms[form] = tuple(_through_identity(term, copies) for term in form.terms)
    for term in terms[form]:
        if term.source is not None:
            _visit(term.source, order, terms, copies)
    order.append(form)


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
    for form in order:
        stem = name = ".".join(filter(None, (form.path, form.label))) or "forward"
        number = 1
        while name in taken:
            number += 1
            name = f"{stem}.{number}"
        taken |= {name, _row(name)}
        names[form] = name
    return names


def _row(name: str) -> str:
    return f"{name}.row"


def _term(term: ExprTerm, names: dict[Expr, str], listed: set[Expr | None], floats: _Floats) -> TracedTerm:
    source = None if term.source is None else names[term.source]
    if source is not None and term.weight is not None and term.source in listed:
        source = _row(source)
    return TracedTerm(source=source, offset=term.offset, via=term.via, op=term.op, weight=floats(term.weight),
                    factor=term.factor, of=term.of, gain=floats(term.gain))


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
