"""Quantized modules of one graph, in a user's own loop: the same methods whatever the layers are."""

import copy
import dataclasses
import inspect

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from integers import half_away
from torch import Tensor, nn
from torch_geometric.nn import GCNConv, JumpingKnowledge
from training_graphs import small_data, small_quantized

from hwgen.errors import HwgenError
from hwgen.frontend import GCN, QuantizedNetwork
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.quantize import SCHEMES, Penalty
from hwgen.frontend.quantize.prepare import quantize
from hwgen.frontend.tracing import plan_of
from hwgen.network.rules import check_network
from hwgen.targets.banked.accepts import chain_of
from hwgen.targets.banked.target import TARGET


class Residual(nn.Module):
    """Batch norm, a residual sum, jumping knowledge and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList([GCNConv(12, 6), GCNConv(6, 6)])
        self.norm, self.jump, self.lin = nn.BatchNorm1d(6), JumpingKnowledge("cat"), nn.Linear(12, 3)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = F.relu(self.norm(self.convs[0](x, edge_index)))
        y = x + F.relu(self.convs[1](F.dropout(x, 0.2, self.training), edge_index))
        out: Tensor = self.lin(self.jump([x, y]))
        return out


@pytest.mark.parametrize("layers", [2, 3])
def test_a_chain_is_in_integer_adder_order(layers: int) -> None:
    data = small_data(top=15)
    model = small_quantized(data, layers=layers).eval()
    assert model.quantizers is not None
    nodes = len(data.x)
    adjacency = np.zeros((nodes, nodes))
    for source, target in data.edge_index.t().tolist():
        adjacency[target, source] += source != target
    adjacency += np.eye(nodes)
    norm = adjacency.sum(1, keepdims=True) ** -0.5
    x = data.x.double().numpy() / 15
    for message, row in zip(model.plan.values[::2], model.plan.values[1::2], strict=True):
        matrix = message.terms[0].weight
        step = model.quantizers.weight_steps(message.terms[0]).step.detach().double().numpy()
        weight = np.clip(half_away(matrix.detach().double().numpy() / step), -7, 7) * step
        step = model.quantizers.message(message).step.detach().double().numpy()
        sent = np.clip(half_away(norm * (x @ weight) / step), -7, 7)
        z = norm * (adjacency @ sent) * step + row.bias.detach().numpy()
        if row.role == "activation":
            kept = model.quantizers.row(row)
            top, size = 2 ** kept.whole_bits.numpy() - 1, kept.step.detach().numpy()
            x = np.clip(half_away(np.maximum(z, 0) / size), 0, top) * size
    np.testing.assert_allclose(model().detach().numpy(), z, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layers", [2, 3])
def test_a_chain_is_one_in_hardware_too(layers: int) -> None:
    """What a chain of GCNConv with a2q exports is what the banked target recognizes."""
    network = small_quantized(small_data(), layers=layers).export("chain")
    check_network(network)
    chain = chain_of(network)
    assert [layer.path for layer in chain.layers] == [f"convs.{index}" for index in range(layers)]
    for layer in chain.layers:
        assert (layer.weight_bits, layer.message_bits) == (4, 4)
        assert (layer.row is None) == (layer is chain.layers[-1])


def test_batch_norms_of_a_chain_go_into_its_weights() -> None:
    class Normed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = GCNConv(12, 6), GCNConv(6, 3)
            self.norm, self.last = nn.BatchNorm1d(6), nn.BatchNorm1d(3)
            for norm in (self.norm, self.last):
                norm.running_mean.normal_()
                norm.running_var.uniform_(0.5, 2.0)
                nn.init.normal_(norm.weight)

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            return self.last(self.two(F.relu(self.norm(self.one(x, edge_index))), edge_index))

    torch.manual_seed(0)
    data = small_data()
    module = Normed()
    model = quantize(module, data=data, weight_bits=8, message_bits=8, bits=8).eval()
    network = model.export("chain")
    assert len(chain_of(network).layers) == 2
    assert len(model.tensors) == 4  # two weights, two biases: no gain is left to learn or to multiply by
    want = module.eval()(data.x, data.edge_index)
    assert (model() - want).abs().max() < 0.05 * want.abs().max()


def test_all_methods_have_defaults_for_every_argument() -> None:
    for name in ("penalty", "freeze_bits", "average_bits", "calibrate", "parameter_groups", "settle", "export",
                 "randomise_steps", "forward", "logits", "trace"):
        parameters = list(inspect.signature(getattr(QuantizedNetwork, name)).parameters.values())[1:]
        assert all(each.default is not inspect.Parameter.empty for each in parameters), name


@pytest.mark.parametrize("module", [Residual, lambda: GCN(12, 6, 3, dropout=0.0)], ids=["residual", "gcn"])
def test_a_users_own_loop_learns_weights_steps_and_bits(module: type[nn.Module]) -> None:
    torch.manual_seed(0)
    data = small_data()
    model = quantize(module(), data=data)
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    optimizer = torch.optim.Adam(model.parameter_groups(weights={"lr": 0.05}, bits={"lr": 0.05}))
    losses = []
    for epoch in range(80):
        if epoch == 40:
            model.freeze_bits()
            frozen = model.average_bits()
        loss = F.cross_entropy(model(data.x, data.edge_index)[data.train_mask], data.y[data.train_mask])
        optimizer.zero_grad()
        (loss + model.penalty()).backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * losses[0]
    assert frozen < 1.5
    assert model.average_bits() == frozen
    assert all(not torch.equal(each, before[name]) for name, each in model.named_parameters())
    network = model.export()
    check_network(network)


def test_penalty_in_bits_and_in_kilobytes() -> None:
    def penalty(rule: Penalty) -> float:
        model = quantize(GCN(12, 6, 3), data=small_data(), bits=2, penalty=rule)
        model()
        return float(model.penalty().detach())

    assert penalty(Penalty(weight=100.0, target=0.5)) == pytest.approx(100 * 1.5**2)
    assert penalty(Penalty(size="kilobytes", weight=2.5, target=0.01)) == pytest.approx(
        2.5 * (6 * 40 * 3 / 8192 - 0.01) ** 2)
    assert penalty(Penalty(weight=100.0, target=3.0)) == 0


def test_frozen_bits_cost_nothing_and_stay() -> None:
    model = small_quantized(small_data(), bits=1.4)
    model.freeze_bits()
    assert model.average_bits() == 1.0
    assert not model.penalty().requires_grad


def test_average_counts_rounded_bits_of_all_hidden_layers() -> None:
    model = small_quantized(small_data(), layers=3)
    first, second = model.rows
    first.raw_bits.data.fill_(1.2)
    second.raw_bits.data[:10] = 0.1
    second.raw_bits.data[10:] = 3.9
    assert model.average_bits() == (40 * 1 + 10 * 0 + 30 * 4) / 80
    assert model.training  # asking changes nothing


def test_groups_cover_every_parameter_once() -> None:
    model = small_quantized(small_data(), layers=3)
    rates = {"weights": 1.0, "weight_steps": 2.0, "message_steps": 3.0, "row_steps": 4.0, "bits": 5.0}
    groups = model.parameter_groups(**{name: {"lr": rate} for name, rate in rates.items()})
    grouped = [id(each) for group in groups for each in group["params"]]
    assert sorted(grouped) == sorted(id(each) for each in model.parameters())
    assert [(group["lr"], len(group["params"])) for group in groups] == [(1, 6), (2, 3), (3, 3), (4, 2), (5, 2)]
    assert all(group["params"][0].shape == (40, 1) for group in groups[3:])
    assert all(set(group) == {"params", "lr"} for group in model.parameter_groups())


def test_calibration_starts_near_the_fp32_model() -> None:
    torch.manual_seed(0)
    data, plain = small_data(), GCN(12, 6, 3).eval()
    full = plain(data.x, data.edge_index)
    far = (quantize(plain, data=data, weight_bits=8, message_bits=8, bits=8).eval()() - full).abs().max()
    assert far < 0.05 * full.abs().max()


def test_static_allocation_meets_its_target_and_is_frozen() -> None:
    torch.manual_seed(0)
    model = quantize(Residual(), data=small_data(), target_bits=0.75)
    assert model.average_bits() == 0.75
    assert all(row.frozen for row in model.rows)
    assert not model.penalty().requires_grad
    with pytest.raises(HwgenError, match=r"^target_bits is 0.5 with rows by nearest.*\n  at target_bits\n  use scheme"):
        quantize(Residual(), scheme="nns", data=small_data(), target_bits=0.5)


def test_steps_are_drawn_for_training_from_scratch() -> None:
    torch.manual_seed(0)
    model = quantize(Residual(), data=small_data(nodes=120))
    weights = [each.detach().clone() for each in model.tensors]
    model.randomise_steps()
    assert model.quantizers is not None
    drawn = torch.cat([step.step.detach().flatten() for step in model.quantizers.every_step()])
    assert 1e-3 / 16 <= float(drawn.min()) <= float(drawn.max()) < 0.1
    assert float(model.rows[0].raw_size.detach().std()) > 1e-3
    assert all(torch.equal(now, before) for now, before in zip(model.tensors, weights, strict=True))


def test_dropout_comes_behind_the_quantizers_and_in_training_alone() -> None:
    data = small_data(top=15)
    torch.manual_seed(0)
    model = quantize(GCN(12, 6, 3, dropout=0.5), data=data)
    assert model.quantizers is not None
    stored = {}
    for training in (True, False):
        model.train(training)
        torch.manual_seed(3)
        stored[training] = model.trace()
    again = model.trace()
    assert all(torch.equal(stored[False][name], again[name]) for name in again)
    hidden, row = stored[True]["convs.0"], model.rows[0]
    assert not torch.equal(hidden, stored[False]["convs.0"])  # the features were dropped
    codes = hidden / row.step.detach()
    assert torch.allclose(codes, codes.round(), atol=1e-4)  # what is stored is on the grid: dropout follows
    assert float((codes - row.top).detach().max()) <= 1e-4  # and was not scaled by 1 / (1 - p) before


def test_without_quantizers_dropout_is_the_modules_own() -> None:
    data = small_data()
    torch.manual_seed(0)
    module = GCN(12, 6, 3, dropout=0.5)
    plain = QuantizedNetwork(plan_of(module))
    with torch.no_grad():
        torch.testing.assert_close(plain.eval()(data.x, data.edge_index), module.eval()(data.x, data.edge_index))
        assert not torch.equal(plain.train()(data.x, data.edge_index), plain(data.x, data.edge_index))


def test_sparse_features_are_dropped_too() -> None:
    data = small_data(nodes=40, features=12)
    data.x[:, 1:] = 0  # few enough for a sparse product
    torch.manual_seed(0)
    model = quantize(GCN(12, 6, 3, dropout=0.5), data=data)
    assert model.sample is not None
    assert not isinstance(model.sample.features, Tensor)
    messages = model.train().trace()["convs.0.message"]
    assert not torch.equal(messages, model.eval().trace()["convs.0.message"])
    assert float(messages[data.x[:, 0] == 0].detach().abs().max()) == 0


def test_what_the_users_forward_returns() -> None:
    class Ends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = GCNConv(12, 6, cached=True), GCNConv(6, 3)

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            return F.log_softmax(self.two(self.one(x, edge_index).relu(), edge_index), dim=1)

    torch.manual_seed(0)
    data, model = small_data(top=15), Ends()
    quantized = quantize(model, data=data, weight_bits=8, message_bits=8, bits=8).eval()
    expected = model.eval()(data.x * data.input_scale, data.edge_index)
    given = data.x * data.input_scale
    for out in (quantized(), quantized(data), quantized(given, data.edge_index)):
        torch.testing.assert_close(out.exp().sum(1), torch.ones(40))
        assert (out - expected).abs().max() < 0.1
    torch.testing.assert_close(quantized.logits().log_softmax(1), quantized())


def test_another_graph_is_refused() -> None:
    data, other = small_data(), small_data(seed=1)
    model = small_quantized(data)
    refused = (r"^the model is called with another graph\n  at forward\n  quantize the model with that graph as data: "
               r"it learns a step for each node; its own graph is model\(data\), or x in real values: x \* data\.input")
    coded = small_data(top=15)
    with pytest.raises(HwgenError, match=refused):
        small_quantized(coded)(coded.x, coded.edge_index)  # codes are no real values, whatever the scheme
    for given in ((other.x, other.edge_index), (data.x, other.edge_index), (other,)):
        with pytest.raises(HwgenError, match=refused):
            model(*given)
    model(data.x.clone(), data.edge_index.clone())
    larger = GraphBatch.of(small_data(nodes=41).x, small_data(nodes=41).edge_index)
    with pytest.raises(HwgenError, match=r"^node 40 was not trained \(40 nodes were\)\n  at batch.node\n"):
        model(larger)


def test_any_graph_is_welcome_where_no_node_has_a_step_of_its_own() -> None:
    other = small_data(seed=1, nodes=25, top=15)
    torch.manual_seed(0)
    model = quantize(GCN(12, 6, 3), scheme="mega", data=small_data(top=15)).eval()
    assert torch.equal(model(other), model(other.x * other.input_scale, other.edge_index))
    assert model(other).shape == (25, 3)


def test_a_copy_has_its_own_parameters_and_shares_the_graph() -> None:
    data = small_data()
    model = small_quantized(data)
    model(data.x, data.edge_index)
    copied = copy.deepcopy(model)
    assert torch.equal(copied.eval()(), model.eval()())
    copied.tensors[0].data.zero_()
    assert copied.sample is model.sample
    assert not torch.equal(copied(), model())


def test_the_scheme_of_the_published_system() -> None:
    a2q = SCHEMES["a2q"]
    assert (a2q.parametrization, a2q.least, a2q.gradient, a2q.bits) == ("step", 0, "local", 2)
    assert dataclasses.replace(a2q, bits=4.0).bits == 4.0


def test_one_graph_without_nodes_of_its_own_has_nothing_to_take() -> None:
    model = QuantizedNetwork(small_quantized(small_data()).plan, SCHEMES["nns"])
    for method in (model.average_bits, model.calibrate, model.settle, model.logits):
        with pytest.raises(HwgenError, match=r"^the model has no graph of its own\n  at batch\n  pass graphs"):
            method()
    plain = QuantizedNetwork(model.plan)
    assert float(plain.penalty()) == 0
    for method in (plain.freeze_bits, plain.parameter_groups, plain.export, plain.randomise_steps):
        with pytest.raises(HwgenError, match=r"^the model has no quantizers\n  at model\n  make it with hwgen"):
            method()


def test_accepted_by_the_target(tmp_path: object) -> None:
    from hwgen.frontend import load, save

    data = small_data()
    path = f"{tmp_path}/chain.pt"
    save(small_quantized(data), data, path)
    assert TARGET.accepts(*load(path)) is None
