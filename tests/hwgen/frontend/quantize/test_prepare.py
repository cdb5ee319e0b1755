"""What quantize() takes, and that a module is compared with what was traced of it first."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import GCN as GCNOfPyG
from torch_geometric.nn import GCNConv
from training_graphs import pooled, several, small_data
from user_modules import Net, graphs, middle, randomise

from hwgen.errors import HwgenError
from hwgen.frontend import GCN, QuantizedNetwork
from hwgen.frontend.data.batching import graphs_of, union_of
from hwgen.frontend.quantize import SCHEMES, Scheme
from hwgen.frontend.quantize.prepare import quantize
from hwgen.frontend.tracing import plan_of
from hwgen.frontend.tracing.compare import compare
from hwgen.network.input import Input
from hwgen.network.sample import Limits, Sample
from hwgen.targets import find_target


class Cached(nn.Module):
    """One convolution that keeps the first graph it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = GCNConv(12, 3, cached=True)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        out: Tensor = self.conv(x, edge_index)
        return out


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("module", [lambda: GCN(7, 6, 3), lambda: randomise(middle(
    lambda s, h, e, b: s.a(h.relu() + s.b(h, e), e), a=GCNConv(6, 3), b=GCNConv(6, 6)))], ids=["chain", "residual"])
def test_every_scheme_and_module_gives_the_one_class(module: Any, scheme: str) -> None:
    x, edges, _ = graphs()
    model = quantize(module(), scheme, data=Data(x=x, edge_index=edges))
    assert type(model) is QuantizedNetwork
    assert model.training
    assert model.scheme == SCHEMES[scheme]
    assert model.sample is not None
    assert model.sample.nodes == len(x)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
def test_both_targets_take_a_chain_of_every_scheme_but_searched_tables_and_rows_by_edge(scheme: str) -> None:
    x, edges, _ = graphs()
    model = quantize(GCN(7, 6, 3), scheme, data=Data(x=x, edge_index=edges)).eval()
    network, batch = model.export(), union_of(graphs_of(Data(x=x, edge_index=edges)), model.input)
    sample = Sample(batch=batch, labels=None, mask=None, logits=None, limits=Limits.of(batch, model.input.bits))
    reasons = {name: find_target(name).accepts(network, sample) for name in ("banked", "lists")}
    assert reasons["lists"] is None
    refused = {"nns": "no part of a chain", "nns-published": "no part of a chain",
               **dict.fromkeys(("dq-int8-published", "dq-int4-published"), "edges of normed lists have rows")}
    reason = reasons["banked"]
    assert (reason is not None) == (scheme in refused)
    assert reason is None or refused[scheme] in reason.what


def test_graphs_come_as_a_list_a_loader_or_a_batch() -> None:
    union = Batch.from_data_list(several())
    outputs = []
    for given in (several(), DataLoader(several(), batch_size=3), union):
        model = quantize(pooled(), scheme="nns", data=given, bits=5, weight_bits=7)
        assert isinstance(model.scheme, Scheme)
        assert (model.scheme.bits, model.scheme.weight_bits) == (5, 7)
        assert len(graphs_of(given)) == 4
        assert len(graphs_of(given, most=2)) == 2
        outputs.append(model.eval()())
    assert torch.equal(outputs[0], outputs[1])
    assert torch.equal(outputs[0], outputs[2])
    batch = union_of(several(), Input.plain(7, 2, 1.0))
    assert batch.graphs == 4
    assert (batch.edges == union.edge_index.numpy()).all()
    assert (batch.features.toarray() == union.x.numpy()).all()


def test_the_users_module_is_left_alone() -> None:
    data = small_data()
    model = GCN(12, 6, 3).train()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    quantize(model, data=data)
    assert model.training
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())


def test_a_cache_of_another_graph_does_not_count() -> None:
    data, other = small_data(), small_data(nodes=25)
    model = Cached().eval()
    model(other.x, other.edge_index)
    assert model.conv._cached_edge_index is not None
    quantize(model, data=data)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"scheme": "dq"}, r"^unknown scheme 'dq'\n  at scheme\n  use one of a2q, nns, nns-published, mega, "),
    ({"weight_bits": 1}, r"^weight_bits is 1\n  at weight_bits\n  use 2 to 8 bits"),
    ({"message_bits": 9}, r"^message_bits is 9\n"),
    ({"bits": 9.0}, r"^bits is 9.0\n"),
    ({"input_bits": 9}, r"^input_bits is 9\n  at input_bits\n  use 1 to 8"),
    ({"target_bits": -1.0}, r"^target_bits is -1.0\n"),
    ({"target_bits": 5.0}, r"^target_bits is 5.0\n  at target_bits\n  use 0 to 4 bits"),
])
def test_options_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(HwgenError, match=message):
        quantize(GCN(12, 6, 3), **{"data": small_data(), **arguments})


def test_data_that_do_not_fit_are_refused() -> None:
    with pytest.raises(HwgenError, match="4 graphs for a scheme with a step for each node"):
        quantize(pooled(), data=several())
    with pytest.raises(HwgenError, match="no graph"):
        quantize(pooled(), scheme="nns", data=[])
    narrow = [Data(x=each.x[:, :4], edge_index=each.edge_index) for each in several()]
    with pytest.raises(HwgenError, match="the model fails on these graphs: RuntimeError"):
        quantize(pooled(), scheme="nns", data=narrow)
    with pytest.raises(HwgenError, match="graph 0 has 7 features of scale 1, graph 1 4 features of"):
        union_of([several()[0], narrow[0]], Input.plain(7, 2, 1.0))


def test_what_is_not_supported_is_said_before_data_are_looked_at() -> None:
    data: Any = None
    with pytest.raises(HwgenError, match=r"^Tanh is not supported\n  at model\.1"):
        quantize(nn.Sequential(nn.Linear(3, 4), nn.Tanh()), data=data)


def test_a_module_that_computes_something_else_is_refused() -> None:
    model = randomise(Net(lambda s, x, e, b: s.a(x, e), a=GCNConv(7, 3)))
    plan = plan_of(model)
    compare(model, plan, several())
    model.a.bias.data += 0.01
    with pytest.raises(HwgenError, match="the module computes something else than its layers"):
        compare(model, plan, several())
    last = plan.values[-1]
    with pytest.raises(HwgenError, match="something else"):
        compare(model, replace(plan, values=(*plan.values[:-1], replace(last, bias=None))), several())
    hooked = GCN(12, 6, 3)
    hooked.convs[0].register_forward_hook(lambda layer, args, out: out * 2)
    with pytest.raises(HwgenError, match="hook"):
        quantize(hooked, data=small_data())


def test_a_module_that_keeps_the_edges_of_one_graph() -> None:
    """PyG's GCN hands cached on, and takes a batch: that is no second graph."""
    model = GCNOfPyG(12, 6, 2, 3, cached=True).eval()
    assert quantize(model, "nns", data=small_data()).plan.one_graph == "model.convs.0"
    graphs = [Data(x=torch.ones(3, 12), edge_index=torch.zeros(2, 1, dtype=torch.long)) for _ in range(2)]
    with pytest.raises(HwgenError, match=r"^a layer with cached=True on 2 graphs\n  at model\.convs\.0\n"):
        quantize(model, "nns", data=graphs)
