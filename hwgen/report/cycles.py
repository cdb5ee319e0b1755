"""Cycles of a sample from those of its runs, and the latency and throughput that follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boards import Board
from rtl_templates.shell.timing import load_cycles, store_cycles

from ..flow.config import RunKind
from .facts import Cycles, Pass, Performance, Run

__all__ = ["ASSUMED", "Ran", "cycles_of", "performance_of"]

ASSUMED = "assumed, not a result"

#: What latency is of, by the kind of runs: the longest run, or all of them where each computes a part.
LATENCY_OF: Mapping[RunKind, str] = {"graph": "the graph", "batch": "the longest batch", "window": "all windows"}


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a target says of a run.

    Parameters
    ----------
    sizes, load_beats, store_beats
        As in :class:`hwgen.report.facts.Run`.
    passes : sequence of Pass
        That it ran.
    counters : mapping
        What the stage counters read after it.
    part : int or None
        The pass of the program that it is a part of; None: all, in order.
    """

    sizes: Mapping[str, int]
    load_beats: int
    store_beats: int
    passes: Sequence[Pass]
    counters: Mapping[str, int]
    part: int | None = None


def cycles_of(kind: RunKind, runs: Sequence[Ran], passes: Sequence[str], by_bits: Mapping[str, int],
              graphs: int, accuracy: Mapping[str, tuple[float, float]] | None = None) -> Cycles:
    """Add up the runs of a sample.

    Parameters
    ----------
    runs : sequence of Ran
        In order; one at least.
    passes : sequence of str
        Names of the program's passes.
    by_bits : mapping
        Cycles of running with learned and with uniform bit widths.
    graphs : int
        In the sample.
    accuracy : mapping or None
        As of :class:`.facts.Cycles`.
    """
    total = sum(step.cycles for run in runs for step in run.passes)
    steps = [[step for run in runs for step in (run.passes if run.part == index else
                                                [run.passes[index]] if run.part is None else [])]
             for index in range(len(passes))]
    return Cycles(
        kind=kind, graphs=graphs, total=total, per_graph=total / graphs,
        load=sum(load_cycles(run.load_beats) for run in runs),
        store=sum(store_cycles(run.store_beats) for run in runs),
        passes=tuple(_mean(name, each) for name, each in zip(passes, steps, strict=True)),
        counters={name: sum(run.counters[name] for run in runs) for name in runs[0].counters}, by_bits=dict(by_bits),
        accuracy_by_bits=dict(accuracy or {}),
        runs=tuple(Run(part=None if run.part is None else passes[run.part], sizes=dict(run.sizes),
                       load_beats=run.load_beats, store_beats=run.store_beats,
                       cycles=sum(step.cycles for step in run.passes),
                       pass_cycles=tuple(step.cycles for step in run.passes)) for run in runs))


def performance_of(cycles: Cycles, board: Board) -> Performance:
    """Latency and throughput at the clock that the board's file assumes.

    Of graphs and batches, running alone counts as long as images are on the chip already. Windows need the loads and
    stores between them. With transfers, every image is loaded and its results are stored before the next one.
    """
    mhz = board.clock.assumed_mhz
    if cycles.kind == "window":
        whole = everything = cycles.total + cycles.load + cycles.store
        first, last = cycles.runs[0], cycles.runs[-1]
        latency = running = whole - load_cycles(first.load_beats) - store_cycles(last.store_beats)
    else:
        longest = max(cycles.runs, key=lambda run: run.cycles)
        latency, running = longest.cycles, cycles.total
        whole = latency + load_cycles(longest.load_beats) + store_cycles(longest.store_beats)
        everything = running + cycles.load + cycles.store
    rate = mhz * 1e6 * cycles.graphs
    return Performance(
        clock_mhz=mhz, clock=ASSUMED, of=LATENCY_OF[cycles.kind], cycles=latency, cycles_with_transfers=whole,
        latency_us=latency / mhz, latency_us_with_transfers=whole / mhz, graphs_per_s=rate / running,
        graphs_per_s_with_transfers=rate / everything)


def _mean(name: str, steps: Sequence[Pass]) -> Pass:
    """A pass over several runs."""
    cycles = sum(step.cycles for step in steps)

    def shares(of: Sequence[Mapping[str, float]]) -> dict[str, float]:
        return {stage: sum(step.cycles * share[stage] for step, share in zip(steps, of, strict=True)) / cycles
                for stage in of[0]}

    return Pass(name=name, cycles=cycles, utilisation=shares([step.utilisation for step in steps]),
                waited=shares([step.waited for step in steps]))
