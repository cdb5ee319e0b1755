"""The end of a server, which writes rows to banks digit by digit: rtl_templates/banked/server/write.py."""

from amaranth import Array, Cat, Const, Mux, Signal

from rtl_templates.banked.formats import Target
from rtl_templates.banked.server.write import ServerWrite

from ..harness import Harness, Placed
from ..proof import Mutant, Patch, Proof

LANES, CODE_BITS, DIGIT, BANKS, ROW_BITS = 2, 4, 1, 2, 2
DIGITS = CODE_BITS // DIGIT


def build(h: Harness) -> None:
    """Rows of one or two chunks, their last codes ``digits`` cycles apart at least; no load meanwhile."""
    dut = h.place(
        ServerWrite(
            lanes=LANES,
            code_bits=CODE_BITS,
            digit=DIGIT,
            requant_lanes=1,
            banks=BANKS,
            row_bits=ROW_BITS,
            address_bits=ROW_BITS + 1,
            result_depth=4,
            servers=2,
        )
    )
    h.assume(~dut.load.valid | (dut.load.target != Target.BANK))
    h.assume(dut.to_result == h.constant(1, "to_result"))
    h.assume(~dut.last | dut.fits)
    pause = Signal(range(DIGITS))
    with h.m.If(dut.last):
        h.m.d.sync += pause.eq(DIGITS - 1)
    with h.m.Elif(pause != 0):
        h.m.d.sync += pause.eq(pause - 1)
    h.assume(~dut.last | (pause == 0))
    h.assume(~(dut.fits & dut.chunk) | started(h, dut))

    # The row: codes of the chunks that came, zeros else.
    row = Signal(LANES * CODE_BITS)
    code = dut.code[:CODE_BITS]
    with h.m.If(dut.fits):
        h.m.d.sync += row.eq(Mux(dut.chunk, Cat(row[:CODE_BITS], code), Cat(code, Const(0, CODE_BITS))))
    whole = h.past(dut.last)
    where, bank, goes = (
        h.past(value)
        for value in (
            (dut.row + Mux(dut.to_result, dut.chunk, 0))[: ROW_BITS + 1],
            dut.bank,
            ~dut.nothing & ~dut.to_result,
        )
    )
    # Digits one after the other from two cycles after the last code on, each once, where the node goes.
    kept, at, to, count, writing, running = Signal.like(row), Signal(ROW_BITS), Signal(), Signal(2), Signal(), Signal()
    with h.m.If(whole):
        h.m.d.sync += [kept.eq(row), at.eq(where), to.eq(bank), count.eq(0), writing.eq(goes), running.eq(1)]
    with h.m.Elif(running):
        h.m.d.sync += [
            count.eq(count + 1),
            running.eq(count != DIGITS - 1),
            writing.eq(writing & (count != DIGITS - 1)),
        ]
    digits = Array(Cat(kept[k], kept[CODE_BITS + k]) for k in range(DIGITS))
    for k in range(BANKS):
        port = dut.write[k]
        h.check(port.enable == (writing & (to == k)))
        h.check(~port.enable | ((port.address == Cat(count, at)) & (port.data == digits[count])))
    # No digit is cut off by the next row.
    h.check(~whole | ~running | (count == DIGITS - 1))
    h.check(dut.busy == (whole | running))
    # Results: each chunk at its own word, in the cycle after its code.
    result = h.past(dut.fits & ~dut.nothing & dut.to_result)
    h.check(dut.row_valid == ((whole & goes) | result))
    h.check(
        ~result | ((dut.row_data == h.past(dut.raw)) & (dut.row_address == h.past(dut.row + dut.chunk)[: ROW_BITS + 1]))
    )
    # Invariants
    h.check((dut.signal("row") == row) & (dut.signal("done") == whole))
    h.check((dut.signal("full") == (whole & goes)) & (dut.signal("valid") == result))
    h.check((dut.signal("copy") == kept) & (dut.signal("target") == to) & (dut.signal("where")[:ROW_BITS] == at))
    h.check((dut.signal("running") == running) & (dut.signal("writing") == writing))
    h.check(~running | (dut.signal("count") == count))
    h.check(pause == Mux(whole, DIGITS - 1, Mux(running & (count != 3), DIGITS - 2 - count, 0)))
    h.cover(dut.write[1].enable & (count == 3) & whole & (kept == 0x9C))


def started(h: Harness, dut: Placed) -> Signal:
    """A first chunk has come since the last row."""
    began = Signal()
    with h.m.If(dut.last):
        h.m.d.sync += began.eq(0)
    with h.m.Elif(dut.fits & ~dut.chunk):
        h.m.d.sync += began.eq(1)
    return began


FILE = "banked/server/write.py"
PROOFS = (
    Proof(
        "row-write",
        f"{FILE}: ServerWrite",
        "2 lanes of 4 bits, 4 digits, 2 banks",
        "every row goes to its node's bank and address, every digit once, while rows are as many cycles apart as "
        "they have "
        "digits; chunks that did not come are zeros; a result goes to its own word",
        build,
        2,
        cover=14,
        mutants=(
            Mutant("the row is not copied", Patch(FILE, "copy.eq(row), target.eq(bank),", "target.eq(bank),"), 10),
            Mutant(
                "a digit is written to the address of the next row",
                Patch(FILE, "            address, bank = where, target\n", "            bank = target\n"),
                12,
            ),
            Mutant(
                "lanes of an earlier row stay",
                Patch(FILE, "with m.If(self.fits & (self.chunk == 0)):", "with m.If(0):"),
                12,
            ),
        ),
    ),
)
