"""Which models are legal, and the one error of each that is not."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import (
    GCN,
    BatchNorm,
    GATConv,
    GCNConv,
    GINConv,
    GraphConv,
    JumpingKnowledge,
    MessagePassing,
    SAGEConv,
    Sequential,
    global_mean_pool,
)
from torch_geometric.utils import add_self_loops

from hwgen.errors import HwgenError
from hwgen.frontend.legal import check

Middle = Callable[["Net", Tensor, Tensor], Any]


class Net(nn.Module):
    """Two convolutions, ``middle`` between them and ``end`` after them; ``extra`` are more layers."""

    def __init__(self, middle: Middle | None = None, end: Middle | None = None, *, first: nn.Module | None = None,
                 **extra: nn.Module) -> None:
        super().__init__()
        self.convs = nn.ModuleList([GCNConv(12, 6) if first is None else first, GCNConv(6, 3)])
        self.middle, self.end = middle, end
        for name, layer in extra.items():
            self.add_module(name, layer)

    def forward(self, x: Tensor, edge_index: Tensor) -> Any:
        x = self.convs[0](x, edge_index)
        x = x.relu() if self.middle is None else self.middle(self, x, edge_index)
        x = self.convs[1](x, edge_index)
        return x if self.end is None else self.end(self, x, edge_index)


class Forward(nn.Module):
    """Layers of ``parts`` in a forward of one's own."""

    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        for name, layer in ({"a": GCNConv(12, 6), "b": GCNConv(6, 3)} | parts).items():
            self.add_module(name, layer)


class TakesWeights(Forward):
    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor) -> Tensor:
        return self.b(self.a(x, edge_index, edge_weight).relu(), edge_index)


class MakesWeights(Forward):
    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.b(self.a(x, edge_index, edge_weight=edge_index[0].float()).relu(), edge_index)


class Branches(Forward):
    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = self.a(x, edge_index)
        if x.max() > 1:
            x = x.relu()
        return self.b(x, edge_index)


class CountsUp(Forward):
    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        for _ in range(int(edge_index.max())):
            x = self.a(x, edge_index)
        return x


class Skips(Forward):
    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        h = self.a(x, edge_index).relu()
        h.mul_(2)
        return self.b(h, edge_index)


class UsesTwice(Forward):
    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        h = self.a(x, edge_index)
        F.relu(h)
        return self.b(h, edge_index)


class SecondWasted(Forward):
    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        h = self.a(x, edge_index).relu()
        self.b(h, edge_index)
        return h


class ReadsBatch(Forward):
    def forward(self, data: Data) -> Tensor:
        return self.b(self.a(data.x, data.edge_index).relu(), data.batch)


class ThreeArguments(Forward):
    def forward(self, x: Tensor, edge_index: Tensor, more: Tensor) -> Tensor:
        return x


class MyConv(MessagePassing):
    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return x


class MyGCNConv(GCNConv):
    """May compute anything."""


def kinds(model: nn.Module) -> list[str]:
    return [step.kind for step in check(model)]


LONG = ["convolution", "batch norm", "relu", "dropout", "convolution", "log_softmax"]


@pytest.mark.parametrize(("model", "expected"), [
    (Net(), ["convolution", "relu", "convolution"]),
    (Net(lambda s, x, e: F.dropout(F.relu(s.bn(x)), 0.3, training=s.training), lambda s, x, e: F.log_softmax(x, dim=1),
         bn=nn.BatchNorm1d(6)), LONG),
    (Net(lambda s, x, e: s.drop(s.act(s.bn(x))), lambda s, x, e: s.last(x), bn=BatchNorm(6), drop=nn.Dropout(),
         act=nn.ReLU(inplace=True), last=nn.LogSoftmax(dim=-1)), LONG),
    (Net(lambda s, x, e: s.same(torch.relu(x)), lambda s, x, e: x.softmax(1), same=nn.Identity()),
     ["convolution", "relu", "identity", "convolution", "softmax"]),
    (Net(lambda s, x, e: torch.relu_(F.relu(x, inplace=True)).contiguous(), lambda s, x, e: torch.softmax(x, -1)),
     ["convolution", "relu", "relu", "identity", "convolution", "softmax"]),
    (Net(first=GCNConv(12, 6, cached=True, bias=False, aggr="sum")), ["convolution", "relu", "convolution"]),
    (GCN(12, 6, 2, 3, dropout=0.5), ["convolution", "identity", "relu", "dropout", "convolution"]),
    (Sequential("x, edge_index", [(GCNConv(12, 6), "x, edge_index -> x"), nn.ReLU(),
                                  (GCNConv(6, 3), "x, edge_index -> x")]), ["convolution", "relu", "convolution"]),
])
def test_what_is_legal(model: nn.Module, expected: list[str]) -> None:
    was = model.training
    assert kinds(model) == expected
    assert model.training is was


def test_steps_have_the_users_paths_and_rates() -> None:
    class Block(nn.Module):
        def __init__(self, a: int, b: int) -> None:
            super().__init__()
            self.conv, self.drop = GCNConv(a, b), nn.Dropout(0.25)

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            return self.drop(F.relu(self.conv(x, edge_index)))

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks, self.last = nn.ModuleList([Block(12, 8), Block(8, 6)]), GCNConv(6, 3)

        def forward(self, edge_index: Tensor, x: Tensor, batch: Tensor | None = None) -> Tensor:
            for block in self.blocks:
                x = block(x=x, edge_index=edge_index)
            return self.last(edge_index=edge_index, x=x)

    steps = check(Outer())
    assert [step.path for step in steps if step.kind == "convolution"] == ["blocks.0.conv", "blocks.1.conv", "last"]
    assert [step.rate for step in steps if step.kind == "dropout"] == [0.25, 0.25]
    assert {step.path for step in steps if step.kind == "relu"} == {"blocks.0", "blocks.1"}


def test_a_data_argument_is_legal() -> None:
    class Takes(Forward):
        def forward(self, batch: Data) -> Tensor:
            return self.b(self.a(batch.x, batch.edge_index).relu(), batch.edge_index)

    assert kinds(Takes()) == ["convolution", "relu", "convolution"]


MIDDLE, END = r"model\.forward \(test_legal\.py:\d+\)", r"model\.forward \(test_legal\.py:\d+\)"


def layer(path: str) -> str:
    return rf"model\.{re.escape(path)} \(test_legal\.py:\d+\)"


REFUSED: list[tuple[str, nn.Module, str, str, str]] = [
    ("gat", Net(first=GATConv(12, 6)), "GATConv is not supported", layer("convs.0"), "use GCNConv"),
    ("gin", Net(first=GINConv(nn.Linear(12, 6))), "GINConv is not supported", layer("convs.0"), "use GCNConv"),
    ("sage", Net(first=SAGEConv(12, 6)), "SAGEConv is not supported", layer("convs.0"), "use GCNConv"),
    ("graph", Net(first=GraphConv(12, 6)), "GraphConv is not supported", layer("convs.0"), "use GCNConv"),
    ("own", Net(first=MyConv()), "MyConv is not supported", layer("convs.0"), "use GCNConv"),
    ("subclass", Net(first=MyGCNConv(12, 6)), "MyGCNConv is not supported", layer("convs.0"), "use GCNConv itself"),
    ("normalize", Net(first=GCNConv(12, 6, normalize=False)), "GCNConv with add_self_loops=False", layer("convs.0"),
     "leave add_self_loops at its default, True"),
    ("loops", Net(first=GCNConv(12, 6, add_self_loops=False)), "GCNConv with add_self_loops=False", layer("convs.0"),
     "leave add_self_loops at its default, True"),
    ("improved", Net(first=GCNConv(12, 6, improved=True)), "GCNConv with improved=True", layer("convs.0"),
     "leave improved at its default, False"),
    ("mean", Net(first=GCNConv(12, 6, aggr="mean")), "GCNConv with aggr=mean", layer("convs.0"), "leave aggr"),
    ("flow", Net(first=GCNConv(12, 6, flow="target_to_source")), "GCNConv with flow=target_to_source",
     layer("convs.0"), "leave flow at its default"),
    ("lazy", Net(first=GCNConv(-1, 6)), "GCNConv does not know its number of inputs yet", layer("convs.0"), "run the"),
    ("residual", Net(lambda s, x, e: x + x.relu()), r"\+ is not supported", MIDDLE, "no residual connections"),
    ("torch.add", Net(lambda s, x, e: torch.add(x.relu(), x)), r"torch\.add is not supported", MIDDLE, "no residual"),
    ("cat", Net(lambda s, x, e: torch.cat([x.relu(), x.relu()], 1)), r"torch\.cat is not supported", MIDDLE,
     "give each layer the result of the one before it"),
    ("jk", Net(lambda s, x, e: s.jk([x.relu()]), jk=JumpingKnowledge("cat")), "JumpingKnowledge is not supported",
     layer("jk"), "give each layer"),
    ("layer norm", Net(lambda s, x, e: s.norm(x).relu(), norm=nn.LayerNorm(6)), "LayerNorm is not supported",
     layer("norm"), "use BatchNorm1d between"),
    ("gelu", Net(lambda s, x, e: F.gelu(x)), r"F\.gelu is not supported", MIDDLE, "use ReLU"),
    ("gelu layer", Net(lambda s, x, e: s.act(x), act=nn.GELU()), "GELU is not supported", layer("act"), "use ReLU"),
    ("leaky", Net(lambda s, x, e: s.act(x), act=nn.LeakyReLU()), "LeakyReLU is not supported", layer("act"),
     "use ReLU"),
    ("tanh", Net(lambda s, x, e: x.tanh()), r"\.tanh\(\) is not supported", MIDDLE, "use ReLU"),
    ("linear", Net(lambda s, x, e: s.lin(x.relu()), lin=nn.Linear(6, 6)), "Linear is not supported", layer("lin"),
     "use GCNConv for every layer that has weights"),
    ("bare linear", nn.Linear(12, 3), "Linear is not supported", "model", "use GCNConv for every"),
    ("mlp", nn.Sequential(nn.Linear(12, 6), nn.ReLU()), "Linear is not supported", r"model\.0", "use GCNConv"),
    ("bare convolution", GCNConv(12, 3), "1 graph convolutions", r"model \(GCNConv\.forward\)", "use at least 2"),
    ("takes edge weights", TakesWeights(), "forward takes edge_weight", r"model \(TakesWeights\.forward\)",
     r"hwgen has no edge_weight"),
    ("makes edge weights", MakesWeights(), r"\[\.\.\.\] is not supported", MIDDLE, "give each layer"),
    ("edge weights", Net(lambda s, x, e: s.conv(x.relu(), e, x), conv=GCNConv(6, 6)), "GCNConv with edge weights",
     layer("conv"), "call it with x and edge_index only"),
    ("other edges", Net(lambda s, x, e: s.conv(x.relu(), x), conv=GCNConv(6, 6)),
     "GCNConv without the graph's own edge_index", layer("conv"), "pass on the edge_index"),
    ("self loops", Net(lambda s, x, e: s.conv(x.relu(), add_self_loops(e)[0]), conv=GCNConv(6, 6)),
     "add_self_loops is not supported", MIDDLE, "change the graph beforehand"),
    ("pool", Net(end=lambda s, x, e: global_mean_pool(x, None)), "global_mean_pool is not supported", END,
     "gives the logits of every node"),
    ("mean of all", Net(end=lambda s, x, e: x.mean(0)), r"\.mean\(\) is not supported", END, "gives the logits"),
    ("branch", Branches(), "forward decides by the values of a tensor", r"model \(test_legal\.py:\d+\)",
     "let forward make the same calls for every input"),
    ("count", CountsUp(), "forward cannot be traced: TypeError: int", r"model \(test_legal\.py:\d+\)", "let forward"),
    ("convolution last", Net(lambda s, x, e: x.log_softmax(1)), "GCNConv after log_softmax", layer("convs.1"),
     "make log_softmax the last call"),
    ("two outputs", Net(end=lambda s, x, e: (x, x)), "forward returns 2 values", r"model \(Net\.forward\)",
     "return the logits only"),
    ("no relu", Net(lambda s, x, e: F.dropout(x, 0.5, s.training)), "GCNConv without a ReLU before it",
     layer("convs.1"), "put ReLU between"),
    ("last relu", Net(end=lambda s, x, e: x.relu()), "forward ends with ReLU", r"model \(Net\.forward\)", "end with a"),
    ("softmax of relu", Net(end=lambda s, x, e: x.relu().softmax(1)), r"\.softmax\(\) after ReLU", END, "end with a"),
    ("norm after relu", Net(lambda s, x, e: s.bn(x.relu()), bn=nn.BatchNorm1d(6)), "BatchNorm1d after relu",
     layer("bn"), "put it right after a GCNConv"),
    ("norm without statistics", Net(lambda s, x, e: s.bn(x).relu(), bn=nn.BatchNorm1d(6, track_running_stats=False)),
     "BatchNorm1d with track_running_stats=False", layer("bn"), "track running statistics"),
    ("dropout that stays", Net(lambda s, x, e: F.dropout(x.relu(), 0.5)), "dropout that stays on in evaluation",
     MIDDLE, r"pass training=self\.training"),
    ("softmax over nodes", Net(end=lambda s, x, e: F.log_softmax(x, dim=0)), r"F\.log_softmax over dim=0", END,
     "use dim=1"),
    ("softmax in half", Net(end=lambda s, x, e: F.softmax(x, dim=1, dtype=torch.float64)),
     r"F\.softmax with dtype=torch\.float64", END, "leave dtype out"),
    ("scaled", Net(lambda s, x, e: (x / 2).relu()), "/ is not supported", MIDDLE, r"data\.input_scale"),
    ("in place", Skips(), r"\.mul_\(\) is not supported", MIDDLE, "use a chain of"),
    ("unused", UsesTwice(), "GCNConv takes the result of GCNConv at model.a ", layer("b"), "use every value once"),
    ("wasted", SecondWasted(), "forward does not return the result of its last layer", r"model \(SecondWasted\.forward",
     "return that result"),
    ("twice", Net(lambda s, x, e: s.c(s.c(x.relu(), e).relu(), e), c=GCNConv(6, 6)), "GCNConv that is called twice",
     layer("c"), "make one GCNConv for each layer"),
    ("batch", ReadsBatch(), r"data\.batch is not supported", MIDDLE, r"read data\.x and data\.edge_index only"),
    ("three arguments", ThreeArguments(), "forward takes 3 arguments", r"model \(ThreeArguments\.forward\)", "write f"),
    ("a parameter", Net(lambda s, x, e: s.convs[1].bias.relu()), "GCNConv|.relu", "model", "chain that begins with x"),
    ("nothing", nn.Identity(), "0 graph convolutions", r"model \(Identity\.forward\)", "use at least 2"),
]


@pytest.mark.parametrize(("model", "what", "where", "fix"), [each[1:] for each in REFUSED],
                         ids=[each[0] for each in REFUSED])
def test_what_is_refused(model: nn.Module, what: str, where: str, fix: str) -> None:
    before = {name: each.clone() for name, each in model.state_dict().items()
              if not isinstance(each, nn.parameter.UninitializedParameter)}
    with pytest.raises(HwgenError) as caught:
        check(model)
    assert re.match(what, caught.value.what), caught.value.what
    assert re.match(where, caught.value.where), caught.value.where
    assert re.search(fix, caught.value.fix), caught.value.fix
    assert all(torch.equal(model.state_dict()[name], each) for name, each in before.items())
