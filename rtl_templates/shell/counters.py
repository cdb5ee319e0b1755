"""Counters of what every stage did: run, idle, wait; summed over the units of a stage."""

from collections.abc import Sequence
from typing import NamedTuple

from amaranth import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..cells.delays import delays

__all__ = ["Counted", "Counters", "ones"]

_LOAD = ("load_cycles", "load_run", "load_wait_in")
_STORE = ("store_cycles", "store_run", "store_wait_out")
_SHELL = ("load_busy", "load_beat", "run_busy", "store_busy", "store_beat", "store_waits")


class Counted(NamedTuple):
    """A stage whose cycles of a run are counted.

    Parameters
    ----------
    name : str
    units : int
        How many of them work side by side.
    waits : str
        ``wait_in``: waiting is for what comes before; ``wait_out``: for what comes after; empty: it never waits.
    """

    name: str
    units: int
    waits: str

    @property
    def counters(self) -> tuple[str, ...]:
        """Names of its counters."""
        return tuple(f"{self.name}_{what}" for what in (("run", "idle", self.waits) if self.waits else ("run",)))

    @property
    def events(self) -> tuple[str, ...]:
        """Names of what is counted."""
        return tuple(f"{self.name}_{what}" for what in (("working", "waiting") if self.waits else ("working",)))


def ones(bits: Value) -> Value:
    """Number of ones."""
    total: Value = bits[0]
    for bit in bits[1:]:
        total = total + bit
    return total


class Counters(wiring.Component):
    """Counts cycles of the last load, of the last store, and, by stage, of the last run.

    Every busy cycle of a run is counted once a unit, so ``run + idle + wait = units * CYCLES`` for a stage that may
    wait. Events are counted three cycles after they happen; counters restart with their stage's next command.

    Parameters
    ----------
    stages : sequence of Counted

    Members
    -------
    load_busy, load_beat, run_busy, store_busy, store_beat, store_waits : In(1)
    <stage>_working, <stage>_waiting : In(units)
        A unit works; waits within a pass. Working wins.
    names : Out(32)
        Each of these is a register's name in lower case.
    """

    load_busy: Signal
    load_beat: Signal
    run_busy: Signal
    store_busy: Signal
    store_beat: Signal
    store_waits: Signal

    def __init__(self, stages: Sequence[Counted]) -> None:
        self.stages = tuple(stages)
        #: Of all counters.
        self.names = (*_LOAD, *(name for stage in stages for name in stage.counters), *_STORE)
        super().__init__({
            **{name: In(stage.units) for stage in stages for name in stage.events},
            **{name: In(1) for name in _SHELL}, **{name: Out(32) for name in self.names}})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # One register on everything that comes in; a stage's busy signal gates what is counted.
        load, run, store = (self._late(m, f"{stage}_busy") for stage in ("load", "run", "store"))
        beat = self._late(m, "load_beat")
        self._count(m, load, {"load_cycles": load, "load_run": load & beat, "load_wait_in": load & ~beat})
        self._count(m, run, {name: amount for stage in self.stages for name, amount in self._amounts(m, stage, run)})
        self._count(m, store, {
            "store_cycles": store, "store_run": store & self._late(m, "store_beat"),
            "store_wait_out": store & self._late(m, "store_waits"),
        })
        return m

    def _amounts(self, m: Module, stage: Counted, run: Value) -> list[tuple[str, Value]]:
        """What each of a stage's counters adds; ``run`` is the registered busy signal."""
        units = run.replicate(stage.units)
        events = [self._late(m, name) & units for name in stage.events]
        kept = [event & ~events[0] if index else event for index, event in enumerate(events)]
        amounts = [ones(event) for event in kept]
        if len(kept) > 1:
            amounts.insert(1, ones(units & ~kept[0] & ~kept[1]))
        return list(zip(stage.counters, amounts, strict=True))

    def _late(self, m: Module, name: str) -> Value:
        return delays(m, name, getattr(self, name), 1, reset=True)[1]

    def _count(self, m: Module, busy: Value, amounts: dict[str, Value]) -> None:
        """Accumulate each amount, registered once more, from the first busy cycle on."""
        was_busy, restart = Signal(), Signal()
        m.d.sync += [was_busy.eq(busy), restart.eq(busy & ~was_busy)]
        for name, amount in amounts.items():
            step = Signal(len(amount), name=f"{name}_step")
            counter = getattr(self, name)
            m.d.sync += [step.eq(amount), counter.eq(counter + step)]
            with m.If(restart):
                m.d.sync += counter.eq(step)
