"""Counters of what every stage did: run, idle, wait; summed over the units of a stage."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from amaranth import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["COUNTERS", "Counters", "ShellCounters", "ones"]

_LOAD = ("load_cycles", "load_run", "load_wait_in")
_STORE = ("store_cycles", "store_run", "store_wait_out")

#: Output names of :class:`Counters`, which are register names in lower case.
COUNTERS = (
    *_LOAD, "gather_run", "gather_idle", "gather_wait_out", "server_run", "server_idle", "server_wait_in", *_STORE,
)


def ones(bits: Value) -> Value:
    """Number of ones."""
    total: Value = bits[0]
    for bit in bits[1:]:
        total = total + bit
    return total


class ShellCounters(wiring.Component, ABC):
    """Counts cycles of the last load and the last store, and, in a subclass, of the last run.

    Events are counted three cycles after they happen; counters restart with their stage's next command.

    Parameters
    ----------
    names : tuple of str
        Of the run's counters.
    inputs : mapping of str to int
        Widths of the run's events.

    Members
    -------
    load_busy, load_beat, run_busy, store_busy, store_beat, store_waits : In(1)
    names of inputs : In(width)
    names of counters : Out(32)
    """

    load_busy: Signal
    load_beat: Signal
    run_busy: Signal
    store_busy: Signal
    store_beat: Signal
    store_waits: Signal

    def __init__(self, *, names: tuple[str, ...], inputs: Mapping[str, int]) -> None:
        #: Of all counters.
        self.names = (*_LOAD, *names, *_STORE)
        super().__init__({
            **{name: In(width) for name, width in inputs.items()},
            **{name: In(1) for name in ("load_busy", "load_beat", "run_busy", "store_busy", "store_beat",
                                        "store_waits")},
            **{name: Out(32) for name in self.names}})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # One register on everything that comes in; a stage's busy signal gates what is counted.
        load, run, store = (self._late(m, f"{stage}_busy") for stage in ("load", "run", "store"))
        amounts = self._amounts(m, run)
        beat = self._late(m, "load_beat")
        self._count(m, load, {"load_cycles": load, "load_run": load & beat, "load_wait_in": load & ~beat})
        self._count(m, run, amounts)
        self._count(m, store, {
            "store_cycles": store, "store_run": store & self._late(m, "store_beat"),
            "store_wait_out": store & self._late(m, "store_waits"),
        })
        return m

    @abstractmethod
    def _amounts(self, m: Module, run: Signal) -> dict[str, Value]:
        """What each of the run's counters adds; ``run`` is the registered busy signal."""

    def _late(self, m: Module, name: str) -> Signal:
        early: Signal = getattr(self, name)
        late = Signal(len(early), name=f"{name}_late")
        m.d.sync += late.eq(early)
        return late

    def _count(self, m: Module, busy: Signal, amounts: dict[str, Value]) -> None:
        """Accumulate each amount, registered once more, from the first busy cycle on."""
        was_busy, restart = Signal(), Signal()
        m.d.sync += [was_busy.eq(busy), restart.eq(busy & ~was_busy)]
        for name, amount in amounts.items():
            step = Signal(len(amount), name=f"{name}_step")
            counter = getattr(self, name)
            m.d.sync += [step.eq(amount), counter.eq(counter + step)]
            with m.If(restart):
                m.d.sync += counter.eq(step)


class Counters(ShellCounters):
    """Counts cycles by stage of the node-level organisation, summed over the units of a stage.

    Every busy cycle of a run is counted once per unit, so ``gather_run + gather_idle + gather_wait_out = groups *
    CYCLES`` and ``server_run + server_idle + server_wait_in = servers * CYCLES``.

    Parameters
    ----------
    groups, servers : int
        Units.

    Members
    -------
    issuing, stalled : In(groups)
        A group reads rows; stands still for a server. Never both; stalled wins.
    working, waiting : In(servers)
        A server works; waits within a pass. Working wins.
    names in COUNTERS : Out(32)
    """

    issuing: Signal
    stalled: Signal
    working: Signal
    waiting: Signal

    def __init__(self, *, groups: int, servers: int) -> None:
        self.groups = groups
        self.servers = servers
        super().__init__(
            names=tuple(name for name in COUNTERS if name.startswith(("gather", "server"))),
            inputs={"issuing": groups, "stalled": groups, "working": servers, "waiting": servers})

    def _amounts(self, m: Module, run: Signal) -> dict[str, Value]:
        groups, servers = run.replicate(self.groups), run.replicate(self.servers)
        stalled = self._late(m, "stalled") & groups
        issuing = self._late(m, "issuing") & ~stalled & groups
        working = self._late(m, "working") & servers
        waiting = self._late(m, "waiting") & ~working & servers
        return {
            "gather_run": ones(issuing), "gather_wait_out": ones(stalled),
            "gather_idle": ones(groups & ~issuing & ~stalled),
            "server_run": ones(working), "server_wait_in": ones(waiting),
            "server_idle": ones(servers & ~working & ~waiting),
        }
