"""``hwgen verify``: hardware against model, code by code."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import HwgenError
from .console import Console, common
from .options import BUILD, verify_options
from .summary import show_verification

if TYPE_CHECKING:
    from ..report.facts import Report

__all__ = ["check", "verify"]


@click.command()
@click.argument("build_folder", metavar="BUILD", type=BUILD)
@verify_options
@click.option("--graph", type=click.Path(path_type=Path), help="Another graph, or graphs (.npz), on the same design.")
@click.option("--batch-size", type=click.IntRange(1), help="Pack the graphs in batches of so many.  [graph-level]")
@click.option("--sample/--whole", default=None,
              help="A part of the sample only, or all of it.  [default: what takes a minute or two; by windows: the "
                   "first, the last and the fullest window of every pass]")
@common
def verify(console: Console, build_folder: Path, stalls: int | None, trace: str | None, graph: Path | None,
           batch_size: int | None, sample: bool | None) -> None:
    """Simulate a build folder in Verilator over its AXI ports and compare every code of every pass.

    Needs no torch and no checkpoint: a build folder carries its images and golden codes. At the first difference
    it names pass, node, channel, expected and got code and cycle, and exits 1. Agreement with PyTorch is printed
    beside equality, and is never a tolerance.

    \b
    hwgen verify build/gin-ultra96                 the graphs that travel in the checkpoint
    hwgen verify build/gin-ultra96 --stalls 7      the same with random back-pressure
    hwgen verify build/pubmed-ultra96 --whole      every window of a graph larger than the chip

    A graph that runs by windows is compared window by window with the reference's rows; the table says which windows
    of how many. Agreement is then that of the reference's results for the whole graph.
    """
    facts, exact = check(console, build_folder, stalls=stalls, trace=trace, graph=graph, sample=sample,
                         batch_size=batch_size)
    outcome = facts.to_dict()
    console.result({"verification": outcome["verification"], "agreement": outcome["agreement"]})
    if not exact:
        raise SystemExit(1)


def check(console: Console, build: Path, *, stalls: int | None = None, trace: str | None = None,
          graph: Path | None = None, sample: bool | None = None,
          batch_size: int | None = None) -> "tuple[Report, bool]":
    """Simulate and print; returns the build's facts with this run's outcome, and whether everything was equal.

    The outcome is kept in the build's report unless it is about another graph. ``sample`` None: decide by size.
    """
    import sim

    from .. import checking
    from ..files import read_json
    from ..network.subgraph import neighbourhood
    from ..targets.banked import pipeline
    from ..targets.lists import pipeline as lists_pipeline

    read_json(build / "report" / "report.json")  # not a build: say so before anything else
    if lists_pipeline.is_lists(build):
        from .verify_lists import check_lists

        return check_lists(console, build, stalls=stalls, trace=trace, graph=graph, part=sample,
                            batch_size=batch_size)
    if batch_size is not None:
        raise HwgenError("--batch-size is an option of the graph-level organisation", str(build),
                         "leave it out: this design runs one graph at a time")
    folders, what = sim.batch_folders(build / "batches"), "the whole sample graph"
    data = None
    if sample or (sample is None and not checking.simulates_quickly(build)):
        data = neighbourhood(pipeline.read_sample(build), checking.SAMPLE_NODES)
        folders = pipeline.pack(build, data, "sample", step=console.step)
        what = f"{data.batch.num_nodes:,} of its nodes"
    if graph is not None:
        data, what = pipeline.read_graph(build, graph), f"the graph {graph.name}"
        folders = pipeline.pack(build, data, graph.stem, step=console.step)
    result = pipeline.verify(build, batches=folders, stalls=stalls, trace=trace, step=console.step)
    facts = checking.outcome(build, folders[0], result, what, data or pipeline.read_sample(build))
    if graph is None:
        checking.record(build, facts)
    show_verification(console, facts, result, result.mismatch, stalls)
    assert facts.verification is not None
    return facts, facts.verification.bit_exact
