"""The slot scheduler of one group: legal, complete, near the bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.targets.banked.schedule.balance import refine, relative, spread
from hwgen.targets.banked.schedule.match import lower_bound, match


def check(counts, unit, bank, node):
    """Every rule of a slot schedule, checked read by read."""
    remaining = counts.copy()
    finished = np.zeros(len(unit), dtype=bool)
    open_node = [-1] * 16
    for slot_bank, slot_node in zip(bank.tolist(), node.tolist(), strict=True):
        used = [b for b in slot_bank if b >= 0]
        assert len(used) == len(set(used)), "a bank is read twice"
        for p, (b, i) in enumerate(zip(slot_bank, slot_node, strict=True)):
            if i < 0:
                assert b < 0
                continue
            assert unit[i] == p
            assert not finished[i]
            assert open_node[p] in (-1, i), "two nodes open in one accumulator"
            if b < 0:
                assert not counts[i].any(), "only a node without reads takes a slot without one"
                assert open_node[p] == -1
            else:
                remaining[i, b] -= 1
                assert remaining[i, b] >= 0
            finished[i] = not remaining[i].any()
            open_node[p] = -1 if finished[i] else i
    assert finished.all()


def problem(seed, nodes, mean, banks=16):
    rng = np.random.default_rng(seed)
    counts = np.zeros((nodes, 16), dtype=np.int64)
    for i, reads in enumerate(np.minimum(rng.geometric(1 / (mean + 1), nodes) - 1, 200)):
        np.add.at(counts[i], rng.integers(0, banks, reads), 1)
    return counts, rng.integers(0, 16, nodes)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 60), st.sampled_from([0, 1, 4, 20]), st.integers(1, 16),
       st.sampled_from([1, 4, 16]))
def test_any_problem_is_scheduled_legally(seed, nodes, mean, banks, look_ahead):
    counts, unit = problem(seed, nodes, mean, banks)
    bank, node = match(counts, unit, look_ahead)
    check(counts, unit, bank, node)
    assert len(bank) >= lower_bound(counts, unit)


def test_nodes_without_reads():
    counts = np.zeros((40, 16), dtype=np.int64)
    counts[:5, 3] = 2
    unit = np.arange(40) % 4
    bank, node = match(counts, unit)
    check(counts, unit, bank, node)
    assert len(bank) == lower_bound(counts, unit)


def test_bound_is_the_busiest_bank_or_element():
    counts = np.zeros((3, 16), dtype=np.int64)
    counts[:2, 5] = 4
    assert lower_bound(counts, np.array([0, 1, 2])) == 8  # bank 5
    counts[0, 6:] = 1
    assert lower_bound(counts, np.array([0, 0, 0])) == 19  # element 0: 14 + 4 + 1 for the empty node


def balanced(seed, mean, nodes=640, features=400):
    """Popular features spread over banks and long nodes over elements, as the lowering does: both near the mean."""
    rng = np.random.default_rng(seed)
    popular = 1 / np.arange(1, features + 1) ** 0.7
    x = (rng.random((nodes, features)) < np.minimum(mean * popular / popular.sum(), 0.5)).astype(np.int64)

    def place(load, limit):
        demand = relative(load[:, None])
        return refine(demand, spread(demand, np.argsort(-load, kind="stable"), 16, limit), 16)

    bank, unit = place(x.sum(0), features), place(np.maximum(x.sum(1), 1), nodes)
    return x @ np.eye(16, dtype=np.int64)[bank], unit


@pytest.mark.parametrize(("mean", "quality"), [(18, 0.96), (5, 0.905)])
def test_quality(mean, quality):
    """Where every bank and every element is as busy as the bound; without the urgency of banks, crowding or the choice
    of the next node it falls below.
    """
    bound = slots = 0
    for seed in (1, 2, 3):
        counts, unit = balanced(seed, mean)
        bank, node = match(counts, unit)
        check(counts, unit, bank, node)
        bound += lower_bound(counts, unit)
        slots += len(bank)
    assert bound / slots >= quality
