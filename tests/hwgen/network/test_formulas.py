"""Formulas of values, of a network's and of a plan's: every part that can be written."""

import numpy as np
import pytest
import torch

from hwgen.frontend.traced import TracedNetwork, TracedTerm, TracedValue
from hwgen.frontend.tracing.describe import facts_of
from hwgen.network.activation import RELU, LeakyReLU
from hwgen.network.formulas import formula, is_identity
from hwgen.network.network import Term, Value, Weight

MATRIX = np.array([[1, 2], [0, 1]])


def in_network(terms, **facts):
    """The formula of a value of the IR."""
    def term(source=None, weight=None, **rest):
        codes = None if weight is None else Weight(codes=weight, bits=3, step=np.ones(2))
        return Term(source=source, weight=codes, **rest)

    value = Value(name="v", path="v", width=2, domain="nodes", terms=tuple(term(**each) for each in terms), **facts)
    return formula(value, lambda weight: weight.codes)


def in_plan(terms, **facts):
    """The formula of a value of a plan."""
    def term(source=None, weight=None, **rest):
        return TracedTerm(source=source, weight=None if weight is None else torch.tensor(weight), **rest)

    value = TracedValue(name="v", path="v", width=2, role="activation",
                        terms=tuple(term(**each) for each in terms), **facts)
    return facts_of(TracedNetwork(features=2, values=(value,)))["values"][0]["formula"]


@pytest.mark.parametrize("made", [in_network, in_plan])
@pytest.mark.parametrize(("terms", "facts", "expected"), [
    ([{"via": "features", "weight": MATRIX}], {"bias": np.ones(2), "activation": RELU}, "relu(x W + b)"),
    ([{"via": "features", "weight": np.eye(2, dtype=np.int64)}], {}, "x"),
    ([{"source": "a", "weight": MATRIX}], {"activation": LeakyReLU(0.25)}, "leaky_relu(a W, 0.25)"),
    ([{"source": "a", "via": "edges"}, {"source": "b", "gain": np.ones(2)}], {}, "Σ[edges] a + g · b"),
    ([{"via": "edges", "gain": np.ones(2)}, {"source": "a", "via": "edges"}], {}, "g · Σ[edges] 1 + Σ[edges] a"),
    ([{"source": "a", "via": "looped", "factor": "rsqrt"}], {"factor": "rsqrt"}, "d^-1/2 · (d^-1/2 · Σ[looped] a)"),
    ([{"source": "a", "via": "members", "factor": "mean"}, {"source": "a", "via": "members", "op": "max", "offset": 2}],
     {"bias": np.ones(4)}, "1/d · Σ[members] a ‖ max[members] a (+ b)"),
    ([{"source": "a"}, {"source": "b"}], {"join": "max", "factor": "mean"}, "1/d · (max(a, b))"),
])
def test_formulas(made, terms, facts, expected):
    assert made(terms, **facts) == expected


def test_an_identity_is_square_and_has_ones_on_its_diagonal():
    assert is_identity(np.eye(3, dtype=np.int64))
    assert not is_identity(np.eye(3)[:2])
    assert not is_identity(2 * np.eye(3))
