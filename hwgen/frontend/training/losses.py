"""What training minimises and counts: of rows with one class each, and of rows with several labels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["distance", "loss_of", "right_of"]


def loss_of(logits: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
    """Cross entropy.

    Parameters
    ----------
    logits : Tensor float [rows, classes] or [rows, labels]
    labels : Tensor int64 [rows], or float [rows, labels] of 0 and 1, NaN where one is not known
    """
    if not len(labels):
        return logits.sum()
    if labels.ndim == 1:
        return F.cross_entropy(logits, labels, reduction=reduction)
    known = ~torch.isnan(labels)
    return F.binary_cross_entropy_with_logits(logits[known], labels[known], reduction=reduction)


def distance(logits: Tensor, teacher: Tensor, labels: Tensor) -> Tensor:
    """How far decisions are from a teacher's: the mean divergence of rows, or of labels of rows that have several."""
    if labels.ndim == 1:
        return F.kl_div(logits.log_softmax(1), teacher.softmax(1), reduction="batchmean")
    return F.binary_cross_entropy_with_logits(logits, teacher.sigmoid())


def right_of(logits: Tensor, labels: Tensor) -> tuple[float, int]:
    """How many rows, or labels of rows that have several, are decided right; and of how many."""
    if labels.ndim == 1:
        return float((logits.argmax(1) == labels).sum()), len(labels)
    known = ~torch.isnan(labels)
    return float(((logits > 0) == (labels > 0.5))[known].sum()), int(known.sum())
