"""Forms of forward that users write every day and that compute nothing new: each must be taken as what it is.

They stand in a file of their own: pytest rewrites the asserts of test files.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import torch_geometric.nn as gnn
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv, GINConv, SAGEConv, Sequential, global_add_pool, global_mean_pool
from torch_geometric.utils import dropout_edge, scatter

__all__ = ["FORMS", "FORWARDS", "Forms"]

Form = Callable[..., Any]


class Forms(nn.Module):
    """Layers and weights, and a forward of one's own on 7 features."""

    def __init__(self, form: Form, outputs: int = 3) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.form, self.hidden = form, 6
        self.conv, self.next = GINConv(nn.Sequential(nn.Linear(7, 6), nn.ReLU(), nn.Linear(6, 6))), GCNConv(6, 6)
        self.head, self.drop = nn.Linear(6, outputs), nn.Dropout(0.5)
        self.gain, self.shift = nn.Parameter(torch.rand(6) + 0.5), nn.Parameter(torch.rand(1, 6) - 0.5)
        self.one, self.mix = nn.Parameter(torch.tensor(0.7)), nn.Parameter(torch.randn(2))
        self.matrix, self.bias = nn.Parameter(torch.randn(6, 5)), nn.Parameter(torch.randn(5))
        self.register_buffer("middle", torch.rand(7))
        self.register_buffer("spread", torch.rand(7) + 1)
        self.convs = nn.ModuleList([GCNConv(6, 6), SAGEConv(6, 6)])
        self.norms = nn.ModuleDict({"0": nn.BatchNorm1d(6), "1": nn.Identity()})

    def body(self, x: Tensor, e: Tensor, b: Tensor, between: Callable[[Tensor], Tensor] = lambda h: h) -> Tensor:
        return self.head(global_mean_pool(between(self.conv(x, e).relu()), b))

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Any:
        return self.form(self, x, edge_index, batch)


def between(change: Callable[[Any, Tensor], Tensor]) -> Form:
    """A change of the hidden values."""
    return lambda m, x, e, b: m.body(x, e, b, lambda h: change(m, h))


def end(change: Callable[[Any, Tensor], Tensor]) -> Form:
    """A change of the result."""
    return lambda m, x, e, b: change(m, m.body(x, e, b))


def checked(m: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    assert x.dim() == x.ndim == 2, "one row a node"
    assert x.size(1) == 7
    assert x.shape[-1] == m.conv.nn[0].in_features, f"{x.shape}"
    assert e.size(0) == 2
    assert e.dtype == torch.long
    assert x.size(0) == b.size(0)
    assert x.is_floating_point()
    assert x.dtype == torch.float32
    assert x.device.type == "cpu" or x.is_cuda
    assert x.size(0) > 0
    assert not torch.isnan(x).any(), "no number"
    assert bool((e >= 0).all())
    if x.size(1) != 7:
        raise ValueError(f"{x.size(1)} features")
    if x.dim() != 2 or not x.size(0) or e.dim() != 2:
        raise ValueError("edges")
    if torch.isinf(x).any():
        raise ValueError("infinite features")
    if x.shape[0] != b.shape[0]:
        raise ValueError("batch")
    nodes, features = x.shape
    h = m.conv(x, e).relu()
    assert h.shape == (nodes, m.hidden)
    assert features == 7
    assert h.shape[0] == nodes
    return m.head(global_mean_pool(h, b))


def residual_where_widths_match(m: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    h = x
    for layer in (m.conv, m.next, *m.convs):
        new = layer(h, e).relu()
        h = new + h if new.shape == h.shape else new
    return m.head(global_add_pool(h, b))


def looped(m: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    x = m.conv(x, e)
    for index, (conv, norm) in enumerate(zip(m.convs, m.norms.values(), strict=True)):
        x = conv(x, e)
        x = norm(x)
        if index < len(m.convs) - 1:
            x = F.relu(x, inplace=True)
        x = F.dropout(x, 0.5, m.training)
    return m.head(x)


def trains_otherwise(m: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    if m.training:
        e, _ = dropout_edge(e, p=0.2)
    h = m.conv(x, e)
    if m.training and h.mean() > 0:
        h = h * 2
    return m.head(h)


def logs(m: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    h = m.conv(x, e).relu()
    m.embedding, m.mean = h, h.mean(dim=0)
    m.seen = (h.norm(), h[:, :2], torch.fft.fft(h), x.std())
    return m.head(h)


def weighted(m: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    share = torch.softmax(m.mix, dim=0)
    h = m.conv(x, e).relu()
    return m.head(share[0] * h + share[1] * m.next(h, e))


def counted(m: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    size = b.max().item() + 1
    return m.head(global_mean_pool(m.conv(x, e), b.long(), size))


def shaped(m: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    x = x.view(x.size(0), -1).reshape(-1, 7).contiguous().view(-1, x.shape[1])
    h = torch.flatten(m.conv(x.clone(), e.contiguous()).relu(), 1)
    h = global_add_pool(h.view(h.shape), b.to(x.device))
    return m.head(h.view(h.size(0), m.hidden)).flatten(start_dim=1).squeeze()


def copied_types(m: Any, x: Tensor, e: Tensor, b: Tensor) -> Tensor:
    x, e, b = x.to(m.head.weight.device), e.to(x.device).long(), b.to("cpu", non_blocking=True)
    x = x.to(torch.float32).to(m.head.weight.dtype).float().type(torch.float).type_as(m.head.weight).cpu()
    return m.body(x.detach(), e.clone(), b.to(torch.int64))


#: By name: form, and columns of the result.
FORMS: dict[str, tuple[Form, int]] = {
    "x + number": (lambda m, x, e, b: m.body(x + -1.5, e, b), 3),
    "x + buffer": (lambda m, x, e, b: m.body(x + m.middle, e, b), 3),
    "standardized": (lambda m, x, e, b: m.body((x - m.middle) / m.spread, e, b), 3),
    "1 - x": (lambda m, x, e, b: m.body(1 - x, e, b), 3),
    "buffer - x": (lambda m, x, e, b: m.body(m.middle - x, e, b), 3),
    "h - 1": (between(lambda m, h: h - 1), 3),
    "1 - h": (between(lambda m, h: 1.0 - h), 3),
    "-h": (between(lambda m, h: -h), 3),
    "torch.neg": (between(lambda m, h: torch.neg(h).neg() - torch.negative(h)), 3),
    "a - b": (lambda m, x, e, b: m.body(x, e, b) - m.body(x, e, b, lambda h: h * 0.5), 3),
    "a - b of nodes": (lambda m, x, e, b: m.head((h := m.conv(x, e)).relu() - m.next(h, e)), 3),
    "functions": (between(lambda m, h: torch.sub(torch.add(h, 1, alpha=2), torch.mul(h, 0.25), alpha=0.5)), 3),
    "methods": (between(lambda m, h: h.sub(0.5).add(h, alpha=-0.25).mul(2).div(3)), 3),
    "rsub": (between(lambda m, h: torch.rsub(h, 2.0)), 3),
    "in place": (between(lambda m, h: h.add_(1).mul_(0.5).sub_(0.25).div_(2).relu_()), 3),
    "augmented": (lambda m, x, e, b: m.head(augmented(m.conv(x, e))), 3),
    "x / 2": (lambda m, x, e, b: m.body(x / 2, e, b), 3),
    "mean of two": (lambda m, x, e, b: m.head(((h := m.conv(x, e)) + m.next(h.relu(), e)) * 0.5), 3),
    "root": (between(lambda m, h: h / math.sqrt(m.hidden) * np.float32(2)), 3),
    "gain and shift": (between(lambda m, h: h * m.gain + m.shift), 3),
    "a number that is learned": (between(lambda m, h: m.one * h - m.one), 3),
    "1 + a number that is learned": (lambda m, x, e, b: m.head((1 + m.one) * (h := m.conv(x, e)) + m.next(h, e)), 3),
    "exp of weights": (between(lambda m, h: h * torch.sigmoid(m.gain).unsqueeze(0) + m.shift.squeeze(0).exp()), 3),
    "a share that is learned": (weighted, 3),
    "a tensor made in forward": (between(lambda m, h: h * torch.full((6,), 0.5) + torch.ones(1)), 3),
    "h @ W + b": (lambda m, x, e, b: m.conv(x, e).relu() @ m.matrix + m.bias, 5),
    "x @ W": (lambda m, x, e, b: torch.matmul(m.conv(x, e).mm(m.matrix), m.matrix.t()), 6),
    "F.linear": (lambda m, x, e, b: F.linear(m.conv(x, e).relu(), m.matrix.t(), m.bias), 5),
    "F.linear of a layer": (lambda m, x, e, b: F.linear(m.conv(x, e).relu(), m.head.weight, m.head.bias), 3),
    "squeeze": (end(lambda m, z: z.squeeze()), 1),
    "squeeze(-1)": (end(lambda m, z: z.squeeze(-1)), 1),
    "torch.squeeze": (end(lambda m, z: torch.squeeze(z, 1)), 1),
    "squeeze of several": (end(lambda m, z: z.squeeze(-1)), 3),
    "view(-1)": (end(lambda m, z: z.view(-1)), 1),
    "reshape(-1)": (end(lambda m, z: torch.reshape(z, (-1,))), 1),
    "flatten": (end(lambda m, z: z.flatten()), 1),
    "[:, 0]": (end(lambda m, z: z[:, 0]), 1),
    "and back": (end(lambda m, z: z.squeeze(-1).unsqueeze(-1)), 1),
    "real units": (end(lambda m, z: z.squeeze(-1) * 12.5 + 3), 1),
    "two vectors": (lambda m, x, e, b: m.body(x, e, b).squeeze(1) - m.body(x, e, b, lambda h: h * 3).view(-1), 1),
    "sigmoid": (end(lambda m, z: torch.sigmoid(z)), 1),
    "sigmoid of several": (end(lambda m, z: z.sigmoid()), 3),
    "sigmoid of a vector": (end(lambda m, z: torch.sigmoid(z.squeeze(-1))), 1),
    "a vector of sigmoids": (end(lambda m, z: F.sigmoid(z).view(-1)), 1),
    "log_softmax": (end(lambda m, z: F.log_softmax(z, dim=-1).float()), 3),
    "softmax": (end(lambda m, z: z.softmax(dim=1)), 3),
    "checks": (checked, 3),
    "residual where widths match": (residual_where_widths_match, 3),
    "loops": (looped, 3),
    "other calls in training": (trains_otherwise, 3),
    "edges dropped in training": (
        lambda m, x, e, b: m.head(m.conv(x, dropout_edge(e, p=0.5, training=m.training)[0])), 3),
    "kept for a plot": (logs, 3),
    "graphs are counted": (counted, 3),
    "shapes": (shaped, 3),
    "types and devices": (copied_types, 3),
    "a clone is changed": (lambda m, x, e, b: m.head(added_to_a_clone(m.conv(x, e))), 3),
    "begins with zeros": (
        lambda m, x, e, b: m.head(torch.zeros(x.size(0), m.hidden, device=x.device) + m.conv(x, e)), 3),
    "masked by ones": (lambda m, x, e, b: m.body(x * torch.ones((x.shape[0], 1)), e, b), 3),
    "nn.Identity": (between(lambda m, h: m.norms["1"](h)), 3),
    "clamp": (between(lambda m, h: (h - 1).clamp(min=0) + torch.clamp(h - 2, min=0.0)), 3),
    "hstack": (lambda m, x, e, b: torch.hstack([h := m.conv(x, e), m.next(h, e)]), 12),
    "cat of axis": (lambda m, x, e, b: torch.cat([h := m.conv(x, e), m.next(h, e)], axis=1), 12),
    "scatter": (lambda m, x, e, b: m.head(scatter(m.conv(x, e), b, dim=0, reduce="mean")), 3),
    "scatter by position": (lambda m, x, e, b: m.head(scatter(m.conv(x, e), b, 0, None, "mean")), 3),
    "scatter of maxima": (lambda m, x, e, b: m.head(scatter(m.conv(x, e), b, reduce="max")), 3),
    "pool by its module": (lambda m, x, e, b: m.head(gnn.global_max_pool(m.conv(x, e), b)), 3),
    "names": (lambda m, x, e, b: m.head(input=m.next(x=m.conv(edge_index=e, x=x), edge_index=e, edge_weight=None)), 3),
    "numbers of a weight": (between(lambda m, h: h * m.gain.shape[0] / m.matrix.size(1)), 3),
}


def augmented(h: Tensor) -> Tensor:
    h += 1
    h *= 0.5
    h -= 0.25
    h /= 2
    return h


def added_to_a_clone(h: Tensor) -> Tensor:
    other = h.clone()
    other += 1
    return other + h.relu()


class TakesData(nn.Module):
    """Reads a Data in every usual way."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = GCNConv(7, 6), nn.Linear(6, 3)

    def forward(self, data: Data) -> Tensor:
        assert isinstance(data, Data)
        assert data.num_features == 7
        assert "x" in data
        data = data.to(data.x.device)
        x, edge_index, batch, _ = data.x, data["edge_index"], data.batch, data.edge_attr
        if x.shape[0] != data.num_nodes:
            raise ValueError("nodes")
        h = self.conv(x, edge_index).relu()
        return self.head(global_add_pool(h, batch, size=data.num_graphs)).view(data.num_graphs, -1)


class TakesBatch(TakesData):
    """The one argument is called batch, as Lightning has it."""

    def forward(self, batch: Data) -> Tensor:
        return self.head(global_mean_pool(self.conv(batch.x, batch.edge_index), batch.batch))


class HasDefaults(TakesData):
    """A batch that may be missing, and what hwgen leaves at its default."""

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None, batch: Tensor | None = None,
                **kwargs: Any) -> Tensor:
        if batch is None:
            batch = x.new_zeros(x.size(0), dtype=torch.long)
        h = self.conv(x, edge_index) if edge_weight is None else self.conv(x, edge_index, edge_weight)
        return self.head(global_mean_pool(h, batch))


class Adjacent(TakesData):
    """Other names, and edges of any integer type."""

    def forward(self, adj: Tensor, features: Tensor) -> Tensor:
        return self.head(self.conv(features.float(), adj.long()))


class MakesBatch(TakesData):
    """One graph: every node is of graph 0."""

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        batch = torch.zeros(x.size(0), dtype=torch.long, device=x.device)
        return self.head(global_mean_pool(self.conv(x, edge_index), batch))


class Slopes(TakesData):
    """A slope that is learned."""

    def __init__(self) -> None:
        super().__init__()
        self.act = nn.PReLU()

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.head(self.act(self.conv(x, edge_index)))


class Weighted(TakesData):
    """Weight normalisation as PyTorch parametrizes it."""

    def __init__(self) -> None:
        super().__init__()
        nn.utils.parametrizations.weight_norm(self.head)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.head(self.conv(x, edge_index))


class InPyG(Sequential):
    """PyG gives a class the forward of its latest instance: this one keeps its own, whatever others do to theirs."""

    forward = Sequential.forward


FORWARDS: dict[str, nn.Module] = {
    "data": TakesData(), "a batch": TakesBatch(), "defaults": HasDefaults(), "other names": Adjacent(),
    "makes a batch": MakesBatch(), "slope": Slopes(), "weight norm": Weighted(),
    "PyG's Sequential": InPyG("x, edge_index, batch", [
        (GCNConv(7, 6), "x, edge_index -> h"), nn.ReLU(inplace=True), (lambda h: h * 2 - 1, "h -> h"),
        (GCNConv(6, 6), "h, edge_index -> g"), (lambda h, g: h - g, "h, g -> h"),
        (global_mean_pool, "h, batch -> h"), nn.Linear(6, 1), nn.Flatten(0)]),
}
