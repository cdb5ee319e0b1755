"""Two builds side by side: what differs, and by how much."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .design_tables import MANY, duration, rate
from .facts import Report
from .figure_tables import headline_figure
from .tables import Table

__all__ = ["compare_names", "compare_tables"]

Pair = tuple[Report, Report]
Row = tuple[str, ...]


def compare_names(folders: Sequence[Path]) -> tuple[str, str]:
    """What two builds are called: their folders' names, and as much of the way there as tells them apart."""
    first, second = (folder.resolve().parts for folder in folders)
    count = next((count for count in range(1, min(len(first), len(second)) + 1) if first[-count:] != second[-count:]),
                 max(len(first), len(second)))
    return "/".join(first[-count:]), "/".join(second[-count:])


def compare_tables(pair: Pair, names: tuple[str, str]) -> list[Table]:
    """Results, speed, cycles by pass, resources, and what else differs.

    Parameters
    ----------
    pair : two Report
    names : two str
        Headings of their columns.
    """
    made = [("Results", _results(pair)), ("Speed", _speed(pair)), ("Cycles by pass", _passes(pair)),
            ("Resources used", _resources(pair)), ("Design, where it differs", _design(pair))]
    return [Table(title=title, columns=("what", *names, f"{names[1]} by {names[0]}"), rows=found)
            for title, rows in made if (found := list(rows))]


def _results(pair: Pair) -> Iterator[Row]:
    yield ("model", *(each.model.name for each in pair), "")
    yield ("board", *(each.board.title for each in pair), "")
    yield ("bit-exact", *(_exact(each) for each in pair), "")
    figures = [headline_figure(each.figures[0]) for each in pair]
    if any(figures):
        yield ("accuracy or error", *(f"{each[0]}: {each[1]}" if each else "-" for each in figures), "")
    yield _row("bits of a row, mean", [each.model.average_bits["rows"] for each in pair], "{:.3f}".format)


def _exact(report: Report) -> str:
    run = report.verification
    return "not simulated" if run is None else f"{'yes' if run.bit_exact else 'no'}, {run.codes_compared:,} codes"


def _speed(pair: Pair) -> Iterator[Row]:
    cycles, speed = [each.cycles for each in pair], [each.performance for each in pair]
    yield ("graphs of the sample", *(f"{each.graphs:,}" for each in cycles), "")
    kinds = [MANY[each.kind] if len(each.runs) > 1 else each.kind for each in cycles]
    yield ("runs of it", *(f"{len(each.runs):,} {kind}" for each, kind in zip(cycles, kinds, strict=True)), "")
    yield _row("cycles a graph", [each.per_graph for each in cycles], "{:,.0f}".format)
    yield _row("cycles of loads and stores", [each.load + each.store for each in cycles], "{:,}".format)
    yield _row("clock, MHz, assumed", [each.clock_mhz for each in speed], "{:g}".format)
    for what, name in (("latency", "latency_us"), ("latency with every load and store", "latency_us_with_transfers")):
        yield _row(what, [getattr(each, name) for each in speed], lambda value: " ".join(duration(value)))
    for what, name in (("graphs a second", "graphs_per_s"),
                       ("graphs a second with every load and store", "graphs_per_s_with_transfers")):
        yield _row(what, [getattr(each, name) for each in speed], lambda value: rate(value)[0])


def _passes(pair: Pair) -> Iterator[Row]:
    cycles = [{step.name: step.cycles for step in each.cycles.passes} for each in pair]
    for name in dict.fromkeys([*cycles[0], *cycles[1]]):
        yield _row(name, [each.get(name) for each in cycles], "{:,}".format)
    yield _row("all", [each.cycles.total for each in pair], "{:,}".format)


def _resources(pair: Pair) -> Iterator[Row]:
    """Families count in units of their own: a row for each, so that only like is compared with like."""
    shares = [{each.resources.unit(name): share for name, share in each.resources.utilisation.items()} for each in pair]
    for name in dict.fromkeys([*shares[0], *shares[1]]):
        some = [each.get(name) for each in shares]
        yield (name, *("-" if each is None else f"{each.used:,g} ({each.share:.1%})" for each in some),
               _ratio(*(None if each is None else each.used for each in some)))
    lut, *others = {each.resources.unit("lut") for each in pair}
    if not others:
        used = [each.cycles.per_graph * each.resources.total["lut"] for each in pair]
        yield _row(f"cycles a graph x {lut}", used, "{:,.3g}".format)


def _design(pair: Pair) -> Iterator[Row]:
    first, second = (each.to_dict() for each in pair)
    if first["target"] != second["target"]:
        yield ("target", first["target"], second["target"], "")
    for group in ("hardware", "capacities"):
        for name in dict.fromkeys([*first[group], *second[group]]):
            some = [each[group].get(name) for each in (first, second)]
            if some[0] != some[1]:
                yield _row(name.replace("_", " "), some, "{:,}".format)


def _row(what: str, values: Sequence[float | None], form: Callable[[float], str]) -> Row:
    """Two values as text, and their ratio."""
    return (what, *("-" if each is None else form(each) for each in values), _ratio(*values))


def _ratio(first: float | None, second: float | None) -> str:
    """The second by the first; nothing where one is missing or zero."""
    return f"{second / first:.3f}" if first and second else ""
