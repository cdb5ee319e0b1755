"""How good results are, and how near to one another: FP32, quantized, integer program and hardware, side by side.

Nothing here is a tolerance: integers are compared by equality elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .equation import Domain
from .heads import HEADS, Head
from .labels import Kind, Labels, decisions
from .sample import Sample

__all__ = ["MODELS", "Figures", "ModelFigures", "Nearness", "Score", "figures_of"]

Floats = NDArray[np.float64]

#: Models that give results, in order, and their names for people.
MODELS: Mapping[str, str] = {"fp32": "FP32", "quantized": "quantized in PyTorch", "integer": "integer program",
                             "hardware": "hardware"}


@dataclass(frozen=True, kw_only=True)
class Score:
    """Results beside labels; None is a figure that the task or the data do not have.

    Parameters
    ----------
    accuracy : float or None
        Share of classes or signs that are right: ``right`` of ``decided``.
    micro_f1 : float or None
        Of several labels a row; None too where no label is 1 and none is taken for 1.
    mean_error, largest_error : float or None
        Absolute, in the labels' own unit.
    r2 : float or None
        1 - squared errors / squared differences from the mean; the mean over columns. None where labels of a column
        do not differ.
    """

    accuracy: float | None = None
    right: int | None = None
    decided: int | None = None
    micro_f1: float | None = None
    mean_error: float | None = None
    largest_error: float | None = None
    r2: float | None = None

    @classmethod
    def of(cls, labels: Labels, results: Floats) -> "Score | None":
        """Score results [rows, width]; None where no row counts."""
        known, mine = labels.known[labels.counted], results[labels.counted]
        if labels.kind == "unknown" or not len(known):
            return None
        there, decided = ~np.isnan(known), decisions(labels.kind, mine)
        if decided is None:
            errors = np.abs(mine - known)[there]
            return cls(mean_error=float(errors.mean()), largest_error=float(errors.max()), r2=_r2(known, mine))
        equal, count = (decided == known) & there, int(there.sum())
        right, hits = int(equal.sum()), 2 * int((equal & (decided == 1)).sum())
        ones = hits + count - right if labels.kind == "multilabel" else 0  # true and taken ones
        return cls(accuracy=right / count, right=right, decided=count, micro_f1=hits / ones if ones else None)


@dataclass(frozen=True, kw_only=True)
class Nearness:
    """Results beside those of another model, labels or not.

    Parameters
    ----------
    same : float or None
        Share of equal classes or signs: all but ``differing`` of ``decided``. None where results decide nothing.
    largest, median : float or None
        Difference of a result, as a share of the range of the other model's results; None where they have no range.
    """

    same: float | None
    differing: int | None
    decided: int | None
    largest: float | None
    median: float | None

    @classmethod
    def of(cls, kind: Kind, results: Floats, others: Floats) -> "Nearness":
        """Compare results [rows, width] with another model's."""
        mine, theirs = decisions(kind, results), decisions(kind, others)
        differ = None if mine is None or theirs is None else mine != theirs
        span = float(np.ptp(others)) if others.size else 0.0
        shares = np.abs(results - others) / span if span else None
        return cls(same=None if differ is None or not differ.size else float(1 - differ.mean()),
                   differing=None if differ is None else int(differ.sum()),
                   decided=None if differ is None else int(differ.size),
                   largest=None if shares is None else float(shares.max()),
                   median=None if shares is None else float(np.median(shares)))


@dataclass(frozen=True, kw_only=True)
class ModelFigures:
    """One model's results on the first ``rows`` rows; ``model`` is a key of MODELS. Nearness is to models before it."""

    model: str
    rows: int
    score: Score | None
    to_fp32: Nearness | None
    to_quantized: Nearness | None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Models side by side, on the same rows.

    Parameters
    ----------
    data, of : str
        The graphs, for people; and what has results: nodes or graphs.
    rows, counted, unlabelled : int
        All rows; those that scores are over; those left out because they have no label.
    task, said : str
        :class:`hwgen.network.labels.Labels` as ``kind`` and ``said``.
    models : tuple of ModelFigures
        Those whose results are known.
    """

    data: str
    of: Domain
    rows: int
    counted: int
    unlabelled: int
    task: Kind
    said: str
    models: tuple[ModelFigures, ...]

    def __getitem__(self, model: str) -> ModelFigures | None:
        """A model's figures; None if its results are not known."""
        return next((each for each in self.models if each.model == model), None)

    def accuracy(self, model: str) -> float | None:
        """A model's share of right classes or signs, where that is known."""
        found = self[model]
        return None if found is None or found.score is None else found.score.accuracy

    def same(self, model: str, other: str = "quantized") -> float | None:
        """Its share of classes or signs that are those of ``fp32`` or ``quantized``, where that is known."""
        found = self[model]
        near = None if found is None else found.to_fp32 if other == "fp32" else found.to_quantized
        return None if near is None else near.same


def figures_of(sample: Sample, *, data: str, of: Domain, head: Head = "", hardware: Floats | None = None) -> Figures:
    """Count everything that a sample supports.

    Parameters
    ----------
    sample : Sample
    data, of : str
        :class:`Figures`
    head : Head
        What the user's forward does with results: real labels are compared with what it returns.
    hardware : float64 [rows, width] or None
        What the RTL gave: of all rows, or of the first ones.
    """
    rows = sample.batch.graphs if of == "graphs" else sample.batch.num_nodes
    known = {"fp32": sample.fp32, "quantized": sample.logits, "integer": sample.integer, "hardware": hardware}
    found = {model: results for model, results in known.items() if results is not None}
    width = next(iter(found.values())).shape[1] if found else 0
    labels = Labels.of(sample.labels, width, rows, sample.mask)
    if labels.kind == "regression" and head:
        labels = replace(labels, said=f"{labels.said} behind {head}")
        found = {model: HEADS[head](results) for model, results in found.items()}

    def near(model: str, results: Floats, other: str) -> Nearness | None:
        before = other in found and list(MODELS).index(other) < list(MODELS).index(model)
        return Nearness.of(labels.kind, results, found[other][:len(results)]) if before else None

    models = tuple(ModelFigures(
        model=model, rows=len(results), score=Score.of(labels.first(len(results)), results),
        to_fp32=near(model, results, "fp32"), to_quantized=near(model, results, "quantized"))
        for model, results in found.items())
    return Figures(data=data, of=of, rows=rows, counted=int(labels.counted.sum()), unlabelled=labels.unlabelled,
                   task=labels.kind, said=labels.said, models=models)


def _r2(known: Floats, mine: Floats) -> float | None:
    shares = []
    for labels, results in zip(known.T, mine.T, strict=True):
        there = ~np.isnan(labels)
        spread = float(((labels[there] - labels[there].mean()) ** 2).sum()) if there.any() else 0.0
        if not spread:
            return None
        shares.append(1 - float(((results - labels)[there] ** 2).sum()) / spread)
    return float(np.mean(shares))
