# amaranth: UnusedElaboratable=no
"""Multipliers and ternary adders of every family equal their behavioural twins: proofs by Yosys, for every input.

DSP48E2 and MULTALU27X18 have no open simulation model; dsp48e2.v and multalu27x18.v of sim/cells are such, written
from UG579 and UG305. Registers and adders of both sides are merged where they are structurally equal, until the
multiplier is one; induction does the rest. A product that two DSP48E1 share is no such: it is compared at random.
"""

import pytest
from amaranth import Cat, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from proofs import play, prove, vendor_cells

from hwgen.flow.netlist import model_file
from rtl_templates.cells.dsp import multiply_accumulate, product, select_multiply_add
from rtl_templates.cells.primitives import TWINS, Primitives
from rtl_templates.cells.ternary import ternary, ternary_apart

#: Of families, by their multiplier: what models it, and bits of operands whose sum fits its pre-adder.
FORMS = {"DSP48E2": (Primitives(multiply_add="DSP48E2"), 27), "DSP48E1": (Primitives(multiply_add="DSP48E1"), 24),
         "MULTALU27X18": (Primitives(product="MULTALU27X18"), 26)}


def models(form, tmp_path):
    """Verilog of a multiplier."""
    if (own := model_file(f"{form.lower()}.v")).exists():
        return own
    cells = tmp_path / "multiplier.v"
    cells.write_text(vendor_cells(form))
    return cells


class Slices(wiring.Component):
    """A twin and its primitive side by side."""

    def __init__(self, which, form="DSP48E2", fault=False):
        self.which, self.fault, (self.primitives, wide) = which, fault, FORMS[form]
        side = wide if which == "wide" else 18
        super().__init__({"x": In(side), "d": In(side), "a": In(27), "b": In(17), "c": In(34), "flags": In(3),
                          "same": Out(1)})

    def elaborate(self, platform):
        m = Module()
        p = []
        for k, primitives in enumerate((TWINS, self.primitives)):
            wrong = self.fault and k
            if self.which != "accumulate":
                wide = self.which == "wide"
                p.append(select_multiply_add(
                    m, f"u{k}", x=self.x.as_signed(), d=self.d.as_signed(), use_x=self.flags[0],
                    use_d=self.flags[1], a=self.a[:17 if wide else 24], c=Cat(0, self.c[wrong:]).as_signed(),
                    use_c=self.flags[2], primitives=primitives, wide=wide))
            else:
                p.append(multiply_accumulate(
                    m, f"u{k}", a=self.a.as_signed(), b=self.b, c=self.c[:27],
                    accumulate=self.flags[0], carry=self.flags[1] ^ wrong, primitives=primitives))
        m.d.comb += self.same.eq(p[0] == p[1])
        return m


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("which", ["select", "wide", "accumulate"])
def test_slices(which, form, tmp_path):
    # a top bit that Yosys finds constant has no first value in the other circuit
    check = play if which == "accumulate" and form != "DSP48E2" else prove
    check(Slices(which, form), tmp_path, models(form, tmp_path))


def test_a_fault_is_found_at_random(tmp_path):
    with pytest.raises(AssertionError, match="Assertion"):
        play(Slices("accumulate", "DSP48E1", fault=True), tmp_path, models("DSP48E1", tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("which", ["select", "wide", "accumulate"])
def test_a_fault_is_found(which, tmp_path):
    with pytest.raises(AssertionError, match=r"model found|proof did fail"):
        prove(Slices(which, fault=True), tmp_path, model_file("dsp48e2.v"))


@pytest.mark.parametrize("form", ["DSP48E1", "MULTALU27X18"])
def test_what_exceeds_a_multiplier_is_refused(form):
    m, primitives = Module(), FORMS[form][0]
    wide, narrow = Signal(signed(28)), Signal(1)
    with pytest.raises(ValueError, match=r"exceed a multiplier of 2[57]"):
        select_multiply_add(m, "dut", x=wide, d=narrow, use_x=narrow, use_d=narrow, a=narrow, c=narrow, use_c=narrow,
                            primitives=primitives, wide=True) if form == "DSP48E1" else product(
            m, "dut", wide, narrow, primitives=primitives)


class Adders(wiring.Component):
    """``a + b + (c | d)`` by primitives against the sum.

    ``apart``: against the twin as well, of operands without a sign whose sum fits.
    """

    def __init__(self, bits, width, carry, apart=False):
        self.width, self.apart, self.primitives = width, apart, Primitives(carry=carry)
        super().__init__({**{name: In(n) for name, n in zip("abcd", bits, strict=True)}, "same": Out(1)})

    def elaborate(self, platform):
        m = Module()
        terms = [value if self.apart else value.as_signed() for value in (self.a, self.b, self.c, self.d)]
        a, b, c, d = terms
        whole = (a + b + (c | d))[:self.width]
        if self.apart:
            (total, spare), (want, other) = (ternary_apart(
                m, f"dut{k}", a, b, c, also=d, width=self.width, primitives=primitives)
                for k, primitives in enumerate((self.primitives, TWINS)))
            m.d.comb += self.same.eq((a + b + (c | d) >= 1 << self.width) | (
                (total == want) & (spare == other) & ~(total[-1] & spare)
                & ((total | spare << self.width - 1)[:self.width] == whole)))
        else:
            total = ternary(m, "dut", a, b, c, also=d, width=self.width, primitives=self.primitives)
            m.d.comb += self.same.eq(total == whole.as_signed())
        return m


CARRIES = pytest.mark.parametrize("carry", ["CARRY8", "CARRY4"])


@pytest.mark.slow
@CARRIES
@pytest.mark.parametrize(("bits", "width"), [((7, 7, 6, 6), 9), ((9, 9, 8, 2), 11), ((12, 12, 12, 12), 18),
                                             ((8, 8, 8, 1), 8), ((11, 4, 9, 11), 11)])
def test_ternary(bits, width, carry, tmp_path):
    cells = tmp_path / "cells.v"
    cells.write_text(vendor_cells("LUT6_2", carry))
    prove(Adders(bits, width, carry), tmp_path, cells, steps=())


@CARRIES
@pytest.mark.parametrize(("bits", "width"), [((6, 6, 6, 1), 7), ((6, 6, 6, 6), 7), ((6, 6, 5, 6), 8),
                                             ((9, 9, 9, 9), 10)])
def test_a_top_bit_in_two(bits, width, carry, tmp_path):
    cells = tmp_path / "cells.v"
    cells.write_text(vendor_cells("LUT6_2", carry))
    prove(Adders(bits, width, carry, apart=True), tmp_path, cells, steps=())
