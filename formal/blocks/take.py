"""The round robin of a server over its ports: rtl_templates/banked/server/issue.py."""

from amaranth import Array, Signal

from rtl_templates.banked.server.issue import Issue

from ..harness import Harness
from ..proof import Mutant, Patch, Proof

PORTS = 4


def build(h: Harness) -> None:
    """Ports with sums that stay until they are acknowledged; any pass that gathers, any row parameters."""
    dut = h.place(
        Issue(
            ports=PORTS,
            lanes=8,
            digits=1,
            planes=1,
            pages=1,
            param_depth=4,
            address_bits=2,
            bank_bits=1,
            requant_lanes=8,
            dense=False,
        )
    )
    # The task is constant; what only decides how fast nodes are issued is any.
    h.assume(~dut.task.dense & ~dut.run_start)
    waits = h.past(dut.valid & ~dut.ack)
    h.assume((waits & ~dut.valid) == 0)
    taken, take, chosen = dut.signal("taken"), dut.signal("take"), dut.signal("chosen")
    grant = Signal(PORTS)
    h.m.d.comb += grant.eq(take << chosen)
    # One grant, of a port that asks and has none; it keeps it until it is acknowledged.
    h.check((grant & ~(dut.valid & ~taken)) == 0)
    h.check(~take | ((1 << chosen) == grant))
    for k in range(PORTS):
        h.check(~h.past(grant[k]) | taken[k])
        h.check(~h.past(taken[k] & ~dut.ack[k]) | taken[k])
        h.check(~h.past(~taken[k] & ~grant[k]) | ~taken[k])
    # No starvation: while a port asks, every other one is granted once at most before it; and a grant is given as
    # soon as the stage that fetches row parameters can take it.
    fetch, move = dut.signal("fetch"), dut.signal("move")
    asks = dut.valid & ~taken
    h.check(~(asks.any() & (~fetch | move)) | take)
    recent = dut.signal("recent")
    for k in range(PORTS):
        passed = Signal(range(PORTS + 1), name=f"passed{k}")
        with h.m.If(grant[k] | ~asks[k] | dut.start):
            h.m.d.sync += passed.eq(0)
        with h.m.Elif(take):
            h.m.d.sync += passed.eq(passed + 1)
        h.check(passed <= PORTS - 1)
        # Invariant: so many grants ago the turn was its own; it comes nearer with each.
        distance = Array((k - 1 - r) % PORTS for r in range(PORTS))[recent]  # ports before it in turn
        h.check(~asks[k] | (passed + distance <= PORTS - 1))
    h.cover(take & (grant == 1) & (h.past(take) & (h.past(chosen) == 3)))


FILE = "banked/server/issue.py"
PROOFS = (
    Proof(
        "take",
        f"{FILE}: Issue",
        f"{PORTS} ports",
        f"one grant at a time, of a port that asks and has none, kept until it is acknowledged; a port that asks is "
        f"passed "
        f"over {PORTS - 1} times at most, and a grant is given whenever the next stage is free",
        build,
        2,
        cover=10,
        mutants=(
            Mutant(
                "a port that has been taken is taken again",
                Patch(FILE, "free.eq(self.valid & ~taken)", "free.eq(self.valid)"),
                8,
            ),
            Mutant(
                "the lowest port first", Patch(FILE, "m.d.sync += recent.eq(chosen)", "m.d.sync += recent.eq(0)"), 24
            ),
            Mutant(
                "the one that was served last comes first again",
                Patch(FILE, "for k in reversed(range(1, ports + 1)):", "for k in reversed(range(ports)):"),
                24,
            ),
        ),
    ),
)
