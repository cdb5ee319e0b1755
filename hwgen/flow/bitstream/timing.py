"""What place and route reports: clock, cells, and the slowest path, by the parts of the accelerator."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Routed", "part_of", "read_timing"]

#: What the first part of a path within the accelerator is, for people; docs/architecture.md names the same.
_PARTS = {
    "loader": "loader", "store": "store unit", "registers": "registers", "control": "control", "counters": "counters",
    "sequencer": "sequencer", "bridge": "serial bridge", "network": "read network",
}
#: A name that synthesis made up, or of a cell rather than a part.
_MADE_UP = re.compile(r"\$|_(LUT|TRELLIS|DFF|CCU2C|PFUMX|L6MUX|ALU|CC_|MULT|DP16KD|DPX9B|PDPW)")


@dataclass(frozen=True, kw_only=True)
class Routed:
    """A routed design.

    Parameters
    ----------
    mhz : float
        The fastest clock, at the corner that the tool knows.
    used : mapping of str to (int, int)
        Cell -> how many, of how many; those that are used.
    begin, end : str
        Parts of the accelerator between which the slowest path runs.
    cells, nets : float
        Nanoseconds that it spends in cells and on wires.
    levels : int
        Cells that it passes.
    """

    mhz: float
    used: Mapping[str, tuple[int, int]]
    begin: str
    end: str
    cells: float
    nets: float
    levels: int

    @property
    def path(self) -> str:
        """The slowest path, for people."""
        return (f"{self.begin} to {self.end}: {self.cells + self.nets:.1f} ns, of which {self.nets:.1f} on wires, "
                f"{self.levels} cells")


def read_timing(report: Mapping[str, Any]) -> Routed:
    """The report of ``nextpnr --report``: of the clock that is the slowest against what was asked of it."""
    clocks = report["fmax"]
    name, clock = min(clocks.items(), key=lambda each: each[1]["achieved"] / (each[1].get("constraint") or 1))
    own = [path for path in report["critical_paths"]
           if path["from"].split(" ")[-1] == name == path["to"].split(" ")[-1]]
    steps = own[0]["path"] if own else []
    spent = {kind: sum(float(step["delay"]) for step in steps if (step["type"] == "routing") == (kind == "nets"))
             for kind in ("cells", "nets")}
    ends = [steps[0]["from"]["cell"], steps[-1]["to"]["cell"]] if steps else ["", ""]
    return Routed(
        mhz=float(clock["achieved"]), begin=part_of(ends[0]), end=part_of(ends[1]), **spent,
        levels=sum(step["type"] == "logic" for step in steps),
        used={cell: (int(each["used"]), int(each["available"]))
              for cell, each in sorted(report["utilization"].items()) if each["used"] and each["available"]})


def part_of(cell: str) -> str:
    """The part that a cell is of: ``accelerator.core.server_1.lane3.x_LUT4_Z`` is server 1, lane 3."""
    names = [name for name in re.split(r"[./]", cell) if name and not _MADE_UP.search(name)]
    inside = [name for name in names if name not in ("accelerator", "core", "top")]
    if not inside:
        return "accelerator" if "accelerator" in names else "top"
    words = [_PARTS.get(name, re.sub(r"_?(\d+)$", r" \1", name).replace("_", " ")) for name in inside[:3]]
    return ", ".join(words)
