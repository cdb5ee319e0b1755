"""Exact cycles of a run, pass by pass and stage by stage: as the RTL's counters and the report have them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["CycleEstimate", "PassCycles", "Stage"]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage of the hardware.

    Parameters
    ----------
    name : str
        As counters begin.
    count : int
        How many of it the design has; their cycles are added up.
    waits : "out", "in" or None
        Whether the RTL counts waiting for the next stage, or for the one before; None: neither that nor idle cycles.
    """

    name: str
    count: int
    waits: Literal["out", "in"] | None = "out"


@dataclass(frozen=True, kw_only=True)
class PassCycles:
    """One pass.

    Parameters
    ----------
    name : str
    cycles : int
        From one pass stamp to the next; the barrier that follows the pass before is included.
    run, waited : mapping of stage to int
        Cycles in which a stage worked, or waited; summed over all of it.
    last : tuple of int
        Cycles from the pass's start to the last activity of each unit, where the target knows them: the pass waits for
        the largest.
    """

    name: str
    cycles: int
    run: Mapping[str, int]
    waited: Mapping[str, int]
    last: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CycleEstimate:
    """All passes of a run on one design."""

    stages: tuple[Stage, ...]
    passes: tuple[PassCycles, ...]

    @property
    def total(self) -> int:
        """What the RTL's CYCLES register will read."""
        return sum(step.cycles for step in self.passes)

    def counters(self) -> dict[str, int]:
        """What the RTL's stage counters will read, by their names."""
        counters: dict[str, int] = {}
        for stage in self.stages:
            name = stage.name
            run, waited = (sum(each[name] for each in found) for found in (
                [step.run for step in self.passes], [step.waited for step in self.passes]))
            counters[f"{name}_run"] = run
            if stage.waits is not None:
                counters |= {f"{name}_wait_{stage.waits}": waited,
                             f"{name}_idle": stage.count * self.total - run - waited}
        return counters

    def to_dict(self) -> dict[str, Any]:
        """Plain data for reports."""
        return {
            "total": self.total,
            "counters": self.counters(),
            "passes": [{
                "name": step.name, "cycles": step.cycles,
                "utilisation": {stage.name: step.run[stage.name] / (stage.count * step.cycles)
                                for stage in self.stages},
                "waited": {stage.name: step.waited[stage.name] / (stage.count * step.cycles)
                           for stage in self.stages if stage.waits != "in"},
            } for step in self.passes],
        }
