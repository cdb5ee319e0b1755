"""Prompts: rows that are learned beside a model, and added before or behind what sums over neighbours.

:func:`prompted` rewrites a traced network, so that quantizers, training, export and both targets see values and terms.
Forms, for a layer whose sum over neighbours is ``S`` [n, d]:

- ``gpf``: ``X + p`` (Fang et al., "Universal Prompt Tuning for Graph Neural Networks", NeurIPS 2023, equation 5). Here
  ``p W`` is learned, behind each weight ``W`` that features are read through: the same functions where W has full
  column rank. A bias: hardware adds it for nothing.
- ``gpf-plus``: ``X + α P``, ``α = softmax(X A + b)`` over K rows of P (equation 7); likewise ``P W`` is learned.
- ``lorap``: behind each sum, before it is quantized. Rank 0: ``S + p``, a bias; a layer that has one already gains
  nothing. Rank R: ``S + (S A) B``, ``A`` [d, R] and ``B`` [R, d]: two linear layers on stored rows.
- ``lorap-softmax``: ``S + softmax(S A + b) B``.
- ``gpf-lorap``: ``gpf`` and ``lorap``.

LoRAP (arXiv 2601.15079) publishes that prompts behind an aggregation are made of a few low-rank rows and depend on the
input, not how: ``lorap`` and ``lorap-softmax`` are readings of it. What they give is LoRAP-style.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from ..errors import HwgenError
from ..schemes import Prompt
from .activations import SOFTMAX
from .traced import TracedNetwork, TracedTerm, TracedValue

__all__ = ["prompted"]

#: Of what Glorot draws: a model begins near to what it was, and steps of weights fit something.
SHARE = 0.1


def prompted(plan: TracedNetwork, prompt: Prompt, seed: int = 0) -> TracedNetwork:
    """The same network with prompts, which are parameters like the others.

    Parameters
    ----------
    plan : TracedNetwork
    prompt : Prompt
    seed : int
        Of what is drawn.

    Raises
    ------
    HwgenError
        Nothing that a prompt of this kind changes.
    """
    if prompt.kind == "none":
        return plan
    draw, values = torch.Generator().manual_seed(seed), list[TracedValue]()
    made = 0
    if prompt.kind == "gpf-plus":
        values.append(_shares(TracedTerm(via="features", weight=_drawn(plan.features, prompt.prompts, draw)),
                              "prompt", "x", prompt.prompts))
    for value in plan.values:
        new = value
        if prompt.kind.startswith("gpf") and any(term.via == "features" for term in value.terms):
            if prompt.kind == "gpf-plus":
                rows = TracedTerm(source="prompt", weight=_drawn(prompt.prompts, value.width, draw))
                values.append(_rows(value, rows, f"{value.name}.prompt", value.width))
                new = replace(new, terms=(*new.terms, TracedTerm(source=values[-1].name)))
            else:
                new = _biased(new)
        if "lorap" in prompt.kind:
            for offset, lists in _sums(value):
                if prompt.kind != "lorap-softmax" and prompt.rank == 0:
                    new = _biased(new)
                    continue
                *before, last = _behind(value, offset, lists, plan, prompt, draw)
                values += [*before, last]
                new = replace(new, terms=(*new.terms, TracedTerm(source=last.name, offset=offset)))
        made += new is not value
        values.append(new)
    if not made:
        raise HwgenError(f"prompt {prompt.kind}{' of rank 0' if not prompt.rank else ''} changes nothing: every value "
                         "that it is added to has a bias already, or there is none", "prompt",
                         "use lorap with a rank of 1 or more, on a model that sums over neighbours")
    return replace(plan, values=tuple(values))


def _sums(value: TracedValue) -> Iterator[tuple[int, tuple[TracedTerm, ...]]]:
    """Offsets of what is gathered over neighbours, and its terms; a maximum of several values has none."""
    for offset in sorted({term.offset for term in value.terms}) if value.join == "sum" else ():
        lists = tuple(term for term in value.terms if term.offset == offset
                      and term.via not in ("self", "features", "members"))
        if lists:
            yield offset, lists


def _behind(value: TracedValue, offset: int, lists: tuple[TracedTerm, ...], plan: TracedNetwork, prompt: Prompt,
            draw: torch.Generator) -> list[TracedValue]:
    """A stored copy of the sum, its few coefficients, and the rows that these mix."""
    width = next(each.width for each in plan.values if each.name == lists[0].source)
    name = f"{value.name}.prompt{offset or ''}"
    terms = tuple(replace(term, offset=0, dropout=0.0) for term in lists)
    total = TracedValue(name=f"{name}.sum", path=value.path, width=width, role="activation", terms=terms)
    into = TracedTerm(source=total.name, weight=_drawn(width, prompt.rank, draw))
    few = (_shares(into, f"{name}.few", value.path, prompt.rank) if prompt.kind == "lorap-softmax" else
           _rows(value, into, f"{name}.few", prompt.rank, message=False))
    back = TracedTerm(source=few.name, weight=_drawn(prompt.rank, width, draw))
    return [total, few, _rows(value, back, name, width)]


def _rows(value: TracedValue, term: TracedTerm, name: str, width: int, *, message: bool = True) -> TracedValue:
    return TracedValue(name=name, path=value.path, width=width, role="message" if message else "activation",
                       terms=(term,))


def _shares(term: TracedTerm, name: str, path: str, count: int) -> TracedValue:
    return TracedValue(name=name, path=path, width=count, role="activation", terms=(term,), bias=torch.zeros(count),
                       activation=SOFTMAX)


def _biased(value: TracedValue) -> TracedValue:
    """With a bias that learns; one that is there does."""
    return value if value.bias is not None or value.join == "max" else replace(value, bias=torch.zeros(value.width))


def _drawn(rows: int, columns: int, draw: torch.Generator) -> Tensor:
    """Small uniform numbers (Glorot & Bengio 2010)."""
    return (2 * torch.rand(rows, columns, generator=draw) - 1) * SHARE * math.sqrt(6 / (rows + columns))
