"""Figures of models side by side, as text."""

from collections.abc import Callable

from ..network.figures import MODELS, Figures, ModelFigures, Nearness, Score
from .tables import Table

__all__ = ["counted", "figure_table", "headline_figure"]

#: What a row of results decides, for people.
DECIDED = {"classification": "class", "binary": "sign", "multilabel": "sign", "regression": "", "unknown": ""}

Cell = Callable[[ModelFigures], str]


def figure_table(figures: Figures) -> Table:
    """A column a model, a row a figure; a figure that no model has gets no row."""
    word = DECIDED[figures.task]
    rows = list(FIGURES)
    for other, near in (("FP32", "to_fp32"), ("quantized", "to_quantized")):
        rows += [(f"same {word} as {other}", _cell(near, _same)),
                 (f"largest / median difference from {other}", _cell(near, _shares))]
    own = {"accuracy": "labels right"} if figures.task == "multilabel" else {}
    cells = [(own.get(name, name), *(cell(each) for each in figures.models)) for name, cell in rows]
    return Table(title=f"Results on {figures.data}; {counted(figures)}",
                 columns=("figure", *(_name(each, figures) for each in figures.models)),
                 rows=[tuple(text or "-" for text in row) for row in cells if any(row[1:])])


def counted(figures: Figures) -> str:
    """The task, and how many rows count."""
    rows = _count(figures.rows, figures.of)
    if not figures.counted:
        return f"{figures.said}; {rows}, none of them scored"
    left = f", {figures.unlabelled:,} without a label left out" if figures.unlabelled else ""
    return f"{figures.said}; {figures.counted:,} of {rows} scored{left}"


def headline_figure(figures: Figures) -> tuple[str, str] | None:
    """The figure of most interest, of the model nearest to hardware, and what it is; None where there is none.

    Models that ran on fewer rows stand apart.
    """
    for name, cell in FIGURES:
        known = [(MODELS[each.model], cell(each).partition(":")[0]) for each in figures.models
                 if cell(each) and each.rows == figures.rows]
        if known and name in HEADLINES:
            (model, value), (other, beside) = known[-1], known[0]
            more = f"; {other} {beside}" if len(known) > 1 else ""
            return value, f"{name}, {model}, {_count(figures.counted, figures.of)}{more}"
    return None


def _name(each: ModelFigures, figures: Figures) -> str:
    """A model, and on how many rows it ran where that is not all of them."""
    some = "" if each.rows == figures.rows else f", {each.rows:,} of {_count(figures.rows, figures.of)}"
    return MODELS[each.model] + some


def _cell(near: str, text: Callable[[Nearness], str]) -> Cell:
    return lambda each: "" if getattr(each, near) is None else text(getattr(each, near))


def _right(score: Score | None) -> str:
    if score is None or score.accuracy is None:
        return ""
    some = f"{score.right:,} of {score.decided:,}"
    return some if score.decided == 1 else f"{score.accuracy:.2%}: {some}"


def _same(found: Nearness) -> str:
    if found.same is None:
        return ""
    differ = f"{found.differing:,} of {found.decided:,} {'differs' if found.differing == 1 else 'differ'}"
    return differ if found.decided == 1 else f"{found.same:.2%}: {differ}"


def _shares(found: Nearness) -> str:
    return "" if found.largest is None or found.median is None else (
        f"{found.largest:.3%} / {found.median:.3%} of its range")


def _score(each: ModelFigures, name: str, form: str) -> str:
    value = None if each.score is None else getattr(each.score, name)
    return "" if value is None else form.format(value)


def _count(number: int, of: str) -> str:
    return f"1 {of.removesuffix('s')}" if number == 1 else f"{number:,} {of}"


#: Scores by their names, in order.
FIGURES: tuple[tuple[str, Cell], ...] = (
    ("micro-F1", lambda each: _score(each, "micro_f1", "{:.4f}")),
    ("accuracy", lambda each: _right(each.score)),
    ("mean error", lambda each: _score(each, "mean_error", "{:.4g}")),
    ("largest error", lambda each: _score(each, "largest_error", "{:.4g}")),
    ("R²", lambda each: _score(each, "r2", "{:.4f}")))
#: Those that stand for all.
HEADLINES = ("micro-F1", "accuracy", "mean error")
