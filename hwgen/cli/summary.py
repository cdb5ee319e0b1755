"""What a build, a report and a verification end with."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..report.tables import Table
from .console import Console

if TYPE_CHECKING:  # importing NumPy takes a moment
    import sim

    from ..network.figures import Figures
    from ..report.facts import Report, Verification

__all__ = ["show_design", "show_figures", "show_verification"]


def show_design(console: Console, report: "Report", choice: str = "") -> None:
    """Print the design and why it was chosen, cycles, resources against the board, and speed.

    Parameters
    ----------
    choice : str
        Why, for people.
    """
    from ..report.design_tables import design_tables

    console.say("design: " + " ".join(f"--{name.replace('_', '-')} {value}" for name, value in report.options.items()))
    if choice:
        console.say(f"chosen: {choice}")
    console.tables(design_tables(report))
    show_figures(console, report.figures)
    run = report.verification
    console.say("bit-exact: not simulated" if run is None else
                f"bit-exact: {'yes' if run.bit_exact else 'no'}, {run.codes_compared:,} codes of {run.what}")
    if report.netlist:
        mapped = report.netlist.verification
        console.say(f"netlist of {sum(report.netlist.cells.values()):,} cells, bit-exact: "
                    f"{'yes' if mapped.bit_exact else 'no'}, {mapped.codes_compared:,} results of {mapped.what}")


def show_figures(console: Console, figures: "Iterable[Figures]") -> None:
    """Print FP32, quantized, integer program and hardware side by side."""
    from ..report.figure_tables import figure_table

    console.tables(map(figure_table, figures))


def show_verification(console: Console, run: "Verification", result: "sim.Result", stalls: int | None,
                      title: str) -> None:
    """Print what a simulation found out, and what it took.

    Parameters
    ----------
    stalls : int or None
        Seed of the back-pressure.
    """
    from ..driver.table import verification_rows

    rows = [*verification_rows(run),
            ("back-pressure", "none" if stalls is None else f"random, seed {stalls}"),
            ("compile / simulate", f"{result.compile_s:.1f} s / {result.simulate_s:.1f} s"),
            ("peak memory", f"{result.peak_bytes / 2**20:,.0f} MiB")]
    console.tables([Table(title=title, columns=("what", "result"), rows=rows)])
    for each in run.runs:
        if each.difference:
            console.error(f"{each.name}: {each.estimated_cycles:,} cycles expected, {each.cycles:,} counted")
    if not result.ok:
        console.error(f"first difference: {result}")
    if result.trace:
        console.say(f"trace: {result.trace}")
