"""All facts of a build in one JSON-ready dictionary: ``report.json``, out of which every other view is made."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from boards import Board

from ..flow.resources import Resources
from ..version import __version__

__all__ = ["ASSUMED", "build_facts", "longest_run", "performance", "resource_facts", "slowest", "verification",
           "with_verification"]

ASSUMED = "assumed, not a result"


def build_facts(*, model: Mapping[str, Any], board: Board, hardware: Mapping[str, int], capacities: Mapping[str, int],
                cycles: Mapping[str, Any], by_bits: Mapping[str, int], resources: Resources) -> dict[str, Any]:
    """Put together what is known when a design has been built.

    Parameters
    ----------
    model : dict
        :func:`hwgen.report.model_facts.model_facts`.
    board : Board
    hardware, capacities : dict
    cycles : dict
        ``total`` and ``passes``: ``name``, ``cycles`` and ``utilisation`` (stage -> share) of each.
    by_bits : dict
        Total cycles with learned and with uniform bit widths.
    resources : Resources
    """
    return {
        "hwgen": __version__,
        "model": dict(model),
        "board": {"name": board.name, "title": board.title, "part": board.part},
        "hardware": dict(hardware),
        "capacities": dict(capacities),
        "cycles": {**cycles, "by_bits": dict(by_bits)},
        "performance": performance(int(cycles["total"]), board),
        "resources": resource_facts(resources, board),
        "verification": None,
        "agreement": None,
    }


def resource_facts(resources: Resources, board: Board) -> dict[str, Any]:
    """Components, their sum, and its share of the board."""
    shares = resources.utilisation(board)
    return {
        "method": resources.method,
        "components": [{"name": part.name, "count": part.count, "one": asdict(part.one)}
                       for part in resources.components],
        "total": asdict(resources.total),
        "utilisation": {name: {"used": used, "available": have, "share": share}
                        for name, (used, have, share) in shares.items()},
    }


def performance(cycles: int, board: Board) -> dict[str, Any]:
    """Latency and throughput of the kernel, at the clock that the board's file assumes."""
    mhz = board.clock.assumed_mhz
    return {"clock_mhz": mhz, "clock": ASSUMED, "cycles": cycles, "latency_us": cycles / mhz,
            "graphs_per_s": mhz * 1e6 / cycles}


def verification(result: Mapping[str, Any], graph: str, estimated: int) -> dict[str, Any]:
    """What a cosimulation's result says, without its times: the same run gives the same facts.

    Parameters
    ----------
    result : dict
        ``sim.Result.to_dict()``.
    graph : str
        What was simulated, for people: ``the whole sample graph``.
    estimated : int
        Cycles that were expected of it.
    """
    keys = ("cycles", "load_cycles", "store_cycles", "pass_cycles", "counters", "rows_compared", "codes_compared",
            "mismatch")
    return {"bit_exact": result["ok"], "graph": graph, "estimated_cycles": estimated,
            **{key: result[key] for key in keys}}


def with_verification(facts: Mapping[str, Any], verification: Mapping[str, Any],
                      agreement: Mapping[str, Any] | None) -> dict[str, Any]:
    """Add what a cosimulation found out."""
    return {**facts, "verification": dict(verification), "agreement": dict(agreement) if agreement else None}


def slowest(passes: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The pass with most cycles."""
    return max(passes, key=lambda step: int(step["cycles"]))


def longest_run(cycles: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Name and cycles of the passes of one run: that of the longest batch, where there are batches."""
    passes = [{"name": step["name"], "cycles": int(step["cycles"])} for step in cycles["passes"]]
    if "batches" not in cycles:
        return passes
    longest = max(cycles["batches"], key=lambda batch: int(batch["cycles"]))
    return [{**step, "cycles": int(own)} for step, own in zip(passes, longest["pass_cycles"], strict=True)]
