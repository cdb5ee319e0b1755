"""Facts to one self-contained HTML page: no scripts, nothing loaded from elsewhere."""

from importlib.resources import files
from typing import Any

import jinja2

from . import plots

__all__ = ["render"]


def render(facts: dict[str, Any]) -> str:
    """Render ``report.html`` from the facts of ``report.json``."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
                                     lstrip_blocks=True)
    environment.filters["number"] = lambda value, digits=0: f"{value:,.{digits}f}"
    environment.filters["percent"] = lambda value, digits=1: f"{100 * value:.{digits}f} %"
    template = environment.from_string((files(__package__) / "report.html.j2").read_text(encoding="utf-8"))
    drawn = {
        "cycles": plots.cycles(facts["cycles"]["passes"]),
        "stages": plots.stages(facts["cycles"]["passes"]),
        "saved": plots.saved(facts["cycles"]["by_bits"]),
        "resources": plots.resources(facts["resources"]["components"], facts["resources"]["utilisation"]),
        "bits": {path: plots.bits(table, facts["model"]["degree_classes"])
                 for path, table in facts["model"]["bits_by_degree"].items()},
    }
    return template.render(facts=facts, plots=drawn)
