"""Bounds of sums, case by case: as wide as what comes at the worst, and no wider."""

from dataclasses import replace

import numpy as np
import pytest

from hwgen.numeric import Bounds, IntRange
from hwgen.targets.lists.program import Operand, Row, Tensor
from hwgen.targets.lists.ranges import Scope, operand_bounds, product_bounds

WEIGHTS = np.array([[3, -2], [-1, 5], [4, 0], [-6, -7]])
TENSORS = [Tensor(name="codes", path="net.a", domain="nodes", width=2, signed=True, bits=4, blocks=(2,)),
           Tensor(name="rows", path="net.w", domain="weights", width=2, signed=True, bits=4, blocks=(2,), rows=WEIGHTS)]
#: Entry 0 stands for codes of -3 to 3, entry 1 for -7 to 7.
SCOPE = Scope(TENSORS, {0: Bounds(np.array([[-3], [-7]]), np.array([[3], [7]]))},
              {"edges": 5, "looped": 6, "features": 2, "members": 4}, 3)
LIST = Operand(kind="list", source=0, via="edges", column=np.ones(2, dtype=np.int64), mid=0,
               row=Row(select="constant", table=np.ones(1, dtype=np.int64)), x=IntRange(0, 0))


def bounds(operand):
    found = operand_bounds(operand, 2, SCOPE)
    return found.low.tolist(), found.high.tolist()


@pytest.mark.parametrize(("via", "most"), [("edges", 5), ("looped", 6), ("members", 4)])
def test_a_sum_is_as_large_as_its_longest_list_of_the_largest_codes(via, most):
    assert bounds(replace(LIST, via=via)) == ([[-7 * most]], [[7 * most]])
    assert bounds(replace(LIST, via=via, op="max")) == ([[-7]], [[7]])


def test_a_sum_whose_factor_follows_its_length_is_bounded_length_by_length():
    row = Row(select="degree", of="edges", table=np.ones(4, dtype=np.int64))
    # 0, 1 and 2 members; the last entry is that of every longer list too
    assert bounds(replace(LIST, row=row)) == ([[0], [-7], [-14], [-35]], [[0], [7], [14], [35]])
    assert bounds(replace(LIST, row=replace(row, of="looped"))) == ([[-35]] * 4, [[35]] * 4)


def test_a_row_of_its_own_is_bounded_by_its_entry():
    own = replace(LIST, kind="self")
    assert bounds(own) == ([[-7]], [[7]])
    assert bounds(replace(own, row=Row(select="entry", table=np.ones(2, dtype=np.int64)))) == ([[-3], [-7]], [[3], [7]])
    assert bounds(replace(own, kind="one", source=None)) == ([[1]], [[1]])


def test_features_are_as_many_as_a_node_may_have_each_at_its_largest():
    """Two features of codes up to 3: the two largest and the two smallest weights of each channel."""
    assert bounds(replace(LIST, source=1, via="features")) == ([[3 * -7, 3 * -9]], [[3 * 7, 3 * 5]])


@pytest.mark.parametrize(("select", "tops"), [("constant", [7]), ("entry", [3, 7]), ("degree", [7, 7, 7])])
def test_products_are_bounded_by_codes_of_either_sign(select, tops):
    found = product_bounds(WEIGHTS, SCOPE.codes[0], Row(select=select, table=np.ones(len(tops), dtype=np.int64)))
    largest = np.abs(WEIGHTS).sum(axis=0)
    assert found.high.tolist() == [(top * largest).tolist() for top in tops]
    assert found.low.tolist() == [(-top * largest).tolist() for top in tops]
    unsigned = product_bounds(WEIGHTS, Bounds(np.array([[0]]), np.array([[2]])),
                              Row(select="constant", table=np.ones(1, dtype=np.int64)))
    assert (unsigned.low.tolist(), unsigned.high.tolist()) == ([[-14, -18]], [[14, 10]])
