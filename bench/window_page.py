"""The page of :mod:`windows`."""

from dataclasses import dataclass
from typing import Any

from verification_table import table

from rtl_templates.shell.timing import load_cycles, store_cycles

__all__ = ["HEAD", "Found", "section", "targets", "total_cycles"]

SECONDS, BYTES = 60, 2 << 30  #: Targets of packing.
MEGAHERTZ = 250  #: An assumption, as boards/ultra96.toml has it.


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured of one graph.

    Parameters
    ----------
    title, graph : str
    reference : float
        Seconds.
    rule : str
        What ``hwgen build`` would choose for it.
    packing : dict of order to dict
    order : str
        The one that loads least.
    windows : list of dict
        In that order: ``window``, ``pass``, ``rows``, ``entries``, ``load_beats``, ``store_beats``, ``total`` cycles.
    cosim : list of dict
        Windows that ran in Verilator: the same, and measured ``cycles``, ``load_cycles`` and ``store_cycles``.
    """

    title: str
    graph: str
    rule: str
    reference: float
    packing: dict[str, dict[str, float]]
    order: str
    windows: list[dict[str, Any]]
    passes: list[str]
    cosim: list[dict[str, Any]]
    wrong: str


HEAD = """# Graphs larger than the chip

Made by `{command}`; the facts are in `evidence/windows.jsonl`.

Windows of destination rows, one load, run and store each, on one design and any number of models and graphs:
{design}.
Yosys counts {resources}.

Graphs are synthetic: power law (end points drawn with weights of rank^-1/2), nodes numbered at random. The model is a
GCN of two layers and 16 channels with random weights and widths. All windows are packed from the reference's rows;
cosimulated ones (Verilator, AXI memory at full rate) compare every result, CYCLES and every counter with the reference
and the estimate. Loads take 37 cycles more than beats, stores 8 and 2 for each burst of 256 more than words, checked
here; on a board, memory adds its own.
"""


def total_cycles(windows: list[dict[str, Any]]) -> dict[str, int]:
    """Cycles of all windows, one after the other: ``run``, ``load``, ``store``, and their sum ``total``."""
    parts = {"run": sum(int(each["total"]) for each in windows),
             "load": sum(load_cycles(int(each["load_beats"])) for each in windows),
             "store": sum(store_cycles(int(each["store_beats"])) for each in windows)}
    return {**parts, "total": sum(parts.values())}


def section(found: Found) -> str:
    """One graph's part of the page."""
    text = f"\n## {found.title}\n\n{found.graph}. Reference: {found.reference:.1f} s.\n\n"
    text += table(["order of nodes", "windows", "beats loaded", "packing, CPU time", "peak memory",
                   "finding the order"], [[
        name, f"{each['windows']:,.0f}", f"{each['load']:,.0f}", f"{each['seconds']:.1f} s",
        f"{each['bytes'] / 2**20:,.0f} MiB", f"{each['order_seconds']:.2f} s"] for name, each in found.packing.items()])
    text += f"\nFrom here on {found.order}. Cycles of the whole:\n\n"
    keys = ("rows", "entries", "load_beats", "total", "store_beats")
    sums = {key: sum(each[key] for each in found.windows) for key in keys}
    rows = []
    for index, name in enumerate(found.passes):
        mine = [each for each in found.windows if each["pass"] == index]
        rows.append([name, f"{len(mine):,}", *(f"{sum(each[key] for each in mine):,}" for key in keys)])
    rows.append(["all", f"{len(found.windows):,}", *(f"{sums[key]:,}" for key in keys)])
    text += table(["pass", "windows", "rows", "list entries", "beats loaded", "cycles of running", "words stored"],
                  rows)
    cycles = total_cycles(found.windows)
    text += (f"\n{cycles['total']:,} cycles in all, {cycles['load']:,} of them loading and {cycles['store']:,} "
             f"storing: {cycles['total'] / MEGAHERTZ / 1000:.1f} ms at an assumed {MEGAHERTZ} MHz.\n"
             f"\nFor this graph alone, `hwgen build` begins with a design of its own: {found.rule}.\n")
    if found.cosim:
        text += "\nCosimulated:\n\n" + table(
            ["window", "pass", "rows", "list entries", "CYCLES", "estimate", "beats", "LOAD_CYCLES", "words",
             "STORE_CYCLES"], [[str(each["window"]), str(each["pass"]), *(f"{each[what]:,}" for what in (
                 "rows", "entries", "cycles", "total", "load_beats", "load_cycles", "store_beats", "store_cycles"))]
                for each in found.cosim])
        text += f"\nDifferent: {found.wrong}\n" if found.wrong else "\nResults, cycles and counters are as expected.\n"
    return text


def targets(found: list[Found]) -> tuple[str, bool]:
    """The page's last part, and whether all targets are kept."""
    missed = [f"{each.title}: {name}: {figures['seconds']:.0f} s, {figures['bytes'] / 2**30:.1f} GiB"
              for each in found for name, figures in each.packing.items()
              if figures["seconds"] > SECONDS or figures["bytes"] > BYTES]
    return (f"\n## Targets\n\nPacking takes at most {SECONDS} s and {BYTES / 2**30:g} GiB: " + (
        "missed.\n" + "".join(f"- {each}\n" for each in missed) if missed else "kept.\n")), not missed
