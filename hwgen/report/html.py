"""Facts to one self-contained HTML page: no scripts, nothing loaded from elsewhere."""

from typing import Any

import jinja2

from . import plots
from .names import title

__all__ = ["render"]

#: Batches that are listed one by one.
SHOWN = 32


def render(facts: dict[str, Any]) -> str:
    """Render ``report.html`` from the facts of ``report.json``, of either organisation."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
                                     lstrip_blocks=True, loader=jinja2.PackageLoader("hwgen", "report"))
    environment.filters["number"] = lambda value, digits=0: f"{value:,.{digits}f}"
    environment.filters["percent"] = lambda value, digits=1: f"{100 * value:.{digits}f} %"
    stream = facts.get("organisation") == "stream"
    paths = {value["name"]: title(value["name"], value["path"]) for value in facts["model"]["values"]}
    drawn = {
        "cycles": plots.cycles(facts["cycles"]["passes"]),
        "stages": plots.stages(facts["cycles"]["passes"]),
        "saved": plots.saved(facts["cycles"]["by_bits"]),
        "resources": plots.resources(facts["resources"]["components"], facts["resources"]["utilisation"]),
        "bits": {paths[name]: plots.bits(table, facts["model"]["degree_classes"])
                 for name, table in facts["model"]["bits_by_degree"].items()},
    }
    template = environment.get_template("stream.html.j2" if stream else "report.html.j2")
    return template.render(facts=facts, plots=drawn, shown=SHOWN)
