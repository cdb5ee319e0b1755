"""The sequencer: runs the passes of the task memory, one after the other, and counts their cycles."""


from amaranth import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..cells.add_memory import add_memory
from ..shell.signatures import LoadBus, LoadPort
from ..shell.timing import SHELL_QUIET
from .formats import PASSES, UNITS, Target
from .signatures import task_layout

__all__ = ["Sequencer"]


class Sequencer(wiring.Component):
    """Starts pass after pass; a pass is over when nothing has been active for SHELL_QUIET cycles.

    With s and e the cycles of a pass's start pulse and of its last activity (e = s where there is none),
    ``cycles = SHELL_RUN + sum(e - s) + (passes - 1) * SHELL_BARRIER + SHELL_DONE``, whatever the memory does.
    Activity may pause for up to SHELL_QUIET - 1 cycles within a pass, and begin up to SHELL_QUIET cycles after start.

    Parameters
    ----------
    groups, servers : int
        Units to watch.

    Members
    -------
    load : In(LoadBus())
        Fills the task memory.
    run : In(1)
        Pulse; ignored while busy.
    run_start, start : Out(1)
        Pulses: a run begins (SHELL_RUN - 1 cycles before the first start); a pass begins.
    task : Out(task_layout)
        Changes in the cycle of ``start``, stable until the next one.
    active : In(groups), held : In(groups * 16), working : In(servers)
        Activity: groups, hold registers, servers.
    busy, done : Out(1)
        ``done`` is a pulse in the last busy cycle.
    index : Out(4)
        Pass that runs, or ran last.
    cycles : Out(32)
        Busy cycles of this run or, when idle, of the last one.
    pass_index : In(4), pass_cycles : Out(32)
        ``cycles`` at the end of a pass, read in the same cycle.
    """

    load: LoadPort
    run: Signal
    run_start: Signal
    start: Signal
    task: data.View
    active: Signal
    held: Signal
    working: Signal
    busy: Signal
    done: Signal
    index: Signal
    cycles: Signal
    pass_index: Signal
    pass_cycles: Signal

    def __init__(self, *, groups: int, servers: int) -> None:
        self.groups = groups
        super().__init__({
            "load": In(LoadBus()), "run": In(1), "run_start": Out(1), "start": Out(1), "task": Out(task_layout),
            "active": In(groups), "held": In(groups * UNITS), "working": In(servers), "busy": Out(1),
            "done": Out(1), "index": Out(4), "cycles": Out(32), "pass_index": In(4), "pass_cycles": Out(32),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        tasks, stamps = add_memory(m, "tasks", task_layout, PASSES), add_memory(m, "stamps", 32, PASSES)
        fill, fetch = tasks.write_port(), tasks.read_port(domain="comb")
        stamp, look_up = stamps.write_port(), stamps.read_port(domain="comb")
        following = Signal(4)  # the pass to fetch next
        m.d.comb += [
            fill.en.eq(self.load.valid & (self.load.target == Target.TASK)), fill.addr.eq(self.load.address),
            fill.data.as_value().eq(self.load.data[:task_layout.size]), fetch.addr.eq(following),
            look_up.addr.eq(self.pass_index), self.pass_cycles.eq(look_up.data),
            stamp.addr.eq(self.index), stamp.data.eq(self.cycles + 1),
        ]

        # Two registers (SHELL_OBSERVE) bring the activity of units all over the chip together.
        near = Signal(self.groups + 1)
        held = [self.held.word_select(group, UNITS).any() for group in range(self.groups)]
        activity = Signal()
        m.d.sync += [
            near.eq(Cat(*(self.active[group] | held[group] for group in range(self.groups)),
                        self.working.any() | self.start)),
            activity.eq(near.any()),
        ]

        quiet = Signal(range(SHELL_QUIET))  # cycles without activity so far
        over, launch = Signal(), Signal()
        with m.If(activity):
            m.d.sync += quiet.eq(0)
        with m.Elif(quiet != SHELL_QUIET - 1):
            m.d.sync += quiet.eq(quiet + 1)
        first = Signal()  # the first pass is about to start
        m.d.comb += [
            over.eq(self.busy & ~first & ~activity & (quiet == SHELL_QUIET - 1)),
            self.done.eq(over & self.task.last_pass), launch.eq(first | (over & ~self.task.last_pass)),
            stamp.en.eq(over),
        ]
        m.d.sync += [self.run_start.eq(0), self.start.eq(launch), first.eq(0)]
        with m.If(self.busy):
            m.d.sync += self.cycles.eq(self.cycles + 1)
        with m.If(self.run & ~self.busy):
            m.d.sync += [self.run_start.eq(1), self.busy.eq(1), first.eq(1), following.eq(0), self.cycles.eq(0)]
        with m.If(launch):
            m.d.sync += [self.task.eq(fetch.data), self.index.eq(following), following.eq(following + 1),
                         quiet.eq(0)]
        with m.If(self.done):
            m.d.sync += self.busy.eq(0)
        return m
