"""The queue of tokens behind the gather stage: rtl_templates/lists/gather.py."""

from amaranth import Cat, Signal
from amaranth.lib import data

from rtl_templates.lists.fetch import COPIED, meta_layout
from rtl_templates.lists.gather import Gather
from rtl_templates.lists.gather_timing import GATHER_SUM, SLOTS

from ..harness import Harness
from ..proof import Mutant, Patch, Proof


def build(h: Harness) -> None:
    """Any commands; tokens leave at any time; a command says whether it has one read at most."""
    dut = h.place(Gather(lanes=1, code_bits=2, acc_bits=3, buffer_depth=4, list_depth=2))
    command, token = dut.i.payload, dut.o.payload
    begin = dut.i.valid & dut.i.ready & ~command.skip
    taken = dut.o.valid & dut.o.ready
    level, done = Signal(range(SLOTS + 1)), Signal(range(SLOTS + 1))  # tokens begun; those that are at the output
    ends = [dut.signal(f"finish_{k}") for k in range(1, GATHER_SUM + 1)]
    h.m.d.sync += [level.eq(level + begin - taken), done.eq(done + ends[-1] - taken)]

    # What is known when a walk begins, and the sums when it ends: each token has its own, in order.
    one = h.follow(begin, command.meta.as_value(), taken, level)
    meta = data.View(meta_layout, one.word)
    pairs = [(getattr(token, name), getattr(meta, name)) for name in COPIED]
    pairs += [(token.context.degree, meta.degree), (token.context.node, meta.node)]
    for given, wanted in pairs:
        h.check(~one.leaves | (given == wanted))
    h.check(~one.leaves | meta.by_entry | (token.row == meta.row))
    sums = h.follow(ends[-1], dut.inside.written("sums"), taken, done, "sums")
    h.check(~sums.leaves | (token.x[:3] == sums.word[:3]))
    h.stable(dut.o.valid, dut.o.ready, *(given for given, _ in pairs), token.x)
    h.check((level <= SLOTS) & (dut.o.valid == (done != 0)))
    h.check(dut.busy == (dut.signal("active") | (level != 0)))

    # Invariants: tokens are walked, on their way, or at the output; places are where these counts say.
    walk = data.View(command.shape(), dut.signal("walk"))
    active = dut.signal("active") & ~walk.skip
    read, first, second = (dut.signal(name) for name in ("_queue:read", "meta_place", "sums_place"))
    bits = len(read)
    h.check((dut.signal("used") == level) & (dut.signal("_queue:level") == done))
    h.check(level == done + sum(ends[1:], start=ends[0]) + active)
    h.check((first == (read + level)[:bits]) & (second == (read + done)[:bits]))
    h.check(~one.active | (dut.word_at("meta", (read + one.ahead)[:bits]) == one.word))
    h.check(~sums.active | (dut.word_at("sums", (read + sums.ahead)[:bits]) == sums.word))
    h.cover(one.leaves & (level == 3) & Cat(ends).any())


FILE = "lists/gather.py"
PROOFS = (
    Proof(
        "gather-queue",
        f"{FILE}: Gather",
        "4 slots instead of 16, a lane of 3 bits",
        "every command but SKIP gives one token, in order, with what belongs to it and its own sums; tokens wait "
        "unchanged; none is begun without a slot",
        build,
        2,
        cover=16,
        reduced=(Patch("lists/gather_timing.py", "\nSLOTS = 16 ", "\nSLOTS = 4 "),),
        mutants=(
            Mutant(
                "a SKIP takes a slot", Patch(FILE, "used + (begin & ~command.skip) - taken", "used + begin - taken"), 8
            ),
            Mutant(
                "sums are written where walks begin",
                Patch(FILE, "m.d.sync += place.eq(place + push)", "m.d.sync += place.eq(place + begin)"),
                18,
            ),
            Mutant(
                "a slot more than there is", Patch(FILE, "slot.eq((used != SLOTS) | command.skip)", "slot.eq(1)"), 10
            ),
        ),
    ),
)
