"""Facts to one self-contained HTML page: no scripts, nothing loaded from elsewhere."""

import jinja2

from ..driver.table import verification_rows
from . import plots
from .compare import compare_tables
from .design_tables import bits_table, duration, rate, resource_table, rows_tables, run_table
from .facts import Report
from .figure_tables import figure_table, headline_figure
from .model_tables import headline, model_tables
from .names import title

__all__ = ["render", "render_comparison"]


def render(report: Report) -> str:
    """Render ``report.html``."""
    values, layers = model_tables(report.model)[:2]
    tables = {"network": values, "layers": layers, "runs": run_table(report.cycles),
              "resources": resource_table(report), "rows": rows_tables(report.rows),
              "bits": bits_table(report.cycles)}
    return _environment().get_template("report.html.j2").render(
        facts=report, headline=headline(report.model), tables=tables, plots=_plots(report),
        compared=[] if report.verification is None else verification_rows(report.verification),
        figures=[figure_table(each) for each in report.figures], best=headline_figure(report.figures[0]))


def render_comparison(pair: tuple[Report, Report], names: tuple[str, str]) -> str:
    """Render the page of two builds side by side."""
    methods = {each.resources.method for each in pair}
    return _environment().get_template("compare.html.j2").render(
        names=names, tables=compare_tables(pair, names), method=methods.pop() if len(methods) == 1 else "")


def _environment() -> jinja2.Environment:
    made = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                              loader=jinja2.PackageLoader("hwgen", "report"))
    made.filters["number"] = lambda value, digits=0: f"{value:,.{digits}f}"
    made.filters["duration"] = lambda microseconds: " ".join(duration(microseconds))
    made.filters["rate"] = lambda graphs: rate(graphs)[0]
    return made


def _plots(report: Report) -> dict[str, object]:
    paths = {value.name: title(value.name, value.path) for value in report.model.values}
    return {
        "cycles": plots.cycles(report.cycles.passes),
        "timeline": plots.timeline(report.cycles.passes),
        "saved": plots.saved(report.cycles.by_bits),
        "resources": plots.resources(report.resources),
        "bits": {paths[name]: plots.bits(table, report.model.degree_classes)
                 for name, table in report.model.bits_by_degree.items() if any(map(any, table))},
    }
