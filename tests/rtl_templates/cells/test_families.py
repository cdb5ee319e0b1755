# amaranth: UnusedElaboratable=no
"""What Yosys maps a family's templates to computes what the templates do: random play with Yosys's models of cells.

The netlist of a component that has everything, multipliers, an adder of three operands, an array with its tables,
beside the component itself with twins. Block memories have a test of their own. GateMate is left out, whose tables are
block memories: minutes a play.
"""

import re

import pytest
from amaranth import Cat, Const, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from netlists import Both, model_files, netlist_of
from proofs import play

from hwgen.flow.families import FAMILIES
from rtl_templates.banked.requantize import Requantizer
from rtl_templates.cells.dsp import multiply_accumulate, product, select_multiply_add
from rtl_templates.cells.mac import MacArray
from rtl_templates.cells.primitives import TWINS
from rtl_templates.cells.ternary import ternary

LANES, COLUMNS, TABLE = 6, 3, 6
#: Cells of the two multiply-adds and the two products.
MULTIPLIERS = {"xcup": ("DSP48E2", 4), "xc7": ("DSP48E1", 6), "ecp5": ("MULT18X18D", 8), "gw5a": ("MULTALU27X18", 4)}


class Everything(wiring.Component):
    """One of each cell that families have forms of; inputs are whatever comes."""

    def __init__(self, primitives, table_words):
        self.primitives = primitives
        self.mac = MacArray(lanes=LANES, columns=COLUMNS, weight_bits=3, x_bits=18, target=TABLE,
                            table_words=table_words, primitives=primitives)
        super().__init__({"x": In(18), "a": In(24), "b": In(17), "c": In(30), "flags": In(5), "planes": In(LANES),
                          "load": In(16), "o": Out(48 + 48 + 12 + 18 * COLUMNS + 41 + 44)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.mac = mac = self.mac
        first = select_multiply_add(
            m, "first", x=self.x.as_signed(), d=self.c[:18].as_signed(), use_x=self.flags[0], use_d=~self.flags[0],
            a=self.a, c=Cat(Const(0, 4), self.c).as_signed(), use_c=self.flags[1], primitives=self.primitives)
        second = multiply_accumulate(
            m, "second", a=first[8:35].as_signed(), b=self.b, c=self.c[:27], accumulate=self.flags[2],
            carry=self.flags[3], primitives=self.primitives)
        products = [Signal(signed(41), name="narrow"), Signal(signed(44), name="wide")]
        m.d.sync += [products[0].eq(product(m, "third", self.a.as_signed(), self.b, primitives=self.primitives)),
                     products[1].eq(product(m, "fourth", self.c[:27].as_signed(), self.b, primitives=self.primitives))]
        total = ternary(m, "total", self.x[:9].as_signed(), self.c[:9].as_signed(), self.a[:8].as_signed(), width=12,
                        also=Cat(self.flags[4]), primitives=self.primitives)
        unit = self.load[:2]
        m.d.comb += [
            mac.load.valid.eq(self.flags[0] & self.flags[4]), mac.load.target.eq(TABLE), mac.load.unit.eq(unit),
            mac.load.address.eq(self.load[2:8]), mac.load.data.eq(self.c), mac.x.eq(self.planes),
            mac.enable.eq(~mac.load.valid), mac.last.eq(self.flags[3]),
            self.o.eq(Cat(first, second, total, mac.result, *products)),
        ]
        return m


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name == "gw5a" else pytest.mark.slow)
                                  for name, family in FAMILIES.items() if family.models])
def test_a_netlist_computes_what_its_twin_does(name, tmp_path):
    family = FAMILIES[name]
    words = family.hardware.get("table_words", 32)
    files = netlist_of(Everything(family.primitives, words), Everything(TWINS, words), family, tmp_path)
    play(Both(Everything(TWINS, words).signature), tmp_path, *model_files(family), modules=files)
    cell, count = MULTIPLIERS[name]
    assert files[1].read_text().count(f"cell \\{cell} ") == count, "no product is made of look-up tables"


class WithoutPairs(wiring.Component):
    """A requantizer lane that never adds a second product: one of its multipliers gets a constant OPMODE."""

    def __init__(self, primitives):
        self.lane = Requantizer(lanes=1, in_bits=18, column_depth=6, bias_depth=32, primitives=primitives)
        inputs = {name: member for name, member in self.lane.signature.members.items() if member.flow is In}
        super().__init__({**{name: member for name, member in inputs.items() if name not in ("beat", "load")},
                          "o": Out(16)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.lane = lane = self.lane
        m.d.comb += [getattr(lane, name).eq(getattr(self, name))
                     for name, member in self.signature.members.items() if member.flow is In]
        m.d.comb += [lane.beat.q2.eq(1), self.o.eq(lane.raw)]
        return m


@pytest.mark.slow
def test_synthesis_leaves_multipliers_as_they_are(tmp_path):
    # Yosys's pass for DSP48E1 moved the adder behind a slice into it, in front of its register: other sums, a cycle
    # late. The netlist of a build for a PYNQ-Z1 showed it; "-nodsp" leaves that pass out.
    family = FAMILIES["xc7"]
    _, netlist = netlist_of(WithoutPairs(family.primitives), WithoutPairs(TWINS), family, tmp_path)
    modes = sorted(re.findall(r"connect \\OPMODE (7'\d+)", netlist.read_text()))
    assert modes == ["7'0000101", "7'0110101"]  # Z is nothing, and C: as rtl_templates.cells.dsp48e1 has it
