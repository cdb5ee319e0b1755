"""A module's forward on prepared graphs computes what the module does, and has its gradients."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch_geometric.nn import APPNP, GCNConv, GINConv, Sequential, global_mean_pool
from torch_geometric.utils import dropout_edge
from user_modules import MODELS, Net, Random, graphs, randomise

from hwgen.errors import HwgenError
from hwgen.frontend.data import graph_batch
from hwgen.frontend.data.graph_batch import GraphBatch, quotient
from hwgen.frontend.training import forward
from hwgen.frontend.training.forward import PreparedForward
from hwgen.network.batch import Batch

X, EDGES, OWNER = graphs()
CODES = Batch(features=csr_array(X.numpy().astype(np.int64)), edges=EDGES.numpy(), graph=OWNER.numpy(), graphs=4,
              node=np.zeros(len(X), np.int64))


def silent(module: nn.Module) -> nn.Module:
    """A copy with drawn parameters and without dropout, in training: batch norms take the batch's statistics."""
    found = randomise(copy.deepcopy(module)).train()
    for layer in found.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
        if isinstance(layer, APPNP):
            layer.dropout = 0.0
    return found


def own(model: nn.Module) -> Tensor:
    """What the module's own forward gives."""
    out: Any = model(X, EDGES, OWNER) if isinstance(model, Net | Random | Sequential) else model(X, EDGES)
    return out


def close(mine: Tensor, theirs: Tensor) -> bool:
    return mine.shape == theirs.shape and bool(
        (mine - theirs).detach().abs().max() <= 1e-4 * max(1.0, float(theirs.detach().abs().max())))


@pytest.mark.parametrize("sparse", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", MODELS)
def test_values_and_gradients_are_the_modules(name: str, sparse: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_batch, "SPARSE_BELOW", 2.0)
    mine = silent(MODELS[name])
    theirs = copy.deepcopy(mine)
    batch = GraphBatch.union(CODES) if sparse else GraphBatch.of(X, EDGES, OWNER)
    assert isinstance(batch.features, Tensor) is not sparse
    out, want = PreparedForward(mine)(batch), own(theirs)
    if name in ("pool add", "pool mean", "pool max"):  # these end with a softmax
        out = out.log_softmax(1)
    assert close(out, want)
    pull = torch.randn(want.shape, generator=torch.Generator().manual_seed(1))
    if name == "in place":  # PyTorch refuses the module's own backward pass, too
        return
    (out * pull).sum().backward()
    (want * pull).sum().backward()
    for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
        assert (a.grad is None) == (b.grad is None)
        assert a.grad is None or close(a.grad, b.grad)
    assert all(close(a, b) for a, b in zip(mine.buffers(), theirs.buffers(), strict=True) if a.is_floating_point())


@pytest.mark.parametrize("seed", range(20))
def test_drawn_modules_on_a_smaller_batch(seed: int) -> None:
    model = randomise(Random(seed))
    out = PreparedForward(model)(quotient(CODES, rounds=8))
    want = own(model)
    if len(want) != 4:  # of nodes, which the smaller batch joins
        out = PreparedForward(model)(GraphBatch.union(CODES))
    assert close(out, want)


def test_a_convolution_without_a_function_here_is_called_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    model = randomise(copy.deepcopy(MODELS["sum of a list"]))
    assert PreparedForward(model).takes_joined_rows
    monkeypatch.setattr(forward, "CONVOLUTIONS", {})
    prepared = PreparedForward(model)
    assert not prepared.takes_joined_rows
    assert close(prepared(GraphBatch.union(CODES)), own(model))


def test_a_layer_that_drops_edges_is_refused() -> None:
    with pytest.raises(HwgenError, match=r"APPNP with dropout=0\.5") as caught:
        PreparedForward(MODELS["appnp after dropout"])
    assert caught.value.where.startswith("model.a ")


def test_arguments_by_name_in_any_order() -> None:
    model = randomise(Net(lambda s, x, e, b: global_mean_pool(batch=b, x=s.a(edge_index=e, x=s.lin(input=x))),
                          lin=nn.Linear(7, 6), a=GCNConv(6, 5)))
    assert close(PreparedForward(model)(GraphBatch.union(CODES)), own(model))


@pytest.mark.parametrize("sparse", [True, False])
def test_dropout_of_the_input_drops_values_that_are_stored(sparse: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_batch, "SPARSE_BELOW", 2.0 if sparse else 0.1)

    class Dropped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lin, self.drop = nn.Linear(50, 1, bias=False), nn.Dropout(0.75)
            nn.init.ones_(self.lin.weight)

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            return self.lin(self.drop(F.dropout(x, 0.5, self.training)))

    features = csr_array(np.ones((2000, 50), np.int64) * (np.arange(50) < 40))
    batch = GraphBatch(features, np.zeros((2, 0), np.int64), np.zeros(2000, np.int64), 1)
    assert isinstance(batch.features, Tensor) is not sparse
    model = Dropped()
    torch.manual_seed(0)
    seen = PreparedForward(model)(batch)
    assert set(torch.unique(seen.detach() % 8).tolist()) == {0.0}  # a value is dropped, or eight times as large
    assert len(torch.unique(seen)) > 5
    assert float(seen.detach().mean()) == pytest.approx(40, rel=0.05)
    model.eval()
    assert set(PreparedForward(model)(batch).flatten().tolist()) == {40.0}


def test_dropout_that_is_called_in_training_only() -> None:
    def body(self: Any, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        x = self.conv(x, edge_index)
        if self.training:
            x = F.dropout(x, 0.999)
        return x

    model = randomise(Net(body, conv=GCNConv(7, 5)))
    batch = GraphBatch.of(X, EDGES, OWNER)
    assert close(PreparedForward(model)(batch), own(model))
    model.train()
    assert (PreparedForward(model)(batch) == 0).float().mean() > 0.9


def test_other_calls_in_training_are_refused() -> None:
    def body(self: Any, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        if self.training:
            edge_index, _ = dropout_edge(edge_index)
        return self.conv(x, edge_index)

    with pytest.raises(HwgenError, match=r"^forward calls .* in training only\n  at model\.forward "
                                         r"\(test_forward\.py:\d+\)\n  train it in a loop of your own"):
        PreparedForward(Net(body, conv=GCNConv(7, 5)))


@pytest.mark.parametrize(("learning", "usual", "place"), [
    (F.relu, lambda x: F.leaky_relu(x, 0.5), "F.relu in training"), (lambda x: x, F.relu, "F.relu in evaluation")])
def test_another_or_a_missing_call_is_refused(learning: Any, usual: Any, place: str) -> None:
    model = Net(lambda s, x, e, b: (learning if s.training else usual)(s.conv(x, e)), conv=GCNConv(7, 5))
    with pytest.raises(HwgenError, match=rf"^forward calls {place} only\n"):
        PreparedForward(model)


def test_a_softmax_at_the_end_is_left_out() -> None:
    for end in (lambda z: F.log_softmax(z, 1), lambda z: z.softmax(dim=1), nn.LogSoftmax(1)):
        module = end if isinstance(end, nn.Module) else nn.Identity()
        model = randomise(Net(lambda s, x, e, b, end=end: (s.end if isinstance(end, nn.Module) else end)(
            global_mean_pool(s.a(x, e), b)), a=GINConv(nn.Linear(7, 5)), end=module))
        logits = PreparedForward(model)(GraphBatch.of(X, EDGES, OWNER))
        assert not torch.allclose(logits, own(model))
        assert torch.allclose(logits.softmax(1), own(model).softmax(1) if own(model).min() < 0 else own(model))
