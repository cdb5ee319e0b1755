"""The training loop: epochs, and the choice of one of them by validation; the same for FP32 and quantized models."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import HwgenError
from ...network import figures
from ...network.labels import Labels
from ..data.graph_batch import GraphBatch
from ..quantize import QuantizedNetwork
from .examples import Example, Examples, OneGraph, Part

__all__ = ["Forward", "Score", "evaluate", "fit"]

Forward = Callable[[GraphBatch], Tensor]


@dataclass(frozen=True)
class Score:
    """How good results of some rows are.

    Parameters
    ----------
    figure : float
        Share of rows, or of their labels where a row has several, that are decided right; of real labels the mean
        absolute error.
    loss : float
        Mean of :meth:`.losses.Goal.loss`.
    is_error : bool
        Whether ``figure`` is an error.
    """

    figure: float
    loss: float
    is_error: bool = False

    @property
    def rank(self) -> tuple[float, float]:
        """Larger is better: of real labels what training minimises."""
        return 0.0 if self.is_error else self.figure, -self.loss


@torch.no_grad()
def evaluate(forward: Forward, examples: Examples, part: Part) -> Score:
    """Score the rows of a part that count; the caller puts the model into evaluation mode.

    Raises
    ------
    HwgenError
        A loss that is not a number.
    """
    goal, given = examples.goal, [_counted(forward(each.batch), each) for each in examples.part(part)]
    results, labels = (torch.cat(each) for each in zip(*given, strict=True))
    loss = sum(float(goal.loss(*each, "sum")) for each in given)
    if loss != loss:
        raise HwgenError("the loss is not a number", "training", "use a lower learning rate, or scale the features")
    known = labels.reshape(len(labels), -1).double().numpy()
    counted = Labels(kind=goal.kind, said="", known=known, counted=np.ones(len(known), dtype=bool), unlabelled=0)
    found = figures.Score.of(counted, goal.compared(results).double().numpy())
    assert found is not None
    figure, is_error = (found.accuracy, False) if found.mean_error is None else (found.mean_error, True)
    assert figure is not None
    return Score(figure, loss / int((~np.isnan(known)).sum()), is_error)


def fit(model: nn.Module, forward: Forward, examples: Examples, optimizer: torch.optim.Optimizer, *, epochs: int,
        seed: int, teacher: Forward | None = None, share: float = 0.0, cosine: bool = False,
        progress: Callable[[int, float | None], None] | None = None) -> tuple[int, Score]:
    """Run all epochs and leave the model as it was at the one that validation selects (ties: the lower loss).

    A quantized model's bits are frozen after half of the epochs, and only later ones can be selected: before, it has
    more bits than it ends with.

    Parameters
    ----------
    model : Module
    forward : callable
        Logits of a batch, in the model's mode.
    examples : Examples
    optimizer : Optimizer
    epochs : int
    seed : int
        Of the order of batches.
    teacher : callable or None
        Logits to learn from beside the labels, of all rows of a training batch (Hinton et al. 2015, temperature 1).
    share : float
        Of the loss, for the teacher.
    cosine : bool
        Learning rates fall to a hundredth of the first one's, along a cosine; else they stay.
    progress : callable or None
        Called after every epoch with its number, from 0, and its validation :attr:`Score.figure`, None where it cannot
        be selected.

    Returns
    -------
    epoch, score
        The selected epoch and its validation score.

    Raises
    ------
    HwgenError
        No epoch, or a loss that is not a number.
    """
    if epochs < 1:
        raise HwgenError(f"{epochs} epochs", "epochs", "train for at least 1 epoch")
    quantized = model if isinstance(model, QuantizedNetwork) else None
    first = epochs // 2 if quantized is not None else 0
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, epochs, 0.01 * optimizer.param_groups[0]["lr"]) if cosine else None
    goals: dict[int, Tensor] = {}  # of batches, which the examples keep
    best: tuple[int, Score, dict[str, Tensor]] | None = None
    for epoch in range(epochs):
        if quantized is not None and epoch == first:
            quantized.freeze_bits()
        model.train()
        for example in examples.epoch(epoch, seed):
            logits = forward(example.batch)
            loss = examples.goal.loss(*_counted(logits, example))
            if teacher is not None:
                if id(example.batch) not in goals:
                    with torch.no_grad():
                        goals[id(example.batch)] = teacher(example.batch)
                far = examples.goal.distance(logits, goals[id(example.batch)])
                loss = (1 - share) * loss + share * far
            if quantized is not None:
                loss = loss + quantized.penalty()
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
        if schedule is not None:
            schedule.step()
        score = None
        if epoch >= first:
            _to_evaluation(model, forward, examples)
            score = evaluate(forward, examples, "validation")
            if best is None or score.rank > best[1].rank:
                best = epoch, score, copy.deepcopy(model.state_dict())
        if progress is not None:
            progress(epoch, None if score is None else score.figure)
    assert best is not None
    model.load_state_dict(best[2])
    model.eval()
    return best[0], best[1]


def _to_evaluation(model: nn.Module, forward: Forward, examples: Examples) -> None:
    """Set evaluation mode; batch norms first take the statistics of the one graph, where there is one, without dropout.

    With nine of ten input values dropped, the statistics that training leaves behind belong to other distributions
    (residual GCN on CiteSeer: validation 68.5 % instead of 73.3).
    """
    model.eval()
    norms = [each for each in model.modules() if isinstance(each, nn.BatchNorm1d)]
    if norms and isinstance(examples, OneGraph):
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.momentum = 1.0
            norm.train()
        with torch.no_grad():
            forward(examples.sample(0))
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        model.eval()


def _counted(logits: Tensor, example: Example) -> tuple[Tensor, Tensor]:
    """Logits and labels of the rows that count."""
    if example.rows is None:
        return logits, example.labels
    return logits[example.rows], example.labels[example.rows]
