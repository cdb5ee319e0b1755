"""A chain of GCN layers is the same model in either organisation's form."""

import dataclasses

import numpy as np
import pytest
from models import random_graph_data, random_graph_model

from hwgen.errors import HwgenError
from hwgen.network.execute import run_network
from hwgen.targets.banked.chain_to_network import network_of


@pytest.mark.parametrize(("layers", "input_bits", "bias"), [(1, 1, True), (2, 1, False), (2, 4, True), (3, 1, True)])
@pytest.mark.parametrize("seed", range(5))
def test_real_numbers_are_the_chains(seed: int, layers: int, input_bits: int, bias: bool) -> None:
    graph = random_graph_model(seed, layers=layers, input_bits=input_bits, bias=bias)
    network, sample = network_of(graph)
    computed = run_network(network, sample.batch)
    assert [value.name for value in network.values] == [
        name for k in range(layers) for name in (f"convs.{k}.message", f"convs.{k}")]
    assert np.allclose(computed[network.values[-1].name].real, graph.sample.logits, rtol=0, atol=1e-9)
    for k, layer in enumerate(graph.layers[:-1]):
        assert layer.row is not None
        codes = computed[f"convs.{k}"].codes
        assert codes is not None
        assert (codes < 1 << layer.row.bits[:, None]).all()
        assert len(np.unique(computed[f"convs.{k}"].entry)) == graph.trained_nodes
    assert np.array_equal(sample.labels, graph.sample.labels)
    assert np.array_equal(sample.mask, graph.sample.test_mask)
    assert sample.limits.degree == 1 + np.bincount(graph.sample.edges[1]).max()


def test_nodes_keep_their_trained_numbers() -> None:
    graph = random_graph_model(1)
    other = random_graph_data(2, nodes=15, features=24, trained=40)
    network, sample = network_of(dataclasses.replace(graph, sample=other))
    assert np.array_equal(run_network(network, sample.batch)["convs.0"].entry, other.node)


def test_malformed_graphs_are_refused() -> None:
    graph = random_graph_model(0)
    wrong = dataclasses.replace(graph.sample, node=graph.sample.node + 1)
    with pytest.raises(HwgenError, match="was not trained"):
        network_of(dataclasses.replace(graph, sample=wrong))
