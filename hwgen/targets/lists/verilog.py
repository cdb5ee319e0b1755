"""Hardware parameters to Verilog and to the content of design.json."""

from typing import Any

from hwgen.flow.verilog import emit_design
from hwgen.targets.lists.hardware import Hardware
from rtl_templates.cells.primitives import TWINS, Primitives
from rtl_templates.lists.accelerator import Accelerator
from rtl_templates.lists.registers import REGISTERS
from rtl_templates.shell import timing

__all__ = ["emit"]


def emit(hardware: Hardware, primitives: Primitives = TWINS) -> tuple[str, dict[str, Any]]:
    """As :meth:`hwgen.targets.target.Target.emit`.

    Raises
    ------
    HwgenError
        A parameter that no template implements.
    ToolError
        Yosys is missing or failed.
    """
    hardware.verify()
    core = Accelerator(**hardware.to_dict(), primitives=primitives, shared=True)
    return emit_design(core, {"unit": core.unit}, hardware.to_dict(), REGISTERS, (timing,), primitives)
