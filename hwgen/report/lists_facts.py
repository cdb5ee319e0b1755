"""All facts of a build of the graph-level organisation: the keys of :mod:`.facts`, and those of batches."""

from collections.abc import Mapping, Sequence
from typing import Any

from boards import Board

from ..flow.resources import Resources
from ..version import __version__
from .facts import ASSUMED, resource_facts

__all__ = ["batch_cycles", "lists_facts", "lists_performance", "lists_verification", "mean_pass"]

Facts = Mapping[str, Any]


def lists_facts(*, model: Facts, board: Board, hardware: Mapping[str, int], capacities: Mapping[str, int],
                 cycles: Facts, performance: Facts, resources: Resources) -> dict[str, Any]:
    """Put together what is known when a design has been built.

    Parameters
    ----------
    model : dict
        :func:`hwgen.report.network_facts.network_facts`.
    board : Board
    hardware, capacities : dict
        Capacities are those of a batch, and the longest lists.
    cycles, performance : dict
        :func:`batch_cycles` and :func:`lists_performance`, or those of :mod:`hwgen.report.window_facts`.
    resources : Resources
    """
    return {
        "hwgen": __version__,
        "organisation": "stream",
        "model": dict(model),
        "board": {"name": board.name, "title": board.title, "part": board.part},
        "hardware": dict(hardware),
        "capacities": dict(capacities),
        "cycles": dict(cycles),
        "performance": dict(performance),
        "resources": resource_facts(resources, board),
        "verification": None,
        "agreement": None,
    }


def batch_cycles(batches: Sequence[Facts], by_bits: Mapping[str, int]) -> dict[str, Any]:
    """Cycles of the sample.

    Parameters
    ----------
    batches : sequence of dict
        Of every batch of the sample: ``graphs``, ``nodes``, ``edges``; ``load_beats`` and ``store_beats`` of 16 bytes;
        ``total`` cycles, and ``passes`` with ``name``, ``cycles``, ``utilisation`` and ``waited`` (stage -> share).
    by_bits : dict
        Cycles of the sample with learned and with uniform bit widths.
    """
    total, graphs = sum(int(batch["total"]) for batch in batches), sum(int(batch["graphs"]) for batch in batches)
    keys = ("graphs", "nodes", "edges", "load_beats", "store_beats")
    return {
        "total": total, "graphs": graphs, "per_graph": total / graphs,
        "passes": [mean_pass(steps[0]["name"], steps)
                   for steps in zip(*(batch["passes"] for batch in batches), strict=True)],
        "batches": [{**{key: int(batch[key]) for key in keys}, "cycles": int(batch["total"]),
                     "pass_cycles": [int(step["cycles"]) for step in batch["passes"]]} for batch in batches],
        "by_bits": dict(by_bits)}


def lists_performance(batches: Sequence[Facts], board: Board) -> dict[str, Any]:
    """Latency and throughput, at the clock that the board's file assumes.

    ``cycles`` and ``latency_us`` are of the longest batch, ``graphs_per_s`` of all of them while their images are on
    the chip already; ``graphs_per_s_with_transfers`` loads each image and stores its results before the next one, from
    a memory that moves 16 bytes a cycle.
    """
    mhz = board.clock.assumed_mhz
    graphs = sum(int(batch["graphs"]) for batch in batches)
    cycles = sum(int(batch["cycles"]) for batch in batches)
    moved = sum(int(batch["load_beats"]) + int(batch["store_beats"]) for batch in batches)
    longest = max(int(batch["cycles"]) for batch in batches)
    return {"clock_mhz": mhz, "clock": ASSUMED, "cycles": longest, "latency_us": longest / mhz,
            "cycles_per_graph": cycles / graphs, "graphs_per_s": mhz * 1e6 * graphs / cycles,
            "graphs_per_s_with_transfers": mhz * 1e6 * graphs / (cycles + moved)}


def lists_verification(batches: Mapping[str, Facts], estimated: Mapping[str, int], graphs: int, what: str,
                        mismatch: Facts | None) -> dict[str, Any]:
    """What a cosimulation of batches found out, without its times: the same run gives the same facts.

    Parameters
    ----------
    batches : mapping of name to dict
        ``sim.Result.to_dict()`` of each batch that ran.
    estimated : mapping of name to int
        Cycles that were expected of each.
    graphs : int
        In the batches that were to run.
    what : str
        What was simulated, for people.
    mismatch : dict or None
        The first difference.
    """
    def total(key: str) -> int:
        return sum(int(batch[key]) for batch in batches.values())

    each = [{"name": name, "cycles": int(batch["cycles"]), "estimated_cycles": estimated[name],
             "difference": estimated[name] - int(batch["cycles"])} for name, batch in batches.items()]
    done = list(batches.values())
    return {
        "bit_exact": mismatch is None and not any(entry["difference"] for entry in each), "graph": what,
        "graphs": graphs, "batches": each, "estimated_cycles": sum(entry["estimated_cycles"] for entry in each),
        **{key: total(key) for key in ("cycles", "load_cycles", "store_cycles", "rows_compared", "codes_compared")},
        "pass_cycles": [sum(one) for one in zip(*(batch["pass_cycles"] for batch in done), strict=False)],
        "counters": {name: sum(int(batch["counters"].get(name, 0)) for batch in done)
                     for name in (done[0]["counters"] if done else {}) if name != "PASS"},
        "mismatch": dict(mismatch) if mismatch else None,
    }


def mean_pass(name: str, steps: Sequence[Facts]) -> dict[str, Any]:
    """A pass over several batches or windows; shares are means, weighted by the cycles that they are of."""
    cycles = sum(int(step["cycles"]) for step in steps)
    shares = {what: {stage: sum(step["cycles"] * step[what][stage] for step in steps) / cycles
                     for stage in steps[0][what]} for what in ("utilisation", "waited")}
    return {"name": name, "cycles": cycles, **shares}
