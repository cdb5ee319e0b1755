"""Counters of what every stage did: run, idle, wait; summed over the units of a stage."""

from amaranth import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["COUNTERS", "Counters"]

#: Output names of :class:`Counters`, which are register names in lower case.
COUNTERS = (
    "load_cycles", "load_run", "load_wait_in", "gather_run", "gather_idle", "gather_wait_out", "server_run",
    "server_idle", "server_wait_in", "store_cycles", "store_run", "store_wait_out",
)


def _ones(bits: Value) -> Value:
    """Number of ones."""
    total: Value = bits[0]
    for bit in bits[1:]:
        total = total + bit
    return total


class Counters(wiring.Component):
    """Counts cycles by stage: those of the last load, of the last run, of the last store.

    Every busy cycle of a run is counted once per unit, so ``gather_run + gather_idle + gather_wait_out = groups *
    CYCLES`` and ``server_run + server_idle + server_wait_in = servers * CYCLES``. Events are counted three cycles
    after they happen; counters restart with their stage's next command.

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
    load_busy, load_beat, run_busy, store_busy, store_beat, store_waits : In(1)
    names in COUNTERS : Out(32)
    """

    issuing: Signal
    stalled: Signal
    working: Signal
    waiting: Signal
    load_busy: Signal
    load_beat: Signal
    run_busy: Signal
    store_busy: Signal
    store_beat: Signal
    store_waits: Signal

    def __init__(self, *, groups: int, servers: int) -> None:
        self.groups = groups
        self.servers = servers
        inputs = {"issuing": groups, "stalled": groups, "working": servers, "waiting": servers, "load_busy": 1,
                  "load_beat": 1, "run_busy": 1, "store_busy": 1, "store_beat": 1, "store_waits": 1}
        super().__init__({**{name: In(width) for name, width in inputs.items()},
                          **{name: Out(32) for name in COUNTERS}})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # One register on everything that comes in; a stage's busy signal gates what is counted.
        load, run, store = (self._late(m, f"{stage}_busy") for stage in ("load", "run", "store"))
        groups, servers = run.replicate(self.groups), run.replicate(self.servers)
        stalled = self._late(m, "stalled") & groups
        issuing = self._late(m, "issuing") & ~stalled & groups
        working = self._late(m, "working") & servers
        waiting = self._late(m, "waiting") & ~working & servers
        beat = self._late(m, "load_beat")
        self._count(m, load, {"load_cycles": load, "load_run": load & beat, "load_wait_in": load & ~beat})
        self._count(m, run, {
            "gather_run": _ones(issuing), "gather_wait_out": _ones(stalled),
            "gather_idle": _ones(groups & ~issuing & ~stalled),
            "server_run": _ones(working), "server_wait_in": _ones(waiting),
            "server_idle": _ones(servers & ~working & ~waiting),
        })
        self._count(m, store, {
            "store_cycles": store, "store_run": store & self._late(m, "store_beat"),
            "store_wait_out": store & self._late(m, "store_waits"),
        })
        return m

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
