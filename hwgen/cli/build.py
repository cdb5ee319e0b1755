"""``hwgen build`` and ``hwgen pack``: a checkpoint to a design, another graph to the same design."""

import hashlib
from pathlib import Path
from typing import Any

import click

from ..targets import load_board
from .console import Console, common
from .options import BUILD, hardware_options, hardware_overrides
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

    The whole sample graph is simulated where that takes a minute or two, a part of it otherwise. Exits 1 if the
    hardware differs from the model.
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
        from .. import pipeline
        from ..checking import read_facts
        from ..frontend.reading import load

        graph = load(model)
    plan = pipeline.build(graph, target, folder, hardware=hardware, config=config,
                   source=hashlib.sha256(model.read_bytes()).hexdigest(), step=console.step)
    facts, exact = check(console, folder) if verify else (read_facts(folder), True)
    facts["choice"] = plan.choice
    show_design(console, facts)
    console.say(f"build:  {folder}\nreport: {folder / 'report' / 'report.html'}")
    return {"build": str(folder), **facts}, exact


@click.command()
@click.argument("build_folder", metavar="BUILD", type=BUILD)
@click.argument("graph", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the run folder BUILD/runs/NAME.  [default: the file's]")
@common
def pack(console: Console, build_folder: Path, graph: Path, name: str | None) -> None:
    """Pack another graph for a built design: memory images and golden codes, no new RTL.

    GRAPH is an .npz with edges, features and, for other nodes than the trained ones, node: see docs/usage.md. A
    graph that exceeds the design's capacity is refused. `hwgen verify BUILD --graph GRAPH` packs and simulates.
    """
    from .. import pipeline
    from ..ir.store import load_graph_data

    run = pipeline.pack(build_folder, load_graph_data(graph), name or graph.stem, step=console.step)
    console.say(f"run: {run}")
    console.result({"run": str(run)})
