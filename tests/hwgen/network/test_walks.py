"""Walks of signed codes: what they add up to, and that what has no signs is walked as features always were."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from hwgen.network.walks import NOTHING, walk

BITS = 8


def walked(row, source, columns):
    """What a row's entries compute of numbers of columns."""
    total = 0
    for index, double in row:
        if index == NOTHING and not double:
            total = -total
        else:
            total = total * (1 + double) + (0 if index == NOTHING else int(source[index]))
    return total


@given(st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(-255, 255)), max_size=7), max_size=5),
       st.lists(st.integers(-99, 99), min_size=5, max_size=5))
def test_a_walk_is_the_sum_of_multiples(rows, source):
    entries = [each for row in rows for each in row]
    matrix = csr_array((np.array([code for _, code in entries], dtype=np.int64),
                        np.array([column for column, _ in entries], dtype=np.int64),
                        np.cumsum([0, *map(len, rows)])), shape=(len(rows), 5))
    found = walk(matrix, BITS)
    assert found.count.sum() == len(found.index) == len(found.double)
    end = np.cumsum(found.count)
    for number, row in enumerate(rows):
        own = slice(end[number] - found.count[number], end[number])
        steps = list(zip(found.index[own].tolist(), found.double[own].tolist(), strict=True))
        assert walked(steps, source, 5) == sum(code * source[column] for column, code in row)
        set_bits = sum(abs(code).bit_count() for _, code in row)
        turns = sum(index == NOTHING and not double for index, double in steps)
        assert turns <= BITS + 1
        assert len(steps) <= set_bits + turns + BITS - 1
        if all(code >= 0 for _, code in row):
            assert not turns


def test_signs_wait_for_the_end_of_their_plane():
    matrix = csr_array((np.array([3, -1, -2, 0]), np.array([0, 1, 2, 3]), np.array([0, 4])), shape=(1, 4))
    found = walk(matrix, 2)  # -(c), turned + a; doubled + a, turned + b, turned
    assert found.index.tolist() == [2, NOTHING, 0, 0, NOTHING, 1, NOTHING]
    assert found.double.tolist() == [False, False, False, True, False, False, False]
