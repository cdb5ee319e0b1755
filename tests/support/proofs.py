"""Proofs by Yosys that two circuits are the same, for every input."""

import subprocess
import sys
from pathlib import Path

from amaranth.back import rtlil
from pyosys import libyosys

__all__ = ["prove", "vendor_cells"]

TIDY = ["opt_expr", "opt_dff", "opt_clean", "wreduce", "simplemap t:$mux t:$and t:$or t:$not t:$logic_not",
        "opt_expr", "opt_merge -share_all", "opt_clean"]


def prove(dut, tmp_path, *files, steps=("-tempinduct", "-set-init-zero", "-maxsteps", "6")):
    """Prove that ``dut.same`` is always 1."""
    path = tmp_path / "miter.il"
    path.write_text(rtlil.convert(dut, name="top"))
    commands = [f"read_rtlil {path}", *(f"read_verilog {file}" for file in files), "hierarchy -check -top top", "proc",
                "flatten", "simplemap t:$dff", *(TIDY * 4), f"sat -verify {' '.join(steps)} -prove same 1 top"]
    # A failed proof ends the process: Yosys as a library does not raise.
    program = f"from pyosys import libyosys as y; d = y.Design(); [y.run_pass(c, d) for c in {commands!r}]"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    verdict = [line for line in done.stdout.splitlines() if "model found" in line or "proof did fail" in line]
    assert done.returncode == 0, "\n".join([*verdict, done.stdout[-2000:]])


def vendor_cells(*names):
    """Yosys's own models of cells, without their timing, as Verilog."""
    text = (Path(libyosys.__file__).parent / "share/xilinx/cells_sim.v").read_text()
    return "\n".join(text[text.index(f"module {name}"):].split("endmodule")[0] + "endmodule" for name in names)
