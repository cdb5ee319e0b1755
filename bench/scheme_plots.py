"""Plots of docs/results.md: accuracy against bits and against cycles, a point a scheme."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hwgen.report.plots import PALETTE, STYLE, logarithmic

__all__ = ["plots"]

#: Points of accuracy below the best that would squeeze the others together; the tables have them.
FAR = 6.0
#: Label, bits of a row, accuracy in percent, cycles of the fastest target.
Point = tuple[str, float, float, float | None]


def plots(points: Mapping[str, Sequence[Point]], folder: Path) -> None:
    """Write ``results-DATA-bits.svg`` and ``results-DATA-cycles.svg``, without variants and what is far below."""
    for data, every in points.items():
        best = max(each[2] for each in every)
        some = [each for each in every if " + " not in each[0] and "of 2 bits" not in each[0] and each[2] > best - FAR]
        for what, place, label in (("bits", 1, "bits of a hidden row"), ("cycles", 3, "cycles, the fastest target")):
            drawn = [(each[0], each[place], each[2]) for each in some if each[place] is not None]
            (folder / f"results-{data.lower()}-{what}.svg").write_text(_plot(drawn, label), encoding="utf-8")


def _plot(points: Sequence[tuple[str, float | None, float]], label: str) -> str:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.6), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(visible=True, linewidth=0.6)
        axes.scatter([x or 1.0 for _, x, _ in points], [y for *_, y in points], color=PALETTE[0], s=22)
        far = [x for _, x, _ in points if x]
        if label.startswith("cycles") and max(far, default=1) > 10 * min(far, default=1):
            logarithmic(axes, "x")
        axes.margins(x=0.2, y=0.1)
        _label(axes, points)
        axes.set_xlabel(label)
        axes.set_ylabel("test accuracy, %")
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _label(axes: Axes, points: Sequence[tuple[str, float | None, float]]) -> None:
    """Names beside points, each moved up or down until it lies on no other."""
    axes.autoscale_view()
    box = axes.transAxes.inverted()
    placed: list[tuple[float, float, float]] = []  # left, right, height, as shares of the plot
    for name, x, y in sorted(points, key=lambda each: -each[2]):
        left, height = box.transform(axes.transData.transform((x or 1.0, y)))
        right = left + 0.0085 * len(name) + 0.01
        steps = sorted((0.036 * step for step in range(-9, 10)), key=abs)
        free = next((step for step in steps if not any(
            low < right and left < high and abs(height + step - other) < 0.036 for low, high, other in placed)), 0.0)
        placed.append((left, right, height + free))
        place = axes.transData.inverted().transform(axes.transAxes.transform((left + 0.009, height + free)))
        axes.annotate(name, (x or 1.0, y), xytext=tuple(place), textcoords="data", fontsize=8, va="center",
                      xycoords="data", arrowprops=None if not free else {"arrowstyle": "-", "lw": 0.3})
