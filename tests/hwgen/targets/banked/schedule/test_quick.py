"""The quick scheduler: legal, near the bound, and the same from C++ and from Python."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import program_of, random_graph_model
from scheduling import balanced, check, one_placement, problem

from hwgen.native import library
from hwgen.targets.banked.schedule import quick
from hwgen.targets.banked.schedule.balance import relative
from hwgen.targets.banked.schedule.match import lower_bound
from hwgen.targets.banked.schedule.quick import SOURCE, quick_match, quick_spread, stable_order
from hwgen.targets.banked.schedule.schedule import QUICK, schedule
from hwgen.targets.banked.sizes import choose


def in_python(call, *arguments):
    """What a function gives where there is no compiler."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quick, "library", lambda source: None)
        return call(*arguments)


def test_the_loops_are_compiled_here():
    assert library(SOURCE) is not None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 60), st.sampled_from([0, 1, 4, 20]), st.integers(1, 16),
       st.sampled_from([1, 4, 64]))
def test_any_problem_is_scheduled_legally(seed, nodes, mean, banks, look_ahead):
    """And Python, where there is no compiler, does the same."""
    counts, unit = problem(seed, nodes, mean, banks)
    bank, node = quick_match(counts, unit, look_ahead)
    check(counts, unit, bank, node)
    assert len(bank) >= lower_bound(counts, unit)
    other_bank, other_node = in_python(quick_match, counts, unit, look_ahead)
    np.testing.assert_array_equal(bank, other_bank)
    np.testing.assert_array_equal(node, other_node)


def test_more_slots_than_there_was_room_for(monkeypatch):
    counts, unit = problem(1, 60, 20)
    want = quick_match(counts, unit)
    monkeypatch.setattr(quick, "lower_bound", lambda counts, unit: 1)
    for have, each in zip(quick_match(counts, unit), want, strict=True):
        np.testing.assert_array_equal(have, each)


@pytest.mark.parametrize(("mean", "quality"), [(18, 0.93), (5, 0.825)])
def test_quality(mean, quality):
    """Without augmenting, urgency, crowding or the choice of the next node it falls below."""
    bound = slots = 0
    for seed in (1, 2, 3):
        counts, unit = balanced(seed, mean)
        bank, node = quick_match(counts, unit)
        check(counts, unit, bank, node)
        bound += lower_bound(counts, unit)
        slots += len(bank)
    assert bound / slots >= quality


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(1, 8), st.integers(1, 4))
def test_bins_keep_their_limit(seed, items, bins, resources):
    """And Python, where there is no compiler, does the same."""
    rng = np.random.default_rng(seed)
    limit = -(-items // bins)
    arguments = relative(rng.integers(0, 9, (items, resources))), rng.permutation(items), bins, limit
    where = quick_spread(*arguments)
    assert np.bincount(where, minlength=bins).max(initial=0) <= limit
    np.testing.assert_array_equal(where, in_python(quick_spread, *arguments))


def test_bins_are_even():
    rng = np.random.default_rng(1)
    load = rng.integers(1, 40, (800, 2))
    demand = relative(load)
    where = quick_spread(demand, np.argsort(-demand.sum(1), kind="stable"), 16, 800)
    for resource in load.T:
        of_bins = np.bincount(where, resource, 16)
        assert of_bins.max() <= 1.03 * of_bins.mean()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 12)))
def test_equal_keys_keep_their_order(keys):
    key = np.array(keys, dtype=np.int64)
    want = np.argsort(key, kind="stable")
    np.testing.assert_array_equal(stable_order(key, 13), want)
    np.testing.assert_array_equal(in_python(stable_order, key, 13), want)


@pytest.mark.slow
def test_what_does_not_fit_so_is_scheduled_by_the_best_method(monkeypatch):
    one = one_placement(monkeypatch)
    program = program_of(random_graph_model(4, nodes=400, hidden=8, min_bits=1))
    hardware = choose(program, groups=1, servers=16, slots=1 << 14)
    hardware = replace(hardware, requant_lanes=2, column_depth=64, bias_depth=512, result_depth=2048)
    best, fast = (schedule(program, hardware, method, room=0).slots_used for method in (one, QUICK))
    short = schedule(program, replace(hardware, slots=best - 1), one, room=0).slots_used
    assert short < best < fast  # of this graph
    for slots, used in ((fast, fast), (fast - 1, best), (best, best), (best - 1, short)):
        assert schedule(program, replace(hardware, slots=slots), QUICK, room=0).slots_used == used
