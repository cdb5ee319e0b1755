"""The register map of the edge-list target."""

from ..shell.registers import Register, register_map
from .formats import PASSES

__all__ = ["ID", "REGISTERS"]

ID = 0x48574753  # "HWGS"

_COUNTERS = (
    ("GATHER_RUN", "ro", "Cycles of the last run in which a unit read rows, summed over the units."),
    ("GATHER_IDLE", "ro", "Cycles in which a unit did neither, summed over the units."),
    ("GATHER_WAIT_OUT", "ro", "Cycles in which a unit's gather stage waited for the next, summed over the units."),
    ("Q1_RUN", "ro", "Cycles in which the first requantizer worked, summed over the units."),
    ("Q1_IDLE", "ro", "Cycles in which it did neither, summed over the units."),
    ("Q1_WAIT_OUT", "ro", "Cycles in which it waited for the next stage, summed over the units."),
)
_MORE = (
    ("RUN_FIRST", "rw", "First pass of a run: one that the last load of passes brought."),
    ("RUN_COUNT", "rw", "Passes of a run; 0: up to the pass that says it is the last, or the last one loaded."),
    ("COMBINE_RUN", "ro", "Cycles in which the MAC array worked, summed over the units."),
    ("COMBINE_IDLE", "ro", "Cycles in which it did neither, summed over the units."),
    ("COMBINE_WAIT_OUT", "ro", "Cycles in which it waited for the next stage, summed over the units."),
    ("Q2_RUN", "ro", "Cycles in which the second requantizer worked, summed over the units."),
    ("Q2_IDLE", "ro", "Cycles in which it did neither, summed over the units."),
    ("Q2_WAIT_OUT", "ro", "Cycles in which it waited for the next stage, summed over the units."),
    ("WRITE_RUN", "ro", "Cycles in which a word was written, summed over the units."),
)
_CAPACITIES = (
    "units", "lanes", "code_bits", "acc_bits", "requant_lanes", "chunks", "weight_bits", "pages", "buffer_depth",
    "list_depth", "descriptor_depth", "column_depth", "param_depth", "levels", "tables", "passes", "beats",
    "result_depth", "leaky", "joined", "maxima", "lut_inputs", "table_words",
)

#: Every register, rising by offset.
REGISTERS: tuple[Register, ...] = register_map(
    identity=ID, passes=PASSES, unit="unit", counters=_COUNTERS, more=_MORE, pass_cycles=0x200, capacities=_CAPACITIES)
