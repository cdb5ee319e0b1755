"""Modules of users: one for each layer and option, random ones, and graphs for them."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.nn import (
    APPNP,
    GCN,
    GIN,
    MLP,
    BatchNorm,
    ClusterGCNConv,
    DeepGCNLayer,
    GCN2Conv,
    GCNConv,
    GINConv,
    GraphConv,
    GraphSAGE,
    JumpingKnowledge,
    LGConv,
    Linear,
    SAGEConv,
    Sequential,
    SGConv,
    TAGConv,
    aggr,
    global_add_pool,
    global_max_pool,
    global_mean_pool,
)

__all__ = ["MODELS", "Net", "Random", "graphs", "randomise", "steep"]

Body = Callable[..., Tensor]


class Net(nn.Module):
    """Layers, and a forward of one's own: ``body(self, x, edge_index, batch)``."""

    def __init__(self, body: Body, **layers: nn.Module) -> None:
        super().__init__()
        self.body = body
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        return self.body(self, x, edge_index, batch)


def conv(layer: nn.Module) -> Net:
    """One convolution on the features."""
    return Net(lambda s, x, e, b: s.a(x, e), a=layer)


def deep(layer: nn.Module, **layers: nn.Module) -> Net:
    """The same convolution on hidden values, whose negative ones count."""
    return Net(lambda s, x, e, b: s.a(F.leaky_relu(s.first(x), 0.5), e), first=nn.Linear(7, 6), a=layer, **layers)


def mlp(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU(), nn.Dropout()]
    return nn.Sequential(*layers[:-3])


def middle(body: Callable[..., Any], **layers: nn.Module) -> Net:
    """``body(self, h, e, b)`` on a convolution that is not activated, 6 channels."""
    return Net(lambda s, x, e, b: body(s, s.first(x, e), e, b), first=GraphConv(7, 6), **layers)


def three(s: Any, x: Tensor, e: Tensor) -> list[Tensor]:
    one = s.one(x, e).relu()
    two = s.two(one, e).relu() + one
    return [one, two, s.three(two, e).relu()]


def grown(s: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    """GIN's own readout: every layer's pooled values have a Linear of their own, the input's too."""
    h = s.one(x, e).relu()
    return s.read0(global_add_pool(x, b)) + s.read1(global_add_pool(h, b))


def summed(s: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    return sum([s.one(x, e), s.two(x, e), s.lin(x)])


def augmented(s: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    x = s.one(x, e)
    x += s.two(x, e)
    x *= 0.5
    return x


class Chain(Sequential):
    """PyG gives the class the forward of its latest instance: not to everybody's Sequential, please."""


THREE = {"one": GCNConv(7, 6), "two": GCNConv(6, 6), "three": GCNConv(6, 6)}
MODELS: dict[str, nn.Module] = {
    "gcn": conv(GCNConv(7, 5)),
    "gcn without loops": deep(GCNConv(6, 5, add_self_loops=False)),
    "gcn without normalisation": deep(GCNConv(6, 5, normalize=False, bias=False)),
    "gcn on hidden": deep(GCNConv(6, 5)),
    "gcn improved": conv(GCNConv(7, 5, improved=True)),
    "sg": conv(SGConv(7, 5, K=3)),
    "cached sg": conv(SGConv(7, 5, cached=True)),
    "sg without loops": deep(SGConv(6, 5, K=2, add_self_loops=False, bias=False)),
    "sg of no hop": deep(SGConv(6, 5, K=0)),
    "tag": conv(TAGConv(7, 5, K=2)),
    "tag on hidden": deep(TAGConv(6, 5, K=3, bias=False)),
    "tag without normalisation": deep(TAGConv(6, 5, K=2, normalize=False)),
    "appnp": Net(lambda s, x, e, b: s.a(s.lin(x).relu(), e), lin=nn.Linear(7, 6), a=APPNP(3, 0.1)),
    "appnp of x": Net(lambda s, x, e, b: s.lin(s.a(x, e)), lin=nn.Linear(7, 6), a=APPNP(2, 0.2)),
    "appnp after dropout": deep(APPNP(2, 0.3, dropout=0.5, add_self_loops=False)),
    "appnp without normalisation": deep(APPNP(2, 0.9, normalize=False)),
    "cluster gcn": conv(ClusterGCNConv(7, 5)),
    "cluster gcn on hidden": deep(ClusterGCNConv(6, 5, diag_lambda=0.7, bias=False)),
    "lg": Net(lambda s, x, e, b: s.lin(s.a(s.a(x, e), e)), lin=nn.Linear(7, 6), a=LGConv()),
    "lg on hidden": deep(LGConv()),
    "lg of layers": Net(lambda s, x, e, b: ((h := s.lin(x)) + (g := s.a(h, e)) + s.a(g, e)) / 3, lin=nn.Linear(7, 6),
                        a=LGConv()),
    "lg without normalisation": deep(LGConv(normalize=False)),
    "gcn2": Net(lambda s, x, e, b: s.c(s.a(h := s.lin(x).relu(), h, e).relu(), h, e), lin=nn.Linear(7, 6),
                a=GCN2Conv(6, 0.1, theta=0.5, layer=1), c=GCN2Conv(6, 0.2, theta=0.5, layer=2)),
    "gcn2 of x": Net(lambda s, x, e, b: s.a(x_0=x, x=x, edge_index=e), a=GCN2Conv(7, 0.1, add_self_loops=False)),
    "gcn2 with two weights": Net(lambda s, x, e, b: s.a(s.lin(x).relu(), s.other(x), e), lin=nn.Linear(7, 6),
                                 other=nn.Linear(7, 6), a=GCN2Conv(6, 0.4, 0.5, 3, shared_weights=False)),
    "gcn2 without normalisation": middle(lambda s, h, e, b: s.a(h, h, e),
                                         a=GCN2Conv(6, 0.5, normalize=False)),
    "gin": conv(GINConv(mlp(7, 6, 5), eps=0.25)),
    "gin trains eps": deep(GINConv(mlp(6, 8, 5), eps=-0.5, train_eps=True)),
    "gin of one linear": conv(GINConv(nn.Linear(7, 5))),
    "gin normalises first": conv(GINConv(nn.Sequential(nn.BatchNorm1d(7), nn.Linear(7, 5)), eps=0.5)),
    "gin activates first": conv(GINConv(nn.Sequential(nn.ReLU(), nn.Linear(7, 5)))),
    "gin of an own module": deep(GINConv(Net(lambda s, x, e, b: x, a=nn.Linear(6, 5)).a, aggr="mean")),
    "gin max": conv(GINConv(nn.Linear(7, 5), aggr="max")),
    "gin of pyg's mlp": deep(GINConv(MLP([6, 8, 5], norm="batch_norm", act="LeakyReLU",
                                         act_kwargs={"negative_slope": 0.25}))),
    "sage": conv(SAGEConv(7, 5)),
    "sage on hidden": deep(SAGEConv(6, 5)),
    "sage sum": deep(SAGEConv(6, 5, aggr="sum", bias=False)),
    "sage without root": deep(SAGEConv(6, 5, root_weight=False)),
    "sage max": conv(SAGEConv(7, 5, aggr="max")),
    "sage max on hidden": deep(SAGEConv(6, 5, aggr="max")),
    "sage max without root": deep(SAGEConv(6, 5, aggr="max", root_weight=False)),
    "sage projects": deep(SAGEConv(6, 5, project=True)),
    "sage max projects": conv(SAGEConv(7, 5, aggr=aggr.MaxAggregation(), project=True)),
    "graph conv": conv(GraphConv(7, 5)),
    "graph conv mean": deep(GraphConv(6, 5, aggr="mean")),
    "graph conv max": deep(GraphConv(6, 5, aggr="max", bias=False)),
    "linear": Net(lambda s, x, e, b: s.a(x), a=Linear(7, 5)),
    "linears": Net(lambda s, x, e, b: s.b(input=s.a(x=x)), a=Linear(7, 5), b=nn.Linear(5, 4, bias=False)),
    "batch norm of the input": Net(lambda s, x, e, b: s.a(s.n(x), e), n=nn.BatchNorm1d(7), a=GCNConv(7, 5)),
    "batch norm of the input, twice": Net(lambda s, x, e, b: s.a((h := s.n(x)), e) + s.c(h, e), n=nn.BatchNorm1d(7),
                                          a=GINConv(nn.Linear(7, 5)), c=SAGEConv(7, 5, aggr="max")),
    "batch norm, relu": middle(lambda s, h, e, b: s.n(h).relu(), n=nn.BatchNorm1d(6, affine=False)),
    "relu, batch norm": middle(lambda s, h, e, b: s.c(s.n(h.relu()), e), n=BatchNorm(6), c=GINConv(nn.Linear(6, 5))),
    "batch norm of a linear": middle(lambda s, h, e, b: s.n(s.a(h)), a=nn.Linear(6, 5), n=nn.BatchNorm1d(5)),
    "batch norm of a maximum": middle(lambda s, h, e, b: s.n(torch.maximum(h, s.a(h))), a=nn.Linear(6, 6),
                                      n=nn.BatchNorm1d(6)),
    "batch norm of a list": middle(lambda s, h, e, b: s.n(s.jk([h, h.relu()])), jk=JumpingKnowledge("cat"),
                                   n=nn.BatchNorm1d(12)),
    "leaky layers": middle(lambda s, h, e, b: s.c(s.a(h)), a=nn.LeakyReLU(0.25), c=nn.LeakyReLU(0.5)),
    "activated twice": middle(lambda s, h, e, b: s.a(F.relu(h).relu()), a=nn.LeakyReLU(0.25)),
    "relu6": middle(lambda s, h, e, b: s.c(s.a(4 * h), e), a=nn.ReLU6(), c=GCNConv(6, 5)),
    "hardtanh": middle(lambda s, h, e, b: s.c(s.a(s.d(h))), a=nn.Hardtanh(), c=nn.Linear(6, 5), d=nn.Dropout()),
    "clipped": middle(lambda s, h, e, b: s.c(h.clamp(-0.5, 0.5), e) + F.relu6(s.d(F.hardtanh(9 * h, -8, 8))).relu(),
                      c=SAGEConv(6, 5), d=nn.Linear(6, 5)),
    "clipped twice": middle(lambda s, h, e, b: s.c(torch.clamp(torch.clamp(h, min=0, max=2), -1, max=1)) + h,
                            c=nn.Linear(6, 6)),
    "clipped sum": middle(lambda s, h, e, b: 2 * s.c(h, e).clamp(-0.5, 0.5) + s.d(h), c=GCNConv(6, 5),
                          d=nn.Linear(6, 5)),
    "slopes": middle(lambda s, h, e, b: s.c(s.a(h), e), a=nn.PReLU(6), c=GCNConv(6, 5)),
    "slope below 0": middle(lambda s, h, e, b: s.a(s.d(h)), a=nn.PReLU(init=-0.5), d=nn.Dropout()),
    "slopes of the input": Net(lambda s, x, e, b: s.c(s.a(x - 1), e), a=nn.PReLU(7), c=GINConv(nn.Linear(7, 5))),
    "residual": middle(lambda s, h, e, b: (s.c(h.relu(), e) + h).relu(), c=GCNConv(6, 6)),
    "residual of the input": Net(lambda s, x, e, b: torch.add(s.c(x, e), x).relu(), c=GCNConv(7, 7)),
    "residual of itself": middle(lambda s, h, e, b: h + h),
    "residual of linears": middle(lambda s, h, e, b: F.relu(s.a(h)) + s.c(h), a=nn.Linear(6, 6), c=nn.Linear(6, 6)),
    "residual of a concatenation": middle(lambda s, h, e, b: s.a(h) + torch.cat([h.relu(), h], 1), a=nn.Linear(6, 12)),
    "concatenations added": middle(lambda s, h, e, b: torch.cat([h, h.relu()], 1) + torch.cat([h.relu(), h], -1)),
    "numbers": middle(lambda s, h, e, b: (2 * (h + 1) / 4 + (-0.5) * h.relu()).add(h)),
    "in place": Net(augmented, one=GCNConv(7, 6), two=GCNConv(6, 6)),
    "sum of a list": Net(summed, one=GCNConv(7, 6), two=SAGEConv(7, 6), lin=nn.Linear(7, 6)),
    "jk cat": Net(lambda s, x, e, b: s.lin(s.jk(three(s, x, e))), jk=JumpingKnowledge("cat"), lin=nn.Linear(18, 4),
                  **THREE),
    "jk max": Net(lambda s, x, e, b: s.lin(s.jk(three(s, x, e))), jk=JumpingKnowledge("max"), lin=nn.Linear(6, 4),
                  **THREE),
    "jk of the input": Net(lambda s, x, e, b: s.lin(s.jk([x, *three(s, x, e)])), jk=JumpingKnowledge("cat"),
                           lin=nn.Linear(25, 4), **THREE),
    "max of the input": Net(lambda s, x, e, b: s.jk([x, s.a(x), s.c(x, e)]), jk=JumpingKnowledge("max"),
                            a=nn.Linear(7, 7), c=GCNConv(7, 7)),
    "input twice": Net(lambda s, x, e, b: s.a(torch.cat([x, x], 1), e) + s.c(x), a=GINConv(nn.Linear(14, 4)),
                       c=nn.Linear(7, 4)),
    "pool jk": Net(lambda s, x, e, b: s.lin(global_max_pool(s.jk(three(s, x, e)), b)), jk=JumpingKnowledge("cat"),
                   lin=nn.Linear(18, 4), **THREE),
    "pool add": middle(lambda s, h, e, b: s.a(global_add_pool(h.relu(), b)).log_softmax(-1), a=nn.Linear(6, 3)),
    "pool mean": middle(lambda s, h, e, b: F.log_softmax(s.a(F.relu(s.n(s.c(global_mean_pool(h, b))))), dim=1),
                        a=nn.Linear(8, 3), c=nn.Linear(6, 8), n=nn.BatchNorm1d(8)),
    "pool max": middle(lambda s, h, e, b: s.end(s.a(global_max_pool(h, b))), a=nn.Linear(6, 3), end=nn.LogSoftmax(1)),
    "pools": middle(lambda s, h, e, b: s.a(torch.cat([global_mean_pool(h, b), global_max_pool(h, b)], dim=1)),
                    a=nn.Linear(12, 3)),
    "pool modules": middle(lambda s, h, e, b: s.p(h, b) + s.q(h, index=b) + s.r(h, b), p=aggr.SumAggregation(),
                           q=aggr.MeanAggregation(), r=aggr.MaxAggregation()),
    "pool of a residual": middle(lambda s, h, e, b: global_max_pool(s.c(h, e) + h, b), c=GCNConv(6, 6)),
    "pool and end": middle(lambda s, h, e, b: global_mean_pool(s.c(h, e), b), c=GCNConv(6, 3)),
    "pool of the input": Net(lambda s, x, e, b: s.a(global_mean_pool(x, b)), a=nn.Linear(7, 3)),
    "max pool of the input": Net(lambda s, x, e, b: s.a(global_max_pool(x, b)), a=nn.Linear(7, 3)),
    "readouts": Net(grown, one=GINConv(mlp(7, 8, 6)), read0=nn.Linear(7, 3), read1=nn.Linear(6, 3)),
    "basic gcn": GCN(7, 6, 3, 4, dropout=0.5, norm="batch_norm", jk="cat"),
    "basic gin": GIN(7, 6, 3, 4, norm="BatchNorm", jk="max", train_eps=True),
    "basic sage": GraphSAGE(7, 6, 2, 4, act="leaky_relu", act_kwargs={"negative_slope": 0.125}, act_first=True,
                            norm="batch_norm", jk="last"),
    "deep layers": middle(lambda s, h, e, b: s.dense(s.after(s.before(h, e), e), e),
                          before=DeepGCNLayer(GraphConv(6, 6), BatchNorm(6), nn.ReLU(), block="res+", dropout=0.0),
                          after=DeepGCNLayer(SAGEConv(6, 6), BatchNorm(6), nn.LeakyReLU(), block="res", dropout=0.0),
                          dense=DeepGCNLayer(GCNConv(6, 3), act=nn.ReLU(), block="dense", dropout=0.0)),
    "sequential": Chain("x, edge_index, batch", [
        (nn.Dropout(), "x -> x"), (GINConv(mlp(7, 6)), "x, edge_index -> h"), nn.ReLU(inplace=True),
        (GCNConv(6, 6), "h, edge_index -> g"), (lambda h, g: [h, g], "h, g -> hs"),
        (JumpingKnowledge("cat"), "hs -> h"), (global_add_pool, "h, batch -> h"), nn.Linear(12, 3)]),
}


def steep() -> nn.Module:
    """Slopes from below 0 to above 1."""
    model = randomise(middle(lambda s, h, e, b: s.c(s.a(h), e) + s.a(F.dropout(s.a(h), 0.5, s.training)),
                             a=nn.PReLU(6), c=GCNConv(6, 6)))
    model.get_submodule("a").weight.data = torch.tensor([-1.5, 0, 0.5, 1, 1.5, 3])
    return model


def graphs(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Four graphs: duplicate edges and loops, an isolated node, one node alone, no edges."""
    draw = torch.Generator().manual_seed(seed)
    sizes = [9, 6, 1, 3]
    edges, start = [torch.tensor([[0, 0, 1, 1, 2], [1, 1, 1, 1, 0]])], 0
    for size in sizes[:3]:
        edges.append(start + torch.randint(0, max(1, size - 1), (2, 3 * size), generator=draw))
        start += size
    x = torch.randint(0, 4, (sum(sizes), 7), generator=draw) * (torch.rand(sum(sizes), 7, generator=draw) < 0.6)
    return x.float(), torch.cat(edges, 1), torch.repeat_interleave(torch.arange(4), torch.tensor(sizes))


def randomise(model: nn.Module, seed: int = 0) -> nn.Module:
    """Weights, biases and statistics as if trained, so that nothing is 0 or 1 by chance."""
    draw = torch.Generator().manual_seed(seed)
    for name, each in [*model.named_parameters(), *model.named_buffers()]:
        if each.is_floating_point() and not name.endswith("eps"):
            low, high = (0.3, 2.0) if name.endswith("var") else (-0.6, 0.6)
            each.data.copy_(torch.rand(each.shape, generator=draw) * (high - low) + low)
    return model.eval()


class Random(nn.Module):
    """Layers drawn one after another, each on any value computed so far."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.draw, self.layers, self.steps = random.Random(seed), nn.ModuleList(), []
        widths = {0: 7}  # of node values; -1, -2, ... are of graphs
        for _ in range(self.draw.randint(1, 7)):
            self._step(widths)
        self.last = last = max(widths)
        if self.draw.random() < 0.6:
            pools = [self.draw.choice([global_add_pool, global_mean_pool, global_max_pool]) for _ in range(2)]
            self.steps.append((lambda s, hs, e, b: torch.cat([pool(hs[last], b) for pool in pools], 1), -1))
            self.layers.append(nn.Linear(2 * widths[last], 3))
            layer = len(self.layers) - 1
            self.steps.append((lambda s, hs, e, b: s.layers[layer](hs[-1].relu()), -2))
            self.last = -2

    def _step(self, widths: dict[int, int]) -> None:
        draw, new = self.draw, max(widths) + 1
        one = draw.choice(list(widths))
        a, b = widths[one], draw.choice([3, 6, 7])
        same = [each for each, width in widths.items() if width == a]
        kinds = ["conv", "conv", "conv", "linear", "norm", "act", "add", "cat", "max"]
        kind = draw.choice(kinds if new > 1 else kinds[:5])  # the first says how wide x is
        if kind in ("conv", "linear", "norm"):
            aggregate = draw.choice(["add", "mean", "max"])
            self.layers.append({
                "conv": draw.choice([lambda: GCNConv(a, b), lambda: GINConv(mlp(a, 6, b), eps=draw.choice([0, 0.5])),
                                     lambda: SAGEConv(a, b, aggr=aggregate, project=draw.random() < 0.2),
                                     lambda: GraphConv(a, b, aggr=aggregate),
                                     lambda: GCNConv(a, b, add_self_loops=False, bias=False),
                                     lambda: SGConv(a, b, K=draw.choice([1, 2])), lambda: TAGConv(a, b, K=2),
                                     lambda: ClusterGCNConv(a, b, diag_lambda=draw.choice([0, 0.5]))]),
                "linear": lambda: nn.Linear(a, b), "norm": lambda: nn.BatchNorm1d(a)}[kind]())
            layer = len(self.layers) - 1
            widths[new] = a if kind == "norm" else b
            if kind == "conv":
                self.steps.append((lambda s, hs, e, b: s.layers[layer](hs[one], e), new))
            else:
                self.steps.append((lambda s, hs, e, b: s.layers[layer](hs[one]), new))
            return
        other, slope = draw.choice(same), draw.choice([0, 0.25])
        widths[new] = 2 * a if kind == "cat" else a
        self.steps.append(({"act": lambda s, hs, e, b: F.leaky_relu(hs[one], slope),
                            "add": lambda s, hs, e, b: hs[one] + hs[other],
                            "cat": lambda s, hs, e, b: torch.cat([hs[one], hs[other]], 1),
                            "max": lambda s, hs, e, b: torch.maximum(hs[one], hs[other])}[kind], new))

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        values = {0: x}
        for step, index in self.steps:
            values[index] = step(self, values, edge_index, batch)
        return values[self.last]
