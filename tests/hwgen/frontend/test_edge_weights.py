"""Edge weights from a user's module to a checkpoint: what is traced equals the module, and codes follow the weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data
from torch_geometric.nn import GCNConv, GraphConv, SAGEConv, Sequential, global_add_pool

import hwgen
from hwgen.errors import HwgenError
from hwgen.frontend import load
from hwgen.frontend.quantize.execute import execute
from hwgen.frontend.tracing import plan_of
from hwgen.frontend.tracing.compare import compare
from hwgen.network.execute import run_network
from hwgen.network.reader import read_graphs
from hwgen.network.reader.codes import batch_for


class Net(nn.Module):
    """A first layer that may be linear in the features, another kind, and pooling."""

    def __init__(self, near: nn.Module, far: nn.Module) -> None:
        super().__init__()
        self.near, self.far, self.lin = near, far, nn.Linear(8, 3)

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None,
                batch: Tensor | None = None) -> Tensor:
        h = self.near(x, edge_index, edge_weight).relu()
        h = self.far(h, edge_index, edge_weight=edge_weight).relu()
        return self.lin(global_add_pool(h, batch))


class OfData(nn.Module):
    """Reads a column of attributes out of a Data."""

    def __init__(self) -> None:
        super().__init__()
        self.near, self.far = GCNConv(6, 8), GraphConv(8, 3)

    def forward(self, data: Any) -> Tensor:
        weight = data.edge_attr
        h = self.near(data.x, data.edge_index, weight).relu()
        return self.far(h, data.edge_index, weight.view(-1))


NETS: dict[str, Callable[[], nn.Module]] = {
    "gcn, graph conv": lambda: Net(GCNConv(6, 8), GraphConv(8, 8)),
    "mean, plain sums": lambda: Net(GraphConv(6, 8, aggr="mean"), GCNConv(8, 8, normalize=False)),
    "sequential": lambda: Sequential("x, edge_index, edge_weight", [
        (GCNConv(6, 8), "x, edge_index, edge_weight -> x"), nn.ReLU(inplace=True),
        (GCNConv(8, 3), "x, edge_index, edge_weight -> x")]),
}


def graph(seed: int, nodes: int = 9, *, column: bool = False) -> Data:
    """Duplicates, self loops, and negative weights, but no node whose in-edges weigh less than 0 together."""
    rng = np.random.default_rng(seed)
    edges = rng.integers(0, nodes, (2, 3 * nodes))
    edges[:, 1] = edges[:, 0]
    weight = rng.uniform(0.3, 2.0, 3 * nodes)
    proper = np.flatnonzero(edges[0] != edges[1])[::4]
    weight[proper] = rng.uniform(-0.3, 0.0, len(proper))
    values = torch.tensor(weight, dtype=torch.float32)
    return Data(x=torch.tensor(rng.integers(0, 2, (nodes, 6))).float(), edge_index=torch.tensor(edges),
                **({"edge_attr": values[:, None]} if column else {"edge_weight": values}))


GRAPHS = [graph(seed) for seed in range(20)]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(3)


@pytest.mark.parametrize("name", NETS)
def test_what_is_traced_is_the_module(name: str) -> None:
    module = NETS[name]().eval()
    plan = plan_of(module, weighs=True)
    assert plan.weighs
    compare(module, plan, GRAPHS[:4])


def test_attributes_of_a_data() -> None:
    graphs = [graph(seed, column=True) for seed in range(6)]
    model = hwgen.quantize(OfData().eval(), "uniform", data=graphs, bits=8, weight_bits=8)
    assert set(model.edges) == {"weighted", "normed"}
    with pytest.raises(HwgenError, match="the model takes a weight of each edge, and the graphs have none"):
        model(Data(x=graphs[0].x, edge_index=graphs[0].edge_index))


def test_the_network_computes_what_the_module_does(tmp_path: Path) -> None:
    module = NETS["gcn, graph conv"]().eval()
    model = hwgen.quantize(module, "uniform", data=GRAPHS, bits=8, weight_bits=8, edge_bits=6).eval()
    assert {each.bits for each in model.edges.values()} == {6}
    hwgen.save(model, GRAPHS, tmp_path / "m.pt")
    network, sample = load(tmp_path / "m.pt")
    assert network.edges == model.edges
    results = run_network(network, sample.batch)[network.values[-1].name].real
    union = Batch.from_data_list(GRAPHS)
    with torch.no_grad():
        logits = model(union.x, union.edge_index, union.batch, edge_weight=union.edge_weight)
        exact = module(union.x, union.edge_index, union.edge_weight, union.batch)
        assert torch.equal(logits, model(union))
    np.testing.assert_allclose(sample.logits, logits.double().numpy(), atol=1e-5)
    np.testing.assert_allclose(results, logits.double().numpy(), atol=1e-4)
    assert float((logits - exact).abs().max()) < 0.1 * float(exact.abs().max())
    weights = batch_for(network, read_graphs(GRAPHS), "here").weight
    np.testing.assert_array_equal(weights, sample.batch.weight)


def test_weights_change_results_and_gradients_pass() -> None:
    model = hwgen.quantize(NETS["gcn, graph conv"]().eval(), "uniform", data=GRAPHS)
    union = Batch.from_data_list(GRAPHS)
    out = model(union)
    out.sum().backward()
    assert all(each.grad is not None for each in model.tensors)
    union.edge_weight = union.edge_weight.abs() + 1
    assert not torch.equal(out, model(union))


def test_one_graph_of_ones_own_knows_its_weights() -> None:
    module = Sequential("x, edge_index, edge_weight", [(GCNConv(6, 3), "x, edge_index, edge_weight -> x")]).eval()
    own = graph(1)
    model = hwgen.quantize(module, "a2q", data=own)
    model(own)
    other = own.clone()
    other.edge_weight = own.edge_weight + 1
    with pytest.raises(HwgenError, match="called with another graph"):
        model(other)


def test_graphs_without_weights_leave_optional_ones_out() -> None:
    plain = [Data(x=each.x, edge_index=each.edge_index) for each in GRAPHS]
    model = hwgen.quantize(NETS["gcn, graph conv"]().eval(), "uniform", data=plain)
    assert not model.edges
    with pytest.raises(HwgenError, match=r"the graphs have edge_weight, and.*\n  at data.edge_weight"):
        model(GRAPHS[0])


@pytest.mark.parametrize(("near", "what"), [
    (GCNConv(6, 8, improved=True), "improved=True"),
    (GCNConv(6, 8, add_self_loops=False), "GCNConv with edge weights and add_self_loops=False"),
    (GraphConv(6, 8, aggr="max"), "GraphConv with edge weights and aggr=max"),
    (SAGEConv(6, 8), "SAGEConv with")])
def test_layers_that_refuse_weights(near: nn.Module, what: str) -> None:
    with pytest.raises(HwgenError, match=what):
        hwgen.quantize(Net(near, GCNConv(8, 8)).eval(), data=GRAPHS)


def test_several_numbers_an_edge_are_refused() -> None:
    class Attributes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = GCNConv(6, 3)

        def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor | None = None) -> Tensor:
            out: Tensor = self.a(x, edge_index, edge_attr)
            return out

    wide = [each.clone() for each in GRAPHS]
    for each in wide:
        each.edge_attr, each.edge_weight = torch.ones(each.num_edges, 2), None
    with pytest.raises(HwgenError, match="edge_attr of 2 numbers an edge"):
        hwgen.quantize(Attributes().eval(), data=wide)


def test_some_graphs_without_weights_are_refused() -> None:
    some = [GRAPHS[0], Data(x=GRAPHS[1].x, edge_index=GRAPHS[1].edge_index)]
    with pytest.raises(HwgenError, match="some graphs have edge_weight, others have none"):
        hwgen.quantize(NETS["gcn, graph conv"]().eval(), data=some)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gcn, graph conv", "mean, plain sums"])
def test_training_counts_what_edges_weigh(name: str) -> None:
    labelled = [graph(seed) for seed in range(60)]
    for number, each in enumerate(labelled):
        each.y = torch.tensor([number % 3])
    done = hwgen.train(NETS[name], labelled, scheme="uniform", epochs=2)
    assert done.model.edges
    out = execute(done.model.plan, done.model.sample.coded(done.model.edges))
    assert torch.isfinite(out[done.model.plan.values[-1].name]).all()
