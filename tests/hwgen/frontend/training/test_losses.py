"""Losses, of classes, of labels of 0 and 1, and of real labels."""

import numpy as np
import pytest
import torch

from hwgen.frontend.training.losses import Goal, tensor_of
from hwgen.network.labels import Labels

NAN = float("nan")
CLASSES, SEVERAL = Goal(kind="classification"), Goal(kind="multilabel")


def test_a_class_a_row() -> None:
    logits, labels = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]]), torch.tensor([0, 1, 1])
    wanted = torch.nn.functional.cross_entropy(logits, labels).item()
    assert CLASSES.loss(logits, labels).item() == pytest.approx(wanted)
    assert CLASSES.distance(logits, logits).item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("kind", ["multilabel", "binary"])
def test_labels_of_0_and_1(kind: str) -> None:
    goal = Goal(kind=kind)
    logits = torch.tensor([[2.0, -1.0], [-3.0, 4.0]])
    labels = torch.tensor([[1.0, NAN], [1.0, 1.0]])
    wanted = torch.nn.functional.softplus(torch.tensor([-2.0, 3.0, -4.0]))
    assert goal.loss(logits, labels, "sum").item() == pytest.approx(float(wanted.sum()))
    assert goal.loss(logits, labels).item() == pytest.approx(float(wanted.mean()))
    assert goal.distance(logits, -logits) > goal.distance(logits, logits) > 0


def test_squared_errors_of_real_labels_are_shares_of_their_variance() -> None:
    given = np.array([[1.0, 5.0], [3.0, NAN], [NAN, 9.0], [70.0, 0.0]])
    labels = Labels.of(given, 2, 4)
    goal, known = Goal.of(labels, np.array([True, True, True, False]), ""), tensor_of(labels)
    assert goal.spread is not None
    assert goal.spread.tolist() == [1.0, 4.0]
    results = torch.tensor([[1.5, 5.0], [3.0, 0.0], [0.0, 8.0], [70.0, 0.0]])
    assert goal.loss(results, known, "sum").item() == pytest.approx(0.25 / 1 + 1 / 4)
    assert goal.loss(results, known).item() == pytest.approx((0.25 / 1 + 1 / 4) / 6)
    assert goal.distance(results, results + torch.tensor([1.0, 4.0])).item() == pytest.approx((1 + 4) / 2)
    flat = Goal.of(Labels.of(np.array([2.5, 2.5]), 1, 2), np.array([True, True]), "")
    assert flat.spread is not None
    assert flat.spread.tolist() == [1.0]


def test_real_labels_and_teachers_stand_behind_the_head() -> None:
    goal = Goal(kind="regression", head="sigmoid", spread=torch.ones(1))
    logits = torch.tensor([[0.0], [np.log(3.0)]])
    assert goal.compared(logits).flatten().tolist() == pytest.approx([0.5, 0.75])
    assert goal.loss(logits, torch.tensor([[0.5], [0.25]]), "sum").item() == pytest.approx(0.25)
    assert goal.distance(logits, torch.zeros(2, 1)).item() == pytest.approx(0.25**2 / 2)
    assert torch.equal(Goal(kind="binary", head="sigmoid").compared(logits), logits)


def test_rows_without_labels_pull_nowhere() -> None:
    assert CLASSES.loss(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)).item() == 0
