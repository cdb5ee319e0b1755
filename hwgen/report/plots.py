"""The report's plots as inline SVG, in one style."""

import io
import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from .facts import Pass, ResourceFacts

__all__ = ["bits", "cycles", "front", "logarithmic", "pareto", "resources", "saved", "timeline"]

INK, MUTED, GRID = "#1f2933", "#667784", "#dfe5ea"
PALETTE = ("#2a6f97", "#61a5c2", "#a9d6e5", "#ee9b00", "#bb3e03")
WARN = "#bb3e03"
STYLE: Any = {
    "font.family": "sans-serif", "font.size": 10, "text.color": INK, "axes.labelcolor": INK, "xtick.color": MUTED,
    "ytick.color": INK, "axes.edgecolor": GRID, "axes.spines.top": False, "axes.spines.right": False,
    "axes.spines.left": False, "axes.axisbelow": True, "grid.color": GRID, "legend.frameon": False,
    "text.parse_math": False,  # a dollar sign in a name is one
    "svg.fonttype": "none", "svg.hashsalt": "hwgen",  # text stays text; the same facts give the same bytes
}


def resources(facts: ResourceFacts) -> str:
    """Share of the board's resources, stacked by component."""
    parts, utilisation = facts.components, facts.utilisation
    names = list(utilisation)
    with mpl.rc_context(STYLE):
        figure, axes = _axes(0.42 * len(names) + 1.1)
        left = [0.0] * len(names)
        for part, colour in zip(parts, PALETTE, strict=False):
            share = [100 * part.count * part.one[name] / utilisation[name].available for name in names]
            label = f"{part.count} x {part.name}" if part.count > 1 else part.name
            axes.barh(names, share, left=left, color=colour, label=label, height=0.62)
            left = [before + more for before, more in zip(left, share, strict=True)]
        edge = max(100.0, *left)  # labels stand beside the line of 100 %, and beside bars that cross it
        for row, (name, percent) in enumerate(zip(names, left, strict=True)):
            used, have = utilisation[name].used, utilisation[name].available
            axes.text(1.01 * edge, row, f"{percent:.1f} %   {used:,g} of {have:,g}", va="center", fontsize=9)
        axes.set_yticks(range(len(names)), [facts.unit(name) for name in names])
        axes.set_xlim(0, 1.35 * edge)
        axes.set_xticks([tick for tick in axes.get_xticks() if tick <= edge])
        axes.axvline(100, color=WARN, linewidth=1, zorder=0.5)
        axes.set_xlabel("% of the board")
        _legend(axes, len(parts))
        return _svg(figure)


def cycles(passes: Sequence[Pass]) -> str:
    """Cycles of each pass."""
    values = [step.cycles for step in passes]
    return _bars([step.name for step in passes], values, [f"{value:,}" for value in values], PALETTE[0], room=1.15)


def timeline(passes: Sequence[Pass]) -> str:
    """The passes one after the other, a lane a stage: of each pass's cycles how many its average unit works and waits.

    A lane is full where all units of the stage work in all cycles; what is neither work nor waiting is idle.
    """
    names = list(passes[0].utilisation)
    total = sum(step.cycles for step in passes)
    starts = list(accumulate((step.cycles for step in passes), initial=0))
    widths = [step.cycles for step in passes]
    with mpl.rc_context(STYLE):
        figure, axes = _axes(0.62 * len(names) + 1.9)
        axes.grid(visible=False)
        for lane, name in enumerate(names):
            work = [0.8 * step.utilisation[name] for step in passes]
            wait = [0.8 * step.waited.get(name, 0.0) for step in passes]
            floor = [lane + 0.4] * len(passes)
            for heights, colour, label in (([0.8] * len(passes), GRID, "idle"), (work, PALETTE[0], "works"),
                                           (wait, PALETTE[3], "waits")):
                axes.bar(starts[:-1], [-height for height in heights], widths, floor, align="edge", color=colour,
                         edgecolor="white", linewidth=0.6, label=label if not lane else None)
                if label == "works":
                    floor = [under - height for under, height in zip(floor, heights, strict=True)]
            for start, width, step in zip(starts, widths, passes, strict=False):
                if width > 0.05 * total:
                    axes.text(start + width / 2, lane + 0.28, f"{step.utilisation[name]:.0%}", ha="center", va="center",
                              fontsize=9, color="white" if step.utilisation[name] > 0.25 else INK)
        for start, width, step in zip(starts, widths, passes, strict=False):
            axes.text(start + width / 2, -0.5, step.name, rotation=30, ha="left", va="bottom", fontsize=8, color=MUTED)
        axes.set_yticks(range(len(names)), names)
        axes.set_xlim(0, total)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlabel("cycles")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=9, handlelength=1)
        return _svg(figure)


def bits(table: Sequence[Sequence[int]], labels: Sequence[str]) -> str:
    """Share of the nodes of each in-degree class by bit width."""
    shown = [(label, row) for label, row in zip(labels, table, strict=True) if sum(row)]
    widths = [width for width in range(len(table[0])) if any(row[width] for row in table)]
    shades = mpl.colormaps["YlGnBu"]
    with mpl.rc_context(STYLE):
        figure, axes = _axes(0.4 * len(shown) + 1.2)
        left = [0.0] * len(shown)
        for width in widths:
            share = [100 * row[width] / sum(row) for _, row in shown]
            axes.barh(range(len(shown)), share, left=left, height=0.7, label=f"{width} bit",
                      color=shades(0.12 + 0.85 * width / max(widths[-1], 4)))
            left = [before + more for before, more in zip(left, share, strict=True)]
        for row, (_, counts) in enumerate(shown):
            mean = sum(width * count for width, count in enumerate(counts)) / sum(counts)
            axes.text(101, row, f"{sum(counts):,} nodes, {mean:.2f} bit", va="center", fontsize=9)
        axes.set_yticks(range(len(shown)), [label for label, _ in shown])
        axes.set_ylabel("in-degree")
        axes.set_xlim(0, 135)
        axes.set_xticks(range(0, 101, 25))
        axes.set_xlabel("% of the nodes of that in-degree")
        _legend(axes, len(widths))
        return _svg(figure)


def saved(totals: Mapping[str, int]) -> str:
    """Cycles with the learned bit widths beside uniform ones."""
    first, *others = values = list(totals.values())
    labels = [f"{first:,}", *(f"{value:,}  ({value / first - 1:+.1%})" for value in others)]
    colours = [PALETTE[0] if name == "learned" else PALETTE[2] for name in totals]
    return _bars(list(totals), values, labels, colours, room=1.25)


def pareto(measured: Sequence[tuple[float, float]], front: Sequence[tuple[float, float]], full: float, floor: float,
           label: str) -> str:
    """Accuracy over cost of measured assignments, those that no other beats joined; shares become percent.

    Parameters
    ----------
    measured, front : sequence of (float, float)
        Cost and accuracy.
    full, floor : float
        Accuracy in FP32, and what was asked for.
    label : str
        Of costs.
    """
    with mpl.rc_context(STYLE):
        figure, axes = _axes(4.2)
        axes.invert_yaxis()
        axes.grid(visible=True, axis="both", linewidth=0.6)
        for value, name, style in ((full, "FP32", "-"), (floor, "asked for", "--")):
            axes.axhline(100 * value, color=WARN, linewidth=1, linestyle=style, label=name)
        axes.scatter([cost for cost, _ in measured], [100 * each for _, each in measured], s=18, color=PALETTE[2],
                     label="measured")
        axes.plot([cost for cost, _ in front], [100 * each for _, each in front], color=PALETTE[0], marker="o",
                  markersize=5, drawstyle="steps-post", label="not beaten")
        axes.set_xlabel(label)
        axes.set_ylabel("validation accuracy, %")
        _legend(axes, 4)
        return _svg(figure)


def front(measured: Sequence[tuple[float, ...]], points: Sequence[tuple[float, float]], default: tuple[float, float],
          label: str) -> str:
    """Look-up tables over cycles of measured designs, those that no other beats joined, and the default.

    Parameters
    ----------
    measured : sequence of (float, float)
        Cycles by the model and look-up tables, of designs that fit.
    points : sequence of (float, float)
        Of the front, by cycles.
    default : (float, float)
    label : str
        Of cycles.
    """
    with mpl.rc_context(STYLE):
        figure, axes = _axes(4.2)
        axes.invert_yaxis()
        axes.grid(visible=True, axis="both", linewidth=0.6)
        logarithmic(axes, "x")
        axes.scatter([each[0] for each in measured], [each[1] for each in measured], s=12, color=PALETTE[2],
                     label="fits, by the models")
        axes.plot([each[0] for each in points], [each[1] for each in points], color=PALETTE[0], marker="o",
                  markersize=5, drawstyle="steps-post", label="not beaten")
        axes.scatter([default[0]], [default[1]], s=60, color=WARN, marker="x", label="default")
        axes.set_xlabel(label)
        axes.set_ylabel("look-up tables")
        _legend(axes, 4)
        return _svg(figure)


def logarithmic(axes: Axes, name: Literal["x", "y"]) -> None:
    """Make an axis logarithmic, with plain numbers: Matplotlib's own labels are formulas, which are not parsed here."""
    axes.set(**{f"{name}scale": "log"})
    axis = axes.xaxis if name == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.set_minor_formatter(NullFormatter())


def _axes(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(9.6, height), layout="constrained")
    axes = figure.add_subplot()
    axes.grid(visible=True, axis="x", linewidth=0.6)
    axes.tick_params(length=0)
    axes.invert_yaxis()
    return figure, axes


def _bars(names: Sequence[str], values: Sequence[int], labels: Sequence[str], colours: str | Sequence[str], *,
          room: float) -> str:
    """A bar of cycles each, with its label behind it; the axis has ``room`` times the longest."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes(0.42 * len(names) + 0.9)
        axes.barh(names, values, color=colours, height=0.62)
        for row, (value, label) in enumerate(zip(values, labels, strict=True)):
            axes.text(value + 0.01 * max(values), row, label, va="center", fontsize=9)
        axes.set_xlim(0, room * max(values))
        axes.set_xlabel("cycles")
        return _svg(figure)


def _legend(axes: Axes, entries: int) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=min(entries, 9), fontsize=9, borderaxespad=0.2,
                handlelength=1, columnspacing=1.2)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    text = buffer.getvalue()
    return re.sub(">[^<]*<", lambda found: found[0].replace('"', "&quot;"), text[text.index("<svg"):])
