"""The agreement report counts what it says."""

import numpy as np

from hwgen.report.agreement import AgreementFacts, agreement


def test_counts() -> None:
    logits = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.2, 0.1]])
    results = np.array([[100, 0], [0, 103], [50, 50], [9, 10]])
    facts = agreement(results, np.array([0.01, 0.01]), logits, labels=np.array([0, 1, 1, 0]),
                      mask=np.array([False, True, True, True]), of="graphs")
    assert facts == AgreementFacts(
        of="graphs", results="of the RTL", rows=4, argmax=0.75, disagreeing=1, largest_code_difference=11, test_rows=3,
        accuracy_torch=2 / 3, accuracy_integer=1 / 3)


def test_without_labels() -> None:
    facts = agreement(np.array([[1, 2]]), np.ones(2), np.array([[1.0, 2.0]]), of="nodes")
    assert facts.argmax == 1.0
    assert facts.accuracy_torch is None
    assert facts.accuracy_integer is None
    assert facts.test_rows == 0


def test_labels_without_a_mask_count_all() -> None:
    facts = agreement(np.array([[1, 2], [2, 1]]), np.ones(2), np.array([[1.0, 2.0], [1.0, 2.0]]),
                      labels=np.array([1, 1]), of="nodes", whose="of the reference")
    assert (facts.test_rows, facts.accuracy_torch, facts.accuracy_integer) == (2, 1.0, 0.5)
    assert facts.results == "of the reference"
