"""The network delivers: routes walked switch by switch, as docs/banked.md numbers them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.targets.banked.schedule.clos import route


def deliver(word: np.ndarray) -> list[int]:
    """Bank that arrives at each processing element, through the three stages in turn."""
    stage1 = [4 * (out // 4) + (int(word[out]) & 3) for out in range(16)]
    to_middle = {(k, i): stage1[4 * i + k] for i in range(4) for k in range(4)}
    stage2 = [to_middle[out // 4, int(word[out]) >> 2 & 3] for out in range(16)]
    to_last = {(m, k): stage2[4 * k + m] for k in range(4) for m in range(4)}
    return [to_last[out // 4, int(word[out]) >> 4 & 3] for out in range(16)]


def check(bank: np.ndarray) -> None:
    words = route(bank)
    assert words.shape == bank.shape
    assert words.min(initial=0) >= 0
    assert words.max(initial=0) < 64
    for wanted, word in zip(bank, words, strict=True):
        got = np.array(deliver(word))
        assert sorted(got) == list(range(16))
        np.testing.assert_array_equal(got[wanted >= 0], wanted[wanted >= 0])


@settings(max_examples=200, deadline=None)
@given(st.permutations(range(16)), st.lists(st.booleans(), min_size=16, max_size=16))
def test_any_partial_permutation_is_delivered(permutation, idle):
    check(np.where(idle, -1, permutation)[None, :])


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_many_slots_at_once(share):
    rng = np.random.default_rng(7)
    bank = rng.permuted(np.tile(np.arange(16), (400, 1)), axis=1)
    check(np.where(rng.random(bank.shape) < share, -1, bank))


def test_one_long_cycle():
    """All sixteen reads in one cycle of the first split: the longest walk."""
    bank = np.empty(16, dtype=np.int64)
    for k in range(8):
        bank[2 * k], bank[2 * k + 1] = (2 * k + 15) % 16, (2 * k) % 16
    check(bank[None, :])


def test_no_slots():
    assert route(np.zeros((0, 16), dtype=np.int64)).shape == (0, 16)
