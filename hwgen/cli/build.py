"""``hwgen build`` and ``hwgen pack``: a checkpoint to a design, another graph to the same design."""

import hashlib
from pathlib import Path
from typing import Any

import click

from ..flow.board import load_board
from .console import Console, common
from .options import BUILD, hardware_options, hardware_overrides, is_banked, lists_wishes
from .summary import show_design
from .verify import check

__all__ = ["build", "pack", "run_build"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--board", default="ultra96", show_default=True, help="See `hwgen boards`, or a TOML file of your own.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The build folder.  [default: build/MODEL-BOARD]")
@hardware_options
@click.option("--config", type=click.Path(path_type=Path), help="config.json of a build, edited; options go over it.")
@click.option("--no-verify", is_flag=True, help="Do not simulate.")
@common
def build(console: Console, model: Path, board: str, out: Path | None, config: Path | None, no_verify: bool,
          **options: Any) -> None:
    """Build the hardware for a checkpoint, simulate it, and compare every code it computes.

    \b
    hwgen build model.pt                          for the Ultra96, everything else chosen for the model
    hwgen build model.pt --groups 1 --digit 1     the smallest, bit-serial design
    hwgen build model.pt --config config.json     parameters from another build
    hwgen build gin.pt --graphs 16 --units 2      a model of many graphs: batches of 16, two pipelines
    hwgen build big.pt --windows                  graphs by windows, as is done where they do not fit the chip

    What the checkpoint holds decides the organisation: chains of GCN layers on one graph go to the node level, with the
    options --groups, --digit, --servers, --planes, --bank-depth and --slots; every other model goes to the graph level,
    with --units, --lanes, --graphs and --windows. Any of these sends a chain there too.

    Where no design that holds the graphs whole fits the board, they run by windows: pass by pass, a part of the rows at
    a time, on the largest design that fits. The table says so, and in how many windows; --no-windows refuses instead.

    The whole sample is simulated where that takes a minute or two, a part of it otherwise. Exits 1 if the hardware
    differs from the model.
    """
    facts, exact = run_build(console, model, board, out=out, config=config, verify=not no_verify,
                             hardware=hardware_overrides(options))
    console.result(facts)
    if not exact:
        raise SystemExit(1)


def run_build(console: Console, model: Path, board: str, *, out: Path | None = None, config: Path | None = None,
              verify: bool = True, hardware: dict[str, int] | None = None) -> tuple[dict[str, Any], bool]:
    """Build and verify; shared with ``hwgen demo``. Returns all facts, and whether everything was equal."""
    target = load_board(board)
    folder = out or Path("build") / f"{model.stem}-{target.name}"
    with console.step("loading the checkpoint"):
        from ..frontend.checkpoint import load
        from ..report.files import read_report
        from ..targets.banked import pipeline
        from ..targets.lists import pipeline as lists_pipeline

        network, sample = load(model)
    chosen = dict(hardware or {})
    source = hashlib.sha256(model.read_bytes()).hexdigest()
    if is_banked(network, sample, chosen, config):
        choice = pipeline.build(network, sample, target, folder, hardware=chosen, config=config, source=source,
                                step=console.step).choice
    else:
        choice = lists_pipeline.build(network, sample, target, folder, **lists_wishes(chosen), config=config,
                                      source=source, step=console.step)
    facts, exact = check(console, folder) if verify else (read_report(folder), True)
    show_design(console, facts, choice)
    console.say(f"build:  {folder}\nreport: {folder / 'report' / 'report.html'}")
    return {"build": str(folder), **facts.to_dict(), "choice": choice}, exact


@click.command()
@click.argument("build_folder", metavar="BUILD", type=BUILD)
@click.argument("graph", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the run folder BUILD/runs/NAME.  [default: the file's]")
@common
def pack(console: Console, build_folder: Path, graph: Path, name: str | None) -> None:
    """Pack other graphs for a built design: memory images and golden codes, no new RTL.

    GRAPH is an .npz with edges, features and, for other nodes than the trained ones, node; of a graph-level model
    with graph, the graph of each node: see docs/usage.md. Graphs that exceed the design's capacity are refused.
    `hwgen verify BUILD --graph GRAPH` packs and simulates.
    """
    from ..targets.banked import pipeline
    from ..targets.lists import pipeline as lists_pipeline

    run = name or graph.stem
    if lists_pipeline.is_lists(build_folder):
        from .verify_lists import pack_file

        folders, _ = pack_file(console, build_folder, graph, run)
        console.say(f"run: {folders[0].parent}, batches: {len(folders)}")
        console.result({"run": str(folders[0].parent), "batches": [str(folder) for folder in folders]})
        return
    folders = pipeline.pack(build_folder, pipeline.read_graph(build_folder, graph), run, step=console.step)
    console.say(f"run: {folders[0].parent}, batches: {len(folders)}")
    console.result({"run": str(folders[0].parent), "batches": [str(folder) for folder in folders]})
