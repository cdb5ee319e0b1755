"""Users' modules taken over: batch norms folded, dropout and paths kept, outputs equal, and proved so by running."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.nn import GCNConv
from training_graphs import small_data

from hwgen.errors import HwgenError
from hwgen.frontend import Graph, load, save
from hwgen.frontend.modules import as_gcn, compare
from hwgen.frontend.quantizing import quantize
from hwgen.targets.banked.execute import run
from hwgen.targets.banked.network_to_program import lower


class Normed(nn.Module):
    """Three convolutions of different widths with batch norms, one without a bias, one norm without parameters."""

    def __init__(self, last: str = "log_softmax") -> None:
        super().__init__()
        self.first, self.second, self.third = GCNConv(12, 7), GCNConv(7, 5, bias=False), GCNConv(5, 3, cached=True)
        self.norms = nn.ModuleList([nn.BatchNorm1d(7), nn.BatchNorm1d(5, affine=False), nn.BatchNorm1d(3)])
        self.last = last
        for conv in (self.first, self.third):
            nn.init.normal_(conv.bias, 0, 0.3)
        for norm in self.norms:
            norm.running_mean.normal_(0, 0.5)
            norm.running_var.uniform_(0.3, 2)
            if norm.affine:
                nn.init.normal_(norm.weight)
                nn.init.normal_(norm.bias)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = F.dropout(x, 0.1, training=self.training)
        x = F.relu(self.norms[0](self.first(x, edge_index)))
        x = F.dropout(F.dropout(x, 0.5, training=self.training), 0.2, training=self.training)
        x = F.relu(self.norms[1](self.second(x, edge_index)))
        x = self.norms[2](self.third(x, edge_index))
        return x if not self.last else getattr(x, self.last)(dim=1)


@pytest.fixture
def model() -> Normed:
    torch.manual_seed(0)
    return Normed()


@pytest.mark.parametrize("last", ["", "log_softmax", "softmax"])
def test_folded_layers_equal_the_users_module(last: str) -> None:
    torch.manual_seed(0)
    data, model = small_data(top=15), Normed(last).eval()
    gcn = as_gcn(model)
    assert gcn.training
    logits = gcn.eval()(Graph.of(data))
    expected = model(data.x * data.input_scale, data.edge_index)
    mine = logits if not last else getattr(logits, last)(dim=1)
    torch.testing.assert_close(mine, expected, rtol=1e-5, atol=1e-5)
    compare(model, gcn, Graph.of(data))


def test_paths_dropouts_and_widths_are_the_users(model: Normed) -> None:
    gcn = as_gcn(model)
    assert gcn.paths == ("first", "second", "third")
    assert gcn.dropouts == pytest.approx((0.1, 0.6, 0.0))
    assert gcn.head == "log_softmax"
    assert [layer.width for layer in gcn.layers] == [7, 5, 3]


def test_the_users_module_is_left_alone(model: Normed) -> None:
    model.train()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    quantize(model, data=small_data())
    assert model.training
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    assert model.third._cached_edge_index is None


def test_a_cache_of_another_graph_does_not_count(model: Normed) -> None:
    data, other = small_data(), small_data(nodes=25)
    model.eval()(other.x, other.edge_index)
    assert model.third._cached_edge_index is not None
    quantize(model, data=data)


def test_quantized_forward_returns_what_the_users_returns(model: Normed) -> None:
    data = small_data(top=15)
    quantized = quantize(model, data=data, weight_bits=8, message_bits=8, bits=8).eval()
    expected = model.eval()(data.x * data.input_scale, data.edge_index)
    for out in (quantized(), quantized(data.x, data.edge_index), quantized(data)):
        torch.testing.assert_close(out.exp().sum(1), torch.ones(40))
        assert (out - expected).abs().max() < 0.1
    torch.testing.assert_close(quantized.logits().log_softmax(1), quantized())
    with pytest.raises(HwgenError, match=r"^the model is called with another graph"):
        quantized(small_data(seed=1))


def test_without_training_it_saves_a_checkpoint_that_works(model: Normed, tmp_path: Path) -> None:
    data = small_data(top=15)
    save(quantize(model, data=data, weight_bits=8, message_bits=8, bits=8), data, tmp_path / "model.pt")
    network, sample = load(tmp_path / "model.pt")
    assert [value.path for value in network.values[::2]] == ["first", "second", "third"]
    assert [value.width for value in network.values[::2]] == [7, 5, 3]
    predicted = np.argmax(run(lower(network, sample.batch)).logits, axis=1)
    full = model.eval()(data.x * data.input_scale, data.edge_index).argmax(1).numpy()
    assert (predicted == full).mean() >= 0.95


def test_a_module_that_computes_something_else_is_refused(model: Normed) -> None:
    model.second.register_forward_hook(lambda layer, args, out: out * 2)
    with pytest.raises(HwgenError, match=r"^the module computes something else than its layers\n  at model \(Normed"):
        quantize(model, data=small_data())


def test_a_model_that_fails_on_the_graph_is_refused(model: Normed) -> None:
    model.norms[1] = nn.BatchNorm1d(6)
    with pytest.raises(HwgenError, match=r"^the model fails on this graph: RuntimeError"):
        quantize(model, data=small_data())


def test_legality_comes_before_the_graph(model: Normed) -> None:
    broken: Any = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    with pytest.raises(HwgenError, match=r"^Tanh is not supported\n  at model\.1"):
        quantize(broken, data=None)
