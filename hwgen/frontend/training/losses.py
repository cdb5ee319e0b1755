"""What training minimises, by task."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ...network.heads import Head
from ...network.labels import Kind, Labels
from ..original import HEADS

__all__ = ["Goal", "tensor_of"]


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Cross entropy of classes; of signs or labels of 0 and 1, one by one; of real labels the mean squared error.

    Parameters
    ----------
    kind : Kind
    head : Head
        Behind results that real labels are compared with.
    spread : Tensor float32 [columns] or None
        Variance of the training part's real labels. Errors count as shares of it, so that they weigh alike in any unit
        beside what bits cost: the loss is 1 - R².
    """

    kind: Kind
    head: Head = ""
    spread: Tensor | None = None

    @classmethod
    def of(cls, labels: Labels, training: NDArray[np.bool_], head: Head) -> Goal:
        """What is learned of labels; ``training`` bool [rows] says which are seen."""
        if labels.kind != "regression":
            return cls(kind=labels.kind, head=head)
        seen = np.where(training[:, None], labels.known, np.nan)
        known = ~np.isnan(seen)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.nansum(seen, axis=0) / count
        spread = np.nansum((seen - mean) ** 2, axis=0) / count
        return cls(kind=labels.kind, head=head, spread=torch.from_numpy(np.where(spread > 0, spread, 1.0)).float())

    def compared(self, results: Tensor) -> Tensor:
        """What labels are compared with: of real labels what forward returns, else logits."""
        return HEADS[self.head](results) if self.kind == "regression" else results

    def loss(self, results: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
        """The loss of some rows.

        Parameters
        ----------
        results : Tensor float [rows, results]
            Logits: what the module computes before its head.
        labels : Tensor
            :func:`tensor_of`; of classes none that is missing.
        """
        if not len(labels):
            return results.sum()
        if self.kind == "classification":
            return F.cross_entropy(results, labels, reduction=reduction)
        known = ~torch.isnan(labels)
        if self.kind != "regression":
            return F.binary_cross_entropy_with_logits(results[known], labels[known], reduction=reduction)
        assert self.spread is not None
        errors = ((self.compared(results) - labels) ** 2 / self.spread)[known]
        return errors.sum() if reduction == "sum" else errors.mean()

    def distance(self, results: Tensor, teacher: Tensor) -> Tensor:
        """How far results are from a teacher's: the mean divergence of rows, or of signs, or the squared error."""
        if self.kind == "classification":
            return F.kl_div(results.log_softmax(1), teacher.softmax(1), reduction="batchmean")
        if self.kind != "regression":
            return F.binary_cross_entropy_with_logits(results, teacher.sigmoid())
        return self.loss(results, self.compared(teacher))


def tensor_of(labels: Labels) -> Tensor:
    """Labels as losses take them: classes int64 [rows], -1 where there is none; else float32 [rows, columns], NaN."""
    if labels.kind == "classification":
        return torch.from_numpy(np.nan_to_num(labels.known[:, 0], nan=-1.0).astype(np.int64))
    return torch.from_numpy(labels.known).float()
