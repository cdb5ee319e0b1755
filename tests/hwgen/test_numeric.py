"""The numeric contract, against exact fractions: ties, floors and clips that random models rarely meet."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hwgen.numeric import Bounds, IntRange
from hwgen.targets.banked.arithmetic import requantize
from rtl_templates.banked.formats import SHIFT

TIES = 1 << (SHIFT - 1)  #: As a row multiplier it halves: every odd value ties.


def one(x, column, bias, row, bias_row=None, *, low=-1000, high=1000, shift=SHIFT, half_up=False):
    def array(value):
        return np.array([value], dtype=np.int64)

    return int(requantize(array(x)[None], array(column), array(bias)[None], array(row), array(0),
                          None if bias_row is None else array(bias_row), low, high, shift=shift,
                          half_up=half_up)[0, 0])


@pytest.mark.parametrize(("half_up", "codes"), [(False, [-3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3]),
                                                (True, [-2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3])])
def test_ties_round_away_from_zero_or_up(half_up, codes):
    # 256 undoes the first shift, so x/2 for x = -5..5
    assert [one(x, 256, 0, TIES, half_up=half_up) for x in range(-5, 6)] == codes


def test_ties_of_a_second_beat_round_up():
    assert [one(x, 256, 1, TIES, 2 * TIES, half_up=True) for x in range(-5, 6)] == [
        -1, -1, 0, 0, 1, 1, 2, 2, 3, 3, 4]


def test_the_first_beat_decides_which_way_ties_away_from_zero_go():
    # x/2 + 1/2: exact for odd x, a tie for even x, and at x = 0 the first beat is neither above nor below zero
    assert [one(x, 256, 1, TIES, TIES) for x in range(-5, 6)] == [-2, -2, -1, -1, 0, 1, 1, 2, 2, 3, 3]
    assert one(0, 256, -1, TIES, TIES) == 0


def test_the_first_shift_floors_and_the_bias_follows_it():
    assert [one(x, 255, 0, 1 << SHIFT) for x in (-2, -1, 0, 1, 2)] == [-2, -1, 0, 0, 1]
    assert [one(x, 255, 10, 1 << SHIFT) for x in (-2, -1, 0, 1, 2)] == [8, 9, 10, 10, 11]


@given(
    x=st.integers(-(2**17), 2**17 - 1), column=st.integers(0, 2**24 - 1), bias=st.integers(-(2**25), 2**25 - 1),
    row=st.integers(0, 2**17 - 1), bias_row=st.none() | st.integers(0, 2**17 - 1), half_up=st.booleans(),
    shift=st.sampled_from([20, 23]), bits=st.integers(1, 16),
)
def test_any_operands_equal_exact_fractions(x, column, bias, row, bias_row, half_up, shift, bits):
    mid = math.floor(Fraction(x * column, 256)) + (bias if bias_row is None else 0)
    exact = Fraction(mid * row + (0 if bias_row is None else bias * bias_row), 2**shift)
    rounded = math.floor(exact + Fraction(1, 2)) if half_up or mid >= 0 else math.ceil(exact - Fraction(1, 2))
    low, high = -(2**bits), 2**bits - 1
    got = one(x, column, bias, row, bias_row, low=low, high=high, shift=shift, half_up=half_up)
    assert got == max(low, min(high, rounded))


def test_clipping_is_per_row():
    x = np.full((3, 2), 100, dtype=np.int64)
    ones = np.array([256, 256]), np.zeros((1, 2), dtype=np.int64), np.full(3, 1 << SHIFT)
    codes = requantize(x, *ones, np.zeros(3, dtype=np.int64), None, 0, np.array([[0], [3], [255]]))
    assert codes.tolist() == [[0, 0], [3, 3], [100, 100]]


@given(low=st.integers(-(2**40), 2**40), span=st.integers(0, 2**40))
@example(low=-1, span=0)
@example(low=0, span=0)
def test_signed_bits_are_the_fewest(low, span):
    values = IntRange(low, low + span)
    assert values in IntRange.signed(values.signed_bits)
    assert values.signed_bits == 1 or values not in IntRange.signed(values.signed_bits - 1)


def test_ranges_join_contain_and_print():
    assert IntRange(-3, 2) | IntRange(5, 9) == IntRange(-3, 9)
    assert 9 in IntRange(-3, 9)
    assert 10 not in IntRange(-3, 9)
    assert str(IntRange(-3, 9)) == "[-3, 9]"
    with pytest.raises(ValueError, match="empty range"):
        IntRange(1, 0)


def test_a_range_holds_what_it_was_made_of_and_zero():
    assert IntRange.of(np.array([[3, 5], [4, 9]])) == IntRange(0, 9)
    assert IntRange.of(np.array([-3])) == IntRange(-3, 0)
    assert IntRange.of(np.array([], dtype=np.int64)) == IntRange(0, 0)


def test_a_value_outside_its_range_is_named():
    IntRange(-3, 9).prove(np.array([-3, 9]), "layer: sum")
    IntRange(1, 1).prove(np.array([], dtype=np.int64), "layer: sum")
    for values, span in (([-4, 9], r"\[-4, 9\]"), ([-3, 10], r"\[-3, 10\]")):
        with pytest.raises(OverflowError, match=rf"layer: sum spans {span}, proved \[-3, 9\]"):
            IntRange(-3, 9).prove(np.array(values), "layer: sum")


def test_bounds_of_products_are_their_extremes():
    """Over every choice of elements within their bounds, with weights of both signs."""
    rng = np.random.default_rng(0)
    low = rng.integers(-5, 3, (4, 3))
    bounds, weight = Bounds(low, low + rng.integers(0, 6, (4, 3))), rng.integers(-4, 5, (3, 2))
    products = bounds.times(weight)
    for row in range(4):
        every = [np.array(x) @ weight for x in itertools.product(*zip(bounds.low[row], bounds.high[row], strict=True))]
        assert products.low[row].tolist() == np.min(every, axis=0).tolist()
        assert products.high[row].tolist() == np.max(every, axis=0).tolist()
    assert Bounds(np.array([[2, 5]]), np.array([[3, 9]])).span == IntRange(0, 9), "sums start at 0"
    assert Bounds(np.array([[-2, -5]]), np.array([[-1, -3]])).span == IntRange(-5, 0)
