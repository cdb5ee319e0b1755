"""Fronts are exactly what nothing else beats; of long ones the ends, the best, and some between."""

import random
from itertools import pairwise

import pytest

from hwgen.explore.front import front_of, layers, spread, unbeaten
from hwgen.studies.study import Done, Worth


def done(count: int, seed: int = 0) -> list[Done]:
    rng = random.Random(seed)
    return [Done(slot=slot, assignment={"a.b": slot}, worth=Worth(
        values=(rng.randrange(20), rng.randrange(20)), excess=rng.choice((-0.5, 0.0, 0.1)))) for slot in range(count)]


@pytest.mark.parametrize("seed", range(20))
def test_the_front_is_what_no_other_that_fits_beats(seed: int) -> None:
    every = done(60, seed)
    good = [each for each in every if each.worth.excess is not None and each.worth.excess <= 0]

    def beaten(each: Done) -> bool:
        return any(all(one <= two for one, two in zip(other.worth.values, each.worth.values, strict=True))
                   and other.worth.values != each.worth.values for other in good)

    front = front_of(every)
    assert {each.worth.values for each in front} == {each.worth.values for each in good if not beaten(each)}
    assert all(one.worth.values[0] < two.worth.values[0] for one, two in pairwise(front))


def test_layers_have_every_design_once_and_those_that_do_not_fit_last() -> None:
    every = done(60)
    given = [each for layer in layers(every, 60) for each in layer]
    assert sorted(each.slot for each in given) == list(range(60))
    excess = [each.worth.excess or 0.0 for each in given]
    last = excess.index(0.1)
    assert max(excess[:last]) <= 0 < min(excess[last:])
    assert sum(1 for _ in layers(every, 1)) == 1


def test_equal_designs_count_once() -> None:
    assert unbeaten([(1, 2), (1, 2), (2, 1), (2, 2)], lambda each: each) == [(1, 2), (2, 1)]


@pytest.mark.parametrize("count", [3, 4, 7, 12])
def test_a_long_front_keeps_its_ends_and_its_best(count: int) -> None:
    for keep in range(30):
        some = spread(range(30), count, keep)
        assert {0, keep, 29} <= set(some)
        assert some == sorted(some)
        assert count - 1 <= len(some) <= count or (count == 3 and len(some) in (2, 3))
    assert spread([5, 6], count, 0) == [5, 6]
