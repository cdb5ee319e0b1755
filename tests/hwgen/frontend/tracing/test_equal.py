"""A plan executed in float32 is the user's module: every layer, and random combinations of them."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Batch, Data
from torch_geometric.nn import APPNP, GCNConv, GINConv, LGConv, SAGEConv, Sequential, global_add_pool, global_mean_pool
from user_modules import MODELS, Net, Random, graphs, middle, randomise, steep

from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.quantize import QuantizedNetwork
from hwgen.frontend.quantize.execute import execute
from hwgen.frontend.traced import TracedNetwork
from hwgen.frontend.tracing import plan_of
from hwgen.network.activation import IDENTITY, RELU, LeakyReLU


def check(model: nn.Module, *given: Any, batch: Tensor | None = None, end: bool = False) -> TracedNetwork:
    """Compare a plan with the module on ``given``, its arguments; ``end``: a softmax was left out."""
    plan = plan_of(model)
    data = given[0] if isinstance(given[0], Data) else Data(x=given[0], edge_index=given[1], batch=batch)
    prepared = GraphBatch.of(data.x, data.edge_index, data.batch)
    out = execute(plan, prepared)[plan.values[-1].name]
    with torch.no_grad():
        want = model(*given)
    out = out.log_softmax(1) if end else out
    assert out.shape == want.shape
    assert (out - want).abs().max() <= 1e-4 * max(1.0, float(want.abs().max()))
    assert float(want.std()) > 1e-3  # not a comparison of constants
    return plan


def well_formed(plan: TracedNetwork) -> None:
    """The rules that plan.py and network.py state."""
    values = {value.name: value for value in plan.values}
    assert len(values) == len(plan.values)
    assert [value.role == "result" for value in plan.values] == [False] * (len(values) - 1) + [True]
    seen: set[str] = set()
    for value in plan.values:
        for term in value.terms:
            assert term.source in seen if term.source is not None else term.via == "features"
            if term.via in ("edges", "looped", "members"):
                assert values[term.source].role == "message"
            if term.via == "self" and term.weight is not None:
                assert values[term.source].role == "activation"
                assert (len(value.terms), term.factor) == (1, "one")
            if term.via == "features":
                assert term.weight.shape[0] == plan.features
            assert term.factor == "one" or term.weight is None
            assert (term.via == "members") == (value.domain == "graphs" and
                                               (term.source is None or values[term.source].domain == "nodes"))
            assert term.op == "sum" or term.via in ("edges", "looped", "members")
        assert value.factor == "one" or value.role == "message"
        assert value.bias is None or (value.join == "sum" and value.bias.shape == (value.width,))
        spans = sorted({(term.offset, _width(plan, term)) for term in value.terms})
        assert [at for at, _ in spans] == [sum(width for _, width in spans[:index]) for index in range(len(spans))]
        assert sum(width for _, width in spans) == value.width
        seen.add(value.name)
    read = {term.source for value in plan.values for term in value.terms}
    assert read >= set(values) - {plan.values[-1].name}


def _width(plan: TracedNetwork, term: Any) -> int:
    if term.weight is not None:
        return int(term.weight.shape[1])
    return next(value.width for value in plan.values if value.name == term.source)


@pytest.mark.parametrize("name", MODELS)
def test_plan_equals_module(name: str) -> None:
    model = randomise(MODELS[name])
    x, edges, batch = graphs()
    takes_batch = isinstance(model, Net | Sequential)
    given = (x, edges, batch) if takes_batch else (x, edges)
    softmax = name in ("pool add", "pool mean", "pool max")
    well_formed(check(model, *given, batch=batch, end=softmax))


def test_data_argument() -> None:
    class Takes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.lin = GCNConv(7, 6), nn.Linear(6, 3)

        def forward(self, data: Data) -> Tensor:
            x, edge_index, batch = data.x.float(), data.edge_index, data.batch
            return self.lin(global_add_pool(self.conv(x, edge_index).relu(), batch, size=data.num_graphs))

    x, edges, batch = graphs()
    check(randomise(Takes()), Batch(x=x, edge_index=edges, batch=batch, _num_graphs=4))


def test_a_quantized_network_is_called_as_the_module_was() -> None:
    """With tensors or with a Batch, and with the softmax that its forward ends with."""
    x, edges, batch = graphs()
    for end, head in ((torch.log_softmax, "log_softmax"), (torch.softmax, "softmax")):
        model = randomise(middle(lambda s, h, e, b: s.end(s.a(global_add_pool(h.relu(), b)), 1), a=nn.Linear(6, 3)))
        model.end = end
        quantized = QuantizedNetwork(plan_of(model))
        assert quantized.plan.head == head
        with torch.no_grad():
            want = model(x, edges, batch)
            assert torch.allclose(quantized(x, edges, batch), want, atol=1e-5)
            assert torch.allclose(quantized(Batch(x=x, edge_index=edges, batch=batch)), want, atol=1e-5)
            assert not torch.allclose(quantized.logits(GraphBatch.of(x, edges, batch)), want, atol=1e-2)


def test_one_graph_needs_no_batch() -> None:
    class One(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = SAGEConv(7, 6)

        def forward(self, edge_index: Tensor, x: Tensor) -> Tensor:
            return global_mean_pool(self.conv(x, edge_index), None)

    x, edges, _ = graphs()
    plan = plan_of(randomise(One()))
    out = execute(plan, GraphBatch.of(x, edges))[plan.values[-1].name]
    with torch.no_grad():
        assert torch.allclose(out, randomise(One())(edges, x), atol=1e-5)


def test_a_layer_that_is_called_twice_keeps_one_weight() -> None:
    model = randomise(Net(lambda s, x, e, b: s.a(s.a(s.first(x), e).relu(), e), first=nn.Linear(7, 6),
                          a=GINConv(nn.Linear(6, 6))))
    x, edges, batch = graphs()
    plan = check(model, x, edges, batch, batch=batch)
    found = [term.weight for value in plan.values for term in value.terms if term.weight is not None]
    assert [each is found[1] for each in found] == [False, True, True]


def test_slopes_are_rounded() -> None:
    """To multiples of 1/4096, and the product of two where they follow one another."""
    layers = [nn.LeakyReLU(slope) for slope in (0.01, 0.2, 1)]
    slopes = [plan_of(middle(lambda s, h, e, b: s.a(h), a=layer)).values[-1].activation for layer in layers]
    assert slopes == [LeakyReLU(41 / 4096), LeakyReLU(819 / 4096), IDENTITY]
    twice = plan_of(middle(lambda s, h, e, b: F.leaky_relu(F.leaky_relu(h, 0.5), 0.25)))
    assert twice.values[-1].activation == LeakyReLU(0.125)


def test_slopes_of_any_size() -> None:
    x, edges, batch = graphs()
    well_formed(check(steep(), x, edges, batch, batch=batch))


def test_what_is_stored() -> None:
    """A residual value that is gathered and multiplied is a message with a row beside it; a pool reads parts."""
    def body(s: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
        one = s.one(x, e).relu()
        two = s.two(one, e).relu() + one
        return s.lin(global_add_pool(torch.cat([one, two], 1), b))

    plan = plan_of(Net(body, one=GCNConv(7, 6), two=SAGEConv(6, 6, aggr="max"), lin=nn.Linear(12, 3)))
    found = [(value.name, value.role, [term.source for term in value.terms]) for value in plan.values]
    assert found == [
        ("one.message", "message", [None]), ("one", "message", ["one.message"]),
        ("two.max", "activation", ["one", "one"]),
        ("two", "message", ["two.max"]), ("cat", "message", ["two", "one"]), ("pool", "activation", ["one", "cat"]),
        ("lin", "result", ["pool"])]
    assert [(value.activation, value.factor, value.domain) for value in plan.values][:2] == [
        (IDENTITY, "rsqrt", "nodes"), (RELU, "one", "nodes")]
    both = plan_of(middle(lambda s, h, e, b: s.a(h.relu(), e), a=SAGEConv(6, 6))).values
    assert [value.role for value in both] == ["message", "activation", "message", "message", "result"]
    gin = plan_of(middle(lambda s, h, e, b: global_add_pool((r := h.relu()), b) + global_add_pool(s.a(r), b),
                         a=nn.Linear(6, 6))).values
    assert [(value.name, value.role) for value in gin[1:4]] == [("first", "message"),
                                                                ("first.activation", "activation"),
                                                                ("a", "message")]

    kept = plan_of(middle(lambda s, h, e, b: s.a(h.relu(), e) + h, a=GCNConv(6, 6))).values  # h is summed up once
    assert [(value.name, [term.via for term in value.terms]) for value in kept][1:3] == [
        ("first", ["edges", "features"]), ("relu", ["self"])]


def test_what_propagation_stores() -> None:
    """A value with the factor of its source behind it, where nothing else reads it; else beside it."""
    layer = Net(lambda s, x, e, b: s.a(s.lin(x).relu(), e), lin=nn.Linear(7, 6), a=APPNP(2, 0.1))
    found = [(value.name, value.factor, [term.source for term in value.terms]) for value in plan_of(layer).values]
    assert found == [("lin", "one", [None]), ("a.message", "rsqrt", ["lin"]), ("a.hop1", "rsqrt", ["a.message", "lin"]),
                     ("a", "one", ["a.hop1", "lin"])]
    sparse = plan_of(Net(lambda s, x, e, b: s.lin(s.a(x, e)), lin=nn.Linear(7, 6), a=LGConv())).values
    assert [(value.width, value.factor) for value in sparse] == [(6, "rsqrt"), (6, "one")]  # x W before the list


@pytest.mark.parametrize("seed", range(60))
def test_random_models(seed: int) -> None:
    model = randomise(Random(seed), seed)
    x, edges, batch = graphs(seed)
    well_formed(check(model, x, edges, batch, batch=batch))
