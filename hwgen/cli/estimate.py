"""``hwgen estimate``: cycles, resources, microseconds of a design that is not built."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..report.tables import Table
from .console import Console, common
from .options import design_options, wishes_from
from .summary import show_design

if TYPE_CHECKING:  # importing NumPy takes a moment
    from ..flow.build import Estimate

__all__ = ["estimate"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--board", default="ultra96", show_default=True, help="See `hwgen boards`, or a TOML file of your own.")
@click.option("--synth", is_flag=True, help="Also count with Yosys, in minutes, and print both.")
@design_options
@common
def estimate(console: Console, model: Path, board: str, synth: bool, **options: Any) -> None:
    """Estimate a design without building it: cycles, resources, latency at an assumed clock.

    \b
    hwgen estimate cora.pt --board ultra96 --groups 2
    hwgen estimate cora.pt --board ultra96 --synth

    Resources are formulas, whose errors docs/estimates.md publishes. Cycles are exact for the schedule that the fast
    scheduler makes; `hwgen build` takes longer over its own, which is some percent faster. With --synth design,
    schedule and counts are those of a build. A design that does not fit the board is shown, and what is too much of it.
    """
    import boards

    target, wishes = boards.load(board), wishes_from(options)
    with console.step("loading the checkpoint"):
        from ..flow.build import estimate as estimate_design
        from ..frontend.checkpoint import load
        from ..targets import TARGETS, find_target

        network, sample = load(model)
        for name in TARGETS:  # reads what it is made of; an estimate itself takes less time than that
            find_target(name)
    found = estimate_design(network, sample, target, wishes, synth=synth, progress=console)
    show_design(console, found.report, found.choice)
    if synth:
        console.tables([_beside(found, target.family)])
    elif found.quick:
        console.say("cycles: by the fast scheduler; a build's schedule is some percent faster")
    console.result({**found.report.to_dict(), "choice": found.choice, "schedule": "fast" if found.quick else "build",
                    "formulas": asdict(found.formulas.total)})


def _beside(found: "Estimate", family: str) -> Table:
    """Formulas and counts, resource by resource."""
    from ..flow.families import FAMILIES

    counted, rows = found.report.resources.total, []
    for name, guess in asdict(found.formulas.total).items():
        if guess or counted.get(name):
            amount = counted.get(name, 0)
            rows.append((FAMILIES[family].unit(name), f"{guess:,g}", f"{amount:,g}", f"{guess - amount:+,g}",
                         f"{guess / amount - 1:+.1%}" if amount else ""))
    return Table(title=f"Formulas beside {found.report.resources.method}", rows=rows,
                 columns=("resource", "formulas", "counted", "difference", "of the count"))
