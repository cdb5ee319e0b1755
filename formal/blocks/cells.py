"""Vendor cells against what they stand for: rtl_templates/cells.

The models of LUT6_2, CARRY8, MUXF7 and MUXF8 are Yosys' own. It has none of a DSP48E2 (its DSP48E1 has another
pre-adder, other widths and no AMULTSEL): that model is this project's, written from UG579.
"""

from functools import partial
from typing import Any

from amaranth import Array, Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwgen.flow.families import FAMILIES
from rtl_templates.cells.bank import Bank
from rtl_templates.cells.dsp import multiply_accumulate, select_multiply_add
from rtl_templates.cells.multiplex import multiplex
from rtl_templates.cells.primitives import TWINS, Primitives
from rtl_templates.cells.ternary import ternary, ternary_apart
from rtl_templates.cells.timing import BANK_READ, BANK_WRITE

from ..harness import Harness
from ..proof import Mutant, Patch, Proof

#: The forms that are proved: UltraScale+. Those of other families are in tests/rtl_templates/cells.
PRIMITIVES = FAMILIES["xcup"].primitives

TIDY = (
    "opt_expr",
    "opt_dff",
    "opt_clean",
    "wreduce",
    "simplemap t:$mux t:$and t:$or t:$not t:$logic_not",
    "opt_expr",
    "opt_merge -share_all",
    "opt_clean",
)


def adder(h: Harness, width: int) -> None:
    """Any three numbers and a fourth that is ORed into the third."""
    a, b, c, d = (h.free(width, name) for name in "abcd")
    total = ternary(
        h.m, "dut", a.as_signed(), b.as_signed(), c.as_signed(), also=d.as_signed(), width=width, primitives=PRIMITIVES
    )
    h.check(total == (a + b + (c | d))[:width].as_signed())
    h.cover((total == -2) & (a == 1) & (d != 0))


def apart(h: Harness, width: int) -> None:
    """Numbers without a sign; the top bit comes in two, of which one at most is set."""
    a, b, c, d = (h.free(width - 1, name) for name in "abcd")
    total, spare = ternary_apart(h.m, "dut", a, b, c, also=d, width=width, primitives=PRIMITIVES)
    whole = a + b + (c | d)
    h.assume(whole < 1 << width)
    h.check((total | spare << width - 1)[:width] == whole[:width])
    h.check(~(total[-1] & spare))
    h.cover(spare)
    h.cover(total[-1])


def choices(h: Harness) -> None:
    """Any words; an index past the end selects anything."""
    for count in (5, 8, 12, 17):
        words = [h.free(2, f"word{count}_{k}") for k in range(count)]
        index = h.free((count - 1).bit_length(), f"index{count}")
        chosen = multiplex(h.m, f"dut{count}", words, index, primitives=PRIMITIVES)
        h.check((index >= count) | (chosen == Array(words)[index]))
        h.cover((index == count - 1) & (chosen == 3) & (words[0] == 0))


class Slice(wiring.Component):
    """One form of a DSP48E2, or its twin: a component, so that what is proved has one clock."""

    x: Signal
    d: Signal
    a: Signal
    b: Signal
    c: Signal
    flags: Signal
    p: Signal

    def __init__(self, form: str, primitives: Primitives) -> None:
        self.form, self.primitives = form, primitives
        super().__init__(
            {"x": In(27), "d": In(27), "a": In(27), "b": In(17), "c": In(34), "flags": In(3), "p": Out(48)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        flags, side = self.flags, 27 if self.form == "wide" else 18
        if self.form == "accumulate":
            p: Value = multiply_accumulate(
                m,
                "dut",
                a=self.a.as_signed(),
                b=self.b,
                c=self.c[:27],
                accumulate=flags[0],
                carry=flags[1],
                primitives=self.primitives,
            )
        else:
            p = select_multiply_add(
                m,
                "dut",
                x=self.x[:side].as_signed(),
                d=self.d[:side].as_signed(),
                use_x=flags[0],
                use_d=flags[1],
                a=self.a[: 17 if self.form == "wide" else 24],
                c=Cat(0, self.c).as_signed(),
                use_c=flags[2],
                primitives=self.primitives,
                wide=self.form == "wide",
            )
        m.d.comb += self.p.eq(p)
        return m


def dsp(h: Harness, form: str) -> None:
    """The same inputs to both."""
    twin, cell = h.place(Slice(form, TWINS), "twin"), h.place(Slice(form, PRIMITIVES), "cell")
    for name in ("x", "d", "a", "b", "c", "flags"):
        h.drive(getattr(cell, name), getattr(twin, name))
    h.check(twin.p == cell.p)
    h.cover(twin.p == 6)


def bank(h: Harness) -> None:
    """Any reads, writes and pauses of the read side."""
    dut = h.place(Bank(depth=4, word_bits=2))
    at = h.constant(2, "at")
    write = dut.write
    late = h.past(Cat(write.enable & (write.address == at), write.data), BANK_WRITE - 1)
    content = dut.word_at("memory", at)
    h.check(~h.past(late[0]) | (content == h.past(late[1:])))
    h.check(h.past(late[0]) | h.first | (content == h.past(content)))
    # Reading: what lay there when the address came, two enabled cycles later.
    hit = dut.address == at
    first = h.past(Cat(hit, content), 1, dut.enable)
    read = h.past(first, BANK_READ - 1, dut.enable)
    h.check(~first[0] | (dut.inside.read("memory") == first[1:]))  # invariant: the memory's own register
    h.check(~read[0] | (dut.data == read[1:]))
    h.cover(read[0] & (dut.data == 3) & (content == 1))


TERNARY, FILE_DSP, MODEL = "cells/ternary.py", "cells/dsp.py", "sim/cells/dsp48e2.v"
ADDER: dict[str, Any] = {"cells": ("LUT6_2", "CARRY8")}
SAME = (
    "the DSP48E2 computes what the twin that simulation uses computes, cycle by cycle (with this project's model of it)"
)
PROOFS = (
    Proof(
        "ternary",
        f"{TERNARY}: ternary",
        "11 bits: two CARRY8",
        "LUT6_2 and CARRY8 make a + b + (c | d)",
        lambda h: adder(h, 11),
        1,
        cover=1,
        mutants=(
            Mutant("the majority counts three ones only", Patch(TERNARY, "(ones >= 2) << i", "(ones >= 3) << i")),
            Mutant("the fifth input is not ORed", Patch(TERNARY, "((i >> 2 | i >> 4) & 1)", "(i >> 2 & 1)")),
        ),
        **ADDER,
    ),
    Proof(
        "ternary-apart",
        f"{TERNARY}: ternary_apart",
        "10 bits",
        "the sum without a LUT for the top bit is the sum, and the two bits it comes in are never both set",
        lambda h: apart(h, 10),
        1,
        cover=1,
        mutants=(
            Mutant(
                "the majority beside the carry is of the bit below",
                Patch(TERNARY, "spare.eq(majority[count])", "spare.eq(majority[count - 1])"),
            ),
        ),
        **ADDER,
    ),
    Proof(
        "multiplex",
        "cells/multiplex.py",
        "5, 8, 12, 17 words of 2 bits",
        "MUXF7 and MUXF8 select the indexed word",
        choices,
        1,
        cover=1,
        cells=("MUXF7", "MUXF8"),
        mutants=(
            Mutant("MUXF8 is selected by MUXF7's bit", Patch("cells/multiplex.py", '(3, "MUXF8")', '(2, "MUXF8")')),
        ),
    ),
    *(
        Proof(
            f"dsp-{form}",
            f"{FILE_DSP}: {function}",
            "full widths",
            SAME,
            partial(dsp, form=form),
            6,
            cover=8,
            cells=(MODEL,),
            script=("proc", "flatten", "simplemap t:$dff", *(TIDY * 4)),
            mutants=(mutant,),
        )
        for form, function, mutant in (
            (
                "select",
                "select_multiply_add",
                Mutant(
                    "the pre-adder's INMODE selects the other operand",
                    Patch(
                        FILE_DSP,
                        "Cat(Const(0, 1), ~use_x, use_d, Const(0, 2))",
                        "Cat(Const(0, 1), ~use_d, use_x, Const(0, 2))",
                    ),
                    8,
                ),
            ),
            (
                "wide",
                "select_multiply_add",
                Mutant(
                    "the wide side has a register too few",
                    Patch(
                        FILE_DSP,
                        "added, other = (1, 2) if wide else (2, 1)",
                        "added, other = (1, 1) if wide else (2, 1)",
                    ),
                    8,
                ),
            ),
            (
                "accumulate",
                "multiply_accumulate",
                Mutant(
                    "Z is C where P is to be added",
                    Patch(
                        FILE_DSP,
                        "z = Cat(~accumulate, Const(1, 1), Const(0, 1))",
                        "z = Cat(accumulate, Const(1, 1), Const(0, 1))",
                    ),
                    8,
                ),
            ),
        )
    ),
    Proof(
        "bank",
        "cells/bank.py: Bank",
        "4 words of 2 bits",
        "a word that is written is read from BANK_WRITE cycles later "
        "on, BANK_READ enabled cycles after its address; nothing else changes it; a pause freezes what is read",
        bank,
        3,
        cover=8,
        mutants=(
            Mutant(
                "the output register ignores the pause",
                Patch("cells/bank.py", "        with m.If(self.enable):\n", "        with m.If(1):\n"),
                6,
            ),
        ),
    ),
)
