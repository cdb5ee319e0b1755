"""Degree-Quant's positions: the same function in FP32, quantizers where they are published, and integers that agree."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv, GINConv, GraphConv, LGConv, SAGEConv, SGConv, TAGConv
from training_graphs import small_data
from user_modules import mlp

import hwgen
from hwgen.errors import HwgenError
from hwgen.frontend.by_edge import by_edge
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.quantize import QuantizedNetwork
from hwgen.frontend.quantize.execute import execute
from hwgen.frontend.quantize.protect import exposed
from hwgen.frontend.tracing import plan_of
from hwgen.frontend.training.models import GCN
from hwgen.network.edges import EdgeCodes, codes_for
from hwgen.network.execute import run_network
from hwgen.network.sample import Limits
from hwgen.targets.lists.design import program_for
from hwgen.targets.lists.execute import run

PUBLISHED = "dq-int8-published"


class Net(nn.Module):
    """Two convolutions, and what edges weigh for those that take it."""

    def __init__(self, make: Callable[[int, int], nn.Module], last: Callable[[int, int], nn.Module] | None = None,
                 ) -> None:
        super().__init__()
        self.near, self.far = make(5, 8), (last or make)(8, 3)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.far(self.near(x, edge_index).relu(), edge_index)


class Weighing(Net):
    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor) -> Tensor:
        return self.far(self.near(x, edge_index, edge_weight).relu(), edge_index, edge_weight)


def graph(seed: int = 0) -> Data:
    draw = torch.Generator().manual_seed(seed)
    return Data(x=(torch.rand(20, 5, generator=draw) < 0.5).float(),
                edge_index=torch.randint(0, 18, (2, 70), generator=draw),
                edge_weight=torch.rand(70, generator=draw) + 0.1)


MODULES: dict[str, Callable[[], nn.Module]] = {
    "gcn": lambda: Net(GCNConv), "gcn, sage": lambda: Net(GCNConv, SAGEConv), "sage": lambda: Net(SAGEConv),
    "gin": lambda: Net(lambda a, b: GINConv(mlp(a, 8, b))), "sgc": lambda: Net(lambda a, b: SGConv(a, b, K=2)),
    "weighed gcn": lambda: Weighing(GCNConv), "graph conv": lambda: Weighing(GraphConv),
}


def batch_of(data: Data, plan: object) -> GraphBatch:
    """Edges in codes so fine that they are as good as real numbers."""
    batch = GraphBatch.of(data.x, data.edge_index, None, data.edge_weight)
    if plan.by_row is None:
        return batch
    return batch.coded({plan.by_row: EdgeCodes(bits=40, step=2.0**-40 * 4, by_row=True, given=not plan.plain)})


@pytest.mark.parametrize("name", MODULES)
def test_in_fp32_it_is_the_same_function(name: str) -> None:
    torch.manual_seed(0)
    data, plan = graph(), plan_of(MODULES[name]())
    made = by_edge(plan)
    assert by_edge(made) is made
    assert made.weighs == plan.weighs == (name in ("weighed gcn", "graph conv"))
    batch = batch_of(data, made)
    want, got = (execute(each, batch)[each.values[-1].name] for each in (plan, made))
    torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-6)


def test_gcn_has_the_published_positions() -> None:
    plan = by_edge(plan_of(Net(GCNConv)))
    assert [(value.name, value.domain) for value in plan.values] == [
        ("near.message", "nodes"), ("near.message.edges", "edges"), ("near.aggregate", "nodes"),
        ("near.update", "nodes"), ("near", "nodes"), ("far.message", "nodes"), ("far.message.edges", "edges"),
        ("far.aggregate", "nodes"), ("far", "nodes")]
    assert (plan.by_row, plan.plain) == ("normed", True)
    assert exposed(plan) == {value.name for value in plan.values}
    vias = [term.via for value in plan.values for term in value.terms]
    assert vias == ["features", "sources", "incoming", "self", "self", "self", "sources", "incoming", "self"]


@pytest.mark.parametrize("name", ["gin", "sage"])
def test_messages_that_are_the_source_have_its_quantizer(name: str) -> None:
    plan, made = plan_of(MODULES[name]()), by_edge(plan_of(MODULES[name]()))
    assert made.by_row is None
    assert {value.domain for value in made.values} == {"nodes"}
    new = {value.name for value in made.values} - {value.name for value in plan.values}
    assert {each.split(".")[-1] for each in new} <= {"aggregate", "update"}
    assert any(each.endswith("aggregate") for each in new)


@pytest.mark.parametrize(("module", "what"), [
    (Net(lambda a, b: GCNConv(a, b, add_self_loops=False)), "norms that are not GCN's with self loops"),
    (Net(lambda a, b: TAGConv(a, b, K=1)), "norms that are not GCN's with self loops"),
    (Net(SAGEConv, lambda a, b: LGConv()), "norms that are not GCN's with self loops"),
])
def test_other_norms_are_refused_before_training(module: nn.Module, what: str) -> None:
    data = small_data()
    with pytest.raises(HwgenError, match=what) as error:
        by_edge(plan_of(module))
    assert "without -published" in str(error.value)
    wide = Net(lambda a, b: TAGConv(12 if a == 5 else a, b, K=1))
    with pytest.raises(HwgenError, match=what):
        hwgen.train(wide, data, PUBLISHED, epochs=1)


def test_two_ways_to_weigh_are_refused() -> None:
    class Both(Weighing):
        def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor) -> Tensor:
            return self.far(self.near(x, edge_index, edge_weight).relu(), edge_index)

    with pytest.raises(HwgenError, match="edges weigh by their norms and otherwise"):
        by_edge(plan_of(Both(GraphConv, GCNConv), weighs=True))


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [PUBLISHED, "dq-int4-published"])
@pytest.mark.parametrize("name", MODULES)
def test_integers_are_those_of_pytorch(name: str, scheme: str, tmp_path: Path) -> None:
    """Codes of the network are those of the trained module, value by value; and the program follows."""
    torch.manual_seed(1)
    data, module = graph(), MODULES[name]()
    model = hwgen.quantize(module, scheme, data=data)
    optimizer = torch.optim.Adam(model.parameter_groups())
    for _ in range(4):
        optimizer.zero_grad()
        torch.autograd.backward(model(data).square().mean())
        optimizer.step()
    model.settle()
    hwgen.save(model, data, tmp_path / "m.pt")
    network, sample = hwgen.load(tmp_path / "m.pt")
    assert (sample.batch.weight is None) == (name not in ("weighed gcn", "graph conv"))
    found, traced = run_network(network, sample.batch), model.trace()
    for value in network.values[:-1]:
        codes = torch.round(traced[value.name].detach().double() / value.quantizer.step[0]) + value.quantizer.zero_point
        np.testing.assert_array_equal(codes.numpy(), found[value.name].codes)
    program = program_for(network, Limits.of(sample.batch, network.input_bits, network.edges))
    real = found[network.values[-1].name].real
    assert np.abs(run(program, sample.batch).results * program.scale - real).max() < 0.05 * np.ptp(real)


def test_a_message_is_protected_as_its_source() -> None:
    model = hwgen.quantize(Net(GCNConv), "dq-int4-published", data=graph())
    batch = model._coded(model.sample)
    edges = next(value for value in model.plan.values if value.domain == "edges")
    _, source = batch.lists("sources").matrix.pairs
    protected = torch.arange(batch.nodes) % 3 == 0
    real = torch.randn(len(source), edges.width, generator=torch.Generator().manual_seed(0))
    model.quantizers._protected = protected
    stored = model.quantizers.store(edges, real, batch)
    assert torch.equal((stored == real).all(1), protected[source])
    assert len(stored[~protected[source]].unique()) <= 16


def test_few_norms_may_lie_beyond_the_top_code() -> None:
    values = np.r_[np.full(98, 0.31), 0.17, 5.0]
    assert codes_for(values, 4).step == pytest.approx(5 / 15)
    assert codes_for(values, 4, 0.01).step == pytest.approx(0.31 / 15)
    assert codes_for(values, 4, 0.01).codes(values)[-1] == 15


def test_rows_cost_their_bits_and_sets_are_not_joined() -> None:
    data = small_data()
    model = hwgen.quantize(GCN(12, 6, 3), PUBLISHED, data=data)
    assert isinstance(model, QuantizedNetwork)
    edges = next(value for value in model.plan.values if value.domain == "edges")
    own = int((data.edge_index[0] == data.edge_index[1]).sum())
    assert model.rows_of(edges, model.sample) == data.num_edges - own + data.num_nodes
    assert model.average_bits(messages=True) == 8.0
