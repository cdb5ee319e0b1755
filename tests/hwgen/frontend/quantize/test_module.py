"""A plan with quantizers computes what its exported network says, in float64, for every scheme and model."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch_geometric.nn import GCNConv, GINConv, JumpingKnowledge, SAGEConv, global_add_pool, global_max_pool

from hwgen.errors import HwgenError
from hwgen.frontend.data.graph_batch import GraphBatch, quotient
from hwgen.frontend.quantize import Penalty, QuantizedNetwork, Scheme
from hwgen.frontend.quantize.prepare import quantize_plan
from hwgen.frontend.traced import TracedNetwork, TracedTerm, TracedValue
from hwgen.frontend.tracing import plan_of
from hwgen.network.activation import IDENTITY, RELU, Activation
from hwgen.network.batch import Batch
from hwgen.network.execute import run_network
from hwgen.network.granularity import Granularity
from hwgen.network.input import Input
from hwgen.network.rules import check_network

FEATURES, HIDDEN = 6, 9


def mlp(inputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, HIDDEN), nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN))


class Gin(nn.Module):
    """Of graphs; the second aggregation is signed, since its MLP does not end in a ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = GINConv(mlp(FEATURES), train_eps=True), GINConv(mlp(HIDDEN))
        self.lin = nn.Linear(2 * HIDDEN, 3)

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        x = self.one(x, edge_index)
        y = F.relu(self.two(x, edge_index))
        out: Tensor = self.lin(torch.cat([global_add_pool(x, batch), global_max_pool(y, batch)], 1))
        return out


class Residual(nn.Module):
    """Of nodes, with batch norm, a residual sum and jumping knowledge."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList([GCNConv(FEATURES, HIDDEN), GCNConv(HIDDEN, HIDDEN)])
        self.norm = nn.BatchNorm1d(HIDDEN)
        self.jump = JumpingKnowledge("cat")
        self.lin = nn.Linear(2 * HIDDEN, 4)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = F.relu(self.norm(self.convs[0](x, edge_index)))
        y = x + F.relu(self.convs[1](x, edge_index))
        out: Tensor = self.lin(self.jump([x, y]))
        return out


class Sage(nn.Module):
    """Of nodes; maxima over lists and over layers."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = SAGEConv(FEATURES, HIDDEN, aggr="max"), SAGEConv(HIDDEN, HIDDEN)
        self.jump, self.lin = JumpingKnowledge("max"), nn.Linear(HIDDEN, 4)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = F.leaky_relu(self.one(x, edge_index), 0.25)
        out: Tensor = self.lin(self.jump([x, self.two(x, edge_index)]))
        return out


def graphs(seed: int, *, nodes: int = 40, count: int = 4) -> Batch:
    """Isolated nodes, hubs, self loops and twin edges; the last graph is empty."""
    rng = np.random.default_rng(seed)
    graph = np.sort(rng.integers(0, count - 1, nodes))
    target = rng.integers(0, nodes, 4 * nodes)
    source = np.array([rng.choice(np.flatnonzero(graph == graph[node])) for node in target])
    keep = target % 5 > 0
    features = csr_array(rng.integers(0, 4, (nodes, FEATURES)) * (rng.random((nodes, FEATURES)) < 0.4))
    return Batch(features=features, edges=np.stack([source, target])[:, keep], graph=graph, graphs=count,
                 node=np.arange(nodes))


def trained(module: nn.Module) -> nn.Module:
    """In evaluation mode, with batch norms that do something."""
    torch.manual_seed(3)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm1d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2.0)
    return module.eval()


def made(module: nn.Module, scheme: Scheme, batch: Batch) -> QuantizedNetwork:
    model = QuantizedNetwork(plan_of(trained(module)), scheme, degrees=5, nodes=batch.num_nodes,
                             given=Input.plain(batch.features.shape[1], 2, 0.25))
    model.calibrate(GraphBatch.union(batch, 0.25))
    for table in model.rows:  # bits that differ from entry to entry
        if not table.frozen:
            table.raw_bits.data.copy_(torch.randint(2, 7, table.raw_bits.shape).float() + 0.3)
            table.scale_steps((0.3 * torch.randn(table.raw_size.shape)).exp())
    return model.double().eval()


@pytest.mark.slow
@pytest.mark.parametrize("rows", [each for each in Granularity if each is not Granularity.PER_CHANNEL])
@pytest.mark.parametrize("kind", [Gin, Residual, Sage])
@pytest.mark.parametrize("parametrization", ["log_clip", "log_step", "step"])
def test_model_is_its_network(kind: type[nn.Module], rows: Granularity, parametrization: str) -> None:
    batch = graphs(1)
    model = made(kind(), Scheme(rows=rows, parametrization=parametrization, bits=4, message_bits=5, entries=7), batch)
    network = model.export("m")
    check_network(network)
    with torch.no_grad():
        ours = model.trace(GraphBatch.union(batch, 0.25))
    theirs = run_network(network, batch)
    assert [value.name for value in network.values] == list(ours)
    for name, computed in theirs.items():
        assert np.allclose(ours[name].numpy(), computed.stored, rtol=1e-6, atol=1e-6), name
    assert np.ptp(theirs[network.values[-1].name].stored) > 0.1
    if rows is Granularity.NEAREST:  # more than one entry is used, or the test says little
        assert max(len(np.unique(each.entry)) for each in theirs.values()) > 1


@pytest.mark.parametrize("kind", [Gin, Residual, Sage])
def test_float_run_is_the_module(kind: type[nn.Module]) -> None:
    batch, module = graphs(2), trained(kind())
    x = torch.from_numpy(batch.features.toarray()).float()
    edges, of = torch.from_numpy(batch.edges), torch.from_numpy(batch.graph)
    given = (x, edges, of) if kind is Gin else (x, edges)
    with torch.no_grad():
        want, got = module(*given), QuantizedNetwork(plan_of(module))(*given)
    assert torch.allclose(want, got, atol=1e-4 * float(want.abs().max()))


def test_quotient_computes_the_same_and_counts_every_node() -> None:
    """Leaves of a star merge; values, bits and the looped lists of a GCN stay."""
    star = np.array([[0] * 6 + list(range(1, 7)) + [7, 7], list(range(1, 7)) + [0] * 6 + [7, 7]])
    features = csr_array(np.eye(FEATURES, dtype=np.int64)[[0, 1, 1, 1, 1, 1, 2, 3]])
    batch = Batch(features=features, edges=star, graph=np.array([0] * 7 + [1]), graphs=2, node=np.arange(8))
    small, whole = quotient(batch, 2), GraphBatch.union(batch)
    assert small.nodes == 4
    assert small.count[:, 0].sum() == 8
    assert small.edges.length.max() == 6
    assert sorted(small.looped.length[:, 0].tolist()) == [1, 2, 2, 7]
    for kind in (Gin, Residual):
        model = made(kind(), Scheme(entries=7), batch)
        with torch.no_grad():
            one, other = model.trace(whole), model.trace(small)
        for value in model.plan.values:
            if value.domain == "graphs":
                assert torch.allclose(one[value.name], other[value.name], atol=1e-6)
            else:
                assert torch.allclose(one[value.name].sum(0), (other[value.name] * small.count).sum(0), atol=1e-5)
        for messages in (False, True):
            bits = [model.average_bits([each], messages=messages) for each in (whole, small)]
            assert bits[0] == pytest.approx(bits[1])
            assert 2 < bits[0] < 8


def test_average_bits_counts_rows_once_and_messages_by_channel() -> None:
    batch = graphs(3)
    model = made(Residual(), Scheme(rows=Granularity.PER_DEGREE, message_bits=8), batch)
    names = [value.name for value in model.plan.values[:-1] if value.role == "activation"]
    network = {value.name: value for value in model.export("m").values}
    degree = np.minimum(np.bincount(batch.edges[1], minlength=batch.num_nodes), 5)
    rows = [network[name].quantizer.bits[degree].mean() for name in names]
    assert model.average_bits([GraphBatch.union(batch)]) == pytest.approx(np.mean(rows))
    total = sum(value.width * (8 if value.role == "message" else rows[names.index(value.name)])
                for value in model.plan.values[:-1])
    width = sum(value.width for value in model.plan.values[:-1])
    assert model.average_bits([GraphBatch.union(batch)], messages=True) == pytest.approx(total / width)


def test_penalty_lowers_bits_until_they_are_frozen() -> None:
    batch = graphs(4)
    model = made(Gin(), Scheme(penalty=Penalty(target=2.0, weight=1.0)), batch).float().train()
    union = GraphBatch.union(batch, 0.25)
    optimizer = torch.optim.Adam(model.parameter_groups(
        weights={"lr": 1e-3}, weight_steps={"lr": 1e-3}, message_steps={"lr": 1e-3}, row_steps={"lr": 1e-3},
        bits={"lr": 0.2}))
    before = model.average_bits([union])
    for _ in range(25):
        loss = F.cross_entropy(model(union), torch.tensor([0, 1, 2, 0])) + 10 * model.penalty()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    after = model.average_bits([union])
    assert after < before - 1
    model.freeze_bits()
    assert model.average_bits([union]) == after
    assert float(model.penalty()) == 0.0
    assert all(float(table.raw_bits.min()) >= table.least for table in model.rows)


@pytest.mark.parametrize("problem", ["scheme", "nodes", "width", "nothing", "edge_index", "bits", "nan", "range"])
def test_what_does_not_fit_is_named(problem: str) -> None:
    batch = graphs(5)
    plan = plan_of(Residual())
    x, edges = torch.from_numpy(batch.features.toarray()).float(), torch.from_numpy(batch.edges)
    from torch_geometric.data import Data

    data = Data(x=x, edge_index=edges)
    if problem == "scheme":
        with pytest.raises(HwgenError, match="unknown scheme"):
            quantize_plan(plan, "int4", data)
    elif problem == "nodes":
        with pytest.raises(HwgenError, match="2 graphs"):
            quantize_plan(plan, "a2q", [data, data])
    elif problem == "width":
        with pytest.raises(HwgenError, match="takes 6 features"):
            quantize_plan(plan, "nns", Data(x=x[:, :5], edge_index=edges))
    elif problem == "nothing":
        with pytest.raises(HwgenError, match="no graph"):
            quantize_plan(plan, "nns", [])
    elif problem == "edge_index":
        with pytest.raises(HwgenError, match="edge_index"):
            quantize_plan(plan, "mega", data)(x)
    elif problem == "range":
        with pytest.raises(HwgenError, match="edge_index names node"):
            GraphBatch.of(x, torch.tensor([[0], [40]]))
    elif problem == "bits":
        with pytest.raises(HwgenError, match="message_bits is 9"):
            Scheme(message_bits=9)
        with pytest.raises(HwgenError, match="rows is per_channel"):
            Scheme(rows=Granularity.PER_CHANNEL)
    else:
        model = quantize_plan(plan, "nns", [data, data])
        model.tensors[0].data[0] = float("nan")
        with pytest.raises(HwgenError, match="holds nan"):
            model.export("m")


@pytest.mark.parametrize("kind", [Gin, Residual])
def test_values_that_can_be_negative_are_signed(kind: type[nn.Module]) -> None:
    """And only those: a bit is not wasted on the sign of what a ReLU leaves."""
    batch = graphs(6, nodes=200)
    model = made(kind(), Scheme(), batch)
    for tensor in model.tensors:  # gains of both signs
        if tensor.ndim == 1:
            tensor.data[::2] *= -1.0
    again = QuantizedNetwork(model.plan, Scheme()).double()
    with torch.no_grad():
        found = QuantizedNetwork(model.plan).double().trace(GraphBatch.union(batch, 0.25))
    signed = {value.name: value.quantizer.signed for value in again.export("m").values if value.quantizer is not None}
    assert signed == {name: bool((found[name] < 0).any()) for name in signed}
    assert len(set(signed.values())) == 2


@pytest.mark.parametrize(("gain", "bias", "activation", "signed"), [
    (2.0, 1.0, IDENTITY, False), (-2.0, 1.0, IDENTITY, True), (2.0, -1.0, IDENTITY, True), (-2.0, -1.0, RELU, False)])
def test_signs_follow_gains_and_biases(gain: float, bias: float, activation: Activation, signed: bool) -> None:
    first = TracedValue(name="a", path="a", width=2, role="message", activation=RELU,
                        terms=(TracedTerm(via="features", weight=torch.eye(2)),))
    second = TracedValue(name="b", path="b", width=2, role="activation", activation=activation,
                         bias=torch.full((2,), bias),
                         terms=(TracedTerm(source="a", via="edges", gain=torch.tensor([1.0, gain])),))
    last = TracedValue(name="c", path="c", width=2, role="result", terms=(TracedTerm(source="b", weight=torch.eye(2)),))
    network = QuantizedNetwork(TracedNetwork(features=2, values=(first, second, last)), Scheme()).export("m")
    assert [value.quantizer.signed for value in network.values[:-1] if value.quantizer] == [False, signed]


@pytest.mark.parametrize("kind", [Gin, Residual])
def test_calibration_leaves_no_constant_error(kind: type[nn.Module]) -> None:
    batch = graphs(7, nodes=200, count=12)
    union = GraphBatch.union(batch, 0.25)
    plan = plan_of(trained(kind()))
    model = QuantizedNetwork(plan, Scheme(weight_bits=3, bits=4)).eval()
    model.calibrate(union)
    plain = QuantizedNetwork(plan)
    with torch.no_grad():
        error = plain(union) - model(union)
        for tensor, was in zip(model.tensors, plain.tensors, strict=True):
            tensor.copy_(was)
        before = plain(union) - model(union)
    assert error.median(0).values.abs().max() < 1e-4 * before.abs().max()
    assert error.abs().median() < before.abs().median()


def test_no_row_gets_more_bits_than_the_most() -> None:
    batch = graphs(8)
    model = made(Gin(), Scheme(most=4), batch)  # made() asks for up to 6
    widths = np.concatenate([value.quantizer.bits for value in model.export("m").values
                             if value.quantizer is not None and value.quantizer.granularity is Granularity.NEAREST])
    assert widths.max() == 4
    assert widths.min() < 4


def test_messages_of_hubs_may_be_clipped() -> None:
    batch = graphs(9, nodes=200)
    union = GraphBatch.union(batch, 0.25)
    steps = []
    for clip in (1.0, 0.9):
        model = QuantizedNetwork(plan_of(trained(Gin())), Scheme(clip=clip))
        model.calibrate(union)
        steps.append({value.name: value.quantizer.step for value in model.export("m").values
                      if value.quantizer is not None and value.quantizer.granularity is Granularity.PER_CHANNEL})
    whole, clipped = steps
    assert all(clipped[name].mean() < 0.95 * whole[name].mean() for name in whole)
