"""The queue of finished sums of a processing element: rtl_templates/banked/lane.py."""

from functools import partial

from amaranth import Cat, Signal

from rtl_templates.banked.lane import ProcessingElement

from ..harness import Harness
from ..proof import Mutant, Patch, Proof

ACC_BITS, CODE_BITS, DIGIT = 4, 4, 2
DIGITS = CODE_BITS // DIGIT


def build(h: Harness, depth: int) -> None:
    """Any rows; ``enable`` is low after ``blocks``, and as low as it likes else; a sum is read while there is one."""
    dut = h.place(ProcessingElement(lanes=1, code_bits=CODE_BITS, digit=DIGIT, acc_bits=ACC_BITS, hold_depth=depth))
    h.assume(~h.past(dut.blocks) | ~dut.enable)
    h.assume(~dut.ack | dut.hold.valid)
    h.assume((dut.step & (dut.step - 1)[:DIGITS]) == 0)
    h.assume(~dut.clear)

    # The equation, a digit a cycle: what is added, and with ``last`` what the sum is.
    total, finished = Signal(ACC_BITS), Signal()
    code, late = Signal(ACC_BITS), Signal()
    with h.m.If(dut.enable):
        h.m.d.sync += [
            code.eq(sum((dut.add & dut.step[k]).replicate(ACC_BITS) & (dut.word << k * DIGIT) for k in range(DIGITS))),
            late.eq(dut.last & dut.step[-1]),
        ]
    now = (total + code)[:ACC_BITS]
    h.m.d.comb += finished.eq(late & dut.enable)
    with h.m.If(dut.enable):
        h.m.d.sync += total.eq(now)
    with h.m.If(finished):
        h.m.d.sync += total.eq(0)

    level, waits = Signal(range(depth + 1)), Signal(range(depth))
    with h.m.If((level == 0) | dut.hold.valid):
        h.m.d.sync += waits.eq(0)
    with h.m.Else():
        h.m.d.sync += waits.eq(waits + 1)
    h.m.d.sync += level.eq(level + finished - dut.ack)
    one = h.follow(finished, now, dut.ack, level)
    h.check(~one.leaves | (dut.hold.data == one.word))
    h.check(~(level == depth) | ~finished | dut.ack)  # none comes to a full queue
    h.stable(dut.hold.valid, dut.ack, dut.hold.data)
    # No starvation: each register is a cycle, so a sum in an idle queue of d registers is at its end d - 1 later.
    h.check((level == 0) | dut.hold.valid | (waits != depth - 1))
    # Invariants: registers hold what the level says, the followed sum in its place.
    valid = [dut.signal(f"valid{k}") for k in range(depth)]
    h.check(level == sum(valid[1:], start=valid[0]))
    index: object = 0
    for k in reversed(range(depth)):
        h.check(~(one.active & valid[k] & (one.ahead == index)) | (dut.signal(f"data{k}") == one.word))
        index = index + valid[k]
    h.check((dut.signal("acc0") == total) & (dut.signal("finish") == late))
    h.check(Cat(dut.signal("operand0"), dut.signal("operand1")) == code)
    h.cover(one.leaves & (level == depth) & (one.word == 5))


FILE = "banked/lane.py"
PROOFS = tuple(
    Proof(
        f"hold-queue-{depth}",
        f"{FILE}: ProcessingElement",
        f"{depth} registers, a lane, 2 digits of 2 bits",
        "sums are those of the digits; none is lost, doubled or overtaken, none comes to a full queue, each waits "
        "unchanged "
        "until it is read, and one alone is at the end after a cycle a register",
        partial(build, depth=depth),
        3,
        cover=16,
        mutants=mutants,
    )
    for depth, mutants in (
        (
            2,
            (
                Mutant(
                    "blocks looks at a full queue a cycle late",
                    Patch(
                        FILE,
                        "return Cat(sum_arrives | kept for sum_arrives, kept in zip(arrives, stays, "
                        "strict=True)).all()",
                        "return Cat(valid).all()",
                    ),
                    14,
                ),
                Mutant("an accumulator keeps what it has given", Patch(FILE, "load | self.clear", "self.clear"), 10),
            ),
        ),
        (
            3,
            (
                Mutant(
                    "a register forgets that it stays",
                    Patch(FILE, "valid[k].eq(sum_arrives | kept)", "valid[k].eq(sum_arrives | (kept if k else 0))"),
                    14,
                ),
            ),
        ),
    )
)
