"""``hwgen search-bits``: which widths a model's values get, by measured assignments."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..schemes import SCHEMES
from .checkpoint_options import check_output, data_option, output_options
from .console import Console, common
from .figures import measured
from .summary import show_figures

if TYPE_CHECKING:
    from ..bit_search.measure import Measured
    from ..bit_search.run import Outcome

__all__ = ["search_bits"]


@click.command("search-bits")
@click.option("--model", default="gcn", show_default=True,
              help="gcn, sage or gin; or a module of your own, net.py:Net, whose file is executed.")
@click.option("--weights", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="Trained FP32 weights of it.  [default: it is trained in FP32 first]")
@data_option(default="digits", show_default=True)
@click.option("--scheme", type=click.Choice(list(SCHEMES)), default="uniform", show_default=True,
              help="What shares a step; widths are what is searched.")
@click.option("--granularity", type=click.Choice(["uniform", "component", "layer", "value", "topology"]),
              default="value", show_default=True,
              help="What shares a width: everything; what is aggregated, and what is combined; each layer; each of "
                   "these of each layer; the same, rows by in-degree, with scheme sgquant.")
@click.option("--objective", type=click.Choice(["memory", "rows", "cycles", "luts"]), default="memory",
              show_default=True,
              help="What is to be small: stored activations; of these hidden rows alone, as SGQuant counts; exact "
                   "cycles; LUTs by formulas.")
@click.option("--board", default="ultra96", show_default=True, help="For cycles and luts: a name, or a TOML file.")
@click.option("--drop", type=click.FloatRange(0, 100), default=0.5, show_default=True,
              help="Points of validation accuracy that may be lost against FP32.")
@click.option("--trials", type=click.IntRange(1), default=60, show_default=True,
              help="Assignments to measure, of all processes together.")
@click.option("--epochs", type=click.IntRange(1), default=30, show_default=True,
              help="That each assignment is trained on for.")
@click.option("--sampler", type=click.Choice(["tree", "random"]), default="tree", show_default=True,
              help="tree: a regression tree over what was measured says what is tried next (SGQuant).")
@click.option("--seed", type=int, default=0, show_default=True, help="Of FP32 training and of the search.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True,
              help="FP32 models that every assignment is trained on from; its accuracy is their mean. More cost as "
                   "much more time, and what is found keeps better in test: one seed flatters the best of many.")
@click.option("--study", type=click.Path(path_type=Path, file_okay=False), default=Path("study"), show_default=True,
              help="Folder that the search lives in: continued where it exists, by any number of processes.")
@output_options
@common
def search_bits(console: Console, data: str, drop: float, objective: str, study: Path, output: Path,
                data_root: Path | None, **options: Any) -> None:
    """Search bit widths: the cheapest assignment whose validation accuracy is near FP32's; write its checkpoint.

    \b
    hwgen search-bits --data Cora -o cora.pt                                  all stored activations
    hwgen search-bits --model gin --data MUTAG --objective cycles -o mutag.pt
    hwgen search-bits --model net.py:Net --weights net.pt --data own.pt --study shared/net

    Every assignment of widths is quantized, trained on for some epochs, and measured on validation data. A regression
    tree predicts the accuracy of thousands of others; those that promise most are measured next. The best are trained
    in full: the cheapest that still reaches what was asked for is chosen. A search that was
    stopped goes on where it was, and ends as if it had not been; start the same command again, in several terminals or
    on several hosts with a common folder, to share the work. The test part is looked at once, at the end.
    """
    check_output(output)
    with console.step("loading torch and the data set"):
        from ..bit_search.measure import UNITS
        from ..bit_search.run import search_bits as search
        from ..frontend.saving import save_read
        from ..report.plots import pareto

    given: dict[str, Any] = {**options, "objective": objective}
    found = search(data=data, study=study, drop=drop / 100, root=data_root, progress=console, **given)
    unit = UNITS[objective]
    plot = study / "pareto.svg"
    plot.write_text(pareto([(each.cost, each.accuracy) for each in found.measured],
                           [(each.cost, each.accuracy) for each in found.front], found.fp32, found.floor,
                           f"{objective}, {unit}"), encoding="utf-8")
    graphs, tested = found.examples.graphs()
    save_read(found.model, graphs, tested, output)
    figures = measured(found.model, tested, graphs, f"the test part of {data}")
    _show(console, found, unit)
    show_figures(console, [figures])
    console.say(f"checkpoint: {output}; plot: {plot}")
    console.result({
        "checkpoint": str(output), "plot": str(plot), "objective": objective, "unit": unit, "fp32": found.fp32,
        "floor": found.floor, "fp32_test": found.fp32_test, "test": found.test, "validation": found.validation,
        "best": _facts(found.best),
        "front": [_facts(each) for each in found.front], "measured": [_facts(each) for each in found.measured]})


def _show(console: Console, found: "Outcome", unit: str) -> None:
    """The front as a table, the chosen assignment marked."""
    knobs = list(found.best.assignment)
    rows = [[f"{each.slot}{' (chosen)' if each is found.best else ''}", f"{each.cost:,.1f}", f"{each.accuracy:.2%}",
             *(str(each.assignment[name]) for name in knobs)] for each in found.front]
    console.table(f"Assignments that no other beats, of {len(found.measured)} measured", ("trial", unit, "validation",
                                                                                         *knobs), rows)
    console.say(f"FP32 {found.fp32:.2%}, asked for {found.floor:.2%}, chosen {found.validation:.2%} in validation, "
                f"trained in full; test {found.test:.2%}, FP32 {found.fp32_test:.2%}")
    if found.validation < found.floor:
        console.say("no assignment reaches what was asked for: the most accurate one was chosen; allow more with "
                    "--drop, or train longer with --epochs")


def _facts(each: "Measured") -> dict[str, object]:
    return {"trial": each.slot, "cost": each.cost, "accuracy": each.accuracy, "bits": dict(each.assignment)}
