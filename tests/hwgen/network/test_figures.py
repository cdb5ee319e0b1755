"""Figures are counted by hand; none is given that the data do not support."""

import numpy as np
import pytest
from network_samples import sample_of
from networks import gin_network

from hwgen.network.figures import Figures, Nearness, Score, figures_of
from hwgen.network.labels import Labels
from hwgen.network.sample import Sample

NAN = float("nan")


def score(labels: object, results: object, mask: object = None) -> Score | None:
    given = np.array(results, dtype=float)
    return Score.of(Labels.of(np.array(labels), given.shape[1], len(given),
                              None if mask is None else np.array(mask)), given)


def test_classes() -> None:
    assert score([0, 1, -1, 1], [[2, 1], [2, 1], [0, 1], [0, 1]]) == Score(accuracy=2 / 3, right=2, decided=3)
    assert score([0, 1, 1, 1], [[2, 1], [2, 1], [0, 1], [0, 1]], [True, True, False, False]) == Score(
        accuracy=1 / 2, right=1, decided=2)


def test_one_result_by_sign() -> None:
    assert score([0, 1, 1, 0], [[-3], [2], [-1], [0]]) == Score(accuracy=3 / 4, right=3, decided=4)
    assert score([-1, 1, 1, -1], [[-3], [2], [-1], [0]]) == Score(accuracy=3 / 4, right=3, decided=4)


def test_several_labels_one_by_one() -> None:
    found = score([[1, 0], [1, 1], [0, NAN]], [[1, 1], [1, -1], [1, 1]])
    assert found == Score(accuracy=2 / 5, right=2, decided=5, micro_f1=2 * 2 / (2 * 2 + 2 + 1))  # tp 2, fp 2, fn 1
    found = score([[0, 0], [0, 0], [1, 1]], [[-1, -1], [-1, -1], [1, 1]], [True, True, False])
    assert found == Score(accuracy=1.0, right=4, decided=4)  # no label is 1 and none is taken for 1


def test_regression_in_real_units() -> None:
    found = score([1.5, NAN, 3.5], [[1.0], [99.0], [4.5]])
    assert found == Score(mean_error=0.75, largest_error=1.0, r2=pytest.approx(1 - (0.25 + 1) / 2))
    found = score([1.5, 1.5], [[1.0], [2.0]])
    assert found == Score(mean_error=0.5, largest_error=0.5)  # no spread, no R²
    found = score([[0.0, 5.0], [2.0, 7.5]], [[0.0, 5.0], [2.0, 5.0]])
    assert found is not None
    assert found.r2 == pytest.approx((1 + 1 - 2.5**2 / (2 * 1.25**2)) / 2)


@pytest.mark.parametrize("labels", [[0, 9], [0.5, 1.0], [-1, -1]])
def test_no_score_without_a_task(labels: list[float]) -> None:
    assert score(labels, [[0, 1, 2], [2, 1, 0]]) is None
    assert score([0, 1], [[0, 1, 2], [2, 1, 0]], [False, False]) is None


def test_nearness_is_a_share_of_the_range() -> None:
    theirs = np.array([[0.0, 2.0], [4.0, 0.0], [1.0, 2.0]])
    mine = theirs + np.array([[0.0, 0.0], [0.0, 1.0], [2.0, 0.0]])
    found = Nearness.of("classification", mine, theirs)
    assert found == Nearness(same=pytest.approx(2 / 3), differing=1, decided=3, largest=0.5, median=0.0)
    found = Nearness.of("multilabel", -theirs, theirs)
    assert (found.differing, found.decided) == (4, 6)
    found = Nearness.of("unknown", mine, theirs)
    assert (found.same, found.differing, found.decided, found.largest) == (None, None, None, 0.5)
    flat = Nearness.of("binary", np.ones((1, 1)), np.ones((1, 1)))
    assert (flat.largest, flat.median, flat.same) == (None, None, 1.0)


def test_models_stand_side_by_side() -> None:
    given = sample_of(gin_network(0, classes=3), 1, graphs=4)
    right = np.eye(3)[[0, 1, 2, 0]]
    sample = Sample(batch=given.batch, labels=np.array([0, 1, 2, -1]), mask=np.array([True, True, False, True]),
                    limits=given.limits, fp32=right, logits=right[::-1], integer=right * 2)
    found = figures_of(sample, data="the sample", of="graphs", hardware=right * 2)
    assert [each.model for each in found.models] == ["fp32", "quantized", "integer", "hardware"]
    assert (found.rows, found.counted, found.unlabelled, found.task) == (4, 2, 1, "classification")
    fp32, quantized, hardware = found["fp32"], found["quantized"], found["hardware"]
    assert fp32 is not None
    assert quantized is not None
    assert hardware is not None
    assert (fp32.to_fp32, fp32.to_quantized, quantized.to_quantized) == (None, None, None)
    assert fp32.score == Score(accuracy=1.0, right=2, decided=2)
    assert quantized.score == Score(accuracy=0.5, right=1, decided=2)
    assert quantized.to_fp32 is not None
    assert quantized.to_fp32.same == 0.5
    assert hardware.to_fp32 is not None
    assert hardware.to_quantized is not None
    assert (hardware.to_fp32.same, hardware.to_fp32.largest, hardware.to_quantized.same) == (1.0, 1.0, 0.5)
    alone = figures_of(Sample(batch=given.batch, labels=None, mask=None, logits=None, limits=given.limits),
                       data="the sample", of="nodes")
    assert alone == Figures(data="the sample", of="nodes", rows=given.batch.num_nodes, counted=0, unlabelled=0,
                            task="unknown", said="no results", models=())
