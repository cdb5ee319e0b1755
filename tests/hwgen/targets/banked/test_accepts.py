"""A chain of GCN layers is recognized in any network, and what else there is in it is named."""

import dataclasses

import numpy as np
import pytest
from models import random_graph_model
from network_samples import sample_of
from networks import gin_network, node_gcn_network, residual_gcn_network, sage_network

from hwgen.errors import HwgenError
from hwgen.network.activation import RELU, LeakyReLU
from hwgen.network.edges import EdgeCodes
from hwgen.network.execute import run_network
from hwgen.network.granularity import Granularity
from hwgen.network.network import Network, Quantizer, Value
from hwgen.targets.banked.accepts import chain_of
from hwgen.targets.banked.target import TARGET


@pytest.mark.parametrize(("layers", "input_bits", "bias"), [(1, 1, True), (2, 1, False), (2, 4, True), (3, 1, True)])
@pytest.mark.parametrize("seed", range(3))
def test_the_layers_come_back(seed: int, layers: int, input_bits: int, bias: bool) -> None:
    model = random_graph_model(seed, layers=layers, input_bits=input_bits, bias=bias)
    network, sample = model.parts
    assert TARGET.accepts(network, sample) is None
    chain = chain_of(network)
    assert (chain.name, chain.input_bits, chain.input_scale) == (model.name, input_bits, model.input_scale)
    for found, wanted in zip(chain.layers, model.layers, strict=True):
        for field in dataclasses.fields(wanted):
            assert getattr(found, field.name) is getattr(wanted, field.name) or (
                getattr(found, field.name) == getattr(wanted, field.name)), field.name
    computed = run_network(network, sample.batch)
    assert np.allclose(computed[network.values[-1].name].real, sample.logits, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("network", "value"), [
    (gin_network(0), 0), (sage_network(0), 0), (residual_gcn_network(0), 0)])
def test_other_networks_are_refused_by_value(network: Network, value: int) -> None:
    reason = TARGET.accepts(network, dataclasses.replace(sample_of(network, 1), **one_graph(network)))
    assert reason is not None
    assert "is no part of a chain of GCN layers" in reason.what
    assert "--target lists" in reason.fix


def one_graph(network: Network) -> dict[str, object]:
    batch = sample_of(network, 1).batch
    return {"batch": dataclasses.replace(batch, graph=np.zeros_like(batch.graph), graphs=1)}


def changed(network: Network, index: int, **changes: object) -> Network:
    values = list(network.values)
    values[index] = dataclasses.replace(values[index], **changes)
    return dataclasses.replace(network, values=tuple(values))


def of_term(value: Value, **changes: object) -> dict[str, object]:
    return {"terms": (dataclasses.replace(value.terms[0], **changes),)}


def of_quantizer(value: Value, **changes: object) -> dict[str, object]:
    assert value.quantizer is not None
    return {"quantizer": dataclasses.replace(value.quantizer, **changes)}


def test_every_difference_from_a_chain_is_refused() -> None:
    network, _ = random_graph_model(0, layers=3).parts
    message, row, last = network.values[2], network.values[3], network.values[5]
    for index, change in (
            (2, {"bias": np.zeros(message.width)}), (2, {"activation": RELU}), (2, {"factor": "one"}),
            (2, {"of": "edges"}),
            (2, of_term(message, source=network.values[0].name)), (2, of_term(message, gain=np.ones(message.width))),
            (2, of_quantizer(message, bits=np.array([1]))),
            (2, of_quantizer(message, signed=False, bits=np.array([0]))),
            (3, {"activation": LeakyReLU(0.5)}), (3, {"terms": row.terms * 2}), (3, of_term(row, via="edges")),
            (3, of_term(row, op="max")), (3, of_term(row, factor="mean")), (3, of_term(row, of="edges")),
            (3, of_term(row, gain=np.ones(row.width))), (3, of_term(row, source=network.values[0].name)),
            (3, of_quantizer(row, signed=True)),
            (3, {"quantizer": Quantizer(signed=False, granularity=Granularity.PER_CHANNEL,
                                         step=np.arange(1.0, row.width + 1), bits=np.array([4]))}),
            (5, {"activation": RELU}), (5, {"factor": "mean", "of": "edges"}),
            (5, of_term(last, source=network.values[3].name))):
        with pytest.raises(HwgenError, match="is no part of a chain") as caught:
            chain_of(changed(network, index, **change))
        assert network.values[index].name in caught.value.what, change
    with pytest.raises(HwgenError, match=r"convs\.2\.message is no part"):
        chain_of(dataclasses.replace(network, values=network.values[:-1]))


def test_zero_points_of_messages_come_back() -> None:
    network, _ = random_graph_model(0, layers=2).parts
    assert [layer.message_zero for layer in chain_of(network).layers] == [None, None]
    affine = Quantizer(signed=False, granularity=Granularity.PER_TENSOR, step=np.ones(1), bits=np.array([4]),
                       zero_point=7)
    assert [layer.message_zero for layer in chain_of(changed(network, 2, quantizer=affine)).layers] == [None, 7]
    plain = dataclasses.replace(affine, zero_point=0, bits=np.array([1]))
    assert [layer.message_zero for layer in chain_of(changed(network, 0, quantizer=plain)).layers] == [0, None]


@pytest.mark.parametrize("by", ["per_tensor", "per_degree"])
def test_rows_and_messages_of_every_scheme_come_back(by: str) -> None:
    chain = chain_of(node_gcn_network(3, by=by))
    assert chain.layers[0].row is not None
    assert chain.layers[0].row.granularity == by
    assert len(chain.layers[0].message_step) == chain.layers[0].weight.shape[1]
    with pytest.raises(HwgenError, match="is no part of a chain"):
        chain_of(node_gcn_network(3, by="nearest"))


def test_samples_of_several_graphs_are_refused() -> None:
    network, sample = random_graph_model(0).parts
    several = dataclasses.replace(sample, batch=dataclasses.replace(sample.batch, graphs=2))
    reason = TARGET.accepts(network, several)
    assert reason is not None
    assert reason.what == "a sample of 2 graphs and 40 nodes"


def test_edges_that_weigh_are_refused_by_name() -> None:
    weighing = dataclasses.replace(node_gcn_network(1), edges={"normed": EdgeCodes(bits=4, step=0.1)})
    with pytest.raises(HwgenError, match="edges of normed lists weigh"):
        chain_of(weighing)
