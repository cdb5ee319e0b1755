"""One model for each layer of docs/layers.md, on Cora: 1,433 features, 7 classes."""

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.nn import APPNP, ClusterGCNConv, GCN2Conv, GCNConv, LGConv, SGConv, TAGConv

__all__ = ["MODELS", "appnp", "cluster_gcn", "gcn", "gcn2", "hardtanh", "improved", "lg", "prelu",
           "relu6", "sg", "tag"]

FEATURES, HIDDEN, CLASSES = 1433, 16, 7


class Chain(nn.Module):
    """Convolutions, an activation and dropout between each two; ``last`` propagates the logits."""

    def __init__(self, *layers: nn.Module, last: nn.Module | None = None, act: nn.Module | None = None) -> None:
        super().__init__()
        self.layers, self.last, self.act = nn.ModuleList(layers), last, act or nn.ReLU()

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        for number, layer in enumerate(self.layers):
            x = F.dropout(self.act(x) if number else x, 0.5, self.training)
            x = layer(x) if isinstance(layer, nn.Linear) else layer(x, edge_index)
        return x if self.last is None else self.last(x, edge_index)


class Deep(nn.Module):
    """GCNII: every layer adds some of the first hidden values."""

    def __init__(self, layers: int = 4, hidden: int = 32) -> None:
        super().__init__()
        self.into, self.out = nn.Linear(FEATURES, hidden), nn.Linear(hidden, CLASSES)
        self.convs = nn.ModuleList(GCN2Conv(hidden, 0.1, theta=0.5, layer=each + 1) for each in range(layers))

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        h = first = F.relu(self.into(F.dropout(x, 0.5, self.training)))
        for conv in self.convs:
            h = F.relu(conv(F.dropout(h, 0.5, self.training), first, edge_index))
        out: Tensor = self.out(F.dropout(h, 0.5, self.training))
        return out


class Light(nn.Module):
    """LightGCN on features: the mean of what 0, 1 and 2 propagations leave."""

    def __init__(self) -> None:
        super().__init__()
        self.lin, self.conv = nn.Linear(FEATURES, CLASSES), LGConv()

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        h = self.lin(F.dropout(x, 0.5, self.training))
        one = self.conv(h, edge_index)
        out: Tensor = (h + one + self.conv(one, edge_index)) / 3
        return out


def _two(layer: Callable[..., nn.Module], act: Callable[[], nn.Module] = nn.ReLU,
         **options: Any) -> Callable[[], nn.Module]:
    return lambda: Chain(layer(FEATURES, HIDDEN, **options), layer(HIDDEN, CLASSES, **options), act=act())


def sg() -> nn.Module:
    """SGC as published: two hops and one matrix."""
    return Chain(SGConv(FEATURES, CLASSES, K=2))


def appnp() -> nn.Module:
    """PPNP as published: an MLP, and ten hops of its logits."""
    return Chain(nn.Linear(FEATURES, 64), nn.Linear(64, CLASSES), last=APPNP(10, 0.1))


gcn, improved, tag = _two(GCNConv), _two(GCNConv, improved=True), _two(TAGConv, K=2)
cluster_gcn, gcn2, lg = _two(ClusterGCNConv, diag_lambda=0.2), Deep, Light
relu6, hardtanh = _two(GCNConv, nn.ReLU6), _two(GCNConv, nn.Hardtanh)
prelu = _two(GCNConv, lambda: nn.PReLU(HIDDEN))

#: What the page calls it, and the name in this file.
MODELS = {
    "GCNConv, as a measure": "gcn", "GCNConv(improved=True)": "improved", "SGConv(K=2)": "sg", "TAGConv(K=2) ×2": "tag",
    "MLP, APPNP(10, 0.1)": "appnp", "ClusterGCNConv(diag_lambda=0.2) ×2": "cluster_gcn",
    "GCN2Conv(0.1, 0.5) ×4": "gcn2", "Linear, mean of 0 to 2 LGConv": "lg",
    "GCNConv ×2, ReLU6": "relu6", "GCNConv ×2, Hardtanh": "hardtanh", "GCNConv ×2, PReLU by channel": "prelu"}
