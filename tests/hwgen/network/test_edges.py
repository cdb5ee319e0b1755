"""Edges that weigh: values against PyG, codes, and what travels with the edges."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from network_builder import random_batch
from networks import random_network
from torch_geometric.nn.conv.gcn_conv import gcn_norm

from hwgen.errors import HwgenError
from hwgen.network.batch import check_batch, named_by, owner_of
from hwgen.network.edges import EdgeCodes, codes_for, edge_values
from hwgen.network.execute import Lists
from hwgen.network.reader import read_graphs
from hwgen.network.reader.codes import batch_for
from hwgen.network.rules import check_network
from hwgen.network.sample import Limits, Sample, single
from hwgen.network.sample_store import batch_arrays
from hwgen.network.store import network_arrays, network_of
from hwgen.network.subgraph import neighbourhood
from hwgen.targets.lists.batch import union

NETWORK = random_network(1, edge_bits=5, max_width=8, depth=3)


@given(st.integers(0, 10**6))
def test_normed_values_are_those_of_pyg(seed):
    batch = random_batch(seed, NETWORK, graphs=3)
    source, target, values = edge_values("normed", batch.edges, batch.weight, batch.num_nodes)
    index, norm = gcn_norm(torch.from_numpy(batch.edges), torch.from_numpy(batch.weight), batch.num_nodes)
    assert torch.equal(index, torch.from_numpy(np.stack([source, target])))
    np.testing.assert_allclose(values, norm.numpy(), rtol=1e-12, atol=1e-12)


def test_the_last_loop_counts_and_degree_0_gives_0():
    edges = np.array([[0, 0, 1, 2], [0, 0, 0, 2]])
    source, target, values = edge_values("normed", edges, np.array([9.0, 4.0, 5.0, 0.0]), 3)
    assert source.tolist() == [1, 0, 1, 2]
    assert target.tolist() == [0, 0, 1, 2]
    np.testing.assert_allclose(values, [5 / 3, 4 / 9, 1, 0])


def test_a_negative_degree_is_refused():
    with pytest.raises(HwgenError, match=r"into node 1 and of its self loop sum up to -2.*\n  at edge_weight\n.*Graph"):
        edge_values("normed", np.array([[0], [1]]), np.array([-3.0]), 2)


def test_codes_round_half_away_from_zero_and_saturate():
    codes = EdgeCodes(bits=2, step=0.5).codes(np.array([0.25, -0.25, 0.24, 0.75, -1.5, 9, -9, 0]))
    assert codes.tolist() == [1, -1, 0, 2, -3, 3, -3, 0]


def test_whole_multiples_are_exact_and_others_reach_the_top():
    assert codes_for(np.array([0.3, -0.9, 0.0, 0.6]), 2) == EdgeCodes(bits=2, step=0.3)
    assert codes_for(np.array([1.0, 1.5]), 2) == EdgeCodes(bits=2, step=0.5)
    assert codes_for(np.zeros(3), 4) == codes_for(np.zeros(0), 4) == EdgeCodes(bits=4, step=1.0)


def weights_of(batch):
    """What an edge weighs, by its ends: what has to travel with it."""
    return sorted(zip(*batch.edges.tolist(), batch.weight.tolist(), strict=True))


def test_weights_travel_with_their_edges():
    whole = random_batch(5, NETWORK, graphs=5)
    assert weights_of(union(single(whole))) == weights_of(whole)
    again = batch_for(NETWORK, read_graphs(batch_arrays(whole)), "here")
    np.testing.assert_array_equal(again.weight, whole.weight)
    one = max(single(whole), key=lambda each: each.num_nodes)
    sample = Sample(batch=one, labels=None, mask=None, logits=None, limits=Limits.of(one, 8, NETWORK.edges))
    part = neighbourhood(sample, one.num_nodes - 2).batch
    assert part.weight.shape == part.edges.shape[1:]
    assert set(part.weight.tolist()) <= set(one.weight.tolist())
    backwards = {"x": one.features.toarray(), "edge_index": one.edges[:, ::-1], "edge_attr": one.weight[::-1, None],
                 "node": one.node, "input_scale": NETWORK.input.unit}
    backwards["x"] = backwards["x"] * NETWORK.input.unit
    assert weights_of(batch_for(NETWORK, read_graphs([backwards | {"input_scale": None}]), "here")) == weights_of(one)


def test_a_network_with_edges_is_stored_and_checked():
    facts, arrays = network_arrays(NETWORK)
    assert network_of(facts, arrays, "here").edges == NETWORK.edges
    for edges, what in (({}, "edges of no list that"),
                        ({name: replace(each, bits=9) for name, each in NETWORK.edges.items()}, "bits is 9"),
                        ({name: replace(each, step=0.0) for name, each in NETWORK.edges.items()}, "is not positive")):
        with pytest.raises(HwgenError, match=what):
            check_network(replace(NETWORK, edges=edges))


@pytest.mark.parametrize(("fields", "what"), [
    ({}, "the graphs have no edge_weight"), ({"edge_attr": np.ones((2, 3))}, "the graphs have 3 numbers an edge"),
    ({"edge_weight": np.ones(2), "edge_attr": np.zeros((2, 1))}, "which differ"),
    ({"edge_weight": np.array([1, np.nan])}, "an edge weighs nan")])
def test_graphs_without_usable_weights_are_refused(fields, what):
    graph = {"x": np.zeros((3, NETWORK.features)), "edge_index": np.array([[0, 1], [1, 2]]), **fields}
    if NETWORK.trained_nodes:
        graph["node"] = np.zeros(3, np.int64)
    with pytest.raises(HwgenError, match=what):
        batch_for(NETWORK, read_graphs(graph), "here")


def test_limits_know_the_sums_and_the_walks():
    batch = random_batch(3, NETWORK, graphs=4)
    limits = Limits.of(batch, NETWORK.input_bits, NETWORK.edges)
    lists = Lists(batch, NETWORK.edges)
    assert limits.weight == max(int(lists.sizes(name).max()) for name in NETWORK.edges)
    assert 0 < limits.mean_weighed <= limits.weighed
    assert Limits.from_dict(limits.to_dict()) == limits
    assert limits.enlarged(2.0).weight == 2 * limits.weight
    plain = Limits.of(batch, NETWORK.input_bits)
    assert Limits.from_dict(plain.to_dict()) == plain
    assert len(plain.to_array()) == 8


def test_a_batch_whose_weights_do_not_fit_is_refused():
    batch = random_batch(3, NETWORK, graphs=4)
    for weight in (batch.weight[1:], np.full_like(batch.weight, np.inf)):
        with pytest.raises(HwgenError, match="weights of shape"):
            check_batch(NETWORK, replace(batch, weight=weight))


def test_what_has_lists_and_what_they_name():
    assert [(owner_of(name), named_by(name)) for name in ("sources", "incoming", "members")] == [
        ("edges", "nodes"), ("nodes", "edges"), ("graphs", "nodes")]
