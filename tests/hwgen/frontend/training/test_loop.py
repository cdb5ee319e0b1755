"""The loop: which epoch is kept, what is learned from, and when bits freeze."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from graph_sets import rings_and_stars
from torch import Tensor, nn
from torch_geometric.nn import GCNConv
from training_graphs import small_data

from hwgen.errors import HwgenError
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.data.graph_set import Split
from hwgen.frontend.quantize import SCHEMES
from hwgen.frontend.quantize.prepare import quantize_batch
from hwgen.frontend.tracing import plan_of
from hwgen.frontend.training import loop
from hwgen.frontend.training.examples import ManyGraphs, OneGraph
from hwgen.frontend.training.forward import PreparedForward
from hwgen.frontend.training.loop import Score, evaluate, fit
from hwgen.frontend.training.models import GCN

DATA = OneGraph(small_data(nodes=60))
SHAPES = ManyGraphs(rings_and_stars(), Split(train=np.arange(24), validation=np.arange(24, 32),
                                             test=np.arange(32, 40)), 2, 8)


def adam(model: nn.Module, rate: float = 0.02) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=rate)


def fresh(seed: int = 0, dropout: float = 0.0) -> GCN:
    torch.manual_seed(seed)
    return GCN(12, 8, 3, dropout=dropout)


def scored(monkeypatch: pytest.MonkeyPatch, *scores: Score) -> None:
    given: Iterator[Score] = iter(scores)
    monkeypatch.setattr(loop, "evaluate", lambda *_: next(given))


def test_the_best_epoch_is_kept_and_ties_go_to_the_lower_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = [Score(0.5, 0.1), Score(0.8, 0.5), Score(0.8, 0.4), Score(0.8, 0.4), Score(0.7, 0.1)]
    scored(monkeypatch, *scores)
    model, seen, kept = fresh(), [], []

    def progress(epoch: int, accuracy: float | None) -> None:
        seen.append((epoch, accuracy))
        kept.append(model.convs[0].bias.detach().clone())

    assert fit(model, PreparedForward(model), DATA, adam(model), epochs=5, seed=0, progress=progress) == (2, scores[2])
    assert seen == [(epoch, score.figure) for epoch, score in enumerate(scores)]
    assert torch.equal(model.convs[0].bias, kept[2])
    assert not torch.equal(kept[2], kept[3])
    assert not model.training


def test_of_real_labels_the_lowest_loss_is_selected() -> None:
    for error, other in ((5.0, 1.0), (1.0, 5.0)):
        assert Score(error, 0.1, is_error=True).rank > Score(other, 0.2, is_error=True).rank
    assert Score(0.9, 0.2).rank > Score(0.8, 0.1).rank


def test_only_epochs_with_frozen_bits_of_a_quantized_model_are_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    model = quantize_batch(plan_of(fresh()), SCHEMES["a2q"], DATA.sample(0), DATA.input)
    scored(monkeypatch, Score(0.6, 0.5), Score(0.7, 0.5), Score(0.5, 0.5))
    seen: list[tuple[float | None, bool]] = []
    epoch, _ = fit(model, model.logits, DATA, adam(model), epochs=5, seed=0,
                   progress=lambda _, accuracy: seen.append((accuracy, model.rows[0].frozen)))
    assert epoch == 3
    assert seen == [(None, False), (None, False), (0.6, True), (0.7, True), (0.5, True)]


def test_a_teacher_replaces_labels_by_its_share() -> None:
    other = small_data(nodes=60)
    other.y = torch.where(other.train_mask, (other.y + 1) % 3, other.y)
    teacher = PreparedForward(fresh(1).eval())
    for share, same in ((1.0, True), (0.9, False)):
        models = [fresh(), fresh()]
        for model, data in zip(models, (DATA, OneGraph(other)), strict=True):
            fit(model, PreparedForward(model), data, adam(model), epochs=4, seed=0, teacher=teacher, share=share)
        assert torch.equal(models[0].convs[0].lin.weight, models[1].convs[0].lin.weight) is same


def test_only_training_rows_teach_and_only_the_parts_rows_count() -> None:
    blind = small_data(nodes=60)
    blind.y = torch.where(blind.train_mask, blind.y, (blind.y + 1) % 3)
    weights = []
    for data in (DATA, OneGraph(blind)):
        model = fresh()
        fit(model, PreparedForward(model), data, adam(model), epochs=1, seed=0)
        weights.append(model.convs[0].lin.weight)
    assert torch.equal(*weights)
    [example] = DATA.part("test")
    one_hot = torch.nn.functional.one_hot(DATA.part("test")[0].labels, 3).float() * 50
    wrong = torch.where(example.rows[:, None], one_hot, -one_hot)
    assert evaluate(lambda batch: wrong, DATA, "test").figure == 1
    assert evaluate(lambda batch: wrong, DATA, "train").figure == 0


def test_batches_of_a_set_are_weighed_by_their_graphs() -> None:
    def forward(batch: GraphBatch) -> Tensor:
        return torch.tensor([[9.0, 0.0]]).expand(batch.graphs, 2)  # always a ring

    SHAPES.size, before = 3, SHAPES.size
    found = evaluate(forward, SHAPES, "validation")
    SHAPES.size = before
    assert found.figure == 0.5
    assert found.loss == pytest.approx(4.5, abs=0.01)


def test_norms_take_the_statistics_of_the_one_graph() -> None:
    class Normed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm, self.drop = GCNConv(12, 3), nn.BatchNorm1d(3), nn.Dropout(0.9)

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            return self.norm(self.conv(self.drop(x), edge_index))

    torch.manual_seed(0)
    model = Normed()
    forward = PreparedForward(model)
    fit(model, forward, DATA, adam(model), epochs=3, seed=0)
    out = forward(DATA.sample(0))
    scaled = (out - model.norm.bias) / model.norm.weight
    assert torch.allclose(scaled.mean(0), torch.zeros(3), atol=1e-5)
    assert torch.allclose(scaled.var(0), torch.ones(3), atol=1e-3)
    assert model.norm.momentum == 0.1


def test_rates_fall_along_a_cosine_or_stay() -> None:
    for cosine in (True, False):
        model = fresh()
        optimizer, rates = adam(model), []
        fit(model, PreparedForward(model), DATA, optimizer, epochs=4, seed=0, cosine=cosine,
            progress=lambda *_, seen=rates, given=optimizer: seen.append(given.param_groups[0]["lr"]))
        assert rates[-1] == pytest.approx(0.0002 if cosine else 0.02)


def test_what_cannot_be_trained_is_named() -> None:
    model = fresh()
    with pytest.raises(HwgenError, match=r"^0 epochs\n  at epochs"):
        fit(model, PreparedForward(model), DATA, adam(model), epochs=0, seed=0)
    model.convs[1].bias.data.fill_(float("nan"))
    with pytest.raises(HwgenError, match=r"^the loss is not a number\n  at training\n  use a lower learning rate"):
        fit(model, PreparedForward(model), DATA, adam(model), epochs=1, seed=0)
