"""What an assignment sets: knobs of one granularity or a mixture (SGQuant §4), and the values that each stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..frontend.traced import TracedNetwork, TracedValue
from .study import Assignment

__all__ = ["GRANULARITIES", "Granularity", "Space"]

#: uniform: one width; component: one for what is aggregated, one for what is combined; layer: one for each layer;
#: value: one for each component of each layer.
Granularity = Literal["uniform", "component", "layer", "value"]
GRANULARITIES: tuple[Granularity, ...] = ("uniform", "component", "layer", "value")

#: Widths to choose from: codes that are summed over neighbours have a sign.
AGGREGATED, COMBINED = (2, 3, 4, 6, 8), (1, 2, 3, 4, 6, 8)


@dataclass(frozen=True, kw_only=True)
class Space:
    """Knobs of a traced network.

    Parameters
    ----------
    choices : mapping
        Knob -> widths, ascending.
    knobs : mapping
        Value -> its knob.
    """

    choices: Mapping[str, Sequence[int]]
    knobs: Mapping[str, str]

    @classmethod
    def of(cls, plan: TracedNetwork, granularity: Granularity, *, signed: Mapping[str, bool]) -> Space:
        """The knobs of a network; ``signed`` says which values have a sign, and so at least two bits."""
        knobs = {each.name: _knob(each, granularity) for each in plan.values if each.role != "result"}
        choices: dict[str, tuple[int, ...]] = {}
        for each in plan.values:
            if each.role != "result":
                own = AGGREGATED if each.role == "message" or signed[each.name] else COMBINED
                before = choices.get(knobs[each.name], own)
                choices[knobs[each.name]] = tuple(width for width in before if width in own)
        return cls(choices=choices, knobs=knobs)

    def widths(self, assignment: Assignment) -> dict[str, int]:
        """Value -> bits."""
        return {name: assignment[knob] for name, knob in self.knobs.items()}


def _knob(value: TracedValue, granularity: Granularity) -> str:
    component = "aggregate" if value.role == "message" else "combine"
    layer = value.path.split(" ")[0]
    return {"uniform": "all", "component": component, "layer": layer, "value": f"{layer}: {component}"}[granularity]
