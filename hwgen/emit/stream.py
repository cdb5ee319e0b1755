"""Hardware parameters of the graph-level organisation to Verilog and design.json."""

from typing import Any

from hwgen.ir.stream_hardware import StreamHardware
from rtl_templates import registers
from rtl_templates.shell import Top
from rtl_templates.stream import timing
from rtl_templates.stream.accelerator import StreamAccelerator

from .verilog import TOP, convert, describe

__all__ = ["emit"]


def emit(hardware: StreamHardware, primitives: bool = False) -> tuple[str, dict[str, Any]]:
    """Build the design: as :func:`hwgen.emit.verilog.emit`, and ``organisation`` is ``stream``."""
    hardware.verify()
    core = StreamAccelerator(**hardware.to_dict(), primitives=primitives, shared=True)
    top = Top(core)
    design = describe(top, core, hardware.to_dict(), registers.STREAM_REGISTERS, registers.StreamStage, timing,
                      primitives)
    return convert({TOP: top, "unit": core.unit}), design | {"organisation": "stream"}
