"""The banked requantizer against its equation, at reduced widths: rtl_templates/banked/requantize.py."""

from amaranth import Cat, Const, Mux, Signal, Value

from rtl_templates.banked.formats import MID_BITS, MID_SHIFT, RAW_SHIFT, SHIFT
from rtl_templates.banked.requantize import RAW_BITS, Requantizer
from rtl_templates.banked.requantize_timing import REQUANT_CODE, REQUANT_MULTIPLIER
from rtl_templates.cells.formats import Kind

from ..harness import Harness
from ..proof import Mutant, Patch, Proof

IN_BITS = 3


def build(h: Harness) -> None:
    """Any beats, any constants; a pair's second beat follows its first; the task is constant."""
    dut = h.place(Requantizer(lanes=1, in_bits=IN_BITS, column_depth=2, bias_depth=2))
    task, beat = dut.task, dut.beat
    h.assume(~dut.load.valid)
    h.assume(h.first | (task.as_value() == h.past(task.as_value())))
    h.assume((task.q1_kind != 3) & (task.q2_kind != 3) & (dut.q1_bits <= 8) & (dut.q2_bits <= 8))
    h.assume(((task.signed_max & (task.signed_max + 1)) == 0) & (task.signed_max != 0)
             & (task.signed_max < 128))
    first = beat.pair & ~beat.b
    h.assume(beat.b == h.past(first))
    h.assume(~beat.b | (beat.pair & (beat.q2 == h.past(beat.q2))))
    h.assume(~(beat.q2 & beat.pair))  # pairs are rows of the first stage

    factor = Mux(beat.column[0], dut.word_at("factor0", 1), dut.word_at("factor0", 0))
    offset = Mux(beat.bias[0], dut.word_at("offset0", 1), dut.word_at("offset0", 0)).as_signed()
    x = Mux(beat.q2, dut.q2_x.as_signed(), dut.q1_x.as_signed())
    # mid and its multiplier, where the multiplier comes
    scaled = Signal.like(x * factor >> MID_SHIFT)
    h.m.d.comb += scaled.eq(x * factor >> MID_SHIFT)
    mid = Mux(beat.b, 0, scaled) + Mux(beat.pair & ~beat.b, 0, offset)
    inside = Signal(range(-(1 << MID_BITS - 1), 1 << MID_BITS - 1))
    h.m.d.comb += inside.eq(mid)
    h.assume(inside == mid)  # the lowering proves it
    late = h.past(inside, REQUANT_MULTIPLIER).as_signed()
    then = h.past(Cat(beat.q2, beat.b, beat.pair), REQUANT_MULTIPLIER)
    multiplier = Mux(then[0], dut.q2_r, Mux(then[1], dut.bias_r, dut.row_r))
    bits = Mux(then[0], dut.q2_bits, dut.q1_bits)
    kind = Mux(then[0], task.q2_kind, task.q1_kind)
    up = Mux(then[0], task.q2_half_up, task.q1_half_up)
    product = late * multiplier
    half = Mux(kind == Kind.RAW, 1 << RAW_SHIFT - 1, 1 << SHIFT - 1)
    # Of a pair the first product carries the rounding, by the sign of its own mid.
    rounded = product + half - 1 + (up | (late >= 0))
    before = h.past(rounded).as_signed()
    total = Mux(then[1], before + product, rounded)
    code = total >> SHIFT
    signed = kind == Kind.SIGNED
    top = Mux(signed, task.signed_max, ((1 << bits) - 1)[:8])
    high = Cat(top, 0).as_signed()
    low = Mux(signed, -high, 0)
    clipped = Mux(code > high, high, Mux(code < low, low, code))
    rest = REQUANT_CODE - REQUANT_MULTIPLIER
    ends, raw = ~(then[2] & ~then[1]), kind == Kind.RAW
    wanted = h.past(Cat(ends & ~raw, ends & raw, Value.cast(clipped)[:8]), rest)
    whole = h.past((total >> RAW_SHIFT)[:RAW_BITS], rest)
    ready = h.past(Const(1, 1), REQUANT_CODE + 1)  # the pipeline holds beats, not its state at power-up
    h.check(~ready | ~wanted[0] | (dut.code == wanted[2:]))
    h.check(~ready | ~wanted[1] | (dut.raw == whole))
    h.cover(ready & wanted[0] & (dut.code == 5) & h.past(beat.b, REQUANT_CODE))


DSP, FORMATS, FILE = "cells/dsp.py", "banked/formats.py", "banked/requantize.py"
#: Widths of constants, and those of the multiplier as far as they need.
REDUCED = (
    *(Patch(FORMATS, f"\n{name} = {old}\n", f"\n{name} = {new}\n") for name, old, new in (
        ("ACC_BITS", 18, 4), ("COLUMN_BITS", 24, 3), ("BIAS_BITS", 26, 4), ("ROW_BITS", 17, 3), ("MID_BITS", 27, 6),
        ("MID_SHIFT", 8, 2), ("SHIFT", 23, 3), ("RAW_SHIFT", 20, 2))),
    Patch(DSP, "(27, 18) if wide else (18, 27)", "(5, 5)"), Patch(DSP, "\nP_BITS = 48\n", "\nP_BITS = 20\n"),
    Patch(DSP, "a1 = Signal(signed(27)", "a1 = Signal(signed(6)"), Patch(DSP, "b1 = Signal(signed(18)", "b1 = Signal(signed(4)"),
    Patch(DSP, '''    used = Signal(name=f"{name}_used", reset_less=True)
    product = Signal(signed(45)''', '''    used = Signal(name=f"{name}_used", reset_less=True)
    product = Signal(signed(10)'''),
    Patch(DSP, '''    one = Signal(name=f"{name}_one", reset_less=True)
    product = Signal(signed(45)''', '''    one = Signal(name=f"{name}_one", reset_less=True)
    product = Signal(signed(10)'''),
    Patch(FILE, "P_USED = 46", "P_USED = 18"),
)
PROOFS = (Proof(
    "requantize-banked", f"{FILE}: Requantizer", "sums of 4 bits, factors of 3, biases of 4, rows of 3, mid of 6 instead of 18, 24, 26, 17, 27",
    "code and raw result are those of the equation that the lowering uses, for every sign, kind, rounding and pair", build, 13,
    cover=14, induction=False, reduced=REDUCED, mutants=(
        Mutant("a tie of a negative number rounds up", Patch(FILE, "carry=Mux(negative, minus, plus)", "carry=plus"), 13),
        Mutant("the least signed code is one less", Patch(
            FILE, "Cat(mask[1][0], ~mask[1][1:])", "Cat(~mask[1][0], ~mask[1][1:])"), 13),
        Mutant("a pair's bias is added to its first product", Patch(
            FILE, "bias_used.eq(b[REQUANT_BIAS - 1] | ~pair)", "bias_used.eq(1)"), 13),
    )),)
