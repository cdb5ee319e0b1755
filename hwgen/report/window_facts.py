"""Facts of graphs that run by windows: cycles of the whole."""

from collections.abc import Mapping, Sequence
from typing import Any

from boards import Board

from .facts import ASSUMED
from .lists_facts import mean_pass

__all__ = ["window_cycles", "window_performance"]

Facts = Mapping[str, Any]


def window_cycles(windows: Sequence[Facts], totals: Mapping[str, int], passes: Sequence[str],
                  by_bits: Mapping[str, int], graphs: int) -> dict[str, Any]:
    """Cycles of the sample, as :func:`hwgen.report.lists_facts.batch_cycles`; ``windows`` in place of ``batches``.

    Parameters
    ----------
    windows : sequence of dict
        Every one, in order: ``pass``, ``rows``, ``entries``, ``load_beats``, ``store_beats``, ``total`` cycles, and its
        ``passes``.
    totals : dict
        Cycles of all of them: ``run``, ``load``, ``store``, ``total``.
    passes : sequence of str
        Names.
    by_bits : dict
        Cycles of running with learned and with uniform bit widths.
    graphs : int
        In the sample.

    Returns
    -------
    dict
        ``total``, ``per_graph`` and ``passes`` are of running; ``windows`` has ``count``, cycles of running, loading
        and storing, and figures of each pass.
    """
    mine = [[each for each in windows if each["pass"] == index] for index in range(len(passes))]
    keys = ("rows", "entries", "load_beats", "store_beats")
    return {
        "total": totals["run"], "graphs": graphs, "per_graph": totals["run"] / graphs,
        "passes": [mean_pass(name, [step for each in some for step in each["passes"]])
                   for name, some in zip(passes, mine, strict=True)],
        "windows": {"count": len(windows), **totals, "passes": [
            {"name": name, "windows": len(some), **{key: sum(int(each[key]) for each in some) for key in keys},
             "cycles": sum(int(each["total"]) for each in some)} for name, some in zip(passes, mine, strict=True)]},
        "by_bits": dict(by_bits)}


def window_performance(cycles: Facts, board: Board) -> dict[str, Any]:
    """Latency and throughput at the clock that the board's file assumes, of all windows, loads and stores included.

    Loads and stores are those of a memory that answers at full rate, one after the other with running.
    """
    mhz, total, graphs = board.clock.assumed_mhz, int(cycles["windows"]["total"]), int(cycles["graphs"])
    return {"clock_mhz": mhz, "clock": ASSUMED, "cycles": total, "latency_us": total / mhz,
            "cycles_per_graph": total / graphs, "graphs_per_s": mhz * 1e6 * graphs / total}
