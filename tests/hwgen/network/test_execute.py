"""The float oracle where random values seldom are: ties, ends of codes, thresholds, lists without members."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from hwgen.network.batch import Batch
from hwgen.network.execute import Lists, choose_entry, store
from hwgen.network.granularity import Granularity
from hwgen.network.network import Quantizer

#: Node 2 has no neighbours and no features; graph 1 has no nodes.
LISTS = Lists(Batch(features=csr_array(np.array([[1, 0], [0, 1], [0, 0]])), graphs=2, graph=np.zeros(3, dtype=np.int64),
                    edges=np.array([[1, 2, 1, 0], [0, 0, 0, 1]]), node=np.array([2, 0, 1])))


def quantizer(granularity, step, bits, *, signed=True, clip_value=None):
    return Quantizer(signed=signed, granularity=granularity, step=np.array(step, dtype=np.float64),
                     bits=np.array(bits), clip_value=None if clip_value is None else np.array(clip_value))


@pytest.mark.parametrize(("signed", "bits", "want"), [
    (True, 3, [0, 1, 1, 2, 3, 3, 3, -1, -2, -3, -3]), (False, 2, [0, 1, 1, 2, 3, 3, 3, 0, 0, 0, 0]),
    (True, 1, [0] * 11), (False, 0, [0] * 11)])
def test_codes_round_half_away_from_zero_and_clip(signed, bits, want):
    """A step of a power of two keeps ties exact."""
    values = np.array([0.0, 0.5, 1.0, 1.5, 2.5, 3.49, 100.0, -0.5, -1.5, -2.5, -100.0])[:, None] / 8
    stored = store(values, quantizer(Granularity.PER_TENSOR, [0.125], [bits], signed=signed), LISTS)
    assert stored.codes.ravel().tolist() == want
    assert (stored.stored == stored.codes / 8).all()


def test_rows_take_the_entry_of_their_node_degree_or_size():
    real = np.array([[3.0, -4.0], [1.0, 2.0], [0.0, 0.25]])
    assert choose_entry(real, quantizer(Granularity.PER_NODE, [1, 2, 3], [4, 4, 4]), LISTS).tolist() == [2, 0, 1]
    assert choose_entry(real, quantizer(Granularity.PER_DEGREE, [1, 2, 3], [4, 4, 4]), LISTS).tolist() == [2, 1, 0]
    nearest = quantizer(Granularity.NEAREST, [1, 1, 1], [4, 4, 4], clip_value=[1.0, 3.0, 5.0])
    # halfway between two clip values, a row takes the lower one
    assert choose_entry(real, nearest, LISTS).tolist() == [1, 0, 0]
    assert choose_entry(np.add(real, [0.0, -0.5]), nearest, LISTS).tolist() == [2, 0, 0]


def test_lists_without_members():
    rows = np.array([[-5.0, 2.0], [-3.0, -1.0], [7.0, -2.0]])
    assert LISTS.largest("edges", rows).tolist() == [[7.0, -1.0], [-5.0, 2.0], [0.0, 0.0]]
    assert LISTS.largest("members", rows).tolist() == [[7.0, 2.0], [0.0, 0.0]]
    assert LISTS.factor("mean", "edges", 3).tolist() == [1 / 3, 1.0, 0.0]
    assert LISTS.factor("rsqrt", "edges", 3).tolist() == [3**-0.5, 1.0, 0.0]
    assert LISTS.factor("one", "edges", 3).tolist() == [1.0] * 3
