"""What a component takes: amounts that its structure fixes, and terms that a family's fitted coefficients weigh.

The coefficients lie in ``costs.json`` beside this file, with their date, tool and command; ``bench/fit_costs.py``
writes it. A term is a count that follows from the hardware parameters, such as bits of accumulators; its coefficient
is what a family takes for each.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from ..flow.families import FAMILIES
from ..flow.resources import Usage

__all__ = ["COSTS", "ROUGH", "Cost", "coefficients", "errors", "forget", "method", "shape_family", "used"]

COSTS = Path(__file__).with_name("costs.json")
ROUGH = 0.25  #: Error of estimates for a family without data.
_WITHOUT = "xcup"  # whose data stand for a family without any, times the family's factors


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one component.

    Parameters
    ----------
    exact : Usage
        What the structure fixes: all of block memory and DSP, memories of look-up tables, most flip-flops.
    lut, ff, lutram : mapping
        Terms of the rest, by name.
    """

    exact: Usage
    lut: Mapping[str, float] = field(default_factory=dict)
    ff: Mapping[str, float] = field(default_factory=dict)
    lutram: Mapping[str, float] = field(default_factory=dict)


def shape_family(family: str) -> str:
    """The family whose cells are counted: itself where it has data."""
    return family if family in _data()["families"] else _WITHOUT


def used(target: str, part: str, cost: Cost, family: str) -> Usage:
    """What a component is expected to take.

    Parameters
    ----------
    target, part : str
    cost : Cost
        Of :func:`shape_family`.
    family : str
        As in :data:`hwgen.flow.families.FAMILIES`.
    """
    found = {name: getattr(cost.exact, name) for name in (each.name for each in fields(Usage))}
    weights = coefficients(target, part, shape_family(family))
    for resource, terms in (("lut", cost.lut), ("ff", cost.ff), ("lutram", cost.lutram)):
        rest = sum(weights[resource].get(name, 0.0) * amount for name, amount in terms.items())
        found[resource] = max(0, round(found[resource] + rest))
    if shape_family(family) != family:
        factors = FAMILIES[family].factors
        found = {name: amount * factors.get(name, 1) for name, amount in found.items()}
    return Usage(**found)


def errors(family: str) -> Mapping[str, float]:
    """By how much estimates were off at worst, by resource; what is counted exactly is left out (docs/estimates.md)."""
    if shape_family(family) != family:
        return dict.fromkeys((each.name for each in fields(Usage)), ROUGH)
    found: Mapping[str, float] = _data()["families"][family]["errors"]
    return found


def method(family: str) -> str:
    """Where the figures come from, for people."""
    data = _data()
    if shape_family(family) == family:
        return f"formulas fitted to Yosys's counts, {data['tool']}, {data['date']}"
    return f"formulas fitted to Yosys's counts of UltraScale+, times rough factors of {FAMILIES[family].title}"


def coefficients(target: str, part: str, family: str) -> Mapping[str, Mapping[str, float]]:
    """Resource -> term -> coefficient."""
    found: Mapping[str, Mapping[str, float]] = _data()["families"][family][target][part]
    return found


def forget() -> None:
    """Read the file again: for who has written it."""
    _data.cache_clear()


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(COSTS.read_text(encoding="utf-8"))
    return data
