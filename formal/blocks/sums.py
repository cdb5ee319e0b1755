"""The queue of sums behind the MAC array of edge lists: rtl_templates/lists/combine_queue.py."""

from amaranth import Cat, Signal

from rtl_templates.cells.timing import mac_latency
from rtl_templates.lists.combine_queue import SumQueue, row_offset
from rtl_templates.lists.combine_timing import QUEUE, QUEUE_PLACE

from ..harness import Harness
from ..proof import Mutant, Patch, Proof

SUM_BITS = 3


def build(h: Harness) -> None:
    """Chunks begin while ``free``; sums of each arrive QUEUE_PLACE cycles later or more; tokens leave at any time."""
    dut = h.place(SumQueue(lanes=1, sum_bits=SUM_BITS))
    task = dut.task.as_value()
    h.assume(h.first | (task == h.past(task)))
    h.assume(~dut.begin | dut.free)
    assert mac_latency(8) >= QUEUE_PLACE
    waits = Signal(range(QUEUE + 1))  # begun, without sums, and long enough
    old = h.past(dut.begin, QUEUE_PLACE)
    h.m.d.sync += waits.eq(waits + old - dut.arrives)
    h.assume(~dut.arrives | (waits != 0))
    taken = dut.o.valid & dut.o.ready
    token, pass_ = dut.o.payload, dut.task
    row = (row_offset(pass_.row_select, pass_.row_limit, dut.context) + pass_.row_base)[: len(token.row)]
    column, bias = (pass_.column + dut.chunk)[: len(token.column)], (pass_.bias + dut.chunk)[: len(token.bias)]
    place = Cat(column, bias, dut.chunk == pass_.out_chunks - 1, row, dut.context.as_value())
    level = Signal(range(QUEUE + 1))
    h.m.d.sync += level.eq(level + dut.begin - taken)
    one = h.follow(dut.begin, place, taken, level)
    given = Cat(token.column, token.bias, token.end, token.row, token.context.as_value())
    h.check(~one.leaves | (given == one.word))
    stored = Signal(range(QUEUE + 1))
    h.m.d.sync += stored.eq(stored + dut.arrives - taken)
    sums = h.follow(dut.arrives, dut.sums, taken, stored, "sums")
    h.check(
        ~sums.leaves
        | ((token.x[:SUM_BITS] == sums.word) & (token.x[SUM_BITS:] == sums.word[-1].replicate(len(token.x) - SUM_BITS)))
    )
    h.stable(dut.o.valid, dut.o.ready, token.as_value())
    h.check((level <= QUEUE) & (dut.free == (level != QUEUE)) & (dut.empty == (level == 0)))
    h.check(dut.o.valid == (stored != 0))
    # Invariants
    begun = [h.past(dut.begin, 1)]
    begun.append(h.past(begun[0]))
    head, tail, following = (dut.signal(name) for name in ("head", "tail", "next_place"))
    h.check((dut.signal("begun") == level) & (dut.signal("waiting") == stored))
    h.check(level == stored + waits + begun[0] + begun[1])
    h.check(dut.signal("valid") == Cat(begun))
    h.check(old == begun[1])
    h.check((tail == (head + stored)[: len(head)]) & (following == (head + stored + waits)[: len(head)]))
    index = one.ahead
    h.check(~(one.active & (index < stored + waits)) | (dut.word_at("places", (head + index)[: len(head)]) == one.word))
    chunk, late = dut.signal("chunk"), dut.signal("context")
    h.check(~(one.active & begun[1] & (index == stored + waits)) | (dut.signal("resolved") == one.word))
    first = begun[0] & (index == stored + waits + begun[1])
    now = Cat((pass_.column + chunk)[: len(column)], (pass_.bias + chunk)[: len(bias)], chunk == pass_.out_chunks - 1)
    h.check(~(one.active & first) | ((now == one.word[: len(now)]) & (late == one.word[-len(late) :])))
    h.check(~sums.active | (dut.word_at("waiting_sums", (head + sums.ahead)[: len(head)]) == sums.word))
    h.cover(one.leaves & (level == 3) & (token.end == 1) & (token.row == 5))


FILE = "lists/combine_queue.py"
PROOFS = (
    Proof(
        "sum-queue",
        f"{FILE}: SumQueue",
        f"4 chunks instead of {QUEUE}, a lane, {SUM_BITS} bits",
        "every chunk that was begun gives one token, in order, with its own sums, column, bias, row and context; "
        "tokens wait "
        "unchanged; nothing is begun in a full queue",
        build,
        2,
        cover=8,
        reduced=(Patch("lists/combine_timing.py", "QUEUE = 16", "QUEUE = 4"),),
        mutants=(
            Mutant("a chunk more than there is room for", Patch(FILE, "begun != QUEUE", "begun != QUEUE + 1"), 20),
            Mutant(
                "the place is written a cycle early",
                Patch(FILE, '"places", valid[-1], next_place', '"places", valid[0], next_place'),
                10,
            ),
            Mutant(
                "the tail moves with what is taken",
                Patch(FILE, "tail.eq(tail + self.arrives)", "tail.eq(tail + taken)"),
                10,
            ),
        ),
    ),
)
