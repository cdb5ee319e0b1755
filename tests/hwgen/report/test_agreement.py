"""The agreement report counts what it says."""

import numpy as np

from hwgen.report.agreement import agreement


def test_counts() -> None:
    logits = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.2, 0.1]])
    results = np.array([[100, 0], [0, 103], [50, 50], [9, 10]])
    facts = agreement(results, {"logits": logits, "scale": np.array([0.01, 0.01]), "labels": np.array([0, 1, 1, 0]),
                                "test_mask": np.array([False, True, True, True])})
    assert facts == {"nodes": 4, "argmax": 0.75, "disagreeing": 1, "largest_code_difference": 11,
                     "accuracy_torch": 2 / 3, "accuracy_integer": 1 / 3, "test_nodes": 3}


def test_without_labels() -> None:
    facts = agreement(np.array([[1, 2]]), {"logits": np.array([[1.0, 2.0]]), "scale": np.ones(2)})
    assert facts["argmax"] == 1.0
    assert facts["accuracy_torch"] is None
    assert facts["accuracy_integer"] is None
