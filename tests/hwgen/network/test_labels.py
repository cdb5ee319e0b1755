"""The task follows from labels and results, and labels that are missing are left out and counted."""

import numpy as np
import pytest

from hwgen.network.labels import Labels, decisions, results_for

NAN = float("nan")


@pytest.mark.parametrize(("labels", "width", "kind", "known"), [
    (None, 3, "classification", [NAN, NAN, NAN, NAN]),
    (None, 1, "unknown", [NAN] * 4),
    ([0, 2, 1, 0], 3, "classification", [0, 2, 1, 0]),
    ([0.0, 2.0, 1.0, 0.0], 3, "classification", [0, 2, 1, 0]),
    ([0, -1, 2, -100], 3, "classification", [0, NAN, 2, NAN]),  # -100 is what PyTorch's losses pass over
    ([1, -1, 1, -1], 2, "classification", [1, 0, 1, 0]),
    ([1, -1, 1, -1], 3, "classification", [1, NAN, 1, NAN]),
    ([0, 1, -1, 1], 2, "classification", [0, 1, NAN, 1]),
    ([0, 1, 3, 1], 3, "unknown", [NAN] * 4),
    ([0, 1.5, 2, 1], 3, "unknown", [NAN] * 4),
    ([-1, -1, -1, -1], 2, "unknown", [NAN] * 4),
    ([-1, -1, -1, -1], 1, "unknown", [NAN] * 4),
    ([NAN] * 4, 1, "unknown", [NAN] * 4),
    ([1, NAN, 1, 1], 1, "unknown", [NAN] * 4),
    ([0, -1, 0, 0], 1, "unknown", [NAN] * 4),
    ([1, 1, 1, 1], 3, "classification", [1, 1, 1, 1]),
    ([0, 1, 1, 0], 1, "binary", [0, 1, 1, 0]),
    ([True, False, True, True], 1, "binary", [1, 0, 1, 1]),
    ([-1, 1, 1, -1], 1, "binary", [0, 1, 1, 0]),
    ([-1, 1, 0, 1], 1, "binary", [NAN, 1, 0, 1]),
    ([1, NAN, 0, 1], 1, "binary", [1, NAN, 0, 1]),
    ([0.5, NAN, -1, 3], 1, "regression", [0.5, NAN, -1, 3]),
    ([0, 1, 2, 3], 1, "regression", [0, 1, 2, 3]),
    ([np.inf, 1, 2, 3], 1, "regression", [NAN, 1, 2, 3]),
    ([[0], [1], [2], [0]], 3, "classification", [0, 1, 2, 0]),
    ([[1, 0], [1, 1], [0, 0], [NAN, 1]], 2, "multilabel", [[1, 0], [1, 1], [0, 0], [NAN, 1]]),
    ([[1, -1], [1, 1], [-1, -1], [1, -1]], 2, "multilabel", [[1, 0], [1, 1], [0, 0], [1, 0]]),
    ([[1, -1], [1, 1], [0, 0], [1, 0]], 2, "multilabel", [[1, NAN], [1, 1], [0, 0], [1, 0]]),
    ([[1, 0], [0, 1], [NAN, NAN], [0, 1]], 2, "classification", [0, 1, NAN, 1]),
    ([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]], 2, "unknown", [NAN] * 4),
    ([[0.5, 0], [0, 2], [1, 1], [-1, NAN]], 2, "regression", [[0.5, 0], [0, 2], [1, 1], [-1, NAN]]),
])
def test_the_task_follows_from_labels_and_results(labels: list[float] | None, width: int, kind: str,
                                                  known: list[float]) -> None:
    found = Labels.of(None if labels is None else np.array(labels), width, 4)
    assert found.kind == kind
    np.testing.assert_array_equal(found.known, np.reshape(np.array(known, dtype=float), (4, -1)))
    missing = np.isnan(np.reshape(np.array(known, dtype=float), (4, -1))).all(axis=1)
    np.testing.assert_array_equal(found.counted, ~missing)
    assert found.unlabelled == (0 if labels is None else missing.sum())


def test_masks_and_missing_labels_are_counted_apart() -> None:
    found = Labels.of(np.array([0, -1, 1, -1, 2]), 3, 5, np.array([True, True, False, False, True]))
    assert (found.counted.tolist(), found.unlabelled) == ([True, False, False, False, True], 1)


def test_what_is_told_is_said() -> None:
    def said(labels: object, width: int) -> str:
        return Labels.of(None if labels is None else np.array(labels), width, 2).said

    assert said(None, 3) == "no labels: the largest of 3 results"
    assert said([0, 1], 1) == "labels of 0 and 1: 1 result, above 0 or not"
    assert said([0, 7], 3) == "label 7 beside 3 results"
    assert said([0.5, 7], 3) == "one real label a row beside 3 results"
    assert said([[0, 1, 1], [1, 0, 1]], 2) == "3 labels a row beside 2 results"
    assert said([NAN, NAN], 2) == "no row has a label: the largest of 2 results"


def test_decisions() -> None:
    results = np.array([[0.5, 0.5, -1.0], [0.0, 0.1, -0.1]])
    found = decisions("classification", results)
    assert found is not None
    assert found.tolist() == [[0], [1]]  # of equal ones the first
    found = decisions("multilabel", results)
    assert found is not None
    assert found.tolist() == [[1, 1, 0], [0, 1, 0]]  # 0 is not above 0
    assert decisions("regression", results) is None
    assert decisions("unknown", results) is None


@pytest.mark.parametrize(("labels", "width"), [
    ([0, 2, 1], 3), ([-1, 1, 1], 2), ([0, NAN, 1], 2), ([0.5, 1], 1), ([0, -1], 1), ([NAN, NAN], 1), ([-3, -1], 1),
    ([[1], [2]], 3), ([[0.5], [2]], 1), ([[1, 0, 1], [0, 0, 0]], 3)])
def test_a_model_for_labels_has_so_many_results(labels: object, width: int) -> None:
    given = np.array(labels)
    assert results_for(given) == width
    alone, beside = Labels.alone(given), Labels.of(given, width, len(given))
    assert (alone.kind, alone.said) == (beside.kind, beside.said)
    np.testing.assert_array_equal(alone.known, beside.known)
