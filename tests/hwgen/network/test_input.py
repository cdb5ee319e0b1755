"""The input's quantizer: codes by the definition, whatever form features have, and what lies beyond its range."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from hwgen.network.input import Input


def drawn(seed, *, features=5, bits=3):
    """An input with columns of every kind, some features in two, and real features around its range."""
    rng = np.random.default_rng(seed)
    column = np.r_[np.arange(features), rng.integers(0, features, 3)]
    scale = rng.uniform(0.1, 2, len(column)) * rng.choice([-1, 1], len(column))
    made = Input(features=features, bits=bits, scale=scale, zero_point=rng.integers(-3, 12, len(column)),
                 column=column, exact=False)
    x = np.float32(rng.normal(0, 4, (9, features)) * (rng.random((9, features)) < 0.6))
    return made, x.astype(np.float64)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_codes_are_those_of_the_definition(seed):
    made, x = drawn(seed)
    want = np.zeros((len(x), made.width))
    for row, column in np.ndindex(want.shape):
        scaled = x[row, made.column[column]] / made.scale[column]
        rounded = np.trunc(scaled + np.copysign(0.5, scaled))
        want[row, column] = min(max(rounded + made.zero_point[column], 0), made.top)
    codes = made.codes(csr_array(x))
    assert codes.dtype == np.int64
    assert np.array_equal(codes.toarray(), want)
    assert (codes.data != 0).all()
    assert codes.has_sorted_indices
    assert np.array_equal(made.levels(csr_array(x)).toarray(), want - made.zero_point)


def test_half_is_away_from_zero_in_single_precision():
    made = Input(features=1, bits=4, scale=np.array([1.0]), zero_point=np.array([8]), column=np.array([0]), exact=False)
    x = np.array([[0.5], [1.5], [-0.5], [-2.5], [0.5 - 1e-9]])
    assert made.codes(csr_array(x)).toarray()[:, 0].tolist() == [9, 10, 7, 5, 9]


def test_what_lies_beyond_the_range_is_counted_once_a_feature():
    made = Input(features=2, bits=2, scale=np.array([1.0, 0.5, -0.5]), zero_point=np.array([1, 0, 0]),
                 column=np.array([0, 1, 1]), exact=False)
    inside = np.array([[-1.4, 1.7], [2.0, -1.7], [0.0, 0.0], [1.2, 0.2]])
    assert made.clipped(csr_array(inside)) == 0
    assert made.clipped(csr_array(np.array([[-1.6, 0], [2.6, 1.8], [0, -1.8], [1e99, -99]]))) == 6


@pytest.mark.parametrize(("change", "plain"), [
    ({}, True), ({"zero_point": np.array([0, 1])}, False), ({"column": np.array([1, 0])}, False),
    ({"scale": np.array([1.0, 2.0])}, False), ({"scale": np.array([2.0, 2.0])}, True), ({"features": 3}, False)])
def test_rows_stay_the_users_own_only_where_nothing_is_multiplied_or_added(change, plain):
    made = replace(Input.plain(2, 1, 1.0), **change)
    assert made.is_plain is plain
    assert np.allclose(made.ratio * made.unit, made.scale)
