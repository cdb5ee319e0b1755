"""Train a quantized GCN: the loop behind ``hwgen train``, and an example for loops of one's own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import HwgenError
from .a2q import QuantizedGCN, quantize
from .gcn import GCN
from .graph import Graph
from .recipes import Recipe, recipe_for
from .settle import settle

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["Progress", "SeedResult", "Training", "train", "train_fp32", "train_quantized"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where training stands: epoch ``epoch`` of ``epochs`` of stage ``fp32`` or ``a2q`` of a seed is over.

    ``validation`` is that epoch's accuracy, None while bits still learn and no epoch can be selected.
    """

    seed: int
    stage: str
    epoch: int
    epochs: int
    validation: float | None


@dataclass(frozen=True, kw_only=True)
class SeedResult:
    """What one seed gave. Accuracies are shares; the test nodes are looked at once, after selection.

    Parameters
    ----------
    seed, epoch : int
        ``epoch`` is the selected one.
    validation, validation_loss, test : float
    bits : float
        Mean stored bits of a hidden value.
    fp32_validation, fp32_test : float
        Of the FP32 model of the same seed.
    """

    seed: int
    epoch: int
    validation: float
    validation_loss: float
    test: float
    bits: float
    fp32_validation: float
    fp32_test: float


@dataclass(frozen=True, kw_only=True)
class Training:
    """The best model by validation, and every seed's result."""

    model: QuantizedGCN
    data: Data
    recipe: Recipe
    results: tuple[SeedResult, ...]

    @property
    def best(self) -> SeedResult:
        """The result of ``model``."""
        return max(self.results, key=_rank)


def train(
    dataset: str | Data,
    recipe: str | Recipe = "default",
    *,
    seeds: int = 1,
    hidden: int = 16,
    layers: int = 2,
    dropout: float | None = None,
    target_bits: float | None = None,
    epochs: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Training:
    """Train one model a seed and keep the best by validation accuracy (ties: lower validation loss).

    Parameters
    ----------
    dataset : str or Data
        A name for :func:`hwgen.load_data`, or a graph with ``y``, ``train_mask``, ``val_mask``
        and ``test_mask``.
    recipe : str or Recipe
        ``default`` or ``published``, or settings of one's own.
    seeds : int
        Seeds 0 to ``seeds - 1``.
    hidden : int
        Width of hidden maps.
    layers : int
        At least 2.
    dropout : float or None
        Instead of the recipe's.
    epochs : int or None
        Instead of the recipe's.
    target_bits : float or None
        Mean stored bits to allocate at the start, instead of learning them: for goals below 0.9.
    progress : callable or None
        Called after every epoch.

    Raises
    ------
    HwgenError
        Unknown names, options out of range, a graph without labels or masks, a loss that is not finite.
    """
    if isinstance(dataset, str):
        from .data import load_data

        data = load_data(dataset)
    else:
        data = dataset
    for key in ("y", "train_mask", "val_mask", "test_mask"):
        if getattr(data, key, None) is None:
            raise HwgenError(f"the graph has no {key}", f"data.{key}", "set labels and the three masks")
    if seeds < 1:
        raise HwgenError(f"{seeds} seeds", "seeds", "use at least 1")
    graph = Graph.of(data)
    rules = recipe if isinstance(recipe, Recipe) else recipe_for(recipe, getattr(data, "name", ""))
    rules = replace(rules, dropout=rules.dropout if dropout is None else dropout,
                    epochs=rules.epochs if epochs is None else epochs)
    best: tuple[SeedResult, QuantizedGCN] | None = None
    results = []
    for seed in range(seeds):
        teacher = train_fp32(graph, rules, seed, hidden=hidden, layers=layers, progress=progress)
        model, chosen = train_quantized(teacher, graph, rules, seed, target_bits=target_bits, progress=progress)
        results.append(_result(seed, chosen, model, teacher, graph))
        if best is None or _rank(results[-1]) > _rank(best[0]):
            best = results[-1], model
    assert best is not None
    return Training(model=best[1], data=data, recipe=rules, results=tuple(results))


def train_fp32(graph: Graph, recipe: Recipe, seed: int, *, hidden: int = 16, layers: int = 2,
               progress: Callable[[Progress], None] | None = None) -> GCN:
    """Train the FP32 model of a seed: start and teacher of the quantized one, and what it is compared with."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GCN(graph.width, hidden, _classes(graph), layers=layers, dropout=recipe.dropout)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=recipe.teacher_decay)
        _fit(model, lambda: model(graph), graph, optimizer, recipe, seed, "fp32", progress=progress)
    return model


def train_quantized(teacher: GCN, graph: Graph, recipe: Recipe, seed: int, *, target_bits: float | None = None,
                    progress: Callable[[Progress], None] | None = None) -> tuple[QuantizedGCN, int]:
    """Train the quantized model of a seed; returns it as it was at the selected epoch, settled, and that epoch."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, last = teacher.layers[0].weight.shape, teacher.layers[-1].width
        start = teacher if recipe.start == "fp32" else GCN(
            first[0], first[1], last, layers=len(teacher.layers), dropout=recipe.dropout)
        model = quantize(start, data=graph, bits=recipe.bits, penalty=recipe.penalty, target_bits=target_bits)
        if recipe.start == "scratch":
            model.randomise_steps()
        optimizer = torch.optim.Adam(model.parameter_groups(
            weights={"lr": recipe.weight_rate, "weight_decay": recipe.weight_decay},
            weight_steps={"lr": recipe.weight_step_rate}, message_steps={"lr": recipe.message_step_rate},
            row_steps={"lr": recipe.row_step_rate}, bits={"lr": recipe.bit_rate}))
        goal = _logits(teacher, graph).softmax(1) if recipe.distillation else None
        epoch = _fit(model, model, graph, optimizer, recipe, seed, "a2q", quantized=model, goal=goal,
                     progress=progress)
    settle(model)
    return model, epoch


def accuracy(logits: Tensor, graph: Graph, mask: str) -> float:
    """Share of the nodes in ``train_mask``, ``val_mask`` or ``test_mask`` that the logits get right."""
    nodes = graph.data[mask]
    return float((logits.argmax(1)[nodes] == graph.data.y[nodes]).float().mean())


def _fit(model: nn.Module, forward: Callable[[], Tensor], graph: Graph, optimizer: torch.optim.Optimizer,
         recipe: Recipe, seed: int, stage: str, *, quantized: QuantizedGCN | None = None, goal: Tensor | None = None,
         progress: Callable[[Progress], None] | None = None) -> int:
    """Run all epochs and leave the model as it was at the one selected by validation."""
    data, half = graph.data, recipe.epochs // 2
    best: tuple[tuple[float, float], int, dict[str, Tensor]] | None = None
    for epoch in range(recipe.epochs):
        if quantized is not None and epoch == half:
            quantized.freeze_bits()
        model.train()
        logits = forward()
        loss = F.cross_entropy(logits[data.train_mask], data.y[data.train_mask])
        if goal is not None:
            far = F.kl_div(logits.log_softmax(1), goal, reduction="batchmean")
            loss = (1 - recipe.distillation) * loss + recipe.distillation * far
        if quantized is not None:
            loss = loss + quantized.penalty()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        rank = _validate(model, forward, graph) if quantized is None or epoch >= half else None
        if rank is not None and (best is None or rank > best[0]):
            best = rank, epoch, copy.deepcopy(model.state_dict())
        if progress is not None:
            progress(Progress(seed=seed, stage=stage, epoch=epoch + 1, epochs=recipe.epochs,
                              validation=rank[0] if rank is not None else None))
    if best is None:
        raise HwgenError(f"{recipe.epochs} epochs", "epochs", "train for at least 1 epoch")
    model.load_state_dict(best[2])
    model.eval()
    return best[1]


@torch.no_grad()
def _validate(model: nn.Module, forward: Callable[[], Tensor], graph: Graph) -> tuple[float, float]:
    model.eval()
    logits, mask = forward(), graph.data.val_mask
    loss = float(F.cross_entropy(logits[mask], graph.data.y[mask]))
    if loss != loss:
        raise HwgenError("the loss is not a number", "training", "use a lower learning rate, or scale the features")
    return accuracy(logits, graph, "val_mask"), -loss


@torch.no_grad()
def _logits(model: GCN | QuantizedGCN, graph: Graph) -> Tensor:
    model.eval()
    logits: Tensor = model() if isinstance(model, QuantizedGCN) else model(graph)
    return logits


def _classes(graph: Graph) -> int:
    return int(graph.data.y.max()) + 1


def _result(seed: int, epoch: int, model: QuantizedGCN, teacher: GCN, graph: Graph) -> SeedResult:
    ours, full, mask = _logits(model, graph), _logits(teacher, graph), graph.data.val_mask
    return SeedResult(seed=seed, epoch=epoch, validation=accuracy(ours, graph, "val_mask"),
                      validation_loss=float(F.cross_entropy(ours[mask], graph.data.y[mask])),
                      test=accuracy(ours, graph, "test_mask"), bits=model.average_bits(),
                      fp32_validation=accuracy(full, graph, "val_mask"), fp32_test=accuracy(full, graph, "test_mask"))


def _rank(result: SeedResult) -> tuple[float, float]:
    return result.validation, -result.validation_loss
