"""What labels mean beside the results of a network: the one place where the task is told from the data.

| labels | results | task |
|---|---|---|
| whole numbers | several | classification: the largest result |
| one 1 a row, as many columns as results | several | the same, one-hot |
| 0 and 1, or -1 and 1 | one | binary: above 0 or not |
| 0 and 1, or -1 and 1, as many columns as results | several | multilabel: every result above 0 or not |
| other numbers | as many columns as results | regression |

NaN is a missing label. So is a negative one beside classes, or beside 0 and 1; -1 and 1 alone are the two signs. One
value alone tells no task where results are as many as columns.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Kind", "Labels", "decisions", "results_for"]

Kind = Literal["classification", "binary", "multilabel", "regression", "unknown"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What is known of the right results of some rows.

    Parameters
    ----------
    kind : str
        The task.
    said : str
        What it is and what it follows from, for people.
    known : float64 [rows, columns]
        NaN: not known. One column of classes; of 0 and 1 for each result; or of real values.
    counted : bool [rows]
        Rows that figures are over: those of the mask that have a label.
    unlabelled : int
        Rows of the mask that have none.
    """

    kind: Kind
    said: str
    known: Floats
    counted: NDArray[np.bool_]
    unlabelled: int

    @classmethod
    def of(cls, labels: NDArray[np.generic] | None, width: int, rows: int,
           mask: NDArray[np.bool_] | None = None) -> "Labels":
        """Tell the task.

        Parameters
        ----------
        labels : [rows] or [rows, columns], of any real type, or None
        width : int
            Results of a row.
        rows : int
        mask : bool [rows] or None
            Rows that figures may be over; None: all.
        """
        table = np.zeros((rows, 0)) if labels is None else labels.astype(np.float64).reshape(rows, -1)
        kind, said, known = _meaning(np.where(np.isfinite(table), table, np.nan), width)
        inside = np.ones(rows, dtype=bool) if mask is None else mask
        labelled = ~np.isnan(known).all(axis=1)
        return cls(kind=kind, said=said, known=known, counted=inside & labelled,
                   unlabelled=int((inside & ~labelled).sum()) if table.size else 0)

    @classmethod
    def alone(cls, labels: NDArray[np.generic]) -> "Labels":
        """Tell the task beside as many results as a model for these labels has (:func:`results_for`)."""
        return cls.of(labels, results_for(labels), len(labels))

    def first(self, rows: int) -> "Labels":
        """Those of the first rows."""
        return replace(self, known=self.known[:rows], counted=self.counted[:rows])


def decisions(kind: Kind, results: Floats) -> NDArray[np.int64] | None:
    """What results [rows, width] decide: a class [rows, 1], or 0 and 1 for each result [rows, width]; None: nothing."""
    if kind == "classification":
        return np.asarray(results.argmax(axis=1)[:, None], dtype=np.int64)
    return (results > 0).astype(np.int64) if kind in ("binary", "multilabel") else None


def results_for(labels: NDArray[np.generic]) -> int:
    """Results of a row that a model for these labels has: one a column, one a class, or one where labels are real.

    Parameters
    ----------
    labels : [rows] or [rows, columns], of any real type
    """
    if labels.ndim > 1 and labels.shape[1] > 1:
        return int(labels.shape[1])
    known = labels.astype(np.float64)[np.isfinite(labels)]
    if not len(known) or (known != np.rint(known)).any():
        return 1
    return max(1, int(known.max()) + 1)


def _meaning(table: Floats, width: int) -> tuple[Kind, str, Floats]:
    """Task, how it is told, and labels as :attr:`Labels.known`."""
    none, columns, values = np.full((len(table), 1), np.nan), table.shape[1], set(table[~np.isnan(table)].tolist())
    largest = f"the largest of {width} results"
    if not width:
        return "unknown", "no results", none
    if not values:
        said = "no labels" if not columns else "no row has a label"
        return ("classification", f"{said}: {largest}", none) if width > 1 else ("unknown", f"{said}, 1 result", none)
    if columns not in (1, width):
        return "unknown", f"{columns} labels a row beside {_count(width)}", none
    signs = values == {-1.0, 1.0}
    if columns == 1 < width and not (signs and width == 2):
        return _classes(table, values, width, none)
    if not values <= {-1.0, 0.0, 1.0}:
        return "regression", f"real labels, {_count(width)}", table
    if len(values) == 1 or values == {-1.0, 0.0}:  # may be classes, signs or real values
        return "unknown", f"every label is {max(values):.0f}", none
    said = "labels of -1 and 1" if signs else "labels of 0 and 1"
    known = np.where(np.isnan(table) | (table < 0) & (not signs), np.nan, table > 0)
    if columns < width:
        return "classification", f"{said}: {largest}", known
    if width == 1:
        return "binary", f"{said}: 1 result, above 0 or not", known
    whole = known[~np.isnan(known).all(axis=1)]
    if not np.isnan(whole).any() and (whole.sum(axis=1) == 1).all():
        return "classification", f"one-hot labels: {largest}", np.where(
            np.isnan(known[:, :1]), np.nan, known.argmax(axis=1)[:, None])
    return "multilabel", f"{said} in {width} columns: every result above 0 or not", known


def _classes(table: Floats, values: set[float], width: int, none: Floats) -> tuple[Kind, str, Floats]:
    if any(value != int(value) for value in values):
        return "unknown", f"one real label a row beside {width} results", none
    if max(values) >= width:
        return "unknown", f"label {max(values):.0f} beside {width} results", none
    known = np.where(table < 0, np.nan, table)
    if np.isnan(known).all():
        return "unknown", "no label from 0 on", none
    return "classification", f"whole labels: the largest of {width} results", known


def _count(width: int) -> str:
    return "1 result" if width == 1 else f"{width} results"
