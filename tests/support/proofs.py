"""Proofs by Yosys that two circuits are the same, for every input; and where multipliers forbid that, random play."""

import subprocess
import sys
from pathlib import Path

from amaranth import Cat, Module, Signal
from amaranth.back import rtlil
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from pyosys import libyosys

__all__ = ["SHARE", "Played", "play", "prove", "run_yosys", "vendor_cells"]

SHARE = Path(libyosys.__file__).parent / "share"  # Yosys's own models of cells

TIDY = ["opt_expr", "opt_dff", "opt_clean", "wreduce", "simplemap t:$mux t:$and t:$or t:$not t:$logic_not",
        "opt_expr", "opt_merge -share_all", "opt_clean"]


def prove(dut, tmp_path, *files, steps=("-tempinduct", "-set-init-zero", "-maxsteps", "6")):
    """Prove that ``dut.same`` is always 1."""
    path = tmp_path / "miter.il"
    path.write_text(rtlil.convert(dut, name="top"))
    commands = [f"read_rtlil {path}", *(f"read_verilog {file}" for file in files), "hierarchy -check -top top", "proc",
                "flatten", "simplemap t:$dff", *(TIDY * 4), f"sat -verify {' '.join(steps)} -prove same 1 top"]
    run_yosys(commands)


def run_yosys(commands, timeout=60):
    """Run commands; a failed proof or assertion is an AssertionError."""
    # It ends the process: Yosys as a library does not raise.
    program = f"from pyosys import libyosys as y; d = y.Design(); [y.run_pass(c, d) for c in {commands!r}]"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=timeout, check=False)
    verdict = [line for line in done.stdout.splitlines() if "model found" in line or "proof did fail" in line]
    assert done.returncode == 0, "\n".join([*verdict, done.stdout[-2000:], done.stderr[-500:]])


class Played(wiring.Component):
    """Random inputs for a component, a new draw a cycle, and an assertion that its ``same`` is 1."""

    def __init__(self, dut, seed):
        self.dut, self.seed = dut, seed
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        m.submodules.dut = self.dut
        inputs = Cat(getattr(self.dut, name) for name, member in self.dut.signature.members.items()
                     if member.flow is In)
        state = Signal(64, init=self.seed * 0x9E3779B97F4A7C15 & (1 << 64) - 1, reset_less=True)
        words, last = [], state
        for k in range(-(-len(inputs) // 64)):  # xorshift64 (Marsaglia 2003)
            steps = [Signal(64, name=f"step{k}_{j}") for j in range(3)]
            m.d.comb += [steps[0].eq(last ^ last << 13), steps[1].eq(steps[0] ^ steps[0] >> 7),
                         steps[2].eq(steps[1] ^ steps[1] << 17)]
            words.append(last := steps[2])
        m.d.sync += state.eq(last)
        m.d.comb += [inputs.eq(Cat(words)), Assert(self.dut.same)]
        return m


def play(dut, tmp_path, *files, modules=(), cycles=400, seed=1):
    """Simulate that ``dut.same`` is 1 while its inputs are random; ``modules`` are files of RTLIL."""
    path = tmp_path / "play.il"
    path.write_text(rtlil.convert(Played(dut, seed), name="top"))
    run_yosys([*(f"read_rtlil {file}" for file in (path, *modules)),
               *(f"read_verilog -overwrite {file}" for file in files), "hierarchy -check -top top", "proc", "flatten",
               "memory_collect", "memory_nordff", "chformal -lower", "setundef -undriven -zero", "opt_clean",
               f"sim -clock clk -reset rst -rstlen 1 -zinit -n {cycles} -assert -q"], timeout=300)


def vendor_cells(*names):
    """Yosys's own models of cells, without their timing, as Verilog."""
    text = (SHARE / "xilinx/cells_sim.v").read_text()
    return "\n".join(text[text.index(f"module {name}"):].split("endmodule")[0] + "endmodule" for name in names)
