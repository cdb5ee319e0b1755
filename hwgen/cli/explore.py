"""``hwgen explore``: everything that is free of a design, and what no other choice beats."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..seals import file_hash
from .console import Console, common
from .options import design_options, wishes_from

if TYPE_CHECKING:  # importing NumPy takes a moment
    from boards import Board

    from ..explore.confirm import Point
    from ..explore.run import Explored

__all__ = ["explore"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--board", default="ultra96", show_default=True, help="See `hwgen boards`, or a TOML file of your own.")
@click.option("--objective", type=click.Choice(["latency", "throughput", "area"]), default="throughput",
              show_default=True,
              help="latency: cycles of the sample's longest run, a graph or a batch; throughput: cycles a graph of the "
                   "sample; area: the same cycles, but the smallest design is chosen, not the fastest.")
@click.option("--trials", type=click.IntRange(1), default=1000, show_default=True,
              help="Designs to measure on the models, of all processes together.")
@click.option("--sampler", type=click.Choice(["evolution", "random"]), default="evolution", show_default=True,
              help="evolution: begins with the default design, and descends from what no other beats.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the search.")
@click.option("--confirm", type=click.Choice(["none", "cycles", "synth", "simulate"]), default="cycles",
              show_default=True,
              help="What the front is held against. cycles: exact ones, of every point; synth: also Yosys's counts, of "
                   "--counts points; simulate: these are built, and every code of the RTL is compared.")
@click.option("--points", type=click.IntRange(3), default=12, show_default=True,
              help="Of the front at most: both ends, the best product, and others evenly between.")
@click.option("--counts", type=click.IntRange(1), default=3, show_default=True,
              help="Points that are synthesized or simulated: the chosen one, the best product, then the ends.")
@click.option("--study", type=click.Path(path_type=Path, file_okay=False),
              help="Folder that the search lives in: continued where it exists, by any number of processes.  "
                   "[default: explore/MODEL-BOARD-OBJECTIVE]")
@design_options
@common
def explore(console: Console, model: Path, board: str, objective: Any, study: Path | None, **options: Any) -> None:
    """Explore everything that is free of a design: the Pareto front of cycles and look-up tables on a board.

    \b
    hwgen explore model.pt --board ultra96                     a front in about a minute; the fastest is chosen
    hwgen explore model.pt --objective area --confirm synth    the smallest, counted by Yosys
    hwgen build model.pt --config explore/model-ultra96-throughput/front/3.json
    optuna-dashboard explore/model-ultra96-throughput/study.log

    Every free parameter of every target is measured on the models that `hwgen build` ranks designs by: guessed cycles,
    and area by formulas. A design counts where the board holds it with room for the router, as for a build. The front
    are those that no other beats in both; its points are then scheduled and get exact cycles. Each is a configuration,
    front/1.json the fastest. Options fix what is not to be explored.

    A search that was stopped goes on where it was, and ends as if it had not been; start the same command again, in
    several terminals or on several hosts with a common folder, to share the work. Graphs are held whole: designs by
    windows are not explored.
    """
    import boards

    target, wishes = boards.load(board), wishes_from(options)
    with console.step("loading the checkpoint"):
        from ..explore.run import explore as explored
        from ..files import write_file
        from ..frontend.checkpoint import load
        from ..report.plots import front as plot_of

        network, sample = load(model)
    folder = study or Path("explore") / f"{model.stem}-{target.name}-{objective}"
    found = explored(network, sample, target, wishes, study=folder, source=f"{model.name} ({file_hash(model)[:16]})",
                     objective=objective, progress=console, **options)
    plot = folder / "front.svg"
    write_file(plot, plot_of([each.worth.values for each in found.fitting],
                            [(each.best_cycles, each.lut) for each in found.points],
                            (found.default.best_cycles, found.default.lut), _cycles_of(objective)).encode())
    _show(console, found, target, objective, folder)
    console.say(f"front: {folder / 'front'}; plot: {plot}; study: {folder}")
    console.result({
        "study": str(folder), "plot": str(plot), "objective": objective, "board": target.name,
        "measured": len(found.done), "refused": found.refused, "designs_per_minute": found.rate,
        "default": _facts(found.default, target), "front": [_facts(each, target) for each in found.points],
        "chosen": found.chosen.number, "balanced": found.balanced.number, "lost": list(found.lost)})


def _cycles_of(objective: str) -> str:
    return "cycles of the longest run" if objective == "latency" else "cycles a graph"


def _show(console: Console, found: "Explored", board: "Board", objective: str, folder: Path) -> None:
    """The front as a table, the default below it."""
    columns = ["design", "target", "parameters", "by model", "exact", "LUT", "fullest", "product", "what"]
    counted = any(each.counted for each in found.points)
    columns += ["LUT, Yosys", "bit-exact"] if counted else []
    rows = [_row(each, found, board)[:len(columns)] for each in (*found.points, found.default)]
    console.table(f"Designs that no other beats, of {len(found.done):,} measured: {_cycles_of(objective)}", columns,
                  rows)
    for why in found.lost:
        console.say(f"left out, does not hold the sample: {why}")
    if found.rate:
        console.say(f"measured on the models: {found.rate:,.0f} designs a minute")
    console.say(f"product: cycles times LUT, over the default's; build one with --config {folder / 'front'}/N.json")


def _row(each: "Point", found: "Explored", board: "Board") -> list[str]:
    from ..flow.families import family_of

    name, share = each.area.fullest(board)
    named = (("default", found.default), ("chosen", found.chosen), ("least product", found.balanced))
    marks = [name for name, point in named if point.number == each.number]
    counted = each.counted
    return [str(each.number or ""), each.config.target,
            " ".join(f"{option} {value}" for option, value in each.parameters.items()), f"{each.guess:,.0f}",
            "" if each.cycles is None else f"{each.cycles:,.0f}", f"{each.lut:,.0f}",
            f"{share:.0%} {family_of(board).unit(name)}", f"{each.product / found.default.product:.2f}",
            ", ".join(marks), "" if counted is None else f"{counted.resources.total['lut']:,.0f}",
            "" if counted is None or counted.exact is None else "yes" if counted.exact else "no"]


def _facts(point: "Point", board: "Board") -> dict[str, object]:
    name, share = point.area.fullest(board)
    counted = point.counted
    return {
        "number": point.number, "trial": point.slot, "target": point.config.target,
        "parameters": dict(point.parameters),
        "cycles_by_model": point.guess, "cycles": point.cycles, "lut_by_model": point.lut, "fullest": [name, share],
        "product": point.product, "counted": None if counted is None else asdict(counted)}
