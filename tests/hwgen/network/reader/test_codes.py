"""Features as integer codes: those that a network takes, and those that a network is made for."""

import dataclasses

import numpy as np
import pytest
from network_models import gin_network
from networks import random_batch, random_network
from training_graphs import small_data

from hwgen.errors import HwgenError
from hwgen.network.granularity import Granularity
from hwgen.network.input import Input
from hwgen.network.reader import read_graphs
from hwgen.network.reader.codes import batch_for, input_codes, plain_input, sample_for


@pytest.mark.parametrize("value", [0.5, -1.0, 256.0])
def test_features_that_are_no_small_integers_are_real_values(value):
    data = small_data()
    data.x[3, 4] = value
    assert plain_input(read_graphs(data).features, 1.0) is None


@pytest.mark.parametrize(("top", "bits"), [(1, 1), (2, 2), (15, 4), (16, 5), (255, 8)])
def test_bits_hold_the_largest_code(top, bits):
    data = small_data(top=1)
    data.x[5, 5] = top
    given = read_graphs(data)
    found = plain_input(given.features, given.scale)
    assert (found.bits, found.unit, found.is_plain, found.exact) == (bits, 1.0, True, True)
    assert input_codes(found, given, "data").max() == top
    assert bits == 1 or plain_input(given.features, given.scale, bits - 1) is None
    finer = read_graphs(small_data(top=15))
    assert plain_input(finer.features, finer.scale).unit == 1 / 15


def network_of(scale, bits):
    return dataclasses.replace(gin_network(1), input=Input.plain(7, bits, scale))


@pytest.mark.parametrize("scale", [1.0, 1 / 16, 1 / 15, 0.3])
def test_real_values_and_codes_of_any_scale_are_the_networks_codes(scale):
    network = network_of(scale, 4)
    batch = random_batch(3, network, graphs=4)
    codes = batch.features.toarray()
    known = {"edges": batch.edges, "graph": batch.graph, "graphs": batch.graphs}
    for given in ({"features": codes}, {"features": codes, "input_scale": scale}, {"x": codes, "input_scale": scale},
                  {"x": codes * scale}, {"x": (codes * scale).astype(np.float32)},
                  {"x": codes * 2.0, "input_scale": scale / 2}):
        found = batch_for(network, read_graphs({**known, **given}), "here")
        assert (found.features.toarray() == codes).all()
        assert found.features.dtype == np.int64


@pytest.mark.parametrize(("given", "message"), [
    ({"x": np.full((2, 7), 0.4)}, "^feature 0.4 is not one of 0 .. 15 times 0.25\n  at here\n"),
    ({"x": np.full((2, 7), 4.0)}, "^feature 4 is not one of 0 .. 15 times 0.25"),
    ({"x": np.full((2, 7), -0.25)}, "^feature -0.25 is not"),
    ({"features": np.full((2, 7), 16)}, "^feature code 16 is not"),
    ({"features": np.full((2, 7), 1.00001)}, "^feature code 1.00001 is not"),
    ({"x": np.ones((2, 6))}, "^nodes have 6 features, the model takes 7 features"),
])
def test_nothing_is_rounded_in_silence(given, message):
    with pytest.raises(HwgenError, match=message):
        batch_for(network_of(0.25, 4), read_graphs({"edges": np.zeros((2, 0), int), **given}), "here")


def test_what_is_known_must_be_of_the_networks_results():
    network = gin_network(1, classes=3)
    batch = random_batch(3, network, graphs=4)
    known = {"edges": batch.edges, "graph": batch.graph, "graphs": 4, "features": batch.features}
    found = sample_for(network, read_graphs({**known, "labels": [0, 1, -1, 2], "mask": [1, 1, 0, 1]}), "here")
    assert (found.labels.tolist(), found.mask.tolist()) == ([0, 1, -1, 2], [True, True, False, True])
    for wrong, message in (({"labels": batch.graph}, "^labels, masks or logits of nodes, and the model's results are"),
                           ({"logits": np.zeros((4, 7))}, "^logits of 7 classes, the model gives 3")):
        with pytest.raises(HwgenError, match=message):
            sample_for(network, read_graphs({**known, **wrong}), "here")
    with pytest.raises(HwgenError, match=r"^some graphs have test_mask, others have none"):
        sample_for(network, read_graphs([{**known, "mask": np.ones(4, bool)}, known]), "here")
    both = sample_for(network, read_graphs([{**known, "labels": [0, 1, -1, 2]}, known]), "here")
    np.testing.assert_array_equal(both.labels, [0, 1, -1, 2] + [np.nan] * 4)
    mixed = read_graphs([{**known, "labels": np.arange(4)}, {**known, "labels": batch.graph}])
    with pytest.raises(HwgenError, match=r"^labels, masks or logits of nodes and of graphs"):
        sample_for(network, mixed, "here")


def test_a_graph_of_another_size_must_name_its_trained_nodes():
    network = next(each for each in map(random_network, range(99)) if each.trained_nodes and any(
        value.quantizer is not None and value.quantizer.granularity is Granularity.PER_NODE for value in each.values))
    count, features = network.trained_nodes, np.zeros((network.trained_nodes, network.features), int)
    whole = {"edges": np.zeros((2, 0), int), "features": features}
    few = {**whole, "features": features[:5]}
    assert batch_for(network, read_graphs(whole), "here").node.tolist() == list(range(count))
    assert batch_for(network, read_graphs([whole, whole]), "here").node.tolist() == list(range(count)) * 2
    assert batch_for(network, read_graphs({**few, "node": [4, 0, 0, 3, 1]}), "here").node.tolist() == [4, 0, 0, 3, 1]
    for given, message in ((few, f"^a graph of 5 nodes without node; the model has steps for {count} of its own"),
                           ([whole, few], "^a graph of 5 nodes"),
                           ([whole, {**few, "node": np.arange(5)}], "^a graph of 5 nodes"),
                           ({**few, "node": np.full(5, count)}, f"^node {count} was not trained")):
        with pytest.raises(HwgenError, match=message):
            batch_for(network, read_graphs(given), "here")
    any_graph = gin_network(2)
    few["features"] = np.zeros((5, any_graph.features), int)
    assert batch_for(any_graph, read_graphs(few), "here").num_nodes == 5
