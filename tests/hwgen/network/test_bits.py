"""Bit widths of rows, with and without computing the network."""

import numpy as np
import pytest
from models import random_graph_model
from network_samples import sample_of
from networks import gin_network, random_network, sage_network

from hwgen.network import bits
from hwgen.network.execute import run_network
from hwgen.network.network import Network


@pytest.mark.parametrize("network", [gin_network(0, hidden=8), sage_network(1, hidden=8),
                                     *(random_network(seed) for seed in range(6))], ids=lambda network: network.name)
def test_the_entry_that_a_row_takes_says_its_width(network: Network) -> None:
    batch = sample_of(network, 1).batch
    found, computed = bits.bits_of_model(network, batch), run_network(network, batch)
    assert list(found) == [value.name for value in network.values[:-1]]
    for value in network.values[:-1]:
        assert value.quantizer is not None
        assert np.array_equal(found[value.name], value.quantizer.bits[computed[value.name].entry]), value.name


def test_a_chain_is_not_computed_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = random_graph_model(1)
    network, sample = graph.parts
    monkeypatch.setattr(bits, "run_network", lambda *given: pytest.fail("computed"))
    found = bits.bits_of_model(network, sample.batch)
    row = graph.layers[0].row
    assert row is not None
    assert found["convs.0"].tolist() == row.bits[graph.sample.batch.node].tolist()
    assert found["convs.1.message"].tolist() == [4] * 40
