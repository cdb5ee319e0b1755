"""The queue of the edge lists' requantizer: rtl_templates/lists/requantize_parts.py."""

from functools import partial

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl_templates.lists.requantize_parts import queue

from ..harness import Harness
from ..proof import Mutant, Patch, Proof

WIDTH = 3


class Queue(wiring.Component):
    """The function as a component."""

    word: Signal
    push: Signal
    pop: Signal
    oldest: Signal

    def __init__(self, depth: int) -> None:
        self.depth = depth
        super().__init__({"word": In(WIDTH), "push": In(1), "pop": In(1), "oldest": Out(WIDTH)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.oldest.eq(queue(m, "dut", self.word, depth=self.depth, push=self.push, pop=self.pop))
        return m


def build(h: Harness, depth: int) -> None:
    """Any use within what the user counts: a push while there is room, a pop while there is a word."""
    dut = h.place(Queue(depth))
    level = Signal(range(depth + 1))
    h.m.d.sync += level.eq(level + dut.push - dut.pop)
    h.assume(~dut.push | (level != depth))
    h.assume(~dut.pop | (level != 0))
    h.check(level <= depth)
    head, tail = dut.signal("dut_pop"), dut.signal("dut_push")
    one = h.follow(dut.push, dut.word, dut.pop, level)
    h.check(~one.leaves | (dut.oldest == one.word))
    # Invariants: places are where the level says, and the word lies in its own.
    h.check((head < depth) & (tail < depth))
    h.check(tail == (head + level) % depth)
    h.check(~one.active | (dut.word_at("dut", (head + one.ahead) % depth) == one.word))
    h.cover(one.leaves & (level == depth))


FILE = "lists/requantize_parts.py"
LATE = Mutant(
    "the place of the next word wraps a word late", Patch(FILE, "place == depth - 1, 0", "place == depth, 0"), 12
)  # of 4 words the place wraps by itself
READ = Mutant("the read place moves with pushes", Patch(FILE, "(read, pop)", "(read, push)"), 10)
PROOFS = tuple(
    Proof(
        f"queue-{depth}",
        f"{FILE}: queue",
        f"{depth} words",
        "no word is lost, added or overtaken, for a user that counts them",
        partial(build, depth=depth),
        2,
        cover=2 * depth + 2,
        mutants=mutants,
    )
    for depth, mutants in ((4, (READ,)), (5, (LATE, READ)))
)
