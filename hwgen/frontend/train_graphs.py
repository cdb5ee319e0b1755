"""Train graph classifiers: FP32 first, then quantized from there; every choice is validation's."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_geometric.nn import GINConv

from ..errors import HwgenError
from .data.graph_batch import GraphBatch, quotient
from .data.graph_set import GraphSet, Split
from .gin import GIN
from .graph_recipes import GraphRecipe
from .quantize import QuantizedNetwork
from .traced import without_dropout
from .tracing import plan_of

__all__ = ["Fold", "Loader", "Score", "evaluate", "fit", "gin_logits", "train_fold", "train_gin",
           "train_quantized_gin"]

Ints = NDArray[np.int64]

#: Ways to deal training graphs into batches; epochs take turns, so that each is built once.
DEALS = 4
#: Training graphs that steps are read off.
SAMPLE = 256


@dataclass(frozen=True)
class Score:
    """Share of graphs that are classified right, and the mean cross entropy."""

    accuracy: float
    loss: float

    @property
    def rank(self) -> tuple[float, float]:
        """Larger is better."""
        return self.accuracy, -self.loss


class Loader:
    """Batches of some graphs, in quotient form, built once.

    Parameters
    ----------
    graphs : GraphSet
    rounds : int
        Aggregations of the network.
    size : int
        Graphs in a batch.
    """

    def __init__(self, graphs: GraphSet, rounds: int, size: int) -> None:
        self.graphs, self.rounds, self.size = graphs, rounds, size
        self._built: dict[bytes, tuple[GraphBatch, Tensor]] = {}

    def batch(self, chosen: Ints) -> tuple[GraphBatch, Tensor]:
        """The union of some graphs and its labels."""
        key = chosen.tobytes()
        if key not in self._built:
            labels = torch.from_numpy(self.graphs.labels[chosen])
            self._built[key] = quotient(self.graphs.union(chosen), self.rounds), labels
        return self._built[key]

    def ordered(self, chosen: Ints) -> list[tuple[GraphBatch, Tensor]]:
        """Batches of all chosen graphs in their order."""
        return [self.batch(part) for part in _split(chosen, self.size)]

    def forget(self) -> None:
        """Free the batches built so far."""
        self._built.clear()

    def epoch(self, chosen: Ints, epoch: int, seed: int) -> Iterator[tuple[GraphBatch, Tensor]]:
        """Batches of one epoch of training, shuffled."""
        deal = np.random.default_rng((seed, epoch % DEALS)).permutation(chosen)
        parts = _split(deal, self.size)
        for which in np.random.default_rng((seed, epoch, 1)).permutation(len(parts)):
            yield self.batch(parts[which])


def _split(chosen: Ints, size: int) -> Sequence[Ints]:
    return np.array_split(chosen, max(1, round(len(chosen) / size)))


def gin_logits(model: GIN, batch: GraphBatch) -> Tensor:
    """What ``model.forward`` computes, on prepared batches: the first linear layer goes before its aggregation."""
    maps: list[Tensor] = []
    x = None
    for conv in cast(Sequence[GINConv], model.convs):
        first = conv.nn[0]
        if x is None:
            x = batch.features.product(first.weight.t().contiguous()) if not isinstance(batch.features, Tensor) \
                else batch.features @ first.weight.t()
            x = x + batch.edges.matrix.product(x) + first.bias
            x = conv.nn[1:](x)
        else:
            x = conv.nn(x + batch.edges.matrix.product(x))
        maps.append(x)
    x = torch.cat(maps, 1) if model.jump is not None else maps[-1]
    x = batch.members.matrix.product(x)
    if model.pool == "mean":
        x = x / batch.members.length.clamp_min(1)
    if model.norm is not None:
        x = model.norm(x)
    out: Tensor = model.lin2(model.dropout(F.relu(model.lin1(x))))
    return out


@torch.no_grad()
def evaluate(forward: Callable[[GraphBatch], Tensor], batches: list[tuple[GraphBatch, Tensor]]) -> Score:
    """Accuracy and loss over some batches; the caller puts the model into evaluation mode."""
    right = loss = total = 0.0
    for batch, labels in batches:
        logits = forward(batch)
        right += float((logits.argmax(1) == labels).sum())
        loss += float(F.cross_entropy(logits, labels, reduction="sum"))
        total += len(labels)
    if loss != loss:
        raise HwgenError("the loss is not a number", "training", "use a lower learning rate")
    return Score(right / total, loss / total)


def fit(model: nn.Module, forward: Callable[[GraphBatch], Tensor], loader: Loader, split: Split, *,
        optimizer: torch.optim.Optimizer, epochs: int, seed: int, first: int = 0,
        loss_of: Callable[[GraphBatch, Tensor, Tensor], Tensor] | None = None,
        begin: Callable[[int], None] | None = None) -> tuple[int, Score]:
    """Run all epochs and leave the model as it was at the one that validation selects.

    Parameters
    ----------
    first : int
        No epoch before it is selected.
    loss_of : callable or None
        Loss of a batch, its logits and labels; None: cross entropy.
    begin : callable or None
        Called with the number of every epoch before it.

    Returns
    -------
    epoch, score
        The selected epoch and its validation score.
    """
    plan = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs, 0.01 * optimizer.param_groups[0]["lr"])
    validation = loader.ordered(split.validation)
    best: tuple[int, Score, dict[str, Tensor]] | None = None
    for epoch in range(epochs):
        if begin is not None:
            begin(epoch)
        model.train()
        for batch, labels in loader.epoch(split.train, epoch, seed):
            logits = forward(batch)
            loss = F.cross_entropy(logits, labels) if loss_of is None else loss_of(batch, logits, labels)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
        plan.step()
        if epoch >= first:
            model.eval()
            score = evaluate(forward, validation)
            if best is None or score.rank > best[1].rank:
                best = epoch, score, copy.deepcopy(model.state_dict())
    assert best is not None
    model.load_state_dict(best[2])
    model.eval()
    return best[0], best[1]


@dataclass(frozen=True)
class Fold:
    """What one fold gave: the FP32 model and the quantized one, each as validation selected it."""

    teacher: GIN
    model: QuantizedNetwork
    fp32: Score
    quantized: Score
    epoch: int


def train_fold(loader: Loader, split: Split, recipe: GraphRecipe, seed: int) -> Fold:
    """Train the FP32 model of a fold, and the quantized one from it. The test graphs are not looked at."""
    teacher, fp32 = train_gin(loader, split, recipe, seed)
    model, epoch, quantized = train_quantized_gin(teacher, loader, split, recipe, seed)
    return Fold(teacher, model, fp32, quantized, epoch)


def train_gin(loader: Loader, split: Split, recipe: GraphRecipe, seed: int) -> tuple[GIN, Score]:
    """Train in FP32: start and teacher of the quantized model, and what it is compared with."""
    graphs = loader.graphs
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GIN(graphs.features.shape[1], recipe.hidden, graphs.classes, layers=recipe.layers, pool=recipe.pool,
                    norm=recipe.norm, dropout=recipe.dropout)
        optimizer = torch.optim.Adam(model.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
        _, score = fit(model, lambda batch: gin_logits(model, batch), loader, split, optimizer=optimizer,
                       epochs=recipe.epochs, seed=seed)
    return model, score


def train_quantized_gin(teacher: GIN, loader: Loader, split: Split, recipe: GraphRecipe,
                        seed: int) -> tuple[QuantizedNetwork, int, Score]:
    """Quantize and train on: bits learn for half of the epochs, then they are rounded, and epochs may be selected."""
    teacher.eval()
    model = QuantizedNetwork(without_dropout(plan_of(teacher)), recipe.scheme)
    sample = np.random.default_rng(seed).permutation(split.train)[:SAMPLE]
    model.calibrate(loader.batch(sample)[0], correct=False)
    rates = {"weights": recipe.weight_rate, "weight_steps": recipe.step_rate, "message_steps": recipe.step_rate,
             "row_steps": recipe.step_rate, "bits": recipe.bit_rate}
    optimizer = torch.optim.Adam(model.parameter_groups(**{name: {"lr": rate} for name, rate in rates.items()}))
    goals: dict[int, Tensor] = {}
    half = recipe.quantized_epochs // 2

    def loss_of(batch: GraphBatch, logits: Tensor, labels: Tensor) -> Tensor:
        if id(batch) not in goals:  # the loader keeps its batches
            with torch.no_grad():
                goals[id(batch)] = gin_logits(teacher, batch).softmax(1)
        far = F.kl_div(logits.log_softmax(1), goals[id(batch)], reduction="batchmean")
        share = recipe.distillation
        return (1 - share) * F.cross_entropy(logits, labels) + share * far + model.penalty()

    def begin(epoch: int) -> None:
        if epoch == half:
            model.freeze_bits()

    epoch, score = fit(model, model, loader, split, optimizer=optimizer, epochs=recipe.quantized_epochs, seed=seed,
                       first=half, loss_of=loss_of, begin=begin)
    return model, epoch, score
