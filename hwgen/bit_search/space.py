"""What an assignment sets: knobs of one granularity or a mixture (SGQuant §4), and the values that each stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import HwgenError
from ..frontend.quantize.signs import signs_of
from ..frontend.traced import TracedNetwork, TracedValue
from ..schemes import Scheme
from ..schemes.scheme import Widths
from ..studies.study import Assignment

__all__ = ["GRANULARITIES", "Granularity", "Space"]

#: uniform: one width; component: one for what is aggregated, one for what is combined; layer: one for each layer;
#: value: one for each component of each layer; topology: the same, rows by bucket of in-degrees.
Granularity = Literal["uniform", "component", "layer", "value", "topology"]
GRANULARITIES: tuple[Granularity, ...] = ("uniform", "component", "layer", "value", "topology")

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
        Value -> its knob, or those of its buckets.
    """

    choices: Mapping[str, Sequence[int]]
    knobs: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, plan: TracedNetwork, granularity: Granularity, scheme: Scheme) -> Space:
        """The knobs of a network.

        Raises
        ------
        HwgenError
            Buckets where the scheme has none.
        """
        if granularity == "topology" and not scheme.splits:
            raise HwgenError("granularity topology with a scheme without buckets of degrees", "granularity",
                             "use scheme sgquant, or another granularity")
        signed, stored = signs_of(plan), [value for value in plan.values if value.role != "result"]
        knobs = {each.name: _knobs(each, granularity, scheme.splits) for each in stored}
        choices: dict[str, tuple[int, ...]] = {}
        for each in stored:
            own = AGGREGATED if each.role == "message" or signed[each.name] else COMBINED
            most = 8 if each.role == "message" else scheme.most
            for knob in knobs[each.name]:
                choices[knob] = tuple(width for width in choices.get(knob, own) if width in own and width <= most)
        return cls(choices=choices, knobs=knobs)

    def widths(self, assignment: Assignment) -> dict[str, Widths]:
        """Value -> bits, as a scheme names them."""
        found = {name: tuple(assignment[knob] for knob in knobs) for name, knobs in self.knobs.items()}
        return {name: bits[0] if len(bits) == 1 else bits for name, bits in found.items()}


def _knobs(value: TracedValue, granularity: Granularity, splits: Sequence[int]) -> tuple[str, ...]:
    component = "aggregate" if value.role == "message" else "combine"
    layer = value.path.split(" ")[0]
    fine = f"{layer}: {component}"
    if granularity == "topology" and component == "combine" and value.domain == "nodes":
        ends = [*(str(split - 1) for split in splits), ""]
        return tuple(f"{fine}, degree {low}-{high}" for low, high in zip((0, *splits), ends, strict=True))
    return ({"uniform": "all", "component": component, "layer": layer}.get(granularity, fine),)
