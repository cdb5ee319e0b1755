"""Facts of a model are recomputed here the slow way."""

import json

import numpy as np
import pytest
from models import ChainModel, random_graph_model

from hwgen.network.batch import Batch
from hwgen.network.network import Network
from hwgen.report.model_facts import bits_by_degree, degree_labels, in_degrees, model_facts


def network_and_batch(model: ChainModel) -> tuple[Network, Batch]:
    return model.network, model.sample.batch


@pytest.mark.parametrize("seed", range(4))
def test_average_bits_in_both_conventions(seed: int) -> None:
    graph = random_graph_model(seed, layers=2 + seed % 2, hidden=8 * (1 + seed % 2))
    hidden, everything = [], []
    for layer in graph.layers:
        for node in graph.sample.batch.node:
            for _ in range(layer.weight.shape[1]):
                everything.append(layer.message_bits)
                if layer.row is not None:
                    everything.append(layer.row.bits[node])
                    hidden.append(layer.row.bits[node])
    facts = model_facts(*network_and_batch(graph))
    assert facts["average_bits"]["hidden_maps"] == pytest.approx(np.mean(hidden), rel=1e-12)
    assert facts["average_bits"]["all_activations"] == pytest.approx(np.mean(everything), rel=1e-12)
    json.dumps(facts)


def test_training_notes_example() -> None:
    # Cora at 0.9 bit with hidden 16, 7 classes and 4-bit XW codes is 2.73 bits a value: (16*4 + 16*0.9 + 7*4) / 39
    graph = random_graph_model(0, nodes=10, hidden=16, classes=7)
    row = graph.layers[0].row
    assert row is not None
    row.bits[:] = [1] * 9 + [0]
    facts = model_facts(*network_and_batch(graph))
    assert facts["average_bits"]["hidden_maps"] == pytest.approx(0.9)
    assert facts["average_bits"]["all_activations"] == pytest.approx(2.7282, abs=1e-4)


def test_sizes_and_compression() -> None:
    graph = random_graph_model(1, nodes=40, features=24, hidden=8, classes=4)
    weights, biases = 24 * 8 + 8 * 4, 8 + 4
    facts = model_facts(*network_and_batch(graph))
    assert facts["bytes"] == {"fp32": 4 * (weights + biases), "weights": weights / 2,
                              "steps_and_biases": 4 * (2 * (8 + 4) + biases), "node_parameters": 40 * 36 / 8}
    assert facts["compression"]["weights"] == 8.0
    assert facts["compression"]["model"] == pytest.approx(
        facts["bytes"]["fp32"] / (facts["bytes"]["weights"] + facts["bytes"]["steps_and_biases"]))


def test_degrees_count_duplicates_and_one_self_loop() -> None:
    graph = random_graph_model(2)
    want = np.ones(graph.sample.batch.num_nodes, np.int64)
    for source, target in graph.sample.batch.edges.T:
        if source != target:
            want[target] += 1
    assert (in_degrees(graph.sample.batch) == want).all()
    assert want.max() > 8


def test_histogram_puts_every_node_in_its_class() -> None:
    degrees = np.array([1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 1000])
    table = bits_by_degree(degrees, np.array([0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 8]))
    assert degree_labels() == ["1", "2", "3", "4", "5-8", "9-16", "17-32", "33+"]
    assert [row.nonzero()[0].tolist() for row in table] == [[0], [1], [2], [3], [4], [5], [6], [7, 8]]
    assert table.sum(axis=1).tolist() == [1, 1, 1, 1, 2, 2, 2, 2]
