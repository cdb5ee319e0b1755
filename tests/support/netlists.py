"""A component beside what Yosys makes of it for a family: the two as modules, and what plays them with equal inputs."""

import re
from pathlib import Path

from amaranth import ClockSignal, Const, Instance, Module, Signal
from amaranth.back import rtlil
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from proofs import run_yosys

from hwgen.flow.families import Family
from hwgen.flow.netlist import model_file

__all__ = ["Both", "model_files", "netlist_of"]

#: First contents of block memories, which models do not have.
_CONTENTS = re.compile(r"^ *parameter \\INIT(?:VAL|P|_RAM)?_[0-9A-F]{2} .*\n", re.MULTILINE)


class Both(wiring.Component):
    """The modules ``twin`` and ``netlist`` of one output ``o``, with equal inputs: ``same`` says whether they agree."""

    def __init__(self, signature):
        self.inputs = {name: member for name, member in signature.members.items() if member.flow is In}
        self.bits = signature.members["o"].shape
        super().__init__({**self.inputs, "same": Out(1)})

    def elaborate(self, platform):
        m = Module()
        outputs = []
        for name in ("twin", "netlist"):
            o = Signal(self.bits, name=f"{name}_o")
            m.submodules[f"of_{name}"] = Instance(
                name, **{f"i_{port}": getattr(self, port) for port in self.inputs}, i_clk=ClockSignal(),
                i_rst=Const(0, 1), o_o=o)
            outputs.append(o)
        m.d.comb += self.same.eq(outputs[0] == outputs[1])
        return m


def netlist_of(source: wiring.Component, twin: wiring.Component, family: Family, folder: Path,
               cells: str | None = None) -> list[Path]:
    """Files of the twin, and of the netlist of a source.

    Parameters
    ----------
    cells : str or None
        A selection of Yosys that the netlist must have some of.
    """
    files = [folder / f"{name}.il" for name in ("source", "twin", "netlist")]
    for component, name, path in ((source, "netlist", files[0]), (twin, "twin", files[1])):
        path.write_text(rtlil.convert(component, name=name, emit_src=False))
    style = [] if family.primitives.distributed else ["setattr -unset ram_style t:$mem* m:*"]
    run_yosys([f"read_rtlil {files[0]}", "delete t:$print t:$check t:$meminit*", *style, f"{family.synth} -top netlist",
               *([f"select -assert-min 1 {cells}"] if cells else []),
               "select netlist", f"write_rtlil -selected {files[2]}"], timeout=300)
    files[2].write_text(_CONTENTS.sub("", files[2].read_text()))
    return files[1:]


def model_files(family: Family) -> list[Path]:
    """Models of its cells, ours last: of two models the last one counts."""
    return [model_file(name) for name in reversed(family.models) if name.endswith(".v")]
