"""What layers do to symbolic values: sums are spliced, gains folded, linear layers meet the input features first.

Dropout changes none of this. An expression remembers it (:func:`dropped`), and passes it on to the terms that read it.
What is spliced is never read by itself: its dropout is forgotten, unless only an activation follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from ...network.activation import Activation
from ...network.edges import Weighed
from ...network.equation import Counted, Factor
from .expr import Expr, ExprTerm

__all__ = ["activated", "added", "concatenated", "dropped", "gathered", "linear", "materialised", "maximum",
           "reference_to", "saturated", "scaled", "summed", "weighed"]


def reference_to(expr: Expr, path: str, label: str = "") -> Expr:
    """A copy that reads ``expr``, which is thus stored."""
    return Expr(path=path, label=label, width=expr.width, domain=expr.domain, terms=(_reading(expr),))


def materialised(expr: Expr) -> Expr:
    """The same expression, to be stored: a layer uses it several times."""
    return expr if expr.shared or expr.is_input else replace(expr, shared=True, origin=None)


def dropped(expr: Expr, dropout: float) -> Expr:
    """The same expression, of which training drops some wherever it is read."""
    if not dropout:
        return expr
    both = 1 - (1 - expr.dropout) * (1 - dropout) if expr.dropout else dropout
    return replace(expr, dropout=both, origin=expr.stored)


def activated(expr: Expr, activation: Activation, path: str, label: str) -> Expr:
    """Put an activation behind what there is; both become one where there is one that does both."""
    both = expr.activation.then(activation)
    if expr.is_input or expr.shared or both is None or expr.is_closed:
        return replace(reference_to(expr, path, label), activation=activation)
    return replace(expr, activation=both, origin=None)  # dropout and a piecewise linear activation commute


def saturated(expr: Expr, activation: Activation, cap: float, path: str, label: str) -> Expr:
    """Put an activation behind what there is, and store nothing of a larger magnitude than ``cap``."""
    both = expr.activation.then(activation)
    if expr.is_input or expr.shared or both is None or expr.is_closed or expr.dropout:  # which does not commute
        expr, both = reference_to(expr, path, label), activation
    return replace(expr, activation=both, cap=cap, origin=None)


def scaled(expr: Expr, gain: Tensor | None, bias: Tensor | None, path: str, label: str) -> Expr:
    """Multiply every channel, and add to it: ``gain``, ``bias`` float64 [width]."""
    if not expr.is_open:
        expr = reference_to(expr, path, label)
    expr = _spliced(expr)
    if gain is not None:
        terms = tuple(_times(term, gain) for term in expr.terms)
        expr = replace(expr, terms=terms, bias=None if expr.bias is None else expr.bias * gain)
    return replace(expr, bias=_plus(expr.bias, bias))


def added(one: Expr, other: Expr, path: str, label: str) -> Expr:
    """Sum of two expressions of the same shape."""
    exprs = [_spliceable(each, path, label) for each in (one, other)]
    if exprs[0].segments != exprs[1].segments:
        exprs = [each if len(each.segments) == 1 else reference_to(each, path, label) for each in exprs]
    first, second = exprs
    # The name is the user's layer's where one is spliced in: a residual addition belongs to its convolution.
    named = next((each for each, given in zip(exprs, (one, other), strict=True) if each is given), first)
    return replace(_spliced(first), path=named.path, label=named.label, terms=first.terms + second.terms,
                   bias=_plus(first.bias, second.bias))


def concatenated(exprs: Sequence[Expr], path: str, label: str) -> Expr:
    """Put the channels of expressions of the same domain side by side."""
    parts = [_spliceable(each, path, label) for each in exprs]
    terms: list[ExprTerm] = []
    biases: list[Tensor] = []
    offset = 0
    for part in parts:
        terms += [replace(term, offset=term.offset + offset) for term in part.terms]
        biases.append(torch.zeros(part.width, dtype=torch.float64) if part.bias is None else part.bias)
        offset += part.width
    some = any(part.bias is not None for part in parts)
    return Expr(path=path, label=label, width=offset, domain=parts[0].domain, terms=tuple(terms),
                bias=torch.cat(biases) if some else None)


def maximum(exprs: Sequence[Expr], path: str, label: str, *, gains: Sequence[Tensor | None] | None = None) -> Expr:
    """Maximum of each channel over expressions of the same shape, each times a gain: float64 [width], None is 1."""
    terms = tuple(replace(_reading(expr), gain=gain) for expr, gain in
                  zip(exprs, gains or [None] * len(exprs), strict=True))
    return Expr(path=path, label=label, width=exprs[0].width, domain=exprs[0].domain, terms=terms, join="max")


def gathered(expr: Expr, via: Counted, path: str, label: str, *, op: Literal["sum", "max"] = "sum",
             factor: Factor = "one") -> Expr:
    """Sum or maximum over the rows of a list, times a factor of its length.

    Values that are merely put side by side are gathered where they are: the concatenation is not stored.
    """
    return _over(expr, via, via, path, label, op, factor)


def summed(expr: Expr, via: Weighed, path: str, label: str = "", *, factor: Factor = "one") -> Expr:
    """The same of edges that weigh, times a factor of how many they are."""
    return _over(expr, via, "edges", path, label, "sum", factor)


def _over(expr: Expr, via: Counted | Weighed, of: Counted, path: str, label: str, op: Literal["sum", "max"],
          factor: Factor) -> Expr:
    sources = _side_by_side(expr) if expr.is_open and len(expr.segments) > 1 else [expr]
    terms: list[ExprTerm] = []
    offset = 0
    for source in sources:
        terms.append(replace(_reading(source), offset=offset, via=via, op=op, factor=factor, of=of))
        offset += source.width
    return Expr(path=path, label=label, width=expr.width, domain="graphs" if via == "members" else "nodes",
                terms=tuple(terms))


def weighed(expr: Expr, factor: Factor, of: Counted, path: str, label: str) -> Expr:
    """What is gathered with a factor of the source: the value itself carries it, where nothing else reads it."""
    if factor == "one":
        return expr
    if expr.is_input or expr.shared or expr.is_closed:
        expr = reference_to(expr, path, label)
    return replace(expr, factor=factor, of=of, origin=None)


def linear(expr: Expr, weight: Tensor, bias: Tensor | None, path: str, label: str = "") -> Expr:
    """A linear layer: ``weight`` float64 [in, out], ``bias`` float64 [out] or None.

    What is linear in the input features is exchanged with it: features come as sparse lists, and are only ever read
    through a weight, so that ``(Σ_j x_j) W`` is ``Σ_j (x_j W)``.
    """
    if expr.is_raw:
        return _of_features(expr, weight, bias, path, label)
    raw = [all(term.is_raw for term in expr.terms if term.segment == each) for each in expr.segments]
    if expr.is_open and any(raw):
        (first, sparse), (second, dense) = (_part(expr, [
            each for each, is_raw in zip(expr.segments, raw, strict=True) if is_raw == wanted])
            for wanted in (True, False))
        one = _of_features(first, weight[sparse], bias, path, label)
        return added(one, linear(second, weight[dense], None, path, "dense"), path, label)
    term = replace(_reading(expr), width=int(weight.shape[1]), weight=weight)
    return Expr(path=path, label=label, width=term.width, domain=expr.domain, terms=(term,), bias=bias)


def _of_features(expr: Expr, weight: Tensor, bias: Tensor | None, path: str, label: str) -> Expr:
    width = int(weight.shape[1])
    if expr.is_input:
        term = ExprTerm(source=None, width=width, via="features", weight=weight, dropout=expr.dropout)
        return Expr(path=path, label=label, width=width, terms=(term,), bias=bias)
    if expr.factor != "one":
        plain = _of_features(replace(expr, factor="one"), weight, None, path, label)
        made = replace(plain, factor=expr.factor, of=expr.of)
        return made if bias is None else scaled(made, None, bias, path, label)
    if expr.bias is not None:
        bias = _plus(expr.bias @ weight, bias)
    keys = [(id(term.source), term.segment, None if _is_uniform(term.gain) else id(term)) for term in expr.terms]
    listed = {key for key, term in zip(keys, expr.terms, strict=True) if term.via != "self"}
    sources: dict[object, Expr] = {}
    terms: list[ExprTerm] = []
    for key, term in zip(keys, expr.terms, strict=True):
        gain, rows = term.gain, weight[term.offset:term.offset + term.width]
        if gain is not None:
            rows, gain = (rows, gain[:1].expand(width)) if _is_uniform(gain) else (gain[:, None] * rows, None)
        if key not in sources:
            assert term.source is not None
            source = dropped(dropped(term.source, term.dropout), expr.dropout)  # sums of features are not stored
            sources[key] = linear(source, rows, None, path, "message")
        if key in listed:
            terms.append(replace(_reading(sources[key]), via=term.via, factor=term.factor, of=term.of, gain=gain))
        else:
            inner = scaled(sources[key], gain, None, path, label)
            terms, bias = [*terms, *inner.terms], _plus(bias, inner.bias)
    return Expr(path=path, label=label, width=width, domain=expr.domain, terms=tuple(terms), bias=bias)


def _side_by_side(expr: Expr) -> list[Expr]:
    """What is concatenated: the values themselves, and what still has to be computed."""
    found: list[Expr] = []
    for segment in expr.segments:
        part, _ = _part(expr, [segment])
        first = part.terms[0]
        copy = len(part.terms) == 1 and _is_copy(first) and part.bias is None
        found.append(part if not copy or first.source is None else
                     dropped(dropped(first.source, first.dropout), expr.dropout))
    return found


def _part(expr: Expr, segments: list[tuple[int, int]]) -> tuple[Expr, list[int]]:
    """Some of the concatenated parts of an expression, and their channels."""
    terms: list[ExprTerm] = []
    columns: list[int] = []
    for offset, width in segments:
        terms += [replace(term, offset=len(columns)) for term in expr.terms if term.segment == (offset, width)]
        columns += range(offset, offset + width)
    bias = None if expr.bias is None or not expr.bias[columns].any() else expr.bias[columns]
    return replace(expr, width=len(columns), terms=tuple(terms), bias=bias, origin=None), columns


def _spliceable(expr: Expr, path: str, label: str) -> Expr:
    return expr if expr.is_open and not expr.is_product else reference_to(expr, path, label)


def _spliced(expr: Expr) -> Expr:
    """An expression that becomes part of another one."""
    return replace(expr, dropout=0.0, origin=None) if expr.dropout else expr


def _reading(expr: Expr) -> ExprTerm:
    """A term that reads an expression as it is."""
    return ExprTerm(source=expr.stored, width=expr.width, dropout=expr.dropout)


def _times(term: ExprTerm, gain: Tensor) -> ExprTerm:
    own = gain[term.offset:term.offset + term.width]
    return replace(term, gain=own if term.gain is None else term.gain * own)


def _plus(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _is_copy(term: ExprTerm) -> bool:
    return term.via == "self" and term.weight is None and term.gain is None and term.factor == "one"


def _is_uniform(gain: Tensor | None) -> bool:
    return gain is None or bool((gain == gain[0]).all())
