# amaranth: UnusedElaboratable=no
"""What Yosys maps a family's templates to computes what the templates do: random play with Yosys's models of cells.

The netlist of a component that has everything, multipliers, an adder of three operands, an array with its tables,
beside the component itself with twins. Block memories are left out: no family has a form of them here, and Yosys has no
model of a DP16KD. So is GateMate, whose tables are block memories: minutes a play. MULT18X18D has no model
there: mult18x18d.v beside this file is one.
"""

from pathlib import Path

import pytest
from amaranth import Cat, ClockSignal, Const, Instance, Module, Signal
from amaranth.back import rtlil
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from proofs import SHARE, play, run_yosys

from hwgen.flow.families import FAMILIES, Family
from rtl_templates.cells.dsp import multiply_accumulate, select_multiply_add
from rtl_templates.cells.mac import MacArray
from rtl_templates.cells.primitives import TWINS
from rtl_templates.cells.ternary import ternary

HERE = Path(__file__).parent
#: Models of cells, of Yosys and our own.
MODELS = {"xcup": ("xilinx/cells_sim.v", "dsp48e2.v"), "xc7": ("xilinx/cells_sim.v",),
          "ecp5": ("ecp5/cells_sim.v", "mult18x18d.v"), "gw5a": ("gowin/cells_sim.v", "multalu27x18.v")}
LANES, COLUMNS, TABLE = 6, 3, 6


class Everything(wiring.Component):
    """One of each cell that families have forms of; inputs are whatever comes."""

    def __init__(self, primitives, table_words):
        self.primitives = primitives
        self.mac = MacArray(lanes=LANES, columns=COLUMNS, weight_bits=3, x_bits=18, target=TABLE,
                            table_words=table_words, primitives=primitives)
        super().__init__({"x": In(18), "a": In(24), "b": In(17), "c": In(30), "flags": In(5), "planes": In(LANES),
                          "load": In(16), "o": Out(48 + 48 + 12 + 18 * COLUMNS)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.mac = mac = self.mac
        first = select_multiply_add(
            m, "first", x=self.x.as_signed(), d=self.c[:18].as_signed(), use_x=self.flags[0], use_d=~self.flags[0],
            a=self.a, c=Cat(Const(0, 4), self.c).as_signed(), use_c=self.flags[1], primitives=self.primitives)
        second = multiply_accumulate(
            m, "second", a=first[8:35].as_signed(), b=self.b, c=self.c[:27], accumulate=self.flags[2],
            carry=self.flags[3], primitives=self.primitives)
        total = ternary(m, "total", self.x[:9].as_signed(), self.c[:9].as_signed(), self.a[:8].as_signed(), width=12,
                        also=Cat(self.flags[4]), primitives=self.primitives)
        unit = self.load[:2]
        m.d.comb += [
            mac.load.valid.eq(self.flags[0] & self.flags[4]), mac.load.target.eq(TABLE), mac.load.unit.eq(unit),
            mac.load.address.eq(self.load[2:8]), mac.load.data.eq(self.c), mac.x.eq(self.planes),
            mac.enable.eq(~mac.load.valid), mac.last.eq(self.flags[3]),
            self.o.eq(Cat(first, second, total, mac.result)),
        ]
        return m


class Both(wiring.Component):
    """The twin and a netlist, modules of these names, with equal inputs."""

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


def netlist(family: Family, folder: Path) -> list[Path]:
    """Files of the twin and of the netlist."""
    words = family.hardware.get("table_words", 32)
    source, twin, mapped = (folder / f"{name}.il" for name in ("source", "twin", "netlist"))
    source.write_text(rtlil.convert(Everything(family.primitives, words), name="netlist", emit_src=False))
    twin.write_text(rtlil.convert(Everything(TWINS, words), name="twin", emit_src=False))
    style = [] if family.primitives.distributed else ["setattr -unset ram_style t:$mem* m:*"]
    run_yosys([f"read_rtlil {source}", "delete t:$print t:$check t:$meminit*", *style, f"{family.synth} -top netlist",
               "select netlist", f"write_rtlil -selected {mapped}"], timeout=300)
    return [twin, mapped]


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name == "gw5a" else pytest.mark.slow)
                                  for name in MODELS])
def test_a_netlist_computes_what_its_twin_does(name, tmp_path):
    files = netlist(FAMILIES[name], tmp_path)
    models = [path if (path := HERE / model).exists() else SHARE / model for model in MODELS[name]]
    play(Both(Everything(TWINS, 32).signature), tmp_path, *models, modules=files)

