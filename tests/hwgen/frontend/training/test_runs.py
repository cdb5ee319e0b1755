"""Training end to end, small: on one graph and on a set."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from graph_sets import rings_and_stars
from torch import nn
from training_graphs import small_data

from hwgen.errors import HwgenError
from hwgen.frontend.checkpoint import load
from hwgen.frontend.data.graph_set import GraphSet, folds
from hwgen.frontend.quantize import SCHEMES, QuantizedNetwork
from hwgen.frontend.training import Training, runs, train
from hwgen.frontend.training.loop import Score, evaluate
from hwgen.frontend.training.models import GCN
from hwgen.frontend.training.recipes import RECIPES, recipe_for
from hwgen.frontend.training.results import Progress

SHAPES = rings_and_stars()
#: Quick, and enough for rings and stars.
QUICK = dataclasses.replace(recipe_for("default", model="gin", data="shapes", scheme="nns", per="graphs"), layers=2,
                            hidden=8, batch=8, epochs=12, rate=0.02, quantized_epochs=8, bit_rate=0.1)


@pytest.mark.slow
def test_digits_learn_with_few_bits() -> None:
    [result] = train("gcn", "digits", epochs=120).results
    assert result.fp32_test > 0.95
    assert result.test > 0.95
    assert result.bits < 1.6
    assert 60 <= result.epoch < 120


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["default", "published"])
def test_the_model_is_the_one_that_was_selected(recipe: str) -> None:
    training = train("gcn", small_data(nodes=90), recipe=recipe, seeds=3, hidden=8, layers=3, epochs=30)
    best, model, examples = training.best, training.model, training.kept.examples
    assert [result.seed for result in training.results] == [0, 1, 2]
    assert best.validation == max(result.validation for result in training.results)
    assert not model.training
    assert evaluate(model.logits, examples, "validation").figure == best.validation
    assert evaluate(model.logits, examples, "test").figure == best.test
    assert model.average_bits() == best.bits
    assert all(row.frozen for row in model.rows)
    assert all(15 <= result.epoch < 30 for result in training.results)


@pytest.mark.slow
def test_training_repeats_itself_and_leaves_the_users_random_numbers_alone() -> None:
    data = small_data()
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = train("gcn", data, epochs=10, seeds=2)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(6)
    assert train("gcn", data, epochs=10, seeds=2).results == first.results
    assert first.results[0] != dataclasses.replace(first.results[1], seed=0)


@pytest.mark.slow
def test_a_set_learns_and_never_sees_its_test_graphs_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    touched: set[int] = set()
    ended = False
    real = GraphSet.union

    def union(self: GraphSet, graphs: object) -> object:
        if not ended:
            touched.update(np.asarray(graphs).tolist())
        return real(self, graphs)

    def progress(where: Progress) -> None:
        nonlocal ended
        ended = where.stage == "quantized" and where.epoch == where.epochs

    monkeypatch.setattr(GraphSet, "union", union)
    training = train("gin", SHAPES, recipe=QUICK, folds=[3], progress=progress)
    split = folds(SHAPES.labels)[3]
    assert touched == set(split.train) | set(split.validation)
    best = training.best
    assert (best.fold, best.fp32_validation, best.validation, best.test) == (3, 1.0, 1.0, 1.0)
    assert best.bits < QUICK.scheme.bits


@pytest.mark.slow
def test_folds_and_seeds_are_all_run_and_differ() -> None:
    recipe = dataclasses.replace(QUICK, epochs=2, quantized_epochs=2)
    training = train("gcn", SHAPES, "mega", recipe=recipe, folds=[0, 4], seeds=2)
    assert [(result.fold, result.seed) for result in training.results] == [(0, 0), (0, 1), (4, 0), (4, 1)]
    assert len({result.validation_loss for result in training.results}) == 4


@pytest.mark.slow
def test_checkpoints_hold_the_graph_or_test_graphs_first(tmp_path: Path) -> None:
    data = small_data()
    train("sage", data, "mega", epochs=4).save(tmp_path / "one.pt")
    network, sample = load(tmp_path / "one.pt")
    assert network.features == 12
    assert (sample.mask == data.test_mask.numpy()).all()
    training = train("gin", SHAPES, recipe=dataclasses.replace(QUICK, epochs=2, quantized_epochs=2))
    training.save(tmp_path / "set.pt")
    _, sample = load(tmp_path / "set.pt")
    assert sample.labels[:4].tolist() == SHAPES.labels[folds(SHAPES.labels)[0].test].tolist()
    assert sample.limits.nodes == 7


def test_a_target_is_met_exactly_by_allocation() -> None:
    assert train("gcn", small_data(), epochs=10, target_bits=0.75).best.bits == 0.75


@pytest.mark.slow
def test_published_starts_from_scratch_and_default_from_fp32() -> None:
    data = small_data()
    found = {name: train("gcn", data, recipe=dataclasses.replace(
        of[("gcn", "", "a2q")], epochs=60, quantized_epochs=2, dropout=0.0)) for name, of in RECIPES.items()}
    near, far = found["default"], found["published"]
    assert float(near.model.rows[0].whole_bits.max()) <= 2
    assert float(far.model.rows[0].whole_bits.min()) >= 3

    def moved(training: Training) -> float:
        weight = training.kept.module.convs[0].lin.weight.detach().t()
        return min(float((each.detach() - weight).abs().max()) for each in training.model.tensors
                   if each.shape == weight.shape)

    assert moved(near) < 0.05 < moved(far)


def test_later_generations_learn_from_the_one_before() -> None:
    recipe = dataclasses.replace(RECIPES["default"][("gcn", "", "a2q")], epochs=15, quantized_epochs=4)
    [one] = train("gcn", small_data(nodes=90), recipe=recipe).results
    [two] = train("gcn", small_data(nodes=90), recipe=dataclasses.replace(recipe, generations=2)).results
    assert (one.first_validation, one.first_test) == (one.fp32_validation, one.fp32_test)
    assert (two.first_validation, two.first_test) == (one.first_validation, one.first_test)
    assert (two.fp32_validation, two.fp32_test) != (two.first_validation, two.first_test)


@pytest.mark.slow
def test_every_model_learns_from_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[nn.Module, Any, torch.optim.Optimizer]] = []

    def fit(model: nn.Module, forward: Any, examples: Any, optimizer: torch.optim.Optimizer, *, teacher: Any,
            **_: Any) -> tuple[int, Score]:
        seen.append((model, teacher, optimizer))
        return 0, Score(0.5, 0.5)

    monkeypatch.setattr(runs, "fit", fit)
    recipe = dataclasses.replace(recipe_for("default", model="gin", data="", scheme="mega", per="nodes"), generations=3,
                                 decay=0.125, weight_decay=0.25)
    for share in (0.5, 0.0):
        seen.clear()
        train("gin", small_data(), "mega", dataclasses.replace(recipe, distillation=share))
        [first, second, third, last] = seen
        assert first[1] is None
        assert (second[1].module, third[1].module) == (first[0], second[0])
        assert last[1].module is third[0] if share else last[1] is None
        kept, norms = first[2].param_groups
        assert (kept["weight_decay"], norms["weight_decay"]) == (0.125, 0)
        assert [each.ndim for each in norms["params"]] == [1] * 8  # of four batch norms
        assert len(kept["params"]) + 8 == len(list(first[0].parameters()))
        assert [group["weight_decay"] for group in last[2].param_groups] == [0.25, 0, 0, 0, 0]


@pytest.mark.parametrize("keeps", [True, False])
def test_the_quantized_model_keeps_dropout_where_the_recipe_says_so(keeps: bool) -> None:
    recipe = dataclasses.replace(RECIPES["default"][("gcn", "", "a2q")], quantized_dropout=keeps, dropout=0.25)
    model = train("gcn", small_data(), recipe=recipe, epochs=2).model
    rates = {term.dropout for value in model.plan.values for term in value.terms if term.weight is not None}
    assert rates == {0.25 if keeps else 0.0}


@pytest.mark.slow
def test_steps_settle_on_one_graph_and_are_drawn_for_a_start_from_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    for name in ("settle", "randomise_steps"):
        real = getattr(QuantizedNetwork, name)
        monkeypatch.setattr(QuantizedNetwork, name, lambda *args, real=real, name=name: (called.append(name),
                                                                                           real(*args)))
    train("gcn", small_data(), epochs=2)
    train("gcn", small_data(), recipe="published", epochs=2)
    train("gin", SHAPES, recipe=dataclasses.replace(QUICK, epochs=1, quantized_epochs=2))
    assert called == ["settle", "randomise_steps", "settle"]


@pytest.mark.slow
def test_uniform_widths_are_trained_beside_learned_ones(tmp_path: Path) -> None:
    seen: list[Progress] = []
    usual = recipe_for("default", model="gcn", data="", scheme="a2q", per="nodes")
    found = train("gcn", small_data(), epochs=4, seeds=2, by_width=True, progress=seen.append)
    assert {(each.done, each.total) for each in seen} == {(done, 24) for done in range(1, 25)}
    assert [bits for bits, *_ in found.accuracy_by_width] == [0, 1, 2, 4, 8]
    assert found.results == train("gcn", small_data(), epochs=4, seeds=2).results
    for bits, validation, test in found.accuracy_by_width[1:]:  # the same as when each is trained by itself
        alone = train("gcn", small_data(), recipe=usual.with_one_width(bits), epochs=4, seeds=2)
        assert {row.whole_bits.unique().tolist()[0] for row in alone.model.rows} == {bits}
        assert (validation, test) == tuple(np.mean([[each.validation, each.test] for each in alone.results], axis=0))
    found.save(tmp_path / "a.pt")
    kept = load(tmp_path / "a.pt")[1].accuracy_by_width
    assert kept is not None
    assert kept.tolist() == [list(row) for row in found.accuracy_by_width]
    with pytest.raises(HwgenError, match=r"^scheme qat-int8 learns no widths of rows\n  at by_width"):
        train("gcn", small_data(), "qat-int8", by_width=True)


def test_progress_counts_epochs_of_both_stages() -> None:
    seen: list[Progress] = []
    recipe = dataclasses.replace(RECIPES["default"][("gcn", "", "a2q")], generations=2)
    train("gcn", small_data(), recipe=recipe, epochs=2, seeds=2, progress=seen.append)
    stages = [("fp32", epoch, 4) for epoch in (1, 2, 3, 4)] + [("quantized", 1, 2), ("quantized", 2, 2)]
    assert [(each.seed, each.stage, each.epoch, each.epochs) for each in seen] == [
        (seed, *stage) for seed in (0, 1) for stage in stages]
    assert [each.validation is None for each in seen] == 2 * [False, False, False, False, True, False]


def test_test_labels_do_not_influence_training() -> None:
    data, blind = small_data(), small_data()
    blind.y = torch.where(blind.test_mask, (blind.y + 1) % 3, blind.y)
    first, second = (train("gcn", each, epochs=12).model for each in (data, blind))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_a_module_is_trained_from_its_own_parameters_and_left_alone() -> None:
    torch.manual_seed(4)
    module = GCN(12, 6, 3)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    training = train(module, small_data(), SCHEMES["a2q"], epochs=1)
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert float((training.kept.module.convs[0].bias - module.convs[0].bias).detach().abs().max()) <= 0.011
    with pytest.raises(HwgenError, match=r"^2 seeds of a module that has its parameters\n  at seeds\n  pass"):
        train(module, small_data(), seeds=2)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"seeds": 0}, r"^0 seeds"), ({"epochs": 0}, r"^epochs is 0"), ({"folds": [1]}, r"^folds of one graph\n  at folds"),
])
def test_options_out_of_range_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(HwgenError, match=message):
        train("gcn", small_data(), **arguments)


def test_no_fold_is_refused() -> None:
    with pytest.raises(HwgenError, match=r"^no fold\n  at folds"):
        train("gin", SHAPES, folds=[])
