"""The sequencer: runs passes of the pass memory, one after the other, and counts their cycles."""


from amaranth import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..cells.add_memory import add_memory
from ..shell.signatures import LoadBus, LoadPort
from ..shell.timing import SHELL_QUIET
from ..shell.words import BEAT_BITS
from .formats import PASSES, Target
from .signatures import pass_layout

__all__ = ["INDEX_BITS", "Sequencer"]

INDEX_BITS = ceil_log2(PASSES)


class Sequencer(wiring.Component):
    """Starts pass after pass; a pass is over when no unit has been active for SHELL_QUIET cycles.

    A run begins with pass ``first``. It has ``count`` passes, or, where that is 0, ends with the pass whose word says
    ``last``; in any case with the last pass of the memory. With s and e the cycles of a pass's start pulse and of
    its last activity (e = s where there is none), ``cycles = SHELL_RUN + sum(e - s) + (passes - 1) * SHELL_BARRIER +
    SHELL_DONE``. Activity may pause for up to SHELL_QUIET - 1 cycles within a pass, and begin up to SHELL_QUIET
    cycles after start.

    Parameters
    ----------
    units : int
        Units to watch.
    passes : int
        Of the pass memory, at most PASSES.

    Members
    -------
    load : In(LoadBus())
        Fills the pass memory.
    run : In(1)
        Pulse; ignored while busy.
    first, count : In(32)
        Read with ``run``.
    start : Out(1)
        Pulse: a pass begins, SHELL_RUN cycles after ``run`` the first.
    task : Out(pass_layout)
        Changes in the cycle of ``start``, stable until the next one.
    active : In(units)
    busy, done : Out(1)
        ``done`` is a pulse in the last busy cycle.
    index : Out(INDEX_BITS)
        Pass that runs, or ran last.
    cycles : Out(32)
        Busy cycles of this run or, when idle, of the last one.
    pass_index : In(INDEX_BITS), pass_cycles : Out(32)
        ``cycles`` at the end of a pass, read in the same cycle.
    """

    load: LoadPort
    run: Signal
    first: Signal
    count: Signal
    start: Signal
    task: data.View
    active: Signal
    busy: Signal
    done: Signal
    index: Signal
    cycles: Signal
    pass_index: Signal
    pass_cycles: Signal

    def __init__(self, *, units: int, passes: int) -> None:
        if not 1 <= passes <= PASSES:
            raise ValueError(f"passes is {passes}, not 1 to {PASSES}")
        self.passes = passes
        super().__init__({
            "load": In(LoadBus()), "run": In(1), "first": In(32), "count": In(32), "start": Out(1),
            "task": Out(pass_layout), "active": In(units), "busy": Out(1), "done": Out(1), "index": Out(INDEX_BITS),
            "cycles": Out(32), "pass_index": In(INDEX_BITS), "pass_cycles": Out(32),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        following = Signal(INDEX_BITS)  # the pass to fetch next
        word = self._memory(m, following)
        stamps = add_memory(m, "stamps", 32, self.passes)
        stamp, look_up = stamps.write_port(), stamps.read_port(domain="comb")
        m.d.comb += [look_up.addr.eq(self.pass_index), self.pass_cycles.eq(look_up.data),
                     stamp.addr.eq(self.index), stamp.data.eq(self.cycles + 1)]

        # Two registers (SHELL_OBSERVE) bring the activity of units all over the chip together.
        near, activity = Signal(len(self.active) + 1), Signal()
        m.d.sync += [near.eq(Cat(self.active, self.start)), activity.eq(near.any())]

        quiet = Signal(range(SHELL_QUIET))  # cycles without activity so far
        with m.If(activity):
            m.d.sync += quiet.eq(0)
        with m.Elif(quiet != SHELL_QUIET - 1):
            m.d.sync += quiet.eq(quiet + 1)
        left = Signal(32)  # passes to start yet; stays 0 where the words say which is the last
        counted = Signal()
        head = Signal()  # the first pass is about to start
        over, final, launch = Signal(), Signal(), Signal()
        m.d.comb += [
            over.eq(self.busy & ~head & ~activity & (quiet == SHELL_QUIET - 1)),
            final.eq((counted & (left == 0)) | (~counted & self.task.last) | (self.index == self.passes - 1)),
            self.done.eq(over & final), launch.eq(head | (over & ~final)), stamp.en.eq(over),
        ]
        m.d.sync += [self.start.eq(launch), head.eq(0)]
        with m.If(self.busy):
            m.d.sync += self.cycles.eq(self.cycles + 1)
        with m.If(self.run & ~self.busy):
            m.d.sync += [self.busy.eq(1), head.eq(1), following.eq(self.first), self.cycles.eq(0),
                         left.eq(self.count), counted.eq(self.count != 0)]
        with m.If(launch):
            m.d.sync += [self.task.eq(word), self.index.eq(following), following.eq(following + 1), quiet.eq(0),
                         left.eq(left - 1)]
        with m.If(self.done):
            m.d.sync += self.busy.eq(0)
        return m

    def _memory(self, m: Module, address: Signal) -> data.View:
        """The pass word at ``address``, in the same cycle."""
        halves = []
        for half in range(-(-pass_layout.size // BEAT_BITS)):
            width = min(BEAT_BITS, pass_layout.size - half * BEAT_BITS)
            store = add_memory(m, f"half{half}", width, self.passes, "distributed")
            fill, fetch = store.write_port(), store.read_port(domain="comb")
            m.d.comb += [
                fill.en.eq(self.load.valid & (self.load.target == Target.PASS) & (self.load.unit == half)),
                fill.addr.eq(self.load.address), fill.data.eq(self.load.data), fetch.addr.eq(address),
            ]
            halves.append(fetch.data)
        return data.View(pass_layout, Cat(halves))
