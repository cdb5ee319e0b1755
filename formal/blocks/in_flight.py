"""The queues of nodes in flight: rtl_templates/banked/server/in_flight.py."""

from amaranth import Cat, Signal

from rtl_templates.banked.requantize_timing import REQUANT_CODE, REQUANT_MULTIPLIER
from rtl_templates.banked.server.in_flight import InFlight
from rtl_templates.banked.server.issue import entry_layout
from rtl_templates.banked.server.timing import QUEUE_DEPTH

from ..harness import Harness
from ..proof import Mutant, Patch, Proof

DEPTH = QUEUE_DEPTH[1]


def build(h: Harness) -> None:
    """Nodes at any time while fewer than 32 are in flight; beats of any kind, a stage's last only after its issue."""
    entry = entry_layout(address_bits=2, bank_bits=1)
    dut = h.place(InFlight(entry=entry, occupation_bits=3, chunk_bits=1))
    task = dut.task
    h.assume((task.as_value() == h.past(task.as_value())) | h.first)
    combine = task.combine | task.dense
    given = dut.entry
    last1, last2 = (dut.last & ~dut.q2) | dut.dense_beat, dut.last & dut.q2
    flags = {"q1": last1, "q2": last2 | (last1 & ~combine)}
    flags["where"] = (combine & last2) | (~combine & dut.last & ~dut.q2)
    late = {"q1": REQUANT_MULTIPLIER, "q2": REQUANT_MULTIPLIER, "where": REQUANT_CODE}
    outs = {
        "q1": Cat(dut.row_r, dut.bias_r, dut.q1_bits, dut.occupation_begun),
        "q2": Cat(dut.q2_r, dut.q2_bits),
        "where": Cat(dut.nothing, dut.row, dut.bank),
    }
    words = {
        "q1": Cat(given.row_r, given.bias_r, given.bits, dut.occupation),
        "q2": Cat(given.q2_r, given.bits),
        "where": Cat(given.nothing, given.row, given.bank),
    }
    head = dut.signal("head")
    ways = {name: [value] for name, value in {**flags, "last1": last1, "last2": last2}.items()}
    for way in ways.values():
        for _ in range(REQUANT_CODE):
            way.append(h.past(way[-1]))
    flying: list[Signal] = []
    for name in ("q1", "q2", "where"):
        # As Issue does it: a stage's last beat comes after the node's issue. Nodes that are issued and whose last beat
        # has not entered the lanes, and those whose last beat is on its way: together what the queue has.
        waiting = Signal(7, name=f"{name}_waiting")
        h.m.d.sync += waiting.eq(waiting + dut.issued - flags[name])
        h.assume(~flags[name] | (waiting != 0))
        way = ways[name][: late[name] + 1]
        pop = way[-1]
        level = Signal(7, name=f"{name}_level")
        h.m.d.sync += level.eq(level + dut.issued - pop)
        h.assume(~dut.issued | (level < DEPTH - 1))
        one = h.follow(dut.issued, words[name], pop, level, name)
        h.check(~one.leaves | (outs[name] == one.word))
        tail = dut.signal(f"{name}_tail")
        h.check(level < DEPTH)
        h.check(level == waiting + sum(way[2:], start=way[1]))
        h.check((tail + level)[: len(head)] == head)
        h.check(~one.active | (dut.word_at(f"{name}_queue", (tail + one.ahead)[: len(head)]) == one.word))
        flying.append(level)
    h.check(dut.flying == (flying[2] != 0))
    h.check(dut.q1_ends == ways["q1"][REQUANT_MULTIPLIER])
    # Invariants: the flags that travel.
    for k in range(1, REQUANT_CODE + 1):
        flag = dut.signal(f"flags{k}")
        h.check((flag[1] == ways["last1"][k]) & (flag[2] == ways["last2"][k]) & (flag[4] == ways["where"][k]))
        h.check(ways["q1"][k] == ways["last1"][k])
        h.check(ways["q2"][k] == ways["last2"][k] | (ways["last1"][k] & ~combine))
    h.cover(flying[2] == 3)
    h.cover(h.past(dut.code_last, 1) & dut.code_last & (dut.row == 2))


FILE = "banked/server/in_flight.py"
PROOFS = (
    Proof(
        "in-flight",
        f"{FILE}: InFlight",
        f"{DEPTH} nodes, one set of lanes",
        "the row parameters that each stage meets, and the place a row goes to, are those of the nodes in the order of "
        "their issue; none is lost or overwritten while fewer than 32 are in flight",
        build,
        2,
        cover=24,
        mutants=(
            Mutant(
                "the second stage lets go of a node with the first",
                Patch(FILE, "early.q2_last | (early.q1_last & ~combine)", "early.q2_last | early.q1_last"),
                16,
            ),
            Mutant(
                "places are let go where parameters are",
                Patch(FILE, '"where", head, end.out_last', '"where", head, early.out_last'),
                16,
            ),
        ),
    ),
)
