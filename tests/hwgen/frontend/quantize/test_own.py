"""A traced network's tensors are copied, and gains of sums go into the weights before them where nothing else reads."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from training_graphs import small_data

from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.quantize.execute import execute
from hwgen.frontend.quantize.own import own
from hwgen.frontend.traced import TracedNetwork, TracedTerm, TracedValue
from hwgen.network.activation import RELU

GAIN = torch.tensor([2.0, -1.0, 0.5])


def network(*, message: dict[str, Any] | None = None, term: dict[str, Any] | None = None,
            again: bool = False) -> TracedNetwork:
    """A message with a weight and a bias, its sum over lists with a gain, and a result."""
    torch.manual_seed(0)
    sent = TracedValue(name="sent", path="sent", width=3, domain="nodes", role="message", bias=torch.randn(3),
                       terms=(TracedTerm(via="features", weight=torch.randn(12, 3)),), factor="rsqrt", of="looped")
    gathered = TracedTerm(source="sent", via="looped", gain=GAIN, factor="rsqrt", of="looped")
    row = TracedValue(name="row", path="row", width=3, domain="nodes", role="activation", bias=torch.randn(3),
                      terms=(replace(gathered, **(term or {})),))
    terms = (TracedTerm(source="sent"), TracedTerm(source="row")) if again else (
        TracedTerm(source="row", weight=torch.randn(3, 2)),)
    last = TracedValue(name="last", path="last", width=3 if again else 2, domain="nodes", role="result", terms=terms)
    return TracedNetwork(features=12, values=(replace(sent, **(message or {})), row, last))


def same(one: TracedNetwork, other: TracedNetwork) -> None:
    data = small_data()
    batch = GraphBatch.of(data.x, data.edge_index)
    a, b = (execute(each, batch)["last"] for each in (one, other))
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


def test_the_gain_of_a_sum_goes_into_weight_and_bias_of_the_message() -> None:
    plain = network()
    owned, tensors = own(plain)
    assert owned.values[1].terms[0].gain is None
    assert torch.equal(owned.values[0].terms[0].weight, plain.values[0].terms[0].weight * GAIN)
    assert torch.equal(owned.values[0].bias, plain.values[0].bias * GAIN)
    assert [tuple(each.shape) for each in tensors] == [(12, 3), (3,), (3,), (3, 2)]
    same(plain, owned)


@pytest.mark.parametrize("changes", [
    {"message": {"activation": RELU}}, {"term": {"op": "max", "factor": "one"}}, {"again": True}],
    ids=["behind an activation", "of a maximum", "read twice"])
def test_where_it_may_not_the_gain_stays(changes: dict[str, Any]) -> None:
    plain = network(**changes)
    owned, _ = own(plain)
    assert torch.equal(owned.values[1].terms[0].gain, GAIN)
    assert torch.equal(owned.values[0].terms[0].weight, plain.values[0].terms[0].weight)
    same(plain, owned)


@pytest.mark.parametrize("times", [1.0, 1.5])
def test_equal_gains_of_a_row_and_its_neighbours_are_one_parameter(times: float) -> None:
    """GIN behind a batch norm, or with an epsilon."""
    plain = network()
    listed = plain.values[1].terms[0]
    row = replace(plain.values[1], terms=(listed, TracedTerm(source="sent", gain=times * GAIN)))
    plain = replace(plain, values=(plain.values[0], row, plain.values[2]))
    owned, tensors = own(plain)
    first, second = owned.values[1].terms
    assert (first.gain is second.gain) == (times == 1.0)
    assert len(tensors) == (5 if times == 1.0 else 6)
    assert torch.equal(second.gain, times * GAIN)
    same(plain, owned)


def test_tensors_are_copies_and_one_tensor_stays_one() -> None:
    plain = network()
    twice = replace(plain, values=(*plain.values[:2], replace(plain.values[2], terms=(
        *plain.values[2].terms, replace(plain.values[2].terms[0], offset=2)), width=4)))
    owned, tensors = own(twice)
    first, second = owned.values[2].terms
    assert first.weight is second.weight
    assert len(tensors) == 4
    tensors[3].data.zero_()
    assert float(twice.values[2].terms[0].weight.abs().sum()) > 0
