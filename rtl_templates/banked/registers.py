"""The register map of the banked target."""

from ..shell.registers import Register, register_map
from .formats import PASSES

__all__ = ["ID", "REGISTERS"]

ID = 0x48574E47  # "HWGN"

_COUNTERS = (
    ("GATHER_RUN", "ro", "Cycles of the last run in which a group read rows, summed over the groups."),
    ("GATHER_IDLE", "ro", "Cycles in which a group had nothing to issue, summed over the groups."),
    ("GATHER_WAIT_OUT", "ro", "Cycles in which a group stood still for a server, summed over the groups."),
    ("SERVER_RUN", "ro", "Cycles of the last run in which a server worked, summed over the servers."),
    ("SERVER_IDLE", "ro", "Cycles in which a server had no pass to work for, summed over the servers."),
    ("SERVER_WAIT_IN", "ro", "Cycles in which a server waited within a pass, summed over the servers."),
)
_CAPACITIES = (
    "groups", "servers", "lanes", "code_bits", "digit", "acc_bits", "bank_depth", "slots", "param_depth",
    "result_depth", "feature_depth", "requant_lanes", "mac_columns", "weight_bits", "planes", "pages",
    "column_depth", "bias_depth", "table_words",
)

#: Every register, rising by offset.
REGISTERS: tuple[Register, ...] = register_map(
    identity=ID, passes=PASSES, unit="server", counters=_COUNTERS, pass_cycles=0x080, capacities=_CAPACITIES)
