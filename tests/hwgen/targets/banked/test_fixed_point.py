"""Multipliers: precision over their range, and what happens beyond it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import accepted

from hwgen.errors import HwgenError
from hwgen.numeric import IntRange
from hwgen.targets.banked.arithmetic import requantize
from hwgen.targets.banked.bias_classes import MOST, Bias, classes_of
from hwgen.targets.banked.fixed_point import Factors, fold
from hwgen.targets.banked.rules import check_requant


def apply(stage, x):
    high = stage.code_range.high if stage.row_bits is None else ((1 << stage.row_bits) - 1)[:, None]
    return requantize(x, stage.column, stage.bias, stage.row, stage.bias_class, stage.bias_row,
                      stage.code_range.low, high,
                      shift=20 if stage.kind == "raw" else 23, half_up=stage.half_up)


def signed(column, row, *, bits=4, x=500):
    return fold(Factors(column=np.asarray(column, float), row=np.asarray(row, float)), where="convs.0",
                kind="signed", bits=bits, row_bits=None, x=IntRange(-x, x), scale=np.ones(len(column)))


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), level=st.floats(-12.0, 4.0), spread=st.floats(0.0, 2.5),
       bits=st.integers(2, 8), x=st.integers(1, 60_000))
def test_signed_codes_are_within_a_twentieth_of_the_real_value(seed, level, spread, bits, x):
    rng = np.random.default_rng(seed)
    column, row = 2.0 ** rng.uniform(0, spread, 6), 2.0 ** (level + rng.uniform(0, spread, 9))
    stage = signed(column, row, bits=bits, x=x)
    with accepted():
        check_requant(stage, "here")
    values = rng.integers(-x, x + 1, (9, 6))
    top = 2 ** (bits - 1) - 1
    real = np.clip(values * column * row[:, None], -top, top)
    assert np.abs(apply(stage, values) - real).max() <= 0.55


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), level=st.floats(-6.0, 3.0), weight=st.floats(0.0, 30.0),
       ratios=st.sampled_from([1, 5, MOST, MOST + 1, 60]))
def test_unsigned_codes_with_a_bias_by_class(seed, level, weight, ratios):
    rng = np.random.default_rng(seed)
    column, bias, n = rng.uniform(0.5, 2.0, 6), rng.normal(0, 1, 6) * weight, 70
    row, bits = 2.0 ** (level + rng.uniform(0, 3, n)), rng.integers(0, 9, n)
    ratio = (2.0 ** rng.uniform(-3, 3, ratios))[rng.permutation(np.arange(n) % ratios)]
    stage = fold(Factors(column=column, row=row, bias=Bias(column=bias, ratio=ratio)), where="convs.0",
                 kind="unsigned", bits=8, row_bits=bits, x=IntRange(-400, 400), scale=np.ones(6))
    with accepted():
        check_requant(stage, "here")
    assert len(stage.bias) <= MOST
    values = rng.integers(-400, 401, (n, 6))
    top = 2.0 ** bits[:, None] - 1
    products, shifts = values * column * row[:, None], bias * (ratio * row)[:, None]
    real = np.clip(products + shifts, 0, top)
    # what cancels before clipping brings its own error: 2^-13 of the larger term
    room = 0.55 + np.maximum(np.abs(products), np.abs(shifts)) * 2.0**-11
    assert (np.abs(apply(stage, values) - real) <= room).all()


def test_constants_are_the_nearest_integers():
    """Some gain explains every constant as its factor, rounded: cutting off would cost half a unit in the mean."""
    rng = np.random.default_rng(4)
    column, row, ratio = (2.0 ** rng.uniform(-2, 2, n) for n in (16, 300, 300))
    ratio[:100] = ratio[0]
    bias = rng.normal(0.0, 1.0, 16)
    stage = fold(Factors(column=column, row=row, bias=Bias(column=bias, ratio=ratio)), where="x", kind="unsigned",
                 bits=8, row_bits=np.full(300, 8), x=IntRange(-500, 500), scale=np.ones(16))
    pairs, shared = stage.pairs, stage.bias_class[0]
    assert 0 < pairs.sum() < 200
    assert (stage.bias_class[:100] == shared).all()
    for real, integers in ((column, stage.column), (row, stage.row), ((ratio * row)[pairs], stage.bias_row[pairs]),
                           (np.abs(bias), np.abs(stage.bias[0])), (np.abs(bias), np.abs(stage.bias[shared]))):
        assert integers.max() > 500  # a class shares the unit of the sum
        assert ((integers - 0.5) / real).max() <= ((integers + 0.5) / real).min()


def test_frequent_ratios_get_the_classes_and_rows_without_bits_are_no_pairs():
    ratio = np.repeat(np.arange(1.0, 41.0), np.arange(40, 0, -1))
    row = np.ones(len(ratio))
    row[-3:] = 0.0
    stage = fold(Factors(column=np.ones(64), row=row, bias=Bias(column=np.ones(64), ratio=ratio)), where="x",
                 kind="unsigned", bits=8, row_bits=np.full(len(ratio), 8), x=IntRange(-9, 9), scale=np.ones(64))
    most = classes_of(64)
    assert len(stage.bias) == most == 5
    assert stage.pairs.tolist() == [value > most - 1 and factor > 0 for value, factor in zip(ratio, row, strict=True)]


def test_a_bias_too_large_to_share_the_factor_of_the_sum_is_a_pair():
    """Beside so large a bias, the column's integers would have no bits left."""
    column, bias = np.array([1.0, 1e-5]), np.array([0.0, 200.0])
    ratio, row = np.array([1.0, 1.0]), np.array([1.0, 0.3])
    stage = fold(Factors(column=column, row=row, bias=Bias(column=bias, ratio=ratio)), where="x", kind="raw", bits=16,
                 row_bits=None, x=IntRange(-30_000, 30_000), scale=np.ones(2))
    check_requant(stage, "here")
    x = np.array([[100, 30_000], [-100, -30_000]])
    real = (x * column + bias * ratio[:, None]) * row[:, None]
    assert np.abs(apply(stage, x) - real).max() <= 0.55


def test_constants_use_the_multipliers():
    stage = signed([1.0, 0.7], [1.0, 0.3])
    assert stage.column.max() >= 1 << 15
    assert stage.row.max() >= 1 << 12


def test_factors_up_to_a_thousand_codes_per_unit_are_exact_enough():
    column, row = np.array([4.0, 0.5]), np.array([250.0, 1.0, 0.1])
    stage = fold(Factors(column=column, row=row), where="x", kind="unsigned", bits=8,
                 row_bits=np.array([8, 8, 8]), x=IntRange(-7, 7), scale=np.ones(2))
    values = np.arange(-7, 8)
    for k in range(2):
        grid = np.zeros((3, 2), dtype=np.int64)
        for value in values:
            grid[:, k] = value
            assert np.abs(apply(stage, grid)[:, k] - np.clip(value * column[k] * row, 0, 255)).max() <= 0.55


def test_saturating_outliers_take_no_precision_from_the_others():
    ordinary = np.array([0.01, 0.02, 0.03])
    alone, beside = signed([1.0, 1.3], ordinary), signed([1.0, 1.3], [*ordinary, 1e9])
    values = np.arange(-400, 400, 3).repeat(2).reshape(-1, 2)
    for i, factor in enumerate(ordinary):
        for stage in (alone, beside):
            x = np.zeros((len(stage.row), 2), dtype=np.int64)
            for pair in values:
                x[i] = pair
                real = np.clip(pair * [1.0, 1.3] * factor, -7, 7)
                assert np.abs(apply(stage, x)[i] - real).max() <= 0.51
    x = np.zeros((4, 2), dtype=np.int64)
    x[3] = [1, -1]
    assert apply(beside, x)[3].tolist() == [7, -7]


@pytest.mark.parametrize("kind", ["unsigned", "signed"])
@pytest.mark.parametrize("row", [1.0, 30.0, 1000.0, 1e9])
@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("bias", [None, 0.0, -3.0])
def test_a_factor_beyond_every_code_saturates_from_1_on(kind, row, bits, bias):
    """However far a factor is lowered: x = 1 still reaches the code that it should."""
    if kind == "signed" and (bits < 2 or bias):
        return  # messages have no bias, and no single bit
    stage = fold(Factors(column=np.ones(1), row=np.array([row]), bias=None if bias is None else Bias(
                         column=np.array([bias / row]), ratio=np.ones(1))), where="x", kind=kind, bits=bits,
                 row_bits=np.array([bits]) if kind == "unsigned" else None, x=IntRange(-9, 9), scale=np.ones(1))
    top = (1 << bits - (kind == "signed")) - 1
    for x in (-9, -1, 0, 1, 2, 9):
        want = np.clip(np.rint(x * row + (bias or 0.0)), -top if kind == "signed" else 0, top)
        assert apply(stage, np.array([[x]]))[0, 0] == want, x


def test_rows_of_zero_give_zero():
    stage = signed([1.0], [0.0, 1.0])
    assert apply(stage, np.array([[500], [5]])).tolist() == [[0], [5]]
    assert apply(signed([1.0, 2.0], [0.0, 0.0]), np.array([[3, 4], [5, 6]])).tolist() == [[0, 0], [0, 0]]


def test_a_span_beyond_the_multipliers_names_the_layer():
    with pytest.raises(HwgenError, match=r"columns 1 to 1e\+09.*off by") as caught:
        fold(Factors(column=np.array([1.0, 1.0, 1e9]), row=np.array([1e-9, 1.0])), where="convs.7", kind="unsigned",
             bits=8, row_bits=np.array([8, 8]), x=IntRange(-99, 99), scale=np.ones(3))
    assert caught.value.where == "convs.7"


def test_rows_beyond_narrow_factors_are_refused_beside_wide_sums():
    """Beside others they are coarsened: there, what is beyond has steps too fine to matter."""
    rows = {"where": "x", "kind": "unsigned", "bits": 8, "row_bits": np.array([8, 8, 8, 8]), "x": IntRange(-9, 9),
            "scale": np.ones(1)}
    factors = Factors(column=np.ones(1), row=np.array([1.0, 1.0, 20.0, 20.0]))
    assert apply(fold(factors, **rows), np.full((4, 1), 5))[:, 0].tolist() == [5, 5, 100, 100]
    with pytest.raises(HwgenError, match="17- and 17-bit multipliers"):
        fold(factors, **rows, sum_bits=24)


@pytest.mark.parametrize(("kind", "half_up"), [("signed", False), ("unsigned", True), ("raw", True)])
def test_signed_codes_round_ties_away_from_zero_and_others_up(kind, half_up):
    bits = np.array([4]) if kind == "unsigned" else None
    stage = fold(Factors(column=np.ones(1), row=np.ones(1)), where="x", kind=kind, bits=4, row_bits=bits,
                 x=IntRange(-9, 9), scale=np.ones(1))
    assert stage.half_up is half_up
