"""The sequencer: runs passes of the pass memory, one after the other, and counts their cycles."""

from amaranth import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..cells.add_memory import add_memory
from .signatures import LoadBus, LoadPort
from .timing import SHELL_QUIET
from .words import BEAT_BITS

__all__ = ["Sequencer"]


class Sequencer(wiring.Component):
    """Starts pass after pass; a pass is over when no unit has been active for SHELL_QUIET cycles.

    A run begins with pass ``first``. It has ``count`` passes, or, where that is 0, ends with the pass whose word says
    ``last``; in any case with the last pass that was loaded. With s and e the cycles of a pass's start pulse and of
    its last activity (e = s where there is none), ``cycles = SHELL_RUN + sum(e - s) + (passes - 1) * SHELL_BARRIER +
    SHELL_DONE``, whatever the memory does. Activity may pause for up to SHELL_QUIET - 1 cycles within a pass, and
    begin up to SHELL_QUIET cycles after start.

    Parameters
    ----------
    units : int
        Bits of activity to watch.
    layout : StructLayout
        Of a pass's word, with a field ``last``; a load brings it in beats, the unit of the load says which.
    target : int
        Of these loads.
    passes : int
        Words of the pass memory.
    index_bits : int
        Of a pass's number.
    parts : bool
        Runs may be parts of a program; else ``first`` and ``count`` stay 0.

    Members
    -------
    load : In(LoadBus())
        Fills the pass memory.
    run : In(1)
        Pulse; ignored while busy.
    first, count : In(32)
        Read with ``run``.
    outside : Out(1)
        A run of these would have passes that the last load of passes did not bring: do not start it. A cycle late.
    run_start, start : Out(1)
        Pulses: a run begins (SHELL_RUN - 1 cycles before the first start); a pass begins.
    task : Out(layout)
        Changes in the cycle of ``start``, stable until the next one.
    active : In(units)
    busy, done : Out(1)
        ``done`` is a pulse in the last busy cycle.
    index : Out(index_bits)
        Pass that runs, or ran last.
    cycles : Out(32)
        Busy cycles of this run or, when idle, of the last one.
    pass_index : In(index_bits), pass_cycles : Out(32)
        ``cycles`` at the end of a pass, read in the same cycle.
    """

    load: LoadPort
    run: Signal
    first: Signal
    count: Signal
    outside: Signal
    run_start: Signal
    start: Signal
    task: data.View
    active: Signal
    busy: Signal
    done: Signal
    index: Signal
    cycles: Signal
    pass_index: Signal
    pass_cycles: Signal

    def __init__(self, *, units: int, layout: data.StructLayout, target: int, passes: int, index_bits: int,
                 parts: bool = True) -> None:
        if not 1 <= passes <= 1 << index_bits:
            raise ValueError(f"passes is {passes}, not 1 to {1 << index_bits}")
        self.layout, self.target, self.passes, self.index_bits = layout, target, passes, index_bits
        self.parts = parts
        super().__init__({
            "load": In(LoadBus()), "run": In(1), "first": In(32), "count": In(32), "outside": Out(1),
            "run_start": Out(1), "start": Out(1), "task": Out(layout), "active": In(units), "busy": Out(1),
            "done": Out(1), "index": Out(index_bits), "cycles": Out(32), "pass_index": In(index_bits),
            "pass_cycles": Out(32),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        following = Signal(self.index_bits)  # the pass to fetch next
        top = Signal(self.index_bits, reset_less=True)  # the last pass that was loaded: what aborts a run keeps it
        word = self._memory(m, following, top)
        bits = self.index_bits
        if self.parts:
            m.d.sync += self.outside.eq(
                self.first[bits:].any() | self.count[bits + 1:].any() | (self.first[:bits] > top)
                | (self.first[:bits] + self.count[:bits + 1] > top + 1))
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
            final.eq((counted & (left == 0)) | (~counted & self.task.last) | (self.index == top)),
            self.done.eq(over & final), launch.eq(head | (over & ~final)), stamp.en.eq(over),
        ]
        m.d.sync += [self.run_start.eq(0), self.start.eq(launch), head.eq(0)]
        with m.If(self.busy):
            m.d.sync += self.cycles.eq(self.cycles + 1)
        with m.If(self.run & ~self.busy):
            m.d.sync += [self.run_start.eq(1), self.busy.eq(1), head.eq(1), following.eq(self.first),
                         self.cycles.eq(0), left.eq(self.count), counted.eq(self.count != 0)]
        with m.If(launch):
            m.d.sync += [self.task.eq(word), self.index.eq(following), following.eq(following + 1), quiet.eq(0),
                         left.eq(left - 1)]
        with m.If(self.done):
            m.d.sync += self.busy.eq(0)
        return m

    def _memory(self, m: Module, address: Signal, top: Signal) -> data.View:
        """The word at ``address``, in the same cycle: a memory for each beat of it; ``top`` follows what is loaded."""
        parts = []
        for unit in range(-(-self.layout.size // BEAT_BITS)):
            width = min(BEAT_BITS, self.layout.size - unit * BEAT_BITS)
            store = add_memory(m, f"part{unit}", width, self.passes, "distributed")
            fill, fetch = store.write_port(), store.read_port(domain="comb")
            m.d.comb += [
                fill.en.eq(self.load.valid & (self.load.target == self.target) & (self.load.unit == unit)),
                fill.addr.eq(self.load.address), fill.data.eq(self.load.data), fetch.addr.eq(address),
            ]
            parts.append(fetch.data)
            with m.If(fill.en):
                m.d.sync += top.eq(self.load.address)
        return data.View(self.layout, Cat(parts))
