"""Losses and counts, of rows with one class and of rows with several labels."""

import pytest
import torch

from hwgen.frontend.training.losses import distance, loss_of, right_of

NAN = float("nan")


def test_a_class_a_row() -> None:
    logits, labels = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]]), torch.tensor([0, 1, 1])
    assert right_of(logits, labels) == (2.0, 3)
    assert loss_of(logits, labels).item() == pytest.approx(torch.nn.functional.cross_entropy(logits, labels).item())
    assert distance(logits, logits, labels).item() == pytest.approx(0.0, abs=1e-6)


def test_several_labels_a_row() -> None:
    logits = torch.tensor([[2.0, -1.0], [-3.0, 4.0]])
    labels = torch.tensor([[1.0, NAN], [1.0, 1.0]])
    assert right_of(logits, labels) == (2.0, 3)
    wanted = torch.nn.functional.softplus(torch.tensor([-2.0, 3.0, -4.0]))
    assert loss_of(logits, labels, "sum").item() == pytest.approx(float(wanted.sum()))
    assert loss_of(logits, labels).item() == pytest.approx(float(wanted.mean()))
    other = distance(logits, -logits, labels)
    assert other > distance(logits, logits, labels) > 0


def test_rows_without_labels_pull_nowhere() -> None:
    assert loss_of(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)).item() == 0
