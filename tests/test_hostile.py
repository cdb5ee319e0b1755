"""A slice of bench/hostile.py: whatever is done to a file, it is refused in three parts, or it is what was written."""


import pytest
from hostile_inputs import KINDS, Case, Place, case, judge, make_place

CASES = 200


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return make_place(tmp_path_factory.mktemp("hostile"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(set(KINDS)))
def test_changed_files_are_refused_or_equal(kind: str, place: Place) -> None:
    outcomes = []
    for number in range(CASES):
        if KINDS[number % len(KINDS)] == kind:
            given = case(place, 1, number)
            try:
                outcomes.append(judge(place, given))
            except Exception as error:
                raise AssertionError(f"case {number}, {given.what}") from error
    assert outcomes.count("refused") > len(outcomes) // 4


def test_what_differs_is_seen(place: Place) -> None:
    """The judge itself: a good file is the same, and one that is taken without being that is a fault."""
    good = place.good / "graphs.npz"
    assert judge(place, Case("graphs.npz", "", good, meant=False)) == "same"
    for name in ("build-graph", "build-node"):
        with pytest.raises(AssertionError, match="although it is not"):
            judge(place, Case("build", "", place.good / name, meant=False))
