"""A dictionary tells features in other rows: the same sums exactly, in fewer additions, and it can be made again."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from hwgen.network import dictionary as dictionaries
from hwgen.network import pair_search
from hwgen.network.dictionary import NOTHING, Dictionary, planes_of
from hwgen.network.pair_search import search_pairs


def drawn(seed, lists=60, features=24, channels=3, largest=2, density=0.4, times=1):
    """Weights with equal, opposite and empty rows, and lists of features."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(-largest, largest + 1, (features, channels))
    weight[rng.random(features) < 0.2] = 0
    codes = rng.integers(1, times + 1, (lists, features)) * (rng.random((lists, features)) < density)
    return weight, csr_array(codes.astype(np.int64))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10 ** 6), st.integers(0, 50), st.integers(0, 30), st.integers(1, 4), st.integers(1, 8),
       st.integers(2, 5), st.integers(1, 4), st.integers(0, 60))
def test_lists_add_up_to_the_same(seed, lists, features, channels, largest, bits, times, most):
    """On the lists that it was made from, and on others; with all rows or some."""
    weight, codes = drawn(seed, lists, features, channels, min(largest, (1 << bits - 1) - 1), times=times)
    found = search_pairs(weight, codes, bits)
    others = drawn(seed + 1, lists, features, times=times)[1]
    for dictionary in (found.dictionary, found.dictionary.within(most), Dictionary.distinct(weight)):
        assert len(dictionary.rows) == len(np.unique(dictionary.rows, axis=0))
        assert dictionary.rows.any(axis=1).all()
        assert ((dictionary.rows >= -(1 << bits - 1)) & (dictionary.rows < 1 << bits - 1)).all()
        for each in (codes, others):
            told = dictionary.encode(each)
            np.testing.assert_array_equal(told @ dictionary.rows, each @ weight)
            with mock.patch.object(dictionaries, "library", return_value=None):
                without = dictionary.encode(each)  # a compiler
            for part in ("indptr", "indices", "data"):
                np.testing.assert_array_equal(getattr(told, part), getattr(without, part))
            assert (told.data > 0).all() if told.nnz else True
            assert told.sum() <= each.sum()
    assert found.dictionary.encode(codes).sum() == found.reads[-1]
    assert (np.diff(found.reads) <= 0).all()


def test_rows_of_zeros_are_not_added_and_equal_ones_are_one():
    weight = np.array([[3, 0], [0, 0], [1, 2], [3, 0], [1, 2]])
    dictionary = Dictionary.distinct(weight)
    assert dictionary.of.tolist() == [0, NOTHING, 1, 0, 1]
    assert dictionary.rows.tolist() == [[3, 0], [1, 2]]
    told = dictionary.encode(csr_array(np.array([[1, 1, 1, 1, 0], [0, 1, 0, 0, 0]]))).toarray()
    assert told.tolist() == [[2, 1], [0, 0]]


@pytest.mark.parametrize("compiled", [True, False])
def test_frequent_pairs_are_one_row_and_opposite_ones_none(compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(dictionaries, "library", lambda source: None)
    weight = np.array([[1, 2], [2, -1], [-1, -2], [7, 0], [1, 0]])
    often = np.zeros((40, 5), dtype=np.int64)
    often[:20, [0, 1]] = 1
    often[20:30, [0, 2]] = 1
    often[30:, [3, 4]] = 1  # as often, but their sum is no code of four bits
    found = search_pairs(weight, csr_array(often), 4)
    assert found.dictionary.rows.tolist() == [*weight.tolist(), [3, 1]]
    assert found.dictionary.pairs[:, 1:].tolist() == [[0, 1, 5], [0, 2, NOTHING]]
    assert found.reads.tolist() == [80, 60, 40]
    told = found.dictionary.encode(csr_array(np.array([[1, 1, 1, 0, 0], [3, 2, 1, 0, 1]]))).toarray()
    assert told.tolist() == [[0, 0, 1, 0, 0, 1], [0, 0, 0, 0, 1, 2]]  # the first round's pair first


@pytest.mark.parametrize("compiled", [True, False])
def test_what_stands_for_a_pair_waits_for_the_next_round(compiled, monkeypatch):
    """A sum may be a row that is there already, in a pair of the same round."""
    if not compiled:
        monkeypatch.setattr(dictionaries, "library", lambda source: None)
    dictionary = Dictionary.of_pairs(np.array([[1], [2], [3], [4]]), np.array([[0, 0, 1], [0, 2, 3], [1, 2, 3]]))
    assert dictionary.pairs[:, 3].tolist() == [2, 4, 4]
    assert dictionary.encode(csr_array(np.array([[1, 1, 0, 1]]))).toarray().tolist() == [[0, 0, 0, 0, 1]]
    first = Dictionary.of_pairs(np.array([[1], [2], [3], [4]]), np.array([[0, 0, 1], [0, 2, 3]]))
    assert first.encode(csr_array(np.array([[1, 1, 0, 1]]))).toarray().tolist() == [[0, 0, 1, 1, 0]]


def test_what_few_lists_have_is_no_row():
    weight = np.array([[1, 2], [2, -1], [4, 0]])
    few = np.zeros((20, 3), dtype=np.int64)
    few[:2, [0, 1]] = 1
    few[5:8, [1, 2]] = 1
    assert search_pairs(weight, csr_array(few), 4).dictionary.pairs.tolist() == [[0, 1, 2, 3]]


def test_pairs_make_the_same_dictionary_again():
    weight, codes = drawn(3, lists=200, largest=1)
    made = search_pairs(weight, codes, 4).dictionary
    assert len(made.pairs) > 20
    assert len(np.unique(made.pairs[:, 0])) > 2
    for each in (made, made.within(made.base + 5)):
        again = Dictionary.of_pairs(weight, each.saved)
        np.testing.assert_array_equal(again.rows, each.rows)
        np.testing.assert_array_equal(again.pairs, each.pairs)
    assert len(made.within(made.base + 5).rows) == made.base + 5
    assert len(made.within(0).rows) == made.base


@pytest.mark.parametrize("pairs", [
    [[0, 0, 99]], [[0, -1, 1]], [[0, 0, 1], [0, 1, 2]], [[1, 0, 1], [0, 2, 3]], [[0, 1]]])
def test_pairs_that_cannot_be_are_refused(pairs):
    with pytest.raises(ValueError, match="pairs"):
        Dictionary.of_pairs(np.arange(10).reshape(5, 2) + 1, np.array(pairs))


def test_many_lists_are_counted_in_part(monkeypatch):
    """So that a search takes about a second, whatever the graph."""
    weight, codes = drawn(4, lists=500)
    whole = search_pairs(weight, codes, 5).reads[-1]
    monkeypatch.setattr(pair_search, "PRODUCTS", int((np.diff(codes.indptr) ** 2).sum()) // 4)
    pair_search._searched.cache_clear()
    part = search_pairs(weight, codes, 5)
    pair_search._searched.cache_clear()
    np.testing.assert_array_equal(part.dictionary.encode(codes) @ part.dictionary.rows, codes @ weight)
    assert len(part.dictionary.pairs) > 10
    assert part.reads[-1] == part.dictionary.encode(codes).sum() < 1.1 * whole


@given(st.integers(1, 8), st.lists(st.lists(st.integers(0, 255), min_size=3, max_size=3), max_size=6))
def test_planes_are_the_bits_of_codes(bits, rows):
    codes = np.array(rows, dtype=np.int64).reshape(-1, 3) & (1 << bits) - 1
    planes = planes_of(csr_array(codes), bits).toarray().reshape(len(codes), bits, 3)
    assert (planes <= 1).all()
    np.testing.assert_array_equal((planes << np.arange(bits - 1, -1, -1)[:, None]).sum(axis=1), codes)
