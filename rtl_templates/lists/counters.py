"""Counters of what every stage of the units did in a run: run, idle, wait; summed over the units."""

from amaranth import Module, Signal, Value

from ..shell.counters import ShellCounters, ones

__all__ = ["STAGES", "Counters"]

#: Stages that wait for the next one; ``write`` does not.
STAGES = ("gather", "pre", "combine", "post")


class Counters(ShellCounters):
    """Every busy cycle of a run is counted once a unit and stage: ``run + idle + wait_out = units * CYCLES``.

    Parameters
    ----------
    units : int

    Members
    -------
    <stage>_working, <stage>_waiting : In(units)
        A stage works; could begin something, but its output has no place for it. Never both.
    write_working : In(units)
    <stage>_run, <stage>_idle, <stage>_wait_out, write_run : Out(32)
    """

    def __init__(self, *, units: int) -> None:
        self.units = units
        super().__init__(
            names=(*(f"{stage}_{what}" for stage in STAGES for what in ("run", "idle", "wait_out")), "write_run"),
            inputs={f"{stage}_{what}": units for stage in (*STAGES, "write") for what in ("working", "waiting")
                    if (stage, what) != ("write", "waiting")})

    def _amounts(self, m: Module, run: Signal) -> dict[str, Value]:
        units = run.replicate(self.units)
        amounts = {"write_run": ones(self._late(m, "write_working") & units)}
        for stage in STAGES:
            working = self._late(m, f"{stage}_working") & units
            waiting = self._late(m, f"{stage}_waiting") & units
            amounts |= {f"{stage}_run": ones(working), f"{stage}_wait_out": ones(waiting),
                        f"{stage}_idle": ones(units & ~working & ~waiting)}
        return amounts
