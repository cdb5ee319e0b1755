"""Memories of a banked design that a load fills; docs/banked.md, "Load bus", has their words."""

from collections.abc import Mapping

from ..cells.formats import TABLE_INPUTS, table_bits
from ..shell.load_map import LoadMemory
from ..shell.words import BEAT_BITS
from .formats import PASSES, UNITS, Target

__all__ = ["load_map"]


def load_map(hardware: Mapping[str, int]) -> tuple[LoadMemory, ...]:
    """Every memory of a design with these parameters."""
    h = hardware
    servers, digits = h["servers"], -(-h["code_bits"] // h["digit"])
    chunks = -(-UNITS * ((h["bank_depth"] - 1).bit_length() + 8) // BEAT_BITS)
    tables = -(-h["lanes"] // TABLE_INPUTS)
    columns = -(-h["mac_columns"] // (BEAT_BITS // table_bits(h["weight_bits"])))
    return (
        LoadMemory(Target.TASK, PASSES, needed=True),
        LoadMemory(Target.SCHEDULE, h["slots"], low=range(chunks), high=h["groups"]),
        LoadMemory(Target.BANK, h["bank_depth"] * digits, low=range(UNITS)),
        LoadMemory(Target.PARAM, h["param_depth"], low=range(servers)),
        LoadMemory(Target.COLUMN, h["column_depth"], low=range(h["requant_lanes"])),
        LoadMemory(Target.BIAS, h["bias_depth"], low=range(h["requant_lanes"])),
        LoadMemory(Target.TABLE, 64 * h["pages"], low=range(tables), high=columns, shift=5),
        LoadMemory(Target.FEATURE, h["feature_depth"], low=range(servers)),
        LoadMemory(Target.SETUP, h["groups"] * UNITS // servers, low=range(servers)),
    )
