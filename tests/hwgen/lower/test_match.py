"""The slot scheduler of one group: legal, complete, near the bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.lower.match import lower_bound, match


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


@pytest.mark.parametrize(("mean", "quality"), [(18, 0.93), (4, 0.85)])
def test_quality(mean, quality):
    """Even loads, as the owner map makes them: 600 nodes."""
    counts, _ = problem(1, 600, mean)
    unit = np.empty(600, dtype=np.int64)
    unit[np.argsort(-counts.sum(1), kind="stable")] = np.concatenate(
        [np.random.default_rng(k).permutation(16) for k in range(38)])[:600]
    bank, node = match(counts, unit)
    check(counts, unit, bank, node)
    assert lower_bound(counts, unit) / len(bank) >= quality
