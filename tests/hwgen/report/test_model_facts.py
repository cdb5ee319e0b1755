"""Facts of a model are recomputed here the slow way."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from models import ChainModel, random_graph_model
from network_samples import sample_of
from networks import gin_network, random_network, residual_gcn_network, sage_network

from hwgen.network.bits import bits_of_model
from hwgen.network.formulas import is_identity
from hwgen.network.granularity import Granularity
from hwgen.network.network import Network, Quantizer
from hwgen.report.model_facts import ModelFacts, bits_by_degree, degree_labels, model_facts
from hwgen.report.model_tables import headline, model_tables
from hwgen.report.names import quantizer_name, roles

NETWORKS = [gin_network(0, hidden=8), sage_network(1, hidden=8), residual_gcn_network(2, hidden=8, knowledge="cat"),
            *(random_network(seed) for seed in (1, 3, 5)), random_network(1, edge_bits=5, max_width=8, depth=3)]


def facts_of_chain(graph: ChainModel) -> ModelFacts:
    network, sample = graph.parts
    return model_facts(network, sample.batch, bits_of_model(network, sample.batch))


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_average_bits(network: Network) -> None:
    sample = sample_of(network, 1)
    bits = bits_of_model(network, sample.batch)
    facts = model_facts(network, sample.batch, bits)
    rows, hidden, codes = [], [], []
    for value in network.values[:-1]:
        read_by_weights = any(term.source == value.name and term.weight is not None
                              for other in network.values for term in other.terms)
        for width in bits[value.name].tolist():
            if value.quantizer.granularity.by_row or read_by_weights:
                rows.append(width)
                hidden += [width] * value.width
            codes += [width] * value.width
    assert facts.average_bits["rows"] == pytest.approx(np.mean(rows) if rows else 0, rel=1e-12)
    assert facts.average_bits["hidden_maps"] == pytest.approx(np.mean(hidden) if hidden else 0, rel=1e-12)
    assert facts.average_bits["all_activations"] == pytest.approx(np.mean(codes), rel=1e-12)
    assert list(roles(network).values()).count("activation") == len({value.name for value in facts.values
                                                             if value.role == "activation"})
    for name, table in facts.bits_by_degree.items():
        assert np.sum(table) == sample.batch.num_nodes
        assert np.sum(table, axis=0).tolist() == np.bincount(bits[name], minlength=9).tolist()
    json.dumps(asdict(facts), allow_nan=False)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_bit_operations(network: Network) -> None:
    """Row by row, code by code: widths of both sides of a product, and of what is added."""
    batch = sample_of(network, 1).batch
    bits, features = bits_of_model(network, batch), batch.features.toarray()
    total, width = 0, {value.name: value.width for value in network.values}
    for value in network.values:
        for term in value.terms:
            if term.weight is not None and not is_identity(term.weight.codes):
                for row in range(batch.num_nodes if value.domain == "nodes" else batch.graphs):
                    own = ([network.input_bits] * int((features[row] != 0).sum()) if term.source is None else
                           [int(bits[term.source][row])] * width[term.source])
                    total += sum(own) * term.weight.codes.shape[1] * term.weight.bits
            elif term.source is not None and term.via != "self":
                matrix = batch.lists(term.via, network.edges)
                times = network.edges[term.via].bits if term.via in network.edges else 1
                total += times * sum(int(bits[term.source][source]) * width[term.source]
                                     for source in matrix.indices.tolist())
    assert model_facts(network, batch, bits).bit_operations == total


@pytest.mark.parametrize("seed", range(4))
def test_average_bits_of_a_chain(seed: int) -> None:
    graph = random_graph_model(seed, layers=2 + seed % 2, hidden=8 * (1 + seed % 2))
    hidden, everything = [], []
    for layer in graph.layers:
        for node in graph.sample.batch.node:
            for _ in range(layer.weight.shape[1]):
                everything.append(layer.message_bits)
                if layer.row is not None:
                    everything.append(layer.row.bits[node])
                    hidden.append(layer.row.bits[node])
    facts = facts_of_chain(graph)
    assert facts.average_bits["hidden_maps"] == pytest.approx(np.mean(hidden), rel=1e-12)
    assert facts.average_bits["rows"] == pytest.approx(np.mean(hidden), rel=1e-12)
    assert facts.average_bits["all_activations"] == pytest.approx(np.mean(everything), rel=1e-12)
    json.dumps(asdict(facts), allow_nan=False)


def test_training_notes_example() -> None:
    # Cora at 0.9 bit with hidden 16, 7 classes and 4-bit XW codes is 2.73 bits a value: (16*4 + 16*0.9 + 7*4) / 39
    graph = random_graph_model(0, nodes=10, hidden=16, classes=7)
    row = graph.layers[0].row
    assert row is not None
    row.bits[:] = [1] * 9 + [0]
    facts = facts_of_chain(graph)
    assert facts.average_bits["hidden_maps"] == pytest.approx(0.9)
    assert facts.average_bits["all_activations"] == pytest.approx(2.7282, abs=1e-4)


def test_nothing_stored_is_a_ratio_of_zero() -> None:
    graph = random_graph_model(0, layers=1)
    facts = facts_of_chain(graph)
    assert (facts.average_bits["hidden_maps"], facts.compression["hidden_maps"]) == (0, 0)
    assert facts.bits_by_degree == {}


def test_sizes_and_compression_of_a_chain() -> None:
    graph = random_graph_model(1, nodes=40, features=24, hidden=8, classes=4)
    weights, biases = 24 * 8 + 8 * 4, 8 + 4
    facts = facts_of_chain(graph)
    assert facts.bytes == {"fp32": 4 * (weights + biases), "weights": weights / 2,
                           "steps_and_biases": 4 * (2 * (8 + 4) + biases), "node_parameters": 40 * 36 / 8}
    assert facts.compression["weights"] == 8.0
    assert facts.compression["model"] == pytest.approx(
        facts.bytes["fp32"] / (facts.bytes["weights"] + facts.bytes["steps_and_biases"]))
    neighbours = 40 + sum(source != target for source, target in graph.sample.batch.edges.T)
    assert facts.operations["convs.0.message"] == {
        "op_mac": graph.sample.batch.features.nnz * 8, "op_add": 0, "param_weight_INT4": 24 * 8}
    assert facts.operations["convs.0"] == {"op_mac": 0, "op_add": 8 * neighbours}
    assert facts.operations["convs.1.message"]["op_mac"] == 40 * 8 * 4


def test_sizes_and_operations_of_gin() -> None:
    network = gin_network(0, features=6, hidden=8, layers=1, classes=3)
    batch = sample_of(network, 1).batch
    facts = model_facts(network, batch, bits_of_model(network, batch))
    weights, biases = 6 * 8 + 8 * 8 + 8 * 8 + 8 * 3, 8 + 8 + 8 + 3
    assert facts.bytes["fp32"] == 4 * (weights + biases + 6)  # 1 + ε of six channels
    assert facts.bytes["weights"] == weights / 2  # of 4 bits; the input's identity is no weight
    assert facts.compression["weights"] == 8
    tables = sum(value.quantizer.step.size for value in network.values
                 if value.quantizer is not None and value.quantizer.granularity is Granularity.NEAREST)
    assert facts.bytes["node_parameters"] == tables * (32 + 32 + 4) / 8
    assert facts.operations["v0"] == {"op_mac": 0, "op_add": 0}
    assert facts.operations["v1"] == {"op_mac": 0, "op_add": 6 * batch.edges.shape[1]}
    assert facts.operations["v2"] == {"op_mac": batch.num_nodes * 48, "op_add": 0, "param_weight_INT4": 48}
    assert facts.operations["v4"]["op_add"] == 8 * batch.num_nodes


def test_histograms_count_duplicates_and_one_self_loop() -> None:
    graph = random_graph_model(2)
    degrees = np.ones(graph.sample.batch.num_nodes, np.int64)
    for source, target in graph.sample.batch.edges.T:
        if source != target:
            degrees[target] += 1
    assert degrees.max() > 8
    row = graph.layers[0].row
    assert row is not None
    assert facts_of_chain(graph).bits_by_degree["convs.0"] == bits_by_degree(degrees, row.bits[graph.sample.batch.node])


def test_histogram_puts_every_node_in_its_class() -> None:
    degrees = np.array([1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 1000])
    table = np.array(bits_by_degree(degrees, np.array([0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 8])))
    assert degree_labels() == ("1", "2", "3", "4", "5-8", "9-16", "17-32", "33+")
    assert [row.nonzero()[0].tolist() for row in table] == [[0], [1], [2], [3], [4], [5], [6], [7, 8]]
    assert table.sum(axis=1).tolist() == [1, 1, 1, 1, 2, 2, 2, 2]


def test_tables_show_every_value_and_layer() -> None:
    graph = replace(random_graph_model(3, layers=3), name="small")
    facts = facts_of_chain(graph)
    assert headline(facts).startswith("4 results for each of the nodes; sample of 1 graph, 40 nodes, ")
    assert headline(replace(facts, classes=1, head="sigmoid")).startswith(
        "1 result for each of the nodes, sigmoid left to the host; sample")
    values, layers, *degrees, average, size = model_tables(facts)
    kinds = [(row[0], row[4], row[6], row[7]) for row in values.rows]
    assert kinds[0] == ("convs.0.message", "message", "per channel", "4")
    assert kinds[1] == ("convs.0", "activation", "per node, 40", "0-8")
    assert kinds[-1] == ("convs.2", "result", "-", "16")
    assert [row[2] for row in layers.rows] == ["24 x 8", "8 x 8", "8 x 4"]
    assert [table.title.split(":")[0] for table in degrees] == ["convs.0", "convs.1"]
    assert degrees[0].rows[-1][-2:] == ("40", f"{facts.values[1].row_bits.mean:.3f}")
    assert average.rows[0][1] == f"{facts.average_bits['rows']:.3f}"
    assert size.rows[1][1] == f"{facts.bytes['weights'] + facts.bytes['steps_and_biases']:,.0f}"


def test_a_zero_point_is_named() -> None:
    affine = Quantizer(signed=False, granularity=Granularity.PER_TENSOR, step=np.ones(1), bits=np.array([4]),
                       zero_point=7)
    assert quantizer_name(affine) == "per tensor, zero point 7"
    assert quantizer_name(replace(affine, zero_point=0)) == "per tensor"
