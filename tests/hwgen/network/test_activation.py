"""Activations, against what PyTorch computes and against plain Python integers."""

import itertools
import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from hwgen.errors import HwgenError
from hwgen.network.activation import ACTIVATIONS, IDENTITY, RELU, Activation, LeakyReLU, activation_of
from hwgen.numeric import IntRange
from hwgen.targets.lists.arithmetic import activate, slope_word

EVERY = (IDENTITY, RELU, LeakyReLU(0.25), LeakyReLU(1 / 4096), LeakyReLU(410 / 4096))
VALUES = np.array([-3.0, -1.0, -0.1, 0.0, 0.1, 1.0, 5.5])
CODES = np.arange(-9001, 9001, 7, dtype=np.int64)


def by_torch(activation: Activation, values: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(values)
    slope = getattr(activation, "negative_slope", None)
    return (F.leaky_relu(x, slope) if slope is not None else F.relu(x) if activation == RELU else x).numpy()


def test_every_activation_is_examined() -> None:
    assert {type(each) for each in EVERY} == set(ACTIVATIONS.values())


@pytest.mark.parametrize("activation", EVERY, ids=str)
def test_real_numbers_are_pytorchs(activation: Activation) -> None:
    assert np.array_equal(activation.real(VALUES), by_torch(activation, VALUES))


@pytest.mark.parametrize("activation", EVERY, ids=str)
def test_integers_are_real_numbers_floored_and_what_hardware_makes_of_its_slope_word(activation: Activation) -> None:
    found = activation.integer(CODES)
    assert found.dtype == np.int64
    assert np.array_equal(found, np.floor(by_torch(activation, CODES.astype(np.float64))).astype(np.int64))
    assert np.array_equal(found, activate(CODES, slope_word(activation, "here")))


@pytest.mark.parametrize("activation", EVERY, ids=str)
def test_a_range_holds_what_comes_out_and_no_more(activation: Activation) -> None:
    for low, high in itertools.combinations_with_replacement((-4097, -5, -1, 0, 1, 70), 2):
        values = activation.integer(np.arange(low, high + 1))
        assert activation.range(IntRange(low, high)) == IntRange(int(values.min()), int(values.max()))
    assert activation.keeps_sign == bool((activation.real(VALUES) < 0).any())


@pytest.mark.parametrize(("first", "second"), list(itertools.product(EVERY, EVERY)), ids=str)
def test_two_of_them_are_one(first: Activation, second: Activation) -> None:
    both = first.then(second)
    assert both is not None
    assert np.allclose(both.real(VALUES), second.real(first.real(VALUES)), rtol=0, atol=3.0 / 4096)


@pytest.mark.parametrize("activation", EVERY, ids=str)
def test_facts_are_json_and_give_the_activation_back(activation: Activation) -> None:
    assert activation_of(json.loads(json.dumps(activation.facts()))) == activation


@pytest.mark.parametrize("slope", [-0.5, 0.0, 1.0, 0.0001, float("nan")])
def test_slopes_that_are_none_are_refused(slope: float) -> None:
    with pytest.raises(HwgenError, match="negative_slope is"):
        LeakyReLU(slope)


def test_any_slope_is_rounded_to_one() -> None:
    assert [LeakyReLU.near(slope) for slope in (0, 0.0001, 0.1, 0.9999, 1)] == [
        RELU, RELU, LeakyReLU(410 / 4096), IDENTITY, IDENTITY]


def test_hardware_refuses_an_activation_that_it_has_not() -> None:
    class Square(Activation):
        kind = "square"

        def real(self, values):
            return values * values

        def integer(self, values):
            return values * values

    with pytest.raises(HwgenError, match=r"has no activation square\(x\)") as error:
        slope_word(Square(), "conv1")
    assert error.value.where == "conv1"
    with pytest.raises(ValueError, match="activation 'square'"):
        activation_of(Square().facts())
