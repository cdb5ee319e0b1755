# amaranth: UnusedElaboratable=no
"""The DSP48E2 and ternary adder primitives equal their behavioural twins: proofs by yosys, for every input and time.

DSP48E2 has no open simulation model; dsp48e2.v beside this file is one, written from UG579. Registers and adders of
both sides are merged where they are structurally equal, until the multiplier is one; induction does the rest.
"""

from pathlib import Path

import pytest
from amaranth import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from proofs import prove, vendor_cells

from rtl_templates.cells.dsp import multiply_accumulate, select_multiply_add
from rtl_templates.cells.ternary import ternary, ternary_apart


class Slices(wiring.Component):
    """A twin and its primitive side by side."""

    def __init__(self, which, fault=False):
        self.which, self.fault = which, fault
        side = 27 if which == "wide" else 18
        super().__init__({"x": In(side), "d": In(side), "a": In(27), "b": In(17), "c": In(34), "flags": In(3),
                          "same": Out(1)})

    def elaborate(self, platform):
        m = Module()
        p = []
        for primitives in (False, True):
            wrong = self.fault and primitives
            if self.which != "accumulate":
                wide = self.which == "wide"
                p.append(select_multiply_add(
                    m, f"u{primitives:d}", x=self.x.as_signed(), d=self.d.as_signed(), use_x=self.flags[0],
                    use_d=self.flags[1], a=self.a[:17 if wide else 24], c=Cat(0, self.c[wrong:]).as_signed(),
                    use_c=self.flags[2], primitives=primitives, wide=wide))
            else:
                p.append(multiply_accumulate(
                    m, f"u{primitives:d}", a=self.a.as_signed(), b=self.b, c=self.c[:27],
                    accumulate=self.flags[0], carry=self.flags[1] ^ wrong, primitives=primitives))
        m.d.comb += self.same.eq(p[0] == p[1])
        return m


@pytest.mark.parametrize("which", ["select", "wide", "accumulate"])
def test_slices(which, tmp_path):
    prove(Slices(which), tmp_path, Path(__file__).with_name("dsp48e2.v"))


@pytest.mark.slow
@pytest.mark.parametrize("which", ["select", "wide", "accumulate"])
def test_a_fault_is_found(which, tmp_path):
    with pytest.raises(AssertionError, match=r"model found|proof did fail"):
        prove(Slices(which, fault=True), tmp_path, Path(__file__).with_name("dsp48e2.v"))


class Adders(wiring.Component):
    """``a + b + (c | d)`` by primitives against the sum.

    ``apart``: against the twin as well, of operands without a sign whose sum fits.
    """

    def __init__(self, bits, width, apart=False):
        self.width, self.apart = width, apart
        super().__init__({**{name: In(n) for name, n in zip("abcd", bits, strict=True)}, "same": Out(1)})

    def elaborate(self, platform):
        m = Module()
        terms = [value if self.apart else value.as_signed() for value in (self.a, self.b, self.c, self.d)]
        a, b, c, d = terms
        whole = (a + b + (c | d))[:self.width]
        if self.apart:
            (total, spare), (want, other) = (ternary_apart(
                m, f"dut{primitives:d}", a, b, c, also=d, width=self.width, primitives=primitives)
                for primitives in (True, False))
            m.d.comb += self.same.eq((a + b + (c | d) >= 1 << self.width) | (
                (total == want) & (spare == other) & ~(total[-1] & spare)
                & ((total | spare << self.width - 1)[:self.width] == whole)))
        else:
            total = ternary(m, "dut", a, b, c, also=d, width=self.width, primitives=True)
            m.d.comb += self.same.eq(total == whole.as_signed())
        return m


@pytest.mark.parametrize(("bits", "width"), [((7, 7, 6, 6), 9), ((9, 9, 8, 2), 11), ((12, 12, 12, 12), 18),
                                             ((8, 8, 8, 1), 8), ((11, 4, 9, 11), 11)])
def test_ternary(bits, width, tmp_path):
    cells = tmp_path / "cells.v"
    cells.write_text(vendor_cells("LUT6_2", "CARRY8"))
    prove(Adders(bits, width), tmp_path, cells, steps=())


@pytest.mark.parametrize(("bits", "width"), [((6, 6, 6, 1), 7), ((6, 6, 6, 6), 7), ((6, 6, 5, 6), 8),
                                             ((9, 9, 9, 9), 10)])
def test_a_top_bit_in_two(bits, width, tmp_path):
    cells = tmp_path / "cells.v"
    cells.write_text(vendor_cells("LUT6_2", "CARRY8"))
    prove(Adders(bits, width, apart=True), tmp_path, cells, steps=())
