"""A component beside what Yosys makes of it for a family: the two as modules, and what plays them with equal inputs."""

import re
from collections.abc import Sequence
from pathlib import Path

from amaranth import ClockSignal, Const, Instance, Module, Signal
from amaranth.back import rtlil
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from proofs import run_yosys

from hwgen.flow.families import Family
from hwgen.flow.netlist import model_file

__all__ = ["Both", "model_files", "netlist_of", "netlists_of"]

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
    run_yosys([f"read_rtlil {files[0]}", *_synthesis(family, "netlist"), *_written("netlist", files[2], cells)],
              timeout=300)
    _without_contents(files[2])
    return files[1:]


def netlists_of(sources: Sequence[wiring.Component], family: Family, folder: Path, cells: str) -> list[list[Path]]:
    """For each of some components that are their own twins what :func:`netlist_of` returns, by one run of Yosys.

    For some families it reads cells for seconds. Each component stays a module of its own, mapped as if alone.
    """
    commands, found, top, outside = [], [], Module(), {}
    for number, source in enumerate(sources):
        name = f"part{number}"
        part, twin, netlist = (folder / f"{kind}{number}.il" for kind in ("source", "twin", "netlist"))
        part.write_text(rtlil.convert(source, name=name, emit_src=False))
        twin.write_text(rtlil.convert(source, name="twin", emit_src=False))
        ports = {f"{'i' if member.flow is In else 'o'}_{port}": Signal(member.shape, name=f"{name}_{port}")
                 for port, member in source.signature.members.items()}
        top.submodules[name] = Instance(name, **ports, i_clk=ClockSignal(), i_rst=Const(0, 1))
        outside |= {signal.name: (signal, None) for signal in ports.values()}
        commands += [f"read_rtlil {part}", f"setattr -mod -set keep_hierarchy 1 {name}"]
        found.append([twin, netlist])
    (folder / "whole.il").write_text(rtlil.convert(top, name="whole", ports=outside, emit_src=False))
    commands += [f"read_rtlil {folder / 'whole.il'}", *_synthesis(family, "whole")]
    for number, (_, netlist) in enumerate(found):
        commands += [f"rename part{number} netlist", *_written("netlist", netlist, cells), "select -clear",
                     f"rename netlist part{number}"]
    run_yosys(commands, timeout=300)
    for _, netlist in found:
        _without_contents(netlist)
    return found


def _synthesis(family: Family, top: str) -> list[str]:
    style = [] if family.primitives.distributed else ["setattr -unset ram_style t:$mem* m:*"]
    return ["delete t:$print t:$check t:$meminit*", *style, f"{family.synth} -top {top}"]


def _written(module: str, path: Path, cells: str | None) -> list[str]:
    """Commands that look for cells in a module, and write it."""
    wanted = [f"{module}/{cell}" for cell in cells.split()] if cells else []
    return [f"select {module}", *([f"select -assert-min 1 {' '.join(wanted)}"] if wanted else []),
            f"write_rtlil -selected {path}"]


def _without_contents(path: Path) -> None:
    path.write_text(_CONTENTS.sub("", path.read_text()))


def model_files(family: Family) -> list[Path]:
    """Models of its cells, ours last: of two models the last one counts."""
    return [model_file(name) for name in reversed(family.models) if name.endswith(".v")]
