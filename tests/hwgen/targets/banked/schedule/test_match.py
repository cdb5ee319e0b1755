"""The slot scheduler of one group: legal, complete, near the bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scheduling import balanced, check, problem

from hwgen.targets.banked.schedule.match import lower_bound, match


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
