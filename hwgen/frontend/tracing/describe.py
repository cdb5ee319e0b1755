"""A plan in words and numbers, for ``hwgen inspect model.py:Net``."""

from __future__ import annotations

from typing import Any

import torch

from ..plan import Plan, PlanTerm, PlanValue

__all__ = ["facts_of"]

FACTORS = {"one": "", "mean": "1/d · ", "rsqrt": "d^-1/2 · "}


def facts_of(plan: Plan) -> dict[str, Any]:
    """Width of the input, every value with its formula, and how many weights there are, as plain JSON."""
    values = [{"name": value.name, "path": value.path, "width": value.width, "of": value.domain, "role": value.role,
               "formula": _formula(value)} for value in plan.values]
    weights = sum(term.weight.numel() for value in plan.values for term in value.terms if term.weight is not None)
    return {"features": plan.features, "outputs": plan.values[-1].width, "of": plan.values[-1].domain,
            "head": plan.head, "weights": weights, "values": values}


def _formula(value: PlanValue) -> str:
    parts = []
    for offset in sorted({term.offset for term in value.terms}):
        terms = [_term(term) for term in value.terms if term.offset == offset]
        parts.append(f"max({', '.join(terms)})" if value.join == "max" else " + ".join(terms))
    inside = " ‖ ".join(parts)
    if value.bias is not None:
        inside += " + b" if len(parts) == 1 else " (+ b)"
    if value.slope == 0:
        inside = f"relu({inside})"
    elif value.slope != 1:
        inside = f"leaky({inside}, {value.slope:g})"
    return f"d^-1/2 · ({inside})" if value.factor == "rsqrt" else inside


def _term(term: PlanTerm) -> str:
    source = "x" if term.source is None else term.source
    if term.weight is not None and not _is_identity(term.weight):
        source += " W"
    gain = "" if term.gain is None else "g · "
    if term.via in ("edges", "looped", "members"):
        source = f"{'max' if term.op == 'max' else 'Σ'}[{term.via}] {source}"
    return FACTORS[term.factor] + gain + source


def _is_identity(weight: torch.Tensor) -> bool:
    return weight.shape[0] == weight.shape[1] and torch.equal(weight, torch.eye(len(weight)))
