"""Hardware parameters of the graph-level organisation to Verilog and design.json."""

from typing import Any

from hwgen.targets.lists.hardware import Hardware
from rtl_templates.lists.accelerator import Accelerator
from rtl_templates.lists.registers import REGISTERS
from rtl_templates.shell import timing
from rtl_templates.shell.shell import Top

from ..banked.verilog import TOP, convert, describe

__all__ = ["emit"]


def emit(hardware: Hardware, primitives: bool = False) -> tuple[str, dict[str, Any]]:
    """Build the design: as :func:`hwgen.targets.banked.verilog.emit`, and ``organisation`` is ``stream``."""
    hardware.verify()
    core = Accelerator(**hardware.to_dict(), primitives=primitives, shared=True)
    top = Top(core)
    design = describe(top, core, hardware.to_dict(), REGISTERS, (timing,), primitives)
    return convert({TOP: top, "unit": core.unit}), design | {"organisation": "stream"}
