"""The banked requantizer against its equation, at reduced widths: rtl_templates/banked/requantize.py."""

from amaranth import Cat, Const, Mux, Signal, Value, signed

from rtl_templates.banked.formats import MID_BITS, MID_SHIFT, RAW_SHIFT, SHIFT
from rtl_templates.banked.requantize import Requantizer
from rtl_templates.banked.requantize_timing import REQUANT_CODE, REQUANT_MIDDLE, REQUANT_MULTIPLIER, REQUANT_SUM
from rtl_templates.cells.dsp import P_BITS
from rtl_templates.cells.formats import RAW_BITS, Kind

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
    h.assume(((task.signed_max & (task.signed_max + 1)) == 0) & (task.signed_max != 0) & (task.signed_max < 128))
    first = beat.pair & ~beat.b
    h.assume(beat.b == h.past(first))
    h.assume(~beat.b | (beat.pair & (beat.q2 == h.past(beat.q2))))
    h.assume(~(beat.q2 & beat.pair))  # pairs are rows of the first stage

    factor = Mux(beat.column[0], dut.word_at("factor0", 1), dut.word_at("factor0", 0))
    offset = Mux(beat.bias[0], dut.word_at("offset0", 1), dut.word_at("offset0", 0)).as_signed()
    x = Mux(beat.q2, dut.q2_x.as_signed(), dut.q1_x.as_signed())
    # mid; its product with the row's multiplier, where that comes; what is rounded. Each is checked in the register
    # that has it, so that the solver compares one multiplication at a time.
    scaled = Signal(signed(12))
    h.m.d.comb += scaled.eq(Mux(beat.b, 0, x * factor))
    mid = (scaled >> MID_SHIFT) + Mux(beat.pair & ~beat.b, 0, offset)
    inside = Signal(signed(MID_BITS))
    h.m.d.comb += inside.eq(mid)
    h.assume(inside == mid)  # the lowering proves it
    middles = chain(h, inside, REQUANT_MIDDLE)
    kinds = chain(h, Cat(beat.q2, beat.b, beat.pair), REQUANT_CODE)
    then = kinds[REQUANT_MULTIPLIER]
    multiplier = Mux(then[0], dut.q2_r, Mux(then[1], dut.bias_r, dut.row_r))
    bits = chain(h, Mux(then[0], dut.q2_bits, dut.q1_bits), REQUANT_CODE - REQUANT_MULTIPLIER)[-1]
    product = Signal(signed(P_BITS))
    h.m.d.comb += product.eq(middles[REQUANT_MULTIPLIER].as_signed() * multiplier)
    kind = Mux(then[0], task.q2_kind, task.q1_kind)
    up = Mux(then[0], task.q2_half_up, task.q1_half_up)
    half = Mux(kind == Kind.RAW, 1 << RAW_SHIFT - 1, 1 << SHIFT - 1)
    # Of a pair the first product carries the rounding, by the sign of its own mid.
    rounded, total = Signal(signed(P_BITS)), Signal(signed(P_BITS))
    h.m.d.comb += rounded.eq(product + half - 1 + (up | (middles[REQUANT_MULTIPLIER].as_signed() >= 0)))
    before = h.past(rounded).as_signed()
    h.m.d.comb += total.eq(Mux(then[1], before + product, rounded))
    ready = chain(h, Const(1, 1), REQUANT_CODE + 1)  # the pipeline holds beats, not its state at power-up
    first = REQUANT_MIDDLE - 1
    h.check(~ready[first] | (dut.signal("first0_m") == chain(h, scaled, first)[-1].as_signed()))
    h.check(
        ~ready[REQUANT_MIDDLE]
        | (dut.signal("first0_p")[MID_SHIFT:][:MID_BITS].as_signed() == middles[REQUANT_MIDDLE].as_signed())
    )
    products = chain(h, product, REQUANT_SUM - 1 - REQUANT_MULTIPLIER)
    h.check(~ready[REQUANT_SUM - 1] | (dut.signal("second0_m") == products[-1].as_signed()))
    totals = chain(h, total, REQUANT_CODE - REQUANT_MULTIPLIER)
    h.check(~ready[REQUANT_SUM] | (dut.signal("second0_p") == totals[-2].as_signed()))

    here, sums = kinds[REQUANT_CODE], totals[-1].as_signed()
    kind = Mux(here[0], task.q2_kind, task.q1_kind)
    ends, raw, is_signed = ~(here[2] & ~here[1]), kind == Kind.RAW, kind == Kind.SIGNED
    code = sums >> SHIFT
    top = Mux(is_signed, task.signed_max, ((1 << bits) - 1)[:8])
    high = Cat(top, 0).as_signed()
    low = Mux(is_signed, -high, 0)
    clipped = Signal(8)
    h.m.d.comb += clipped.eq(Mux(code > high, high, Mux(code < low, low, code)))
    result = Signal(RAW_BITS)
    h.m.d.comb += result.eq(sums >> RAW_SHIFT)
    h.check(~(ready[-1] & ends & ~raw) | (dut.code == clipped))
    h.check(~(ready[-1] & ends & raw) | (dut.raw == result))
    h.cover(ready[-1] & ~raw & here[1] & (dut.code == 5))


def chain(h: Harness, value: Value, cycles: int) -> list[Value]:
    """A value now, and of each of so many cycles before."""
    values = [value]
    for _ in range(cycles):
        values.append(h.past(values[-1]))
    return values


DSP, FORMATS, FILE = "cells/dsp.py", "banked/formats.py", "banked/requantize.py"
#: Widths of constants, and those of the multiplier as far as they need.
REDUCED = (
    *(
        Patch(FORMATS, f"\n{name} = {old}\n", f"\n{name} = {new}\n")
        for name, old, new in (
            ("ACC_BITS", 18, 4),
            ("COLUMN_BITS", 24, 3),
            ("BIAS_BITS", 26, 4),
            ("ROW_BITS", 17, 3),
            ("MID_BITS", 27, 6),
            ("MID_SHIFT", 8, 2),
            ("SHIFT", 23, 3),
            ("RAW_SHIFT", 20, 2),
        )
    ),
    Patch(DSP, "(27, 18) if wide else (18, 27)", "(5, 5)"),
    Patch(DSP, "\nP_BITS = 48\n", "\nP_BITS = 20\n"),
    Patch(DSP, "a1 = Signal(signed(27)", "a1 = Signal(signed(6)"),
    Patch(DSP, "b1 = Signal(signed(18)", "b1 = Signal(signed(4)"),
    Patch(
        DSP,
        """    used = Signal(name=f"{name}_used", reset_less=True)
    multiplied = Signal(signed(45)""",
        """    used = Signal(name=f"{name}_used", reset_less=True)
    multiplied = Signal(signed(10)""",
    ),
    Patch(
        DSP,
        """    one = Signal(name=f"{name}_one", reset_less=True)
    multiplied = Signal(signed(45)""",
        """    one = Signal(name=f"{name}_one", reset_less=True)
    multiplied = Signal(signed(10)""",
    ),
    Patch(FILE, "P_USED = 46", "P_USED = 18"),
)
PROOFS = (
    Proof(
        "requantize-banked",
        f"{FILE}: Requantizer",
        "sums of 4 bits, factors of 3, biases of 4, rows of 3, mid of 6 instead of 18, 24, 26, 17, 27",
        "code and raw result are those of the equation that the lowering uses, for every sign, kind, rounding and pair",
        build,
        11,
        cover=14,
        reduced=REDUCED,
        mutants=(
            Mutant(
                "a tie of a negative number rounds up",
                Patch(FILE, "carry=Mux(negative, minus, plus)", "carry=plus"),
                13,
            ),
            Mutant(
                "the least signed code is one less",
                Patch(FILE, "Cat(mask[1][0], ~mask[1][1:])", "Cat(~mask[1][0], ~mask[1][1:])"),
                13,
            ),
            Mutant(
                "a pair's bias is added to its first product",
                Patch(FILE, "bias_used.eq(b[REQUANT_BIAS - 1] | ~pair)", "bias_used.eq(1)"),
                13,
            ),
        ),
    ),
)
