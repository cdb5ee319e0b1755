"""``hwgen report``: cycles, resources, microseconds of a build, or of two."""

import webbrowser
from dataclasses import asdict
from pathlib import Path

import click

from ..errors import HwgenError
from .console import Console, common
from .figures import TEST, measure
from .options import BUILD
from .summary import show_design

__all__ = ["report"]


@click.command()
@click.argument("builds", metavar="BUILD [OTHER]", type=BUILD, nargs=-1, required=True)
@TEST
@click.option("--open", "open_it", is_flag=True, help="Open report.html in a browser.")
@click.option("--vivado", nargs=2, type=click.Path(path_type=Path), metavar="UTILIZATION TIMING",
              help="Your reports of Vivado (report_utilization, report_timing_summary) beside the estimate.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
              help="Of two builds: also write the comparison as a page.")
@common
def report(console: Console, builds: tuple[Path, ...], open_it: bool, test: Path | None,
           vivado: tuple[Path, Path] | None, output: Path | None) -> None:
    """Print a build's facts, and write report/ anew from report.json; of two builds, compare them.

    \b
    hwgen report BUILD --vivado BUILD/vivado/utilization.rpt BUILD/vivado/timing.rpt
    hwgen report BUILD OTHER -o compare.html

    The numbers are those of the build and of its last verification; nothing is computed again, but figures on --test.
    """
    if len(builds) > 1:
        _refuse(len(builds) > 2, f"{len(builds)} builds", "name two of them")
        _refuse(test is not None, "--test with two builds", "give --test with one build; then compare the two")
        _refuse(vivado is not None, "--vivado with two builds", "give --vivado with one build")
        _compare(console, builds, output, open_it)
        return
    _refuse(output is not None, "--output with one build", "name a second build, or open report/report.html of the one")
    from ..flow.verify import record
    from ..report.files import read_report

    (build_folder,) = builds
    if test is None:
        facts = read_report(build_folder)
        record(build_folder, facts)
    else:
        facts = measure(console, build_folder, test)
    show_design(console, facts)
    more = {}
    if vivado:
        from ..report.vivado import read_timing, read_utilization, vivado_tables

        used, timing = read_utilization(vivado[0]), read_timing(vivado[1])
        console.tables(vivado_tables(facts, used, timing, str(vivado[0])))
        more["vivado"] = {"utilization": asdict(used), "timing": {**asdict(timing), "met": timing.met}}
    page = build_folder / "report" / "report.html"
    console.say(f"report: {page}")
    console.result({**facts.to_dict(), **more})
    if open_it:
        webbrowser.open(page.resolve().as_uri())


def _refuse(wrong: bool, what: str, fix: str) -> None:
    if wrong:
        raise HwgenError(what, "hwgen report", fix)


def _compare(console: Console, builds: tuple[Path, ...], output: Path | None, open_it: bool) -> None:
    """Print two builds side by side, and write the page."""
    from ..files import write_file
    from ..report.compare import compare_names, compare_tables
    from ..report.files import read_report
    from ..report.html import render_comparison

    _refuse(open_it and output is None, "--open without --output", "add -o compare.html")
    pair, names = (read_report(builds[0]), read_report(builds[1])), compare_names(builds)
    tables = compare_tables(pair, names)
    console.tables(tables)
    if output is not None:
        write_file(output, render_comparison(pair, names).encode())
        console.say(f"page: {output}")
        if open_it:
            webbrowser.open(output.resolve().as_uri())
    console.result({"builds": list(names), "tables": {table.title: [dict(zip(table.columns, row, strict=True))
                                                                   for row in table.rows] for table in tables}})
