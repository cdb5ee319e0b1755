"""Hardware parameters to Verilog and to the content of design.json."""

from typing import Any

from hwgen.flow.verilog import TOP, convert, describe
from hwgen.targets.lists.hardware import Hardware
from rtl_templates.lists.accelerator import Accelerator
from rtl_templates.lists.registers import REGISTERS
from rtl_templates.shell import timing
from rtl_templates.shell.shell import Top

__all__ = ["emit"]


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
        JSON-ready: ports, clock and reset, register map, hardware, probes, latencies.

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
    return (convert({TOP: top, "unit": core.unit}),
            describe(top, core, hardware.to_dict(), REGISTERS, (timing,), primitives))
