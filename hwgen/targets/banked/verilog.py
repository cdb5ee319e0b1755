"""Hardware parameters to Verilog and to the facts that a simulation, a driver or a report needs of it."""

from typing import Any

from hwgen.flow.verilog import emit_design
from hwgen.targets.banked.hardware import Hardware
from rtl_templates.banked import group_timing, requantize_timing
from rtl_templates.banked.accelerator import Accelerator
from rtl_templates.banked.formats import PASSES
from rtl_templates.banked.registers import REGISTERS
from rtl_templates.banked.server import timing as server_timing
from rtl_templates.cells.primitives import TWINS, Primitives
from rtl_templates.shell import timing

__all__ = ["emit"]

LATENCIES = (timing, group_timing, requantize_timing, server_timing)


def emit(hardware: Hardware, primitives: Primitives = TWINS) -> tuple[str, dict[str, Any]]:
    """As :meth:`hwgen.targets.target.Target.emit`; design.json has capacities too.

    Raises
    ------
    HwgenError
        A parameter that no template implements.
    ToolError
        Yosys is missing or failed.
    """
    hardware.verify()
    core = Accelerator(**hardware.to_dict(), primitives=primitives, shared=True)
    verilog, design = emit_design(core, {"group": core.group, "server": core.server}, hardware.to_dict(), REGISTERS,
                                  LATENCIES, primitives)
    return verilog, design | {"capacities": _capacities(hardware)}


def _capacities(hardware: Hardware) -> dict[str, int]:
    """What a graph may need at most; a node row lives in either half of its bank."""
    return {
        "rows_per_bank_and_half": hardware.bank_depth // 2,
        "node_rows": hardware.bank_depth // 2 * 16,
        "slots": hardware.slots,
        "params_per_server": hardware.param_depth,
        "results_per_server": hardware.result_depth,
        "features_per_server": hardware.feature_depth,
        "passes": PASSES,
        "channels": hardware.lanes,
    }
