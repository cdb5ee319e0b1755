"""Dropout: remembered where a value is read, and applied in training alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch_geometric.nn import GCNConv, GINConv, SAGEConv, global_add_pool
from user_modules import Net, randomise

from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.data.sparse import SparseMatrix
from hwgen.frontend.quantize import QuantizedNetwork, Scheme
from hwgen.frontend.traced import TracedNetwork
from hwgen.frontend.tracing import plan_of
from hwgen.network.batch import Batch

Body = Callable[..., Tensor]


def two_layers(s: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    h = F.relu(s.a(F.dropout(x, 0.3, s.training), e))
    return s.c(s.drop(h), e)


def gcn(share: float = 0.5) -> Net:
    return randomise(Net(two_layers, a=GCNConv(7, 6), c=GCNConv(6, 3), drop=nn.Dropout(share)))


def graph() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(5)
    x = torch.randint(0, 2, (9, 7)).float()
    return x, torch.randint(0, 9, (2, 30)), torch.zeros(9, dtype=torch.long)


def read(network: TracedNetwork) -> dict[str, list[tuple[str | None, float]]]:
    """Sources and dropout of the terms of every value."""
    return {value.name: [(term.source, round(term.dropout, 9)) for term in value.terms] for value in network.values}


def test_it_stands_where_a_value_is_read() -> None:
    assert read(plan_of(gcn())) == {
        "a.message": [(None, 0.3)], "a": [("a.message", 0.0)], "c.message": [("a", 0.5)], "c": [("c.message", 0.0)]}


@pytest.mark.parametrize(("body", "layers", "expected"), [
    # before or behind the activation, and twice
    (lambda s, x, e, b: s.c(F.dropout(s.a(x, e), 0.5, s.training).relu(), e), {}, ("c.message", [("a", 0.5)])),
    (lambda s, x, e, b: s.c(s.drop(s.drop(s.a(x, e).relu())), e), {}, ("c.message", [("a", 0.75)])),
    # a saturation does not commute with it, slopes do
    (lambda s, x, e, b: s.c(F.relu6(F.dropout(s.a(x, e), 0.5, s.training)), e), {}, ("clip", [("a", 0.5)])),
    (lambda s, x, e, b: s.c(s.p(F.dropout(s.a(x, e), 0.5, s.training)), e), {"p": nn.PReLU(6)},
     ("p", [("a", 0.0), ("a", 0.0)])),
    (lambda s, x, e, b: s.c(s.p(F.dropout(s.a(x, e), 0.5, s.training)), e), {"p": nn.PReLU(6)},
     ("c.message", [("p", 0.5)])),
    # one reader of several
    (lambda s, x, e, b: s.c(s.drop(h := s.a(x, e).relu()) + h, e), {}, ("c", [("c.message", 0.0)])),
    (lambda s, x, e, b: s.c(s.drop(h := s.a(x, e).relu()), e) + s.lin(h), {"lin": nn.Linear(6, 3)},
     ("c.message", [("a", 0.5)])),
    (lambda s, x, e, b: s.c(s.drop(h := s.a(x, e).relu()), e) + s.lin(h), {"lin": nn.Linear(6, 3)},
     ("lin", [("a", 0.0)])),
    # sums over lists read it, parts of a concatenation each, and both paths of one convolution
    (lambda s, x, e, b: s.lin(global_add_pool(s.drop(s.a(x, e).relu()), b)), {"lin": nn.Linear(6, 3)},
     ("pool", [("a", 0.5)])),
    (lambda s, x, e, b: s.lin(s.drop(torch.cat([s.a(x, e).relu(), s.b(x, e).relu()], 1))),
     {"b": GCNConv(7, 2), "lin": nn.Linear(8, 3)}, ("lin", [("cat", 0.5)])),
    (lambda s, x, e, b: s.lin(global_add_pool(s.drop(torch.cat([s.a(x, e).relu(), s.b(x, e).relu()], 1)), b)),
     {"b": GCNConv(7, 2), "lin": nn.Linear(8, 3)}, ("pool", [("a", 0.5), ("b", 0.5)])),
    (lambda s, x, e, b: s.sage(s.drop(s.a(x, e).relu()), e), {"sage": SAGEConv(6, 3)},
     ("sage.message", [("a", 0.5)])),
    (lambda s, x, e, b: s.sage(s.drop(s.a(x, e).relu()), e), {"sage": SAGEConv(6, 3)}, ("sage.root", [("a", 0.5)])),
    (lambda s, x, e, b: s.gin(s.drop(s.a(x, e).relu()), e), {"gin": GINConv(nn.Linear(6, 3))},
     ("gin.sum", [("a", 0.5), ("a", 0.5)])),
    # the input features, also where a convolution adds them up first
    (lambda s, x, e, b: s.lin(s.gin(s.drop(x), e).relu()), {"gin": GINConv(nn.Linear(7, 6)), "lin": nn.Linear(6, 3)},
     ("gin.nn.message", [(None, 0.5)])),
    # what is spliced is not read by itself
    (lambda s, x, e, b: s.c((s.drop(s.a(x, e)) + s.b(x)).relu(), e), {"b": nn.Linear(7, 6)},
     ("c.message", [("a", 0.0)])),
])
def test_who_reads_it_drops(body: Body, layers: dict[str, nn.Module], expected: tuple[str, list[Any]]) -> None:
    def net(share: float) -> Net:
        return randomise(Net(body, a=GCNConv(7, 6), c=GCNConv(6, 3), drop=nn.Dropout(share), **layers))

    network, name = plan_of(net(0.5)), expected[0]
    assert read(network)[name] == expected[1], read(network)
    plain = read(plan_of(net(0.0)))
    assert {name: [source for source, _ in terms] for name, terms in read(network).items()} == {
        name: [source for source, _ in terms] for name, terms in plain.items()}


def test_training_is_the_modules_and_evaluation_drops_nothing() -> None:
    module, given = gcn(), graph()
    network = QuantizedNetwork(plan_of(module))
    for training in (True, False):
        module.train(training)
        network.train(training)
        torch.manual_seed(11)
        want = module(*given)
        torch.manual_seed(11)
        assert torch.allclose(network(*given), want, atol=1e-5)
    assert not torch.allclose(network.train()(*given), network.eval()(*given), atol=1e-3)
    still = QuantizedNetwork(without_dropout(plan_of(module)))
    assert torch.equal(still.train()(*given), still.eval()(*given))


def test_quantizers_see_whole_values() -> None:
    """Dropout comes behind them: steps see in training what they see in inference."""
    model, (x, edges, _) = QuantizedNetwork(plan_of(gcn()), Scheme(weight_bits=8), nodes=9), graph()
    batch = GraphBatch.of(x, edges)
    model.calibrate(batch)
    sent, kept = (next(term for term in value.terms) for value in (model.plan.values[0], model.plan.values[2]))
    assert (sent.dropout, kept.dropout) == (0.3, 0.5)
    model.plan = without_dropout_of_input(model.plan)
    assert torch.equal(model.train().trace(batch)["a"], model.eval().trace(batch)["a"])
    assert not torch.equal(model.train().trace(batch)["c"], model.eval().trace(batch)["c"])


def without_dropout(network: TracedNetwork) -> TracedNetwork:
    return replace(network, values=tuple(
        replace(value, terms=tuple(replace(term, dropout=0.0) for term in value.terms)) for value in network.values))


def without_dropout_of_input(network: TracedNetwork) -> TracedNetwork:
    plain = without_dropout(network)
    return type(network)(features=network.features, values=(plain.values[0], *network.values[1:]), head=network.head)


def test_sparse_features_are_dropped_too() -> None:
    _, edges, _ = graph()
    x = torch.zeros(9, 7)
    x[::2, 3] = 1.0
    network = QuantizedNetwork(plan_of(gcn(0.0))).train()
    batch = Batch(features=csr_array(x.numpy().astype("int64")), edges=edges.numpy(), graph=np.zeros(9, dtype=np.int64),
                  graphs=1, node=np.arange(9))
    sparse = GraphBatch.union(batch)
    assert isinstance(sparse.features, SparseMatrix)
    torch.manual_seed(2)
    found = network.trace(sparse)["a.message"]
    torch.manual_seed(2)
    values = F.dropout(torch.ones(int(x.sum())), 0.3)
    dropped = torch.zeros_like(x)
    dropped[x.bool()] = values
    weight = network.plan.values[0].terms[0].weight
    want = dropped @ weight * sparse.looped.length ** -0.5
    assert torch.allclose(found, want, atol=1e-5)
