"""No value exceeds its reach on any graph within the limits, and a graph of the worst kind attains it."""

import numpy as np
import pytest
from network_builder import random_batch
from networks import random_network

from hwgen.network.execute import run_network
from hwgen.network.granularity import Granularity
from hwgen.network.network import Quantizer, Term, Value, Weight
from hwgen.network.reach import Reach, Reached, held
from hwgen.network.sample import Limits
from hwgen.numeric import MAX_STEPS, MOST_STEPS, SUM_STEPS


def reaches(network, limits):
    """Of every value."""
    reach, found = Reach(longest=limits.longest, input_top=network.input.unit * network.input.top), {}
    for value in network.values:
        found[value.name] = reach.of(value).value
        if value.quantizer is not None:
            reach.tell(value.name, value.quantizer)
    return found


@pytest.mark.parametrize("seed", range(30))
def test_values_stay_within_their_reach(seed: int) -> None:
    network = random_network(seed)
    batch = random_batch(seed, network)
    computed = run_network(network, batch)
    for name, reach in reaches(network, Limits.of(batch, network.input_bits)).items():
        real = np.abs(computed[name].real)  # behind the activation, whose slope is 1 at most, and the factor
        assert (real <= reach * (1 + 1e-9) + 1e-12).all(), name


CODES = Quantizer(signed=False, granularity=Granularity.PER_CHANNEL, step=np.array([2.0, 0.5]), bits=np.array([3]))
SIGNED = Quantizer(signed=True, granularity=Granularity.NEAREST, step=np.array([2.0, 0.5]), bits=np.array([3, 8]),
                   clip_value=np.array([6.0, 63.5]))
MATRIX = Weight(codes=np.array([[3, -1], [-2, -2]]), bits=3, step=np.array([1.0, 0.5]))


@pytest.mark.parametrize(("term", "of", "wanted"), [
    (Term(source="a", via="edges"), CODES, [5 * 14, 5 * 3.5]),
    (Term(source="a", via="edges", op="max"), CODES, [14, 3.5]),
    (Term(source="a", via="edges", factor="mean"), CODES, [14, 3.5]),
    (Term(source="a", via="edges", factor="rsqrt"), CODES, [5**0.5 * 14, 5**0.5 * 3.5]),
    (Term(source="a", gain=np.array([-3.0, 1.0])), CODES, [42, 3.5]),
    (Term(source="a", via="members"), CODES, [9 * 14, 9 * 3.5]),
    (Term(source="a", weight=MATRIX), SIGNED, [5 * 63.5, 1.5 * 63.5]),
    (Term(via="edges", gain=np.array([1.0, 2.0])), CODES, [5, 10]),
    (Term(via="features", weight=MATRIX), CODES, [3 * 7, 1.0 * 7]),
])
def test_the_reach_of_each_kind_of_term(term: Term, of: Quantizer, wanted: list[float]) -> None:
    reach = Reach(longest={"edges": 5, "looped": 5, "members": 9, "features": 1}, input_top=7.0)
    reach.tell("a", of)
    value = Value(name="b", path="b", width=2, terms=(term, term), bias=np.array([-1.0, 0.25]))
    np.testing.assert_allclose(reach.of(value).value, 2 * np.array(wanted) + [1.0, 0.25])
    joined = Value(name="b", path="b", width=2, terms=(term, term), join="max")
    np.testing.assert_allclose(reach.of(joined).value, wanted)


def test_sums_are_those_before_a_mean_divides_them() -> None:
    reach = Reach(longest={"edges": 5, "looped": 7, "members": 9, "features": 1}, input_top=7.0)
    reach.tell("a", CODES)
    for factor, of, last in (("mean", "edges", 1), ("mean", "looped", 5), ("rsqrt", "edges", 5**0.5)):
        term = Term(source="a", via="edges", factor=factor, of=of, gain=np.array([2.0, -1.0]))
        found = reach.of(Value(name="b", path="b", width=2, terms=(term,), bias=np.ones(2)))
        np.testing.assert_allclose(found.sums, [5 * 28, 5 * 3.5])
        np.testing.assert_allclose(found.value, [last * 28 + 1, last * 3.5 + 1])


def reached(*value: float, bias: float = 0.0, sums: float = 0.0) -> Reached:
    moving = np.array(value)
    return Reached(value=moving + bias, moving=moving, sums=np.full(len(value), sums))


EIGHT = Quantizer(signed=False, granularity=Granularity.PER_CHANNEL, step=np.array([1.0, 1.0]), bits=np.array([8]))


def test_a_channel_may_reach_farther_where_all_others_do() -> None:
    assert held(reached(MAX_STEPS, 100.0), EIGHT) is None
    np.testing.assert_allclose(held(reached(2 * MAX_STEPS, 100.0), EIGHT), [2, 100 / MAX_STEPS])
    assert held(reached(2 * MAX_STEPS, 512.0), EIGHT) is None  # twice the codes there are
    assert held(reached(2 * MAX_STEPS, 0.0), EIGHT) is None  # nothing reaches the other channel
    np.testing.assert_allclose(held(reached(2.0 * MOST_STEPS, MOST_STEPS), EIGHT), [2, 1])
    np.testing.assert_allclose(held(reached(8192.0, 1.0, bias=2.0 * MOST_STEPS), EIGHT), [2.03125, 2.0], rtol=1e-3)
    np.testing.assert_allclose(held(reached(1.0, 1.0, sums=4.0 * SUM_STEPS), EIGHT), [4, 4])


def test_by_row_the_middle_entry_counts() -> None:
    steps = np.array([1e-9, 1e-3, 0.5, 4.0, 5.0])
    entries = Quantizer(signed=True, granularity=Granularity.PER_NODE, step=steps, bits=np.array([1, 4, 4, 4, 0]))
    assert held(reached(0.5 * MAX_STEPS, 0.4), entries) is None  # the first and the last store nothing
    found = held(reached(0.6 * MAX_STEPS, 0.4), entries)
    assert found is not None
    assert found.max() == pytest.approx(0.6)
    nothing = Quantizer(signed=True, granularity=Granularity.PER_NODE, step=steps, bits=np.zeros(5, dtype=np.int64))
    assert held(reached(1e9, 1e9), nothing) is None
