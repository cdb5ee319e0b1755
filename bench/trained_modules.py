"""Modules as users write them, trained for a few epochs, and what pruning and dead units leave of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import (
    GCNConv,
    GINConv,
    JumpingKnowledge,
    SAGEConv,
    global_add_pool,
    global_max_pool,
    global_mean_pool,
)

__all__ = ["KINDS", "TWISTS", "train", "twist"]

#: What becomes of a trained module; "as trained" leaves it.
TWISTS = ("as trained", "dead", "pruned", "rare", "collapsed", "small", "decayed", "negative gains")


class _Net(nn.Module):
    """Two convolutions, pooling where graphs are to be told apart, and a linear layer."""

    def __init__(self, near: nn.Module, far: nn.Module, norm: bool, width: int, classes: int,
                 pool: Callable[..., Tensor] | None) -> None:
        super().__init__()
        self.near, self.far, self.pool = near, far, pool
        self.norm = nn.BatchNorm1d(width) if norm else nn.Identity()
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor | None = None) -> Tensor:
        h = F.relu(self.norm(self.near(x, edge_index)))
        h = F.relu(self.far(h, edge_index))
        return self.head(h if self.pool is None else self.pool(h, batch))


class _Residual(nn.Module):
    """Three GCN layers with residual sums, and all of them read at once."""

    def __init__(self, features: int, width: int, classes: int, pool: Callable[..., Tensor] | None) -> None:
        super().__init__()
        self.convs = nn.ModuleList([GCNConv(features, width), GCNConv(width, width), GCNConv(width, width)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(width) for _ in range(3)])
        self.jump, self.head, self.pool = JumpingKnowledge("cat"), nn.Linear(3 * width, classes), pool

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor | None = None) -> Tensor:
        h = F.relu(self.norms[0](self.convs[0](x, edge_index)))
        every = [h]
        for conv, norm in zip(self.convs[1:], self.norms[1:], strict=True):
            h = F.relu(norm(conv(h, edge_index))) + h
            every.append(h)
        h = self.jump(every)
        return self.head(h if self.pool is None else self.pool(h, batch))


def _perceptron(inputs: int, width: int, norm: bool) -> nn.Sequential:
    middle = [nn.BatchNorm1d(width)] if norm else []
    return nn.Sequential(nn.Linear(inputs, width), *middle, nn.ReLU(), nn.Linear(width, width))


def _gcn(f: int, w: int, c: int, pooled: bool) -> nn.Module:
    return _Net(GCNConv(f, w), GCNConv(w, w), False, w, c, global_mean_pool if pooled else None)


def _gin(f: int, w: int, c: int, pooled: bool) -> nn.Module:
    return _Net(GINConv(_perceptron(f, w, False)), GINConv(_perceptron(w, w, False)), False, w, c,
                global_add_pool if pooled else None)


def _gin_norm(f: int, w: int, c: int, pooled: bool) -> nn.Module:
    return _Net(GINConv(_perceptron(f, w, True)), GINConv(_perceptron(w, w, True)), True, w, c,
                global_add_pool if pooled else None)


def _sage(aggr: str) -> Callable[[int, int, int, bool], nn.Module]:
    def made(f: int, w: int, c: int, pooled: bool) -> nn.Module:
        return _Net(SAGEConv(f, w, aggr=aggr), SAGEConv(w, w, aggr=aggr), aggr == "max", w, c,
                    global_max_pool if pooled else None)

    return made


#: By name: a module of so many features, channels and classes, which pools graphs or not.
KINDS: Mapping[str, Callable[[int, int, int, bool], nn.Module]] = {
    "GCN": _gcn, "GIN, sums": _gin, "GIN, batch norm": _gin_norm, "SAGE, mean": _sage("mean"),
    "SAGE, max": _sage("max"), "residual, JumpingKnowledge": lambda f, w, c, p: _Residual(
        f, w, c, global_mean_pool if p else None)}


def train(model: nn.Module, graphs: Sequence[Data], *, epochs: int, decay: float) -> nn.Module:
    """Train a module on labels of nodes with ``train_mask``, or of graphs; returns it in evaluation mode."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=decay)
    loader: Any = graphs if len(graphs) == 1 else DataLoader(list(graphs), batch_size=32, shuffle=True)
    for _ in range(epochs):
        for each in loader:
            given = (each.x, each.edge_index) if len(graphs) == 1 else (each.x, each.edge_index, each.batch)
            chosen = each.train_mask if len(graphs) == 1 else slice(None)
            loss = F.cross_entropy(model(*given)[chosen], each.y[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


@torch.no_grad()
def twist(model: nn.Module, how: str) -> None:
    """Do to the first half of channels of every hidden layer what ``how`` says."""
    layers = [each for each in model.modules() if isinstance(each, nn.Linear) or type(each).__name__ == "Linear"]
    for number, layer in enumerate(layers[:-1]):  # the last one gives the result
        half = layer.weight.shape[0] // 2
        if how == "small":
            layer.weight[:half] *= 0.01
        elif how == "collapsed":
            layer.weight[:half] = layer.weight[0]
        elif how == "pruned":
            layer.weight[:half] = 0.0
        elif how in ("dead", "rare") and number:
            down = 1000.0 if how == "dead" else float(layer.weight[:half].abs().sum(1).median())
            bias = layer.bias if layer.bias is not None else _bias_behind(model, layer)
            if bias is not None:
                bias[:half] -= down
    if how == "negative gains":
        for each in model.modules():
            if isinstance(each, nn.BatchNorm1d):
                each.weight[: len(each.weight) // 2] *= -1


def _bias_behind(model: nn.Module, layer: nn.Module) -> Tensor | None:
    """The bias that a GCN layer adds behind its sum."""
    for each in model.modules():
        if isinstance(each, GCNConv) and each.lin is layer:
            return each.bias
    return None
