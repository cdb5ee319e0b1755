"""Memories of a design of edge lists that a load fills; docs/lists.md, "Words", has their words."""

from collections.abc import Mapping

from ..cells.mac_plan import CHUNK_SHIFT
from ..shell.load_map import LoadMemory
from ..shell.words import BEAT_BITS
from .formats import Target, weight_plan

__all__ = ["load_map"]

_LANES = 4  # constants of so many lanes in a word


def load_map(hardware: Mapping[str, int]) -> tuple[LoadMemory, ...]:
    """Every memory of a design with these parameters."""
    h = hardware
    lanes, units, groups = h["lanes"], range(h["units"]), range(h["lanes"] // _LANES)
    tables = list(weight_plan(h).units()) if h["weight_bits"] else [(range(1), 1, 0)]
    return (
        LoadMemory(Target.PASS, h["passes"], low=range(2), needed=True),
        LoadMemory(Target.BEAT, h["beats"]),
        LoadMemory(Target.LIST, h["list_depth"], low=units),
        LoadMemory(Target.DESCRIPTOR, h["descriptor_depth"], low=units),
        LoadMemory(Target.COLUMN, h["column_depth"], low=groups, high=2),
        LoadMemory(Target.BIAS, h["column_depth"], low=groups, high=2),
        *(LoadMemory(Target.TABLE, depth, low=slices, high=chunks, shift=CHUNK_SHIFT)
          for slices, chunks, depth in tables),
        LoadMemory(Target.PARAM, h["param_depth"], low=range(2)),
        *(LoadMemory(Target.THRESHOLD, h["tables"] << level, low=range(level, level + 1), high=2)
          for level in range(h["levels"])),
        LoadMemory(Target.ROWS, h["buffer_depth"], low=range(-(-lanes * h["code_bits"] // BEAT_BITS))),
        LoadMemory(Target.SETUP, 1, low=units, needed=True),
    )
