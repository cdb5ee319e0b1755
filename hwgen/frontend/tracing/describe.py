"""A plan in words and numbers, for ``hwgen inspect model.py:Net``."""

from __future__ import annotations

from typing import Any

from ...network.formulas import formula
from ..traced import TracedNetwork, TracedValue

__all__ = ["facts_of"]


def facts_of(plan: TracedNetwork) -> dict[str, Any]:
    """Width of the input, every value with its formula, and how many weights there are, as plain JSON."""
    values = [{"name": value.name, "path": value.path, "width": value.width, "of": value.domain, "role": value.role,
               "formula": _formula(value)} for value in plan.values]
    weights = sum(term.weight.numel() for value in plan.values for term in value.terms if term.weight is not None)
    return {"features": plan.features, "outputs": plan.values[-1].width, "of": plan.values[-1].domain,
            "head": plan.head, "weights": weights, "values": values}


def _formula(value: TracedValue) -> str:
    text = formula(value, lambda weight: weight.detach().numpy())
    return text if value.cap is None else f"clip({text}, ±{value.cap:g})"
