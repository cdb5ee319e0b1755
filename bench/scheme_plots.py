"""Plots of docs/results.md: accuracy against bits and against cycles, a point a scheme."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from hwgen.report.plots import PALETTE, STYLE

__all__ = ["plots"]

#: Label, bits of a row, accuracy in percent, cycles of the fastest target.
Point = tuple[str, float, float, float | None]


def plots(points: Mapping[str, Sequence[Point]], folder: Path) -> None:
    """Write ``results-DATA-bits.svg`` and ``results-DATA-cycles.svg``."""
    for data, some in points.items():
        for what, place, label in (("bits", 1, "bits of a hidden row"), ("cycles", 3, "cycles, the fastest target")):
            drawn = [(each[0], each[place], each[2]) for each in some if each[place] is not None]
            (folder / f"results-{data.lower()}-{what}.svg").write_text(_plot(drawn, label), encoding="utf-8")


def _plot(points: Sequence[tuple[str, float | None, float]], label: str) -> str:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.6), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(visible=True, linewidth=0.6)
        for name, x, y in points:
            axes.scatter([x or 0.0], [y], color=PALETTE[0], s=22)
            axes.annotate(name, (x or 0.0, y), xytext=(5, 3), textcoords="offset points", fontsize=8)
        axes.margins(x=0.14, y=0.1)
        axes.set_xlabel(label)
        axes.set_ylabel("test accuracy, %")
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
