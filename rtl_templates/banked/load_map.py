"""Memories of a banked design that a load fills; docs/banked.md, "Load bus", has their words."""

from collections.abc import Mapping

from ..cells.mac_plan import CHUNK_SHIFT
from ..shell.load_map import LoadMemory
from ..shell.words import BEAT_BITS
from .formats import PASSES, UNITS, Target, weight_plan

__all__ = ["load_map"]


def load_map(hardware: Mapping[str, int]) -> tuple[LoadMemory, ...]:
    """Every memory of a design with these parameters."""
    h = hardware
    servers, digits = h["servers"], -(-h["code_bits"] // h["digit"])
    chunks = -(-UNITS * ((h["bank_depth"] - 1).bit_length() + 8) // BEAT_BITS)
    return (
        LoadMemory(Target.TASK, PASSES, needed=True),
        LoadMemory(Target.SCHEDULE, h["slots"], low=range(chunks), high=h["groups"]),
        LoadMemory(Target.BANK, h["bank_depth"] * digits, low=range(UNITS)),
        LoadMemory(Target.PARAM, h["param_depth"], low=range(servers)),
        LoadMemory(Target.COLUMN, h["column_depth"], low=range(h["requant_lanes"])),
        LoadMemory(Target.BIAS, h["bias_depth"], low=range(h["requant_lanes"])),
        *(LoadMemory(Target.TABLE, depth, low=slices, high=chunks, shift=CHUNK_SHIFT)
          for slices, chunks, depth in weight_plan(h).units()),
        LoadMemory(Target.FEATURE, h["feature_depth"], low=range(servers)),
        LoadMemory(Target.SETUP, h["groups"] * UNITS // servers, low=range(servers)),
    )
