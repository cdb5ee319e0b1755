"""What layers do to symbolic values: sums are spliced, gains folded, linear layers meet the input features first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from ...network.activation import Activation
from ...network.equation import Counted, Factor
from .expr import Expr, ExprTerm

__all__ = ["activated", "added", "concatenated", "gathered", "held", "linear", "maximum", "referred",
           "scaled"]


def referred(form: Expr, path: str, label: str = "") -> Expr:
    """A copy that reads ``form``, which is thus stored."""
    return Expr(path=path, label=label, width=form.width, domain=form.domain,
                terms=(ExprTerm(source=form, width=form.width),))


def held(form: Expr) -> Expr:
    """The same form, to be stored whoever uses it: a layer uses it several times."""
    return form if form.shared or form.is_input else replace(form, shared=True)


def activated(form: Expr, activation: Activation, path: str, label: str) -> Expr:
    """Put an activation behind what there is; both become one where there is one that does both."""
    both = form.activation.then(activation)
    if form.is_input or form.shared or both is None or form.factor != "one":
        return replace(referred(form, path, label), activation=activation)
    return replace(form, activation=both)


def scaled(form: Expr, gain: Tensor | None, bias: Tensor | None, path: str, label: str) -> Expr:
    """Multiply every channel, and add to it: ``gain``, ``bias`` float64 [width]."""
    if not form.is_open:
        form = referred(form, path, label)
    if gain is not None:
        terms = tuple(_times(term, gain) for term in form.terms)
        form = replace(form, terms=terms, bias=None if form.bias is None else form.bias * gain)
    return replace(form, bias=_plus(form.bias, bias))


def added(one: Expr, other: Expr, path: str, label: str) -> Expr:
    """Sum of two forms of the same shape."""
    forms = [_spliceable(each, path, label) for each in (one, other)]
    if forms[0].segments != forms[1].segments:
        forms = [each if len(each.segments) == 1 else referred(each, path, label) for each in forms]
    first, second = forms
    # The name is the user's layer's where one is spliced in: a residual addition belongs to its convolution.
    named = next((each for each, given in zip(forms, (one, other), strict=True) if each is given), first)
    return replace(first, path=named.path, label=named.label, terms=first.terms + second.terms,
                   bias=_plus(first.bias, second.bias))


def concatenated(forms: Sequence[Expr], path: str, label: str) -> Expr:
    """Put the channels of forms of the same domain side by side."""
    parts = [_spliceable(each, path, label) for each in forms]
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


def maximum(forms: Sequence[Expr], path: str, label: str) -> Expr:
    """Maximum of each channel over forms of the same shape."""
    terms = tuple(ExprTerm(source=each, width=each.width) for each in forms)
    return Expr(path=path, label=label, width=forms[0].width, domain=forms[0].domain, terms=terms, join="max")


def gathered(form: Expr, via: Counted, path: str, label: str, *, op: Literal["sum", "max"] = "sum",
             factor: Factor = "one") -> Expr:
    """Sum or maximum over the rows of a list, times a factor of its length.

    Values that are merely put side by side are gathered where they are: the concatenation is not stored.
    """
    sources = _side_by_side(form) if form.is_open and len(form.segments) > 1 else [form]
    terms: list[ExprTerm] = []
    offset = 0
    for source in sources:
        terms.append(ExprTerm(source=source, width=source.width, offset=offset, via=via, op=op, factor=factor, of=via))
        offset += source.width
    return Expr(path=path, label=label, width=form.width, domain="graphs" if via == "members" else "nodes",
                terms=tuple(terms))


def linear(form: Expr, weight: Tensor, bias: Tensor | None, path: str, label: str = "") -> Expr:
    """A linear layer: ``weight`` float64 [in, out], ``bias`` float64 [out] or None.

    What is linear in the input features is exchanged with it: features come as sparse lists, and are only ever read
    through a weight, so that ``(Σ_j x_j) W`` is ``Σ_j (x_j W)``.
    """
    if form.is_raw:
        return _of_features(form, weight, bias, path, label)
    raw = [all(term.is_raw for term in form.terms if term.segment == each) for each in form.segments]
    if form.is_open and any(raw):
        (first, sparse), (second, dense) = (_part(form, [
            each for each, is_raw in zip(form.segments, raw, strict=True) if is_raw == wanted])
            for wanted in (True, False))
        one = _of_features(first, weight[sparse], bias, path, label)
        return added(one, linear(second, weight[dense], None, path, "dense"), path, label)
    term = ExprTerm(source=form, width=int(weight.shape[1]), weight=weight)
    return Expr(path=path, label=label, width=term.width, domain=form.domain, terms=(term,), bias=bias)


def _of_features(form: Expr, weight: Tensor, bias: Tensor | None, path: str, label: str) -> Expr:
    width = int(weight.shape[1])
    if form.is_input:
        term = ExprTerm(source=None, width=width, via="features", weight=weight)
        return Expr(path=path, label=label, width=width, terms=(term,), bias=bias)
    if form.bias is not None:
        bias = _plus(form.bias @ weight, bias)
    keys = [(id(term.source), term.segment, None if _is_uniform(term.gain) else id(term)) for term in form.terms]
    listed = {key for key, term in zip(keys, form.terms, strict=True) if term.via != "self"}
    sources: dict[object, Expr] = {}
    terms: list[ExprTerm] = []
    for key, term in zip(keys, form.terms, strict=True):
        gain, rows = term.gain, weight[term.offset:term.offset + term.width]
        if gain is not None:
            rows, gain = (rows, gain[:1].expand(width)) if _is_uniform(gain) else (gain[:, None] * rows, None)
        if key not in sources:
            assert term.source is not None
            sources[key] = linear(term.source, rows, None, path, "message")
        if key in listed:
            terms.append(replace(term, source=sources[key], offset=0, width=width, gain=gain))
        else:
            inner = scaled(sources[key], gain, None, path, label)
            terms, bias = [*terms, *inner.terms], _plus(bias, inner.bias)
    return Expr(path=path, label=label, width=width, domain=form.domain, terms=tuple(terms), bias=bias)


def _side_by_side(form: Expr) -> list[Expr]:
    """What is concatenated: the values themselves, and what still has to be computed."""
    parts = [_part(form, [each])[0] for each in form.segments]
    return [part.terms[0].source or part if len(part.terms) == 1 and _is_copy(part.terms[0]) and part.bias is None
            else part for part in parts]


def _part(form: Expr, segments: list[tuple[int, int]]) -> tuple[Expr, list[int]]:
    """Some of the concatenated parts of a form, and their channels."""
    terms: list[ExprTerm] = []
    columns: list[int] = []
    for offset, width in segments:
        terms += [replace(term, offset=len(columns)) for term in form.terms if term.segment == (offset, width)]
        columns += range(offset, offset + width)
    bias = None if form.bias is None or not form.bias[columns].any() else form.bias[columns]
    return replace(form, width=len(columns), terms=tuple(terms), bias=bias), columns


def _spliceable(form: Expr, path: str, label: str) -> Expr:
    return form if form.is_open and not form.is_product else referred(form, path, label)


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
