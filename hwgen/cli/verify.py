"""``hwgen verify``: hardware against model, code by code."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .console import Console, common
from .options import BUILD
from .summary import show_figures, show_verification

if TYPE_CHECKING:
    import sim

    from ..report.facts import Report

__all__ = ["check", "verify"]


@click.command()
@click.argument("build_folder", metavar="BUILD", type=BUILD)
@click.option("--stalls", type=int, metavar="SEED", help="Random back-pressure on every AXI channel.")
@click.option("--trace", type=click.Choice(["vcd", "fst"]), help="Write a waveform of the run.")
@click.option("--graph", "--test", "graph", type=click.Path(path_type=Path),
              help="Other graphs (.npz or .pt) on the same design; or labels alone (.npz), of the build's own graphs.")
@click.option("--batch-size", type=click.IntRange(1), help="Pack the graphs in batches of so many at most.")
@click.option("--netlist", is_flag=True,
              help="Simulate the design as Yosys maps it to the board's cells, with models of these: results, counters "
                   "and status are compared. Minutes.")
@click.option("--sample/--whole", default=None,
              help="A part of the sample only, or all of it.  [default: what takes a minute or two; by windows: the "
                   "first, the last and the fullest window of every pass]")
@common
def verify(console: Console, build_folder: Path, stalls: int | None, trace: str | None, graph: Path | None,
           batch_size: int | None, netlist: bool, sample: bool | None) -> None:
    """Simulate a build folder in Verilator over its AXI ports and compare every code of every pass.

    Needs no torch and no checkpoint: a build folder carries its images and golden codes. At the first difference
    it names pass, node, channel, expected and got code and cycle, and exits 1. How good results are and how near to
    FP32's is printed beside equality, and is never a tolerance.

    \b
    hwgen verify build/gin-ultra96                 the graphs that travel in the checkpoint
    hwgen verify build/gin-ultra96 --stalls 7      the same with random back-pressure
    hwgen verify build/pubmed-ultra96 --whole      every window of a graph larger than the chip
    hwgen verify build/gin-ultra96 --netlist       what synthesis made of it, cell by cell

    A graph that runs by windows is compared window by window with the reference's rows; the table says which windows
    of how many.
    """
    import sim

    report, exact = check(console, build_folder, sim.SimOptions(stalls=stalls, trace=trace), graph=graph, sample=sample,
                          batch_size=batch_size, mapped=netlist)
    figures = report.figures_on("the sample" if graph is None else graph.name)
    show_figures(console, [figures])
    facts, what = report.to_dict(), "netlist" if netlist else "verification"
    console.result({what: facts[what], "figures": asdict(figures)})
    if not exact:
        raise SystemExit(1)


def check(console: Console, build: Path, options: "sim.SimOptions | None" = None, *, graph: Path | None = None,
          sample: bool | None = None, batch_size: int | None = None,
          mapped: bool = False) -> "tuple[Report, bool]":
    """Simulate and print; returns the build's facts with the outcome, and whether everything was equal.

    Figures are kept in the build's report, the outcome if it is about the build's own runs. ``sample`` None: decide by
    size. ``mapped``: the netlist instead of the RTL.
    """
    import sim

    from ..flow.choose_runs import choose_runs
    from ..flow.netlist import netlist_of
    from ..flow.verify import outcome, record, simulate
    from ..report.files import read_report

    options = options or sim.SimOptions()
    chosen = choose_runs(build, graph=graph, size=batch_size, part=sample, progress=console)
    netlist = netlist_of(build, console) if mapped else None
    if netlist is not None:
        options = replace(options, netlist=(netlist.verilog, netlist.models))
    result = simulate(build, chosen.folders, options, progress=console)
    report, before = outcome(build, chosen, result, netlist), read_report(build)
    record(build, report if chosen.own else replace(
        report, verification=before.verification, netlist=before.netlist))
    run = report.netlist.verification if mapped and report.netlist else report.verification
    assert run is not None
    show_verification(console, run, result, options.stalls, "Netlist" if mapped else "Verification")
    return report, run.bit_exact
