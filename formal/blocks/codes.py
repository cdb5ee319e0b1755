"""Second half of the edge lists' requantizer against its equation: rtl_templates/lists/requantize_codes.py."""

from amaranth import Cat, Const, Mux, Value

from rtl_templates.cells.formats import RAW_BITS, Kind
from rtl_templates.lists.formats import CODE_BITS, Q_SHIFT
from rtl_templates.lists.requantize_codes import RAW_MULTIPLIER, Codes
from rtl_templates.lists.requantize_timing import CODE, FACTOR

from ..harness import Harness
from ..proof import Mutant, Patch, Proof


def build(h: Harness) -> None:
    """Any values, multipliers and widths; the kind is constant, raw results have their own multiplier."""
    dut = h.place(Codes(requant_lanes=1))
    h.assume((dut.kind == h.constant(2, "kind")) & (dut.kind != 3))
    raw, signed = dut.kind == Kind.RAW, dut.kind == Kind.SIGNED
    h.assume(~raw | (dut.multiplier == RAW_MULTIPLIER))
    value = h.past(dut.value, FACTOR).as_signed()
    product = value * dut.multiplier
    code = (product + (1 << Q_SHIFT - 1) - (value < 0)) >> Q_SHIFT
    full = Mux(dut.bits > CODE_BITS, CODE_BITS, dut.bits)
    top = Cat((((1 << full) - 1) >> signed)[:CODE_BITS], 0).as_signed()
    low = Mux(signed, -top, 0)
    clipped = Mux(code > top, top, Mux(code < low, low, code))
    wanted = Value.cast(Mux(raw, value, clipped))[:RAW_BITS]
    rest = CODE - 1 - FACTOR
    ready = h.past(Const(1, 1), CODE)
    h.check(~ready | (dut.data == h.past(wanted, rest)))
    h.cover(ready & signed & (dut.data.as_signed() == -3))


FORMATS, FILE = "lists/formats.py", "lists/requantize_codes.py"
PROOFS = (
    Proof(
        "requantize-codes",
        f"{FILE}: Codes",
        "values of 6 bits, multipliers of 4, shift 3, codes of 3 instead of 24, 17, 20, 8",
        "every code is its value times Q, rounded with ties away from zero, and clipped to the row's width; raw "
        "results pass",
        build,
        CODE + 2,
        cover=9,
        reduced=(
            Patch(FORMATS, "\nV_BITS = 24 ", "\nV_BITS = 6 "),
            Patch(FORMATS, "\nROW_BITS = 17 ", "\nROW_BITS = 4 "),
            Patch(FORMATS, "\nQ_SHIFT = 20\n", "\nQ_SHIFT = 3\n"),
            Patch(FORMATS, "\nCODE_BITS = 8 ", "\nCODE_BITS = 3 "),
            Patch("cells/formats.py", "\nRAW_BITS = 16 ", "\nRAW_BITS = 6 "),
            Patch(FILE, "\nRAW_MULTIPLIER_BITS = 16\n", "\nRAW_MULTIPLIER_BITS = 3\n"),
        ),
        mutants=(
            Mutant(
                "ties round up whatever the sign",
                Patch(FILE, "p[Q_SHIFT - 1] & (~p[-1] | p[:Q_SHIFT - 1].any())", "p[Q_SHIFT - 1]"),
                8,
            ),
            Mutant("255.5 passes", Patch(FILE, "Cat(~mask, Const(1, 1))", "Cat(~mask, Const(0, 1))"), 8),
        ),
    ),
)
