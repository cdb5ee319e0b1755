"""Models that ``hwgen train --model`` names, of plain PyG layers: GCN, GraphSAGE and GIN, for nodes or for graphs.

Nothing here is known to the rest of hwgen: each is traced and quantized as a module of a user's own is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.nn import GCNConv, GINConv, JumpingKnowledge, SAGEConv, global_add_pool, global_mean_pool

from ...errors import HwgenError

__all__ = ["GCN", "GIN", "MODELS", "SAGE", "Pool"]

#: How the values of a graph's nodes become one; empty: results are by node.
Pool = Literal["", "add", "mean"]


def _pooled(x: Tensor, batch: Tensor | None, pool: Pool) -> Tensor:
    out: Tensor = global_add_pool(x, batch) if pool == "add" else global_mean_pool(x, batch) if pool == "mean" else x
    return out


def _check(widths: tuple[int, ...], layers: int, least: int, dropout: float) -> None:
    if layers < least:
        raise HwgenError(f"{layers} layers", "layers", f"use at least {least}")
    if min(widths) < 1:
        raise HwgenError(f"widths {', '.join(map(str, widths))}", "hidden", "use positive widths")
    if not 0 <= dropout < 1:
        raise HwgenError(f"dropout {dropout}", "dropout", "use a share from 0 to below 1")


class _Stack(nn.Module):
    """Convolutions with ReLU between them, and dropout before each; a linear layer at the end where graphs are pooled.

    Parameters
    ----------
    inputs, hidden, classes : int
        Widths; every hidden layer has the same.
    layers : int
        Convolutions: at least 2, or 1 where graphs are pooled.
    dropout : float
    bias : bool
    pool : "", "add" or "mean"

    Raises
    ------
    HwgenError
        Too few layers, a width below 1, dropout outside [0, 1).
    """

    convolution: ClassVar[Callable[..., nn.Module]]

    def __init__(self, inputs: int, hidden: int, classes: int, *, layers: int = 2, dropout: float = 0.5,
                 bias: bool = True, pool: Pool = "") -> None:
        super().__init__()
        _check((inputs, hidden, classes), layers, 1 if pool else 2, dropout)
        widths = [inputs, *[hidden] * (layers - 1), hidden if pool else classes]
        self.convs = nn.ModuleList([type(self).convolution(a, b, bias=bias) for a, b in pairwise(widths)])
        self.lin = nn.Linear(hidden, classes, bias=bias) if pool else None
        self.dropout, self.pool = dropout, pool

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor | None = None) -> Tensor:
        """Logits of every node or graph: float [rows, classes]."""
        last = None if self.lin is not None else self.convs[-1]
        for conv in self.convs:
            x = conv(F.dropout(x, self.dropout, self.training), edge_index)
            if conv is not last:
                x = F.relu(x)
        if self.lin is None:
            return x
        out: Tensor = self.lin(F.dropout(_pooled(x, batch, self.pool), self.dropout, self.training))
        return out


class GCN(_Stack):
    """Graph convolutional network (Kipf & Welling, ICLR 2017)."""

    convolution = GCNConv


class SAGE(_Stack):
    """GraphSAGE with mean aggregation (Hamilton et al., NeurIPS 2017)."""

    convolution = SAGEConv


def _mlp(inputs: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU(),
                         nn.Linear(hidden, hidden), nn.BatchNorm1d(hidden), nn.ReLU())


class GIN(nn.Module):
    """Graph isomorphism network (Xu et al., ICLR 2019) with a readout over the maps of all layers.

    Parameters
    ----------
    inputs, hidden, classes : int
    layers : int
    dropout : float
        Before the last layer.
    pool : "", "add" or "mean"
    jump : bool
        Read the maps of all layers, side by side; else only the last one.
    norm : bool
        A batch norm on what is pooled: sums over graphs of very different sizes train badly without.

    Raises
    ------
    HwgenError
        No layer, a width below 1, dropout outside [0, 1).
    """

    def __init__(self, inputs: int, hidden: int, classes: int, *, layers: int = 3, dropout: float = 0.5,
                 pool: Pool = "add", jump: bool = True, norm: bool = False) -> None:
        super().__init__()
        _check((inputs, hidden, classes), layers, 1, dropout)
        self.convs = nn.ModuleList([GINConv(_mlp(hidden if k else inputs, hidden)) for k in range(layers)])
        self.jump = JumpingKnowledge("cat") if jump else None
        self.pool = pool
        wide = hidden * (layers if jump else 1)
        # Sums vary by hundreds; one that does not vary gets no gain that hardware had to provide for.
        self.norm = nn.BatchNorm1d(wide, eps=10.0) if norm else None
        self.lin1 = nn.Linear(wide, hidden)
        self.dropout = nn.Dropout(dropout)
        self.lin2 = nn.Linear(hidden, classes)

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor | None = None) -> Tensor:
        """Logits of every node or graph: float [rows, classes]."""
        maps: list[Tensor] = []
        for conv in self.convs:
            x = conv(x, edge_index)
            maps.append(x)
        if self.jump is not None:
            x = self.jump(maps)
        x = _pooled(x, batch, self.pool)
        if self.norm is not None:
            x = self.norm(x)
        out: Tensor = self.lin2(self.dropout(F.relu(self.lin1(x))))
        return out


#: Names for ``--model``.
MODELS: Mapping[str, type[nn.Module]] = {"gcn": GCN, "gin": GIN, "sage": SAGE}
