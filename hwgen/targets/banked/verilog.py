"""Hardware parameters to Verilog and to the facts that a simulation, a driver or a report needs of it."""

from typing import Any

from hwgen.flow.verilog import TOP, convert, describe
from hwgen.targets.banked.hardware import Hardware
from rtl_templates.banked import group_timing, requantize_timing
from rtl_templates.banked.accelerator import Accelerator
from rtl_templates.banked.formats import PASSES
from rtl_templates.banked.registers import REGISTERS
from rtl_templates.banked.server import timing as server_timing
from rtl_templates.shell import timing
from rtl_templates.shell.shell import Top

__all__ = ["emit"]

LATENCIES = (timing, group_timing, requantize_timing, server_timing)


def emit(hardware: Hardware, primitives: bool = False) -> tuple[str, dict[str, Any]]:
    """Build the design.

    Parameters
    ----------
    hardware : Hardware
        Every parameter; verified here.
    primitives : bool
        Instantiate the vendor's primitives; False is what simulation uses.

    Returns
    -------
    verilog : str
        The whole design, hierarchy kept, no line numbers; equal bytes for equal input.
    design : dict
        JSON-ready: ports, clock and reset, register map, hardware, capacities, probes, latencies.

    Raises
    ------
    HwgenError
        A parameter that no template implements.
    ToolError
        Yosys is missing or failed.
    """
    hardware.verify()
    core = Accelerator(**hardware.to_dict(), primitives=primitives, shared=True)
    top = Top(core)
    design = describe(top, core, hardware.to_dict(), REGISTERS, LATENCIES, primitives)
    return convert({TOP: top, "group": core.group, "server": core.server}), design | {
        "capacities": _capacities(hardware)}


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
