"""Designs that are proposed: the same for the same arguments, of one target each, new, better than at random."""

from collections.abc import Sequence

from hwgen.explore.front import front_of
from hwgen.explore.propose import GENERATION, Proposer
from hwgen.studies.study import Assignment, Done, Worth

KNOBS = [{f"one.{name}": tuple(range(12)) for name in "abcd"}, {f"two.{name}": tuple(range(9)) for name in "abc"}]
BEGIN = [dict.fromkeys(KNOBS[0], 3)]


def worth(assignment: Assignment) -> Worth | None:
    """Two values that pull apart, a limit, and a point that cannot be."""
    first, *others = assignment.values()
    if set(assignment.values()) == {0}:
        return None
    waste = sum(abs(other - first) for other in others) + (20 if "two.a" in assignment else 0)
    return Worth(values=(100.0 - 5 * first + waste, 20.0 + 6 * first + waste), excess=(first - 9) / 10)


def measured(proposer: Proposer, count: int) -> list[Done]:
    found: list[Done] = []
    for slot in range(count):
        assignment = proposer(slot, [each for each in found if each.slot < proposer.known_before(slot)])
        value = worth(assignment)
        found += [] if value is None else [Done(slot=slot, assignment=assignment, worth=value)]
    return found


def least(done: Sequence[Done]) -> float:
    return min(each.worth.values[0] * each.worth.values[1] for each in front_of(done))


def test_it_begins_with_the_default_and_a_generation_rests_on_those_before() -> None:
    proposer = Proposer(knobs=KNOBS, seed=0, begin=BEGIN, first=8)
    assert proposer(0, []) == BEGIN[0]
    assert [proposer.known_before(slot) for slot in (0, 7, 8, 7 + GENERATION, 8 + GENERATION)] == [
        0, 0, 8, 8, 8 + GENERATION]
    random = Proposer(knobs=KNOBS, seed=0, begin=BEGIN, sampler="random", first=8)
    assert random(0, []) != BEGIN[0]
    assert random.known_before(1000) == 0


def test_proposals_follow_from_seed_slot_and_what_is_known() -> None:
    every = [measured(Proposer(knobs=KNOBS, seed=seed, begin=BEGIN, first=16), 100) for seed in (1, 1, 2)]
    assert every[0] == every[1] != every[2]
    again = Proposer(knobs=KNOBS, seed=1, begin=BEGIN, first=16)  # one that is begun in the middle
    other = Proposer(knobs=KNOBS, seed=2, begin=BEGIN, first=16)
    for slot in (99, 40):
        known = [each for each in every[0] if each.slot < again.known_before(slot)]
        assert again(slot, known) == next(each.assignment for each in every[0] if each.slot == slot)
        assert other(slot, known) != again(slot, known)


def test_each_is_of_one_target_with_values_that_there_are_and_none_descends_twice() -> None:
    found = measured(Proposer(knobs=KNOBS, seed=3, begin=BEGIN, first=16), 300)
    for each in found:
        knobs = next(every for every in KNOBS if every.keys() == each.assignment.keys())
        assert all(each.assignment[name] in values for name, values in knobs.items())
    late = [tuple(each.assignment.items()) for each in found if each.slot >= 16]
    assert len(set(late)) == len(late)


def test_where_everything_is_known_something_is_proposed() -> None:
    found = measured(Proposer(knobs=[{"one.a": (1, 2)}], seed=0, first=2), 80)
    assert len(found) == 80


def test_evolution_finds_better_designs_than_random_search() -> None:
    both = {sampler: [least(measured(Proposer(knobs=KNOBS, seed=seed, sampler=sampler, begin=BEGIN), 250))
                      for seed in range(8)] for sampler in ("evolution", "random")}
    assert sum(both["evolution"]) < 0.95 * sum(both["random"])
