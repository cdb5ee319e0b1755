"""What no plan is made of: one error each, with the module's path and line, and what to use instead."""

import re
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import (
    APPNP,
    ClusterGCNConv,
    GATConv,
    GCN2Conv,
    GCNConv,
    GINConv,
    GraphConv,
    JumpingKnowledge,
    LGConv,
    MessagePassing,
    SAGEConv,
    Set2Set,
    SGConv,
    TAGConv,
    TopKPooling,
    aggr,
    global_add_pool,
    global_mean_pool,
)
from torch_geometric.utils import add_self_loops
from user_modules import Net, conv, middle

from hwgen.errors import HwgenError
from hwgen.frontend.tracing import plan_of


class WithEdges(nn.Module):
    """Reads the attributes of edges, twice."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = GraphConv(7, 6), GraphConv(6, 6)

    def forward(self, data: Data) -> Tensor:
        x = self.one(data.x, data.edge_index, data.edge_attr)
        return self.two(x, data.edge_index, data.edge_attr)


class TakesPositions(nn.Module):
    def forward(self, x: Tensor, edge_index: Tensor, pos: Tensor) -> Tensor:
        return x


class TakesMore(nn.Module):
    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor, more: Tensor) -> Tensor:
        return x


class TakesTwice(nn.Module):
    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        return x


class Loops(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = GCNConv(7, 6)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.conv(x, add_self_loops(edge_index)[0])


class Unbatched(Loops):
    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        return global_mean_pool(self.conv(x, edge_index), None)


class MyConv(MessagePassing):
    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return x


class MySAGE(SAGEConv):
    """May compute anything."""


def branch(s: Any, h: Tensor, e: Tensor, b: Tensor) -> Tensor:
    return h.relu() if h.mean() > 0 else h


def loop(s: Any, h: Tensor, e: Tensor, b: Tensor) -> Tensor:
    for _ in range(h.shape[0]):
        h = h.relu()
    return h


def overwritten(s: Any, h: Tensor, e: Tensor, b: Tensor) -> Tensor:
    F.relu(s.drop(h), inplace=True)
    return s.a(h, e)


def accumulated(s: Any, h: Tensor, e: Tensor, b: Tensor) -> Tensor:
    kept = [h]
    h += s.a(h, e)
    return torch.cat([*kept, h], 1)


def pooled(s: Any, h: Tensor, e: Tensor, b: Tensor) -> Tensor:
    h, e, _, b, _, _ = s.pool(h, e, batch=b)
    return h


def broadcast(s: Any, h: Tensor, e: Tensor, b: Tensor) -> Tensor:
    return h + global_add_pool(h, b)[b]


def hooked() -> nn.Module:
    layer = nn.Linear(6, 6)
    layer.register_forward_hook(lambda module, given, out: 2 * out)
    return middle(lambda s, h, e, b: s.a(h), a=layer)


def gin(*layers: nn.Module) -> Net:
    return conv(GINConv(nn.Sequential(nn.Linear(7, 6), *layers)))


LINE = r"\((test_refused|user_modules)\.py:\d+\)"
HERE = rf"model\.forward {LINE}"
A = r"model\.a "
CONVOLUTIONS = "use GCNConv, GINConv, SAGEConv, GraphConv, SGConv, TAGConv, APPNP, ClusterGCNConv, LGConv or GCN2Conv"
ACTIVATIONS = "use ReLU, LeakyReLU, ReLU6 or Hardtanh"
POOLS = "use global_add_pool, global_mean_pool or global_max_pool"
SHAPES = "keep code that depends on shapes"
REFUSED: dict[str, tuple[nn.Module, str, str, str]] = {
    "gat": (conv(GATConv(7, 6)), "GATConv is not supported", A + LINE, CONVOLUTIONS),
    "own convolution": (conv(MyConv()), "MyConv is not supported", A + LINE, CONVOLUTIONS),
    "subclass": (conv(MySAGE(7, 6)), "MySAGE is not supported", A, "use SAGEConv itself: a subclass may"),
    "edge weights": (middle(lambda s, h, e, b: s.a(h, e, h), a=GCNConv(6, 6)), "GCNConv with edge weights that", A,
                     "pass on the edge_weight that forward was given"),
    "edge attributes": (WithEdges(), r"data\.edge_attr is not supported", HERE,
                        r"read data\.x, data\.edge_index and data\.batch only"),
    "takes positions": (TakesPositions(), "forward takes pos", r"model \(TakesPositions\.forward\)",
                        "hwgen has no pos: write forward"),
    "cached hidden values": (middle(lambda s, h, e, b: s.a(h, e), a=SGConv(6, 6, cached=True)),
                             "SGConv with cached=True of hidden values", A, "leave cached at its default"),
    "tag by maximum": (conv(TAGConv(7, 6, aggr="max")), "TAGConv with aggr=max", A, "leave aggr at its default, add"),
    "backward appnp": (middle(lambda s, h, e, b: s.a(h, e), a=APPNP(2, 0.1, flow="target_to_source")),
                        "APPNP with flow=target_to_source", A, "leave"),
    "cluster gcn without loops": (conv(ClusterGCNConv(7, 6, add_self_loops=False)),
                                  "ClusterGCNConv with add_self_loops=False", A, "leave add_self_loops at its default"),
    "weighted lg": (middle(lambda s, h, e, b: s.a(h, e, h), a=LGConv()), "LGConv with edge weights that", A,
                    "pass on the edge_weight"),
    "gcn2 by mean": (middle(lambda s, h, e, b: s.a(h, h, e), a=GCN2Conv(6, 0.1, aggr="mean")),
                     "GCN2Conv with aggr=mean", A, "leave aggr"),
    "gcn2 of other widths": (Net(lambda s, x, e, b: s.a(s.lin(x), x, e), lin=nn.Linear(7, 6), a=GCN2Conv(6, 0.1)),
                             "GCN2Conv of 6 and 7 channels", A, "make the widths equal"),
    "gcn2 of another width": (middle(lambda s, h, e, b: s.a(h, h, e), a=GCN2Conv(5, 0.1)),
                              "GCN2Conv takes 5 channels and gets 6", A, "make the widths fit"),
    "four arguments": (TakesMore(), "forward takes 4 arguments", r"model \(TakesMore\.forward\)", "write forward"),
    "features twice": (TakesTwice(), "forward takes x and features", r"model \(TakesTwice", "write forward"),
    "branch": (middle(branch), "forward decides by the values of a tensor", rf"model {LINE}",
               "let forward make the same calls for every input"),
    "shape": (middle(loop), "forward computes with the number of nodes", rf"model {LINE}", "let forward make the same"),
    "view": (middle(lambda s, h, e, b: h.view(-1, 3)), r"\.view\(\) is not supported", HERE, SHAPES),
    "size": (middle(lambda s, h, e, b: h * h.size(0)), r"\* of the number of nodes", HERE, "compute with x"),
    "part": (middle(lambda s, h, e, b: h[:, :3]), r"\[\.\.\.\] is not supported", HERE, SHAPES),
    "broadcast": (middle(broadcast), r"\[\.\.\.\] is not supported", HERE, SHAPES),
    "softmax in the middle": (middle(lambda s, h, e, b: s.a(h.softmax(1)), a=nn.Linear(6, 3)),
                              r"Linear after \.softmax\(\)", A, r"make \.softmax\(\) the last call"),
    "softmax within gin": (middle(lambda s, h, e, b: s.a(h, e).relu(),
                                  a=GINConv(nn.Sequential(nn.Linear(6, 6), nn.Softmax(1)))), r"\.relu\(\) after Soft",
                           HERE, "make Softmax the last call"),
    "softmax over nodes": (middle(lambda s, h, e, b: h.log_softmax(0)), r"\.log_softmax\(\) over dim=0", HERE,
                           "use dim=1"),
    "layer norm": (middle(lambda s, h, e, b: s.n(h), n=nn.LayerNorm(6)), "LayerNorm is not supported", r"model\.n ",
                   "use BatchNorm1d"),
    "batch norm without statistics": (gin(nn.BatchNorm1d(6, track_running_stats=False)),
                                      "BatchNorm1d with track_running_stats=False", r"model\.a\.nn\.1", "track"),
    "tanh in gin": (gin(nn.Tanh()), "Tanh is not supported", r"model\.a\.nn\.1", ACTIVATIONS),
    "gelu": (middle(lambda s, h, e, b: F.gelu(h)), r"F\.gelu is not supported", HERE, ACTIVATIONS),
    "sigmoid": (middle(lambda s, h, e, b: s.a(h.sigmoid()), a=nn.Linear(6, 3)), r"Linear after \.sigmoid\(\)", A,
                r"make \.sigmoid\(\) the last call, or use ReLU, LeakyReLU, ReLU6 or Hardtanh"),
    "leaky beyond one": (middle(lambda s, h, e, b: F.leaky_relu(h, -0.1)), r"F\.leaky_relu with negative_slope=-0\.1",
                         HERE, "use a slope from 0 to 1"),
    "sage lstm": (conv(SAGEConv(7, 6, aggr="lstm")), "SAGEConv with aggr=lstm", A, "use aggr add, mean or"),
    "sage of several": (conv(SAGEConv(7, 6, aggr=["mean", "max"])), "SAGEConv with aggr=", A, "use aggr add"),
    "sage normalises": (conv(SAGEConv(7, 6, normalize=True)), "SAGEConv with normalize=True", A,
                        "leave normalize at its default, False"),
    "graph conv min": (conv(GraphConv(7, 6, aggr="min")), "GraphConv with aggr=min", A, "use aggr add"),
    "gcn mean": (conv(GCNConv(7, 6, aggr="mean")), "GCNConv with aggr=mean", A, "leave aggr at its default"),
    "flow": (conv(GraphConv(7, 6, flow="target_to_source")), "GraphConv with flow=target_to_source", A, "lea"),
    "lazy": (conv(SAGEConv(-1, 6)), "Linear does not know its number of inputs yet", r"model\.a\.lin", "run"),
    "bipartite": (middle(lambda s, h, e, b: s.a((h, h), e), a=SAGEConv(6, 6)), "SAGEConv of a pair", A, "one"),
    "other edges": (middle(lambda s, h, e, b: s.a(h, b), a=GCNConv(6, 6)), "GCNConv without the graph's own edge_index",
                    A, "pass on the edge_index"),
    "self loops": (Loops(), "add_self_loops is not supported", HERE, "change the graph beforehand"),
    "top k": (middle(pooled, pool=TopKPooling(6)), "TopKPooling is not supported", r"model\.pool ", POOLS),
    "set2set": (middle(lambda s, h, e, b: s.a(h, b), a=Set2Set(6, 2)), "Set2Set is not supported", A, POOLS),
    "median": (middle(lambda s, h, e, b: s.a(h, b), a=aggr.MedianAggregation()), "MedianAggregation is not supported",
               A, POOLS),
    "mean over nodes": (middle(lambda s, h, e, b: h.mean(0)), r"\.mean\(\) is not supported", HERE, POOLS),
    "pool without batch": (Unbatched(), "global_mean_pool without batch", HERE, "pass on the batch"),
    "pool twice": (middle(lambda s, h, e, b: global_add_pool(global_add_pool(h, b), b)),
                   "global_add_pool of pooled values", HERE, "pool once"),
    "pool by edges": (middle(lambda s, h, e, b: global_add_pool(h, e)), "global_add_pool by something else",
                      HERE, "pass on the batch"),
    "convolution after pooling": (middle(lambda s, h, e, b: s.a(global_add_pool(h, b), e), a=GCNConv(6, 6)),
                                  "GCNConv of pooled values", A, "put convolutions before pooling"),
    "nodes and graphs": (middle(lambda s, h, e, b: h + global_add_pool(h, b)), r"\+ of values of nodes and of graphs",
                         HERE, "pool the values of nodes first"),
    "jk lstm": (middle(lambda s, h, e, b: s.a([h, h]), a=JumpingKnowledge("lstm", 6, 2)),
                "JumpingKnowledge with mode=lstm", A, "use mode cat or max"),
    "cat of nodes": (middle(lambda s, h, e, b: torch.cat([h, h])), r"torch\.cat along dim=0", HERE, "dim=1"),
    "stack": (middle(lambda s, h, e, b: torch.stack([h, h])), r"torch\.stack is not supported", HERE,
              r"use torch\.cat, JumpingKnowledge or \+$"),
    "product": (middle(lambda s, h, e, b: h * h), r"\* of two tensors", HERE, "multiply by numbers and weights only"),
    "parameter": (middle(lambda s, h, e, b: h + s.first.lin_rel.weight), r"\+ of a tensor of shape \(6, 7\) and 6 chan",
                  HERE, "use one number, or one for each channel"),
    "widths of a sum": (middle(lambda s, h, e, b: h + s.a(h), a=nn.Linear(6, 1)), r"\+ of 6 and 1 channels", HERE,
                        "make the widths equal"),
    "widths of a layer": (middle(lambda s, h, e, b: s.a(h), a=nn.Linear(5, 1)), "Linear takes 5 channels and gets 6",
                          A, "make the widths fit"),
    "dropout that stays": (middle(lambda s, h, e, b: F.dropout(h, 0.5)), "dropout that stays on", HERE, "training="),
    "hook": (hooked(), "Linear with a hook", A, "remove hooks"),
    "in place": (middle(overwritten, drop=nn.Dropout(), a=GCNConv(6, 6)), r"F\.relu overwrites a value", HERE,
                 "use the form that returns a new tensor"),
    "added in place": (middle(accumulated, a=GCNConv(6, 6)), r"\+= overwrites a value", HERE, "returns a new tensor"),
    "two outputs": (middle(lambda s, h, e, b: (h, h)), "forward returns 2 values", r"model \(Net\.forward\)", "return"),
    "edges out": (middle(lambda s, h, e, b: e), "forward does not return what its layers compute", r"model \(", "ret"),
    "input out": (Net(lambda s, x, e, b: s.a(x) and x, a=nn.Linear(7, 1)), "forward decides by", "model ", "let "),
    "nothing": (nn.Identity(), "the width of x is unknown", r"model \(Identity\.forward\)", "let x go into"),
    "only the input": (Net(lambda s, x, e, b: (s.a(x), x)[1], a=nn.Linear(7, 1)), "forward returns its input",
                       r"model \(Net\.forward\)", "return the result of a layer"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    model, what, where, fix = REFUSED[name]
    with pytest.raises(HwgenError) as caught:
        plan_of(model)
    assert re.match(what, caught.value.what), caught.value.what
    assert re.match(where, caught.value.where), caught.value.where
    assert re.search(fix, caught.value.fix), caught.value.fix


def test_the_first_unknown_layer_is_named() -> None:
    """Unknown layers come before wrong arguments, whatever their order in forward."""
    model = middle(lambda s, h, e, b: s.n(s.a(h, e, h)), a=GCNConv(6, 6), n=nn.LayerNorm(6))
    with pytest.raises(HwgenError, match="LayerNorm is not supported"):
        plan_of(model)
