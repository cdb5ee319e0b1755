"""What the verbs show of a design, as tables."""

from collections.abc import Mapping, Sequence

from .facts import Cycles, Report, RowsFacts, Run
from .tables import Table

__all__ = ["bits_table", "cycle_table", "design_tables", "duration", "equal_accuracy", "rate", "resource_table",
           "rows_tables", "run_table", "speed_table"]

#: Runs that are listed one by one.
SHOWN = 8

#: Windows and batches in the plural.
MANY: Mapping[str, str] = {"graph": "graphs", "batch": "batches", "window": "windows"}


def design_tables(report: Report) -> list[Table]:
    """Cycles by pass, by bit widths and by run; rows of the first layer; resources; speed."""
    by_bits = [bits_table(report.cycles)] if len(report.cycles.by_bits) > 1 else []
    return [cycle_table(report.cycles), *by_bits, run_table(report.cycles), *rows_tables(report.rows),
            resource_table(report), speed_table(report)]


def cycle_table(cycles: Cycles) -> Table:
    """Cycles of each pass, and how busy the stages are in it."""
    stages = list(cycles.passes[0].utilisation)
    rows = [(step.name, f"{step.cycles:,}", *(f"{step.utilisation[stage]:.0%}" for stage in stages))
            for step in cycles.passes]
    of = f", of {len(cycles.runs):,} {MANY[cycles.kind]}" if len(cycles.runs) > 1 else ""
    return Table(title=f"Cycles by pass{of}", columns=("pass", "cycles", *(f"{stage} busy" for stage in stages)),
                 rows=[*rows, ("all", f"{cycles.total:,}", *("" for _ in stages))])


def bits_table(cycles: Cycles) -> Table:
    """Cycles with learned and with uniform bit widths; and how good models are that were trained with them."""
    title, columns = "Cycles of the same design by bit widths of the rows", ("bit widths", "cycles", "against learned")
    rows = [(name, f"{count:,}", f"{count / cycles.total - 1:+.1%}" if place else "")
            for place, (name, count) in enumerate(cycles.by_bits.items())]
    known = cycles.accuracy_by_bits
    if not known:
        return Table(title=title, columns=columns, rows=rows)
    return Table(title=f"{title}; at equal accuracy: {equal_accuracy(cycles) or 'no uniform width'}",
                 columns=(*columns, "validation", "test"),
                 rows=[(*row, *(f"{share:.2%}" for share in known[row[0]])) if row[0] in known else (*row, "", "")
                       for row in rows])


def equal_accuracy(cycles: Cycles) -> str | None:
    """The fastest uniform width that is as good as the learned ones in validation; None where none is."""
    (learned, *others), known = cycles.by_bits, cycles.accuracy_by_bits
    good = [name for name in others if name in known and known[name][0] >= known[learned][0]]
    return min(good, key=cycles.by_bits.__getitem__, default=None)


def run_table(cycles: Cycles) -> Table:
    """Size, beats and cycles of the runs: each where they are few, else the longest; windows by their pass."""
    sizes = list(cycles.runs[0].sizes)
    heading = ("pass", "windows") if cycles.kind == "window" else (cycles.kind,)
    rows = [_run_row(name, runs, sizes) for name, runs in _groups(cycles).items()]
    return Table(title=MANY[cycles.kind].capitalize() if len(cycles.runs) > 1 else cycles.kind.capitalize(), rows=rows,
                 columns=(*heading, *sizes, "beats loaded", "beats stored", "cycles",
                          *(["cycles a graph"] if "graphs" in sizes else [])))


def rows_tables(rows: RowsFacts | None) -> list[Table]:
    """The dictionary that features are told in; none where they are not gathered."""
    return [] if rows is None else [Table(
        title="Rows of the first layer", columns=("features", "of zeros", "different rows", "sums of rows stored",
                                                  "set bits of the sample", "rows added", "saved"), rows=[
            (f"{rows.features:,}", f"{rows.zeros:,}", f"{rows.different:,}", f"{rows.sums:,}", f"{rows.entries:,}",
             f"{rows.reads:,}", f"{1 - rows.reads / max(1, rows.entries):.1%}")])]


def resource_table(report: Report) -> Table:
    """What each component takes, and the share of the board."""
    parts = report.resources.components
    return Table(
        title=f"Resources on {report.board.title} ({report.resources.method})",
        columns=("resource", *(f"{part.count} x {part.name}" for part in parts), "used", "available", "share"),
        rows=[(report.resources.unit(name), *(f"{part.count * part.one[name]:,g}" for part in parts),
               f"{entry.used:,g}", f"{entry.available:,}", f"{entry.share:.1%}")
              for name, entry in report.resources.utilisation.items()])


def speed_table(report: Report) -> Table:
    """Latency and throughput at the assumed clock."""
    speed, cycles = report.performance, report.cycles
    first = "" if cycles.kind == "window" else ", images on the chip"
    return Table(title=f"{report.model.name} on {report.board.title} at {speed.clock_mhz:g} MHz ({speed.clock})",
                 columns=("what", "value", "unit"), rows=[
        ("cycles a graph" if cycles.graphs == 1 else "cycles a graph, mean", f"{cycles.per_graph:,.0f}", "cycles"),
        (f"latency of {speed.of}{first}", *duration(speed.latency_us)),
        (f"latency of {speed.of}, with every load and store", *duration(speed.latency_us_with_transfers)),
        (f"throughput{first}", *rate(speed.graphs_per_s)),
        ("throughput, with every load and store", *rate(speed.graphs_per_s_with_transfers)),
        ("average bits of a row", f"{report.model.average_bits['rows']:.3f}", "bits"),
    ])


def _groups(cycles: Cycles) -> dict[str, Sequence[Run]]:
    """Runs that make a row each, and all of them, by the name of the row."""
    runs, many = cycles.runs, MANY[cycles.kind]
    rows: dict[str, Sequence[Run]]
    if cycles.kind == "window":
        rows = {step.name: [run for run in runs if run.part == step.name] for step in cycles.passes}
    elif cycles.kind == "graph":
        rows = {"the sample": runs}
    elif len(runs) <= SHOWN:
        rows = {f"{number:04d}": [run] for number, run in enumerate(runs)}
    else:
        longest = max(range(len(runs)), key=lambda number: runs[number].cycles)
        rows = {f"{longest:04d}, the longest": [runs[longest]]}
    return rows if len(runs) == 1 else {**rows, f"all {len(runs):,} {many}": runs}


def _run_row(name: str, runs: Sequence[Run], sizes: Sequence[str]) -> tuple[str, ...]:
    cycles, graphs = sum(run.cycles for run in runs), sum(run.sizes.get("graphs", 0) for run in runs)
    number = [] if runs[0].part is None else [f"{len(runs):,}"]
    return (name, *number, *(f"{sum(run.sizes[size] for run in runs):,}" for size in sizes),
            f"{sum(run.load_beats for run in runs):,}", f"{sum(run.store_beats for run in runs):,}", f"{cycles:,}",
            *([f"{cycles / graphs:,.0f}"] if graphs else []))


def duration(microseconds: float) -> tuple[str, str]:
    """A time and its unit."""
    return (f"{microseconds / 1000:,.2f}", "ms") if microseconds >= 10_000 else (f"{microseconds:,.2f}", "µs")


def rate(graphs: float) -> tuple[str, str]:
    """Graphs a second, and the unit."""
    return f"{graphs:,.0f}" if graphs >= 100 else f"{graphs:,.1f}", "graphs/s"
