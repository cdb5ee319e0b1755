"""Assignments are the same for the same arguments, new, and better than random ones."""

import pytest
from search_worker import CHOICES, measured

from hwgen.bit_search.propose import SAMPLERS, Proposer, Sampler
from hwgen.studies.study import Done, Worth


def known(proposer: Proposer, count: int) -> list[Done]:
    found: list[Done] = []
    for slot in range(count):
        assignment = proposer(slot, found[:proposer.known_before(slot)])
        worth = measured(assignment) or Worth(values=(0.0, 0.0))
        found.append(Done(slot=slot, assignment=assignment, worth=worth))
    return found


def test_the_first_slot_has_all_knobs_at_their_widest() -> None:
    assert Proposer(choices=CHOICES, seed=0, floor=0.9)(0, []) == dict.fromkeys(CHOICES, 8)


def test_a_round_rests_on_the_rounds_before() -> None:
    proposer = Proposer(choices=CHOICES, seed=0, floor=0.9, first=5)
    assert [proposer.known_before(slot) for slot in range(14)] == [0] * 5 + [5] * 4 + [9] * 4 + [13]


def test_no_assignment_is_proposed_twice() -> None:
    found = known(Proposer(choices=CHOICES, seed=1, floor=0.88, first=6), 40)
    assert len({tuple(each.assignment.items()) for each in found[6:]}) == 34


def test_every_assignment_may_be_known() -> None:
    proposer = Proposer(choices={"a": (2, 4)}, seed=1, floor=0.88, first=2)
    both = [Done(slot=slot, assignment={"a": bits}, worth=Worth(values=(bits, 0.9)))
            for slot, bits in enumerate((4, 2))]
    assert proposer(2, both)["a"] in (2, 4)


@pytest.mark.slow
def test_the_tree_finds_cheaper_assignments_than_random_search() -> None:
    def best(sampler: Sampler, seed: int) -> float:
        found = known(Proposer(choices=CHOICES, seed=seed, floor=0.88, sampler=sampler, first=8), 40)
        return min(each.worth.values[0] for each in found if each.worth.values[1] >= 0.88)

    tree, random = ([best(sampler, seed) for seed in range(5)] for sampler in SAMPLERS)
    assert sum(tree) <= 90 < 110 <= sum(random)  # 15 bits are needed
