"""The Verilog that stands around the design in simulation: the only signals Verilator makes public are its ports.

cocotb's own runner makes every signal of a design public, which doubles the C++ and keeps Verilator from
optimising. Here the design stays private; its ports and its probes are wired out.
"""

from .folder import Design

__all__ = ["BENCH", "bench_verilog"]

BENCH = "hwgen_bench"


def bench_verilog(design: Design) -> str:
    """Verilog of the module :data:`BENCH`.

    Its ports are those of the design; where it is watched its probes, and ``probe_any``: some server writes a row in
    this cycle.
    """
    declarations, connections, assigns = [], [], []
    for port in design.ports:
        declarations.append(_port("input" if port.is_input else "output", port.width, port.name))
        connections.append(f".{port.name}({port.name})")
    for probe in design.probes if design.watched else ():
        declarations.append(_port("output", probe.width, probe.name))
        assigns.append(f"assign {probe.name} = dut.{'.'.join(_escape(part) for part in probe.path.split('.'))};")
    if design.watched:
        declarations.append(_port("output", 1, "probe_any"))
        assigns.append("assign probe_any = |probe_row_valid;")
    return "\n".join([
        f"module {BENCH}(", "  " + ",\n  ".join(declarations), ");",
        f"{_escape(design.top)} dut({', '.join(connections)});", *assigns, "endmodule", "",
    ])


def _port(direction: str, width: int, name: str) -> str:
    size = f"[{width - 1}:0] " if width > 1 else ""
    return f"{direction} wire {size}{name} /*verilator public_flat_rw*/"


def _escape(name: str) -> str:
    return name if name.replace("_", "a").isalnum() and name.isascii() else f"\\{name} "
