"""``hwgen build`` and ``hwgen pack``: a checkpoint to a design, other graphs to the same design."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..flow.wishes import Wishes
from ..seals import file_hash
from .bitstream import show_bitstream
from .console import Console, common
from .figures import TEST, measure
from .options import BUILD, design_options, wishes_from
from .summary import show_design
from .verify import check

__all__ = ["build", "pack", "run_build"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--board", default="ultra96", show_default=True, help="See `hwgen boards`, or a TOML file of your own.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The build folder.  [default: build/MODEL-BOARD]")
@design_options
@click.option("--no-verify", is_flag=True, help="Do not simulate.")
@click.option("--bitstream", is_flag=True, help="Make the bitstream too, as `hwgen bitstream BUILD` does.")
@TEST
@common
def build(console: Console, model: Path, board: str, out: Path | None, no_verify: bool, bitstream: bool,
          test: Path | None, **options: Any) -> None:
    """Build the hardware for a checkpoint, simulate it, and compare every code it computes.

    \b
    hwgen build model.pt                          for the Ultra96, everything else chosen for the model
    hwgen build model.pt --config config.json     parameters from another build
    hwgen build gin.pt --graphs 16                a model of many graphs: batches of 16
    hwgen build big.pt --windows                  graphs by windows, as is done where they do not fit the chip
    hwgen build model.pt --board ulx3s-85f --bitstream        and a bitstream, by open tools

    The fastest design that fits the board is built, of all targets that run the network: the cycle model decides, on
    the graphs that travel in the checkpoint. --target leaves one of them. Options fix parameters; those of one target
    leave that target. The last line of the table says what was chosen and what was fixed.

    Where no design that holds the graphs whole fits the board, they run by windows: pass by pass, a part of the rows at
    a time, on the largest design that fits. The table says so, and in how many windows; --no-windows refuses instead.

    The whole sample is simulated where that takes a minute or two, a part of it otherwise. Exits 1 if the hardware
    differs from the model.
    """
    if bitstream:
        import boards as known

        from ..flow.bitstream.make import check_board

        check_board(known.load(board))  # before hours of work
    facts, exact = run_build(console, model, board, wishes_from(options), out=out, verify=not no_verify, test=test)
    if bitstream and exact:
        from ..flow.bitstream.make import make_bitstream

        made = make_bitstream(Path(facts["build"]), known.load(board), progress=console)
        show_bitstream(console, made)
        facts["bitstream"] = asdict(made)
    console.result(facts)
    if not exact:
        raise SystemExit(1)


def run_build(console: Console, model: Path, board: str, wishes: Wishes, *, out: Path | None = None,
              verify: bool = True, test: Path | None = None) -> tuple[dict[str, Any], bool]:
    """Build and verify; shared with ``hwgen demo``. Returns all facts, and whether everything was equal."""
    import boards

    target = boards.load(board)
    folder = out or Path("build") / f"{model.stem}-{target.name}"
    with console.step("loading the checkpoint"):
        from ..flow.build import build as build_design
        from ..frontend.checkpoint import load
        from ..report.files import read_report

        network, sample = load(model)
    choice = build_design(network, sample, target, folder, wishes, source=file_hash(model), progress=console).choice
    facts, exact = check(console, folder) if verify else (read_report(folder), True)
    if test is not None:
        facts = measure(console, folder, test)
    show_design(console, facts, choice)
    console.say(f"build:  {folder}\nreport: {folder / 'report' / 'report.html'}")
    return {"build": str(folder), **facts.to_dict(), "choice": choice}, exact


@click.command()
@click.argument("build_folder", metavar="BUILD", type=BUILD)
@click.argument("graph", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the run folder BUILD/runs/NAME.  [default: the file's]")
@click.option("--batch-size", type=click.IntRange(1), help="Most graphs in a batch.  [default: as many as fit]")
@common
def pack(console: Console, build_folder: Path, graph: Path, name: str | None, batch_size: int | None) -> None:
    """Pack other graphs for a built design: memory images and golden codes, no new RTL.

    GRAPH is a .npz or .pt file of graphs, such as hwgen.save_graphs writes; where quantizers are by node and the nodes
    are not the trained ones, with node: see docs/graphs.md. Graphs that exceed the design's capacity are refused.
    `hwgen verify BUILD --graph GRAPH` packs and simulates.
    """
    from ..flow.built import read_sample
    from ..flow.pack import pack as pack_graphs
    from ..network.sample import single

    sample = read_sample(build_folder, graph)
    folders = pack_graphs(build_folder, single(sample.batch), graph.stem if name is None else name, size=batch_size,
                          sample=sample, progress=console)
    console.say(f"run: {folders[0].parent}, batches: {len(folders)}")
    console.result({"run": str(folders[0].parent), "batches": [str(folder) for folder in folders]})
