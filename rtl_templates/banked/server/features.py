"""What a server feeds its MAC array in a dense pass: words of its feature memory in place of planes."""

from collections.abc import Sequence

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...cells.add_memory import add_memory
from ...shell.signatures import LoadBus, LoadPort
from ..formats import TASK, Target

__all__ = ["FeatureMemory"]


class FeatureMemory(wiring.Component):
    """A word a cycle, node after node, page by page within a step.

    A word is read in each of the last ``words`` cycles of a node's occupation, ``page`` beside it; ``x`` is there a
    cycle later, zero without a word. Nodes follow each other in the memory, from its first word at a run's start on.

    Parameters
    ----------
    depth, word_bits : int
    left_bits : int
        Of a count of cycles.

    Members
    -------
    load : In(LoadBus())
        FEATURE words, already registered.
    run_start : In(1)
    dense, pages : In
        The pass is dense; words of a step.
    running, left, words : In
        A node has the MAC array, for so many cycles after this one; words of a node.
    x : Out(word_bits), page : Out
        A word; which of its step is read.
    """

    load: LoadPort
    run_start: Signal
    dense: Signal
    pages: Signal
    running: Signal
    left: Signal
    words: Signal
    x: Signal
    page: Signal

    def __init__(self, *, depth: int, word_bits: int, left_bits: int) -> None:
        self.depth = depth
        super().__init__({
            "load": In(LoadBus()), "run_start": In(1), "dense": In(1), "pages": In(TASK["dense_pages"]),
            "running": In(1), "left": In(left_bits), "words": In(left_bits), "x": Out(word_bits),
            "page": Out(TASK["dense_pages"]),
        })

    @staticmethod
    def model(memory: Sequence[int], nodes: int, words: int, pages: int) -> list[tuple[int, int]]:
        """``(x, page)`` of the words that are read, in order."""
        return [(memory[k], k % words % pages) for k in range(nodes * words)]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        store = add_memory(m, "features", len(self.x), self.depth, "block")
        write, read = store.write_port(), store.read_port()
        pointer, page = Signal(range(self.depth)), self.page
        fetch, fetched = Signal(), Signal()
        m.d.comb += [
            fetch.eq(self.running & self.dense & (self.left < self.words)), read.en.eq(fetch), read.addr.eq(pointer),
            write.en.eq(self.load.valid & (self.load.target == Target.FEATURE)),
            write.addr.eq(self.load.address), write.data.eq(self.load.data), self.x.eq(Mux(fetched, read.data, 0)),
        ]
        m.d.sync += fetched.eq(fetch)
        with m.If(self.run_start):
            m.d.sync += pointer.eq(0)
        with m.Elif(fetch):
            m.d.sync += pointer.eq(pointer + 1)
        with m.If(fetch):
            m.d.sync += page.eq(Mux(page == self.pages - 1, 0, page + 1))
        with m.Elif(~self.running):
            m.d.sync += page.eq(0)
        return m
