"""Results are compared run by run."""

import importlib
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "bench"))
compare = importlib.import_module("result_lines").compare


def lines(row, tests, bits=2.0, settings="old"):
    return [{"dataset": "Cora", "recipe": row, "settings": settings, "seed": seed, "integer_test": test, "bits": bits}
            for seed, test in enumerate(tests)]


def test_differences_are_of_equal_runs_and_have_a_standard_error():
    old = [*lines("a", [0.1, 0.1, 0.1, 0.1]), *lines("a", [0.80, 0.82, 0.81, 0.79])]  # the last of a run counts
    new = lines("a", [0.81, 0.81, 0.82, 0.82], 1.5, "new")
    [*_, row] = compare([*old, *new], new).strip().splitlines()  # one file may hold both
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["Cora", "a", "4", "80.50 ± 1.29", "81.50 ± 0.58", "+1.00 ± 0.82", "+1.22", "2.000", "1.500"]


def test_what_is_worse_is_marked_and_what_has_no_pairs_is_left():
    text = compare([*lines("a", [0.8, 0.8, 0.8]), *lines("b", [0.8])],
                   [*lines("a", [0.78, 0.77, 0.77], settings="new"), *lines("b", [0.8], settings="new"),
                    *lines("c", [0.8, 0.9])])
    worse, single, new = text.strip().splitlines()[2:]
    assert "-8.00 (worse)" in worse
    assert "| 1 | – |" in single
    assert "| 0 | – |" in new
