"""Shares of a factor: C and R are the nearest integers of what they stand for, and together the factor."""

import numpy as np

from hwgen.targets.lists.shares import COLUMN_TOP, ROW_TOP, best_share, relative
from rtl_templates.lists.formats import MID_SHIFTS, V_SHIFT


def test_constants_are_the_nearest_integers():
    """Some scale explains every constant as its factor, rounded: cutting off would cost half a unit in the mean."""
    rng = np.random.default_rng(4)
    column, row = 2.0 ** rng.uniform(-2, 2, 16) * rng.choice([-1, 1], 16), 2.0 ** rng.uniform(-2, 2, 300)
    share, error = best_share(column, row, np.full((300, 1), 500), 255.0, 0.01)
    for real, integers in ((np.abs(column), np.abs(share.column)), (row, share.row)):
        assert integers.max() > 1000
        assert ((integers - 0.5) / real).max() <= ((integers + 0.5) / real).min()
    assert (np.sign(share.column) == np.sign(column)).all()
    assert np.abs(share.column).max() <= COLUMN_TOP
    assert share.row.max() <= ROW_TOP
    made = share.row[:, None] * share.column / 2.0 ** (V_SHIFT + MID_SHIFTS[share.mid])
    assert relative(made, row[:, None] * column).max() < 1e-3
    assert (error < 0.1).all()


def test_factors_of_nothing_are_zeros():
    share, error = best_share(np.zeros(3), np.ones(2), np.ones((2, 1), dtype=np.int64), 255.0, 1.0)
    assert not share.column.any()
    assert not share.row.any()
    assert not error.any()


def test_what_no_multiplier_holds_has_no_share():
    assert best_share(np.array([1e9]), np.array([1e9]), np.array([[1]]), 255.0, 1.0) is None
