"""PyG's convolutions on prepared graphs: sums by sparse matrices, which know how often an edge counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch.nn.functional as F
import torch_geometric.nn as pyg
from torch import Tensor, nn

from ..data.graph_batch import GraphBatch
from .operands import Operand, SparseInput, aggregate, dense, linear

__all__ = ["CONVOLUTIONS", "WEIGHING"]


def _aggr(layer: pyg.MessagePassing) -> str:
    return type(layer.aggr_module).__name__


def _gcn(layer: pyg.GCNConv, x: Operand, batch: GraphBatch) -> Tensor:
    out = _propagated(layer, linear(layer.lin, x), batch)
    return out if layer.bias is None else out + layer.bias


def _gin(layer: pyg.GINConv, x: Operand, batch: GraphBatch) -> Tensor:
    body, aggr = layer.nn, _aggr(layer)
    first = body[0] if isinstance(body, nn.Sequential) else body
    if isinstance(x, SparseInput) and "Max" not in aggr and type(first) is nn.Linear:  # sums commute with a matrix
        seen = linear(first, x, bias=False)
        rest: Callable[[Tensor], Tensor] = (lambda z: body[1:](z)) if body is not first else (lambda z: z)
        bias = 0.0 if first.bias is None else first.bias
        return rest(aggregate(batch.edges, seen, aggr) + (1 + layer.eps) * seen + bias)
    seen = dense(x)
    out: Tensor = body(aggregate(batch.edges, seen, aggr) + (1 + layer.eps) * seen)
    return out


def _sage(layer: pyg.SAGEConv, x: Operand, batch: GraphBatch) -> Tensor:
    source: Operand = F.relu(linear(layer.lin, x)) if layer.project else x
    return _rooted(layer, source, x, layer.lin_l, layer.lin_r if layer.root_weight else None, batch)


def _graph_conv(layer: pyg.GraphConv, x: Operand, batch: GraphBatch) -> Tensor:
    return _rooted(layer, x, x, layer.lin_rel, layer.lin_root, batch)


def _rooted(layer: pyg.MessagePassing, source: Operand, own: Operand, neighbours: nn.Linear | pyg.Linear,
            root: nn.Linear | pyg.Linear | None, batch: GraphBatch) -> Tensor:
    aggr = _aggr(layer)
    if "Max" in aggr:
        out = linear(neighbours, aggregate(batch.edges, dense(source), aggr))
    else:  # sums commute with a matrix, which mostly has fewer columns than rows
        out = aggregate(batch.edges, linear(neighbours, source, bias=False), aggr)
        out = out if neighbours.bias is None else out + neighbours.bias
    return out if root is None else out + linear(root, own)


def _propagated(layer: pyg.MessagePassing, x: Tensor, batch: GraphBatch) -> Tensor:
    """``D^-1/2 (A + I) D^-1/2 x``; without ``I``, or without both, as the layer's options say."""
    if not getattr(layer, "normalize", True):
        return batch.edges.sum(x)
    lists = batch.looped if getattr(layer, "add_self_loops", False) else batch.edges
    factor = lists.rsqrt.to(x.dtype)
    return lists.sum(x * factor) * factor


def _sg(layer: pyg.SGConv, x: Operand, batch: GraphBatch) -> Tensor:
    out = linear(layer.lin, x, bias=False)
    for _ in range(layer.K):
        out = _propagated(layer, out, batch)
    return out if layer.lin.bias is None else out + layer.lin.bias


def _tag(layer: pyg.TAGConv, x: Operand, batch: GraphBatch) -> Tensor:
    out = linear(layer.lins[-1], x)
    for lin in list(layer.lins)[-2::-1]:
        out = _propagated(layer, out, batch) + linear(lin, x)
    return out if layer.bias is None else out + layer.bias


def _appnp(layer: pyg.APPNP, x: Operand, batch: GraphBatch) -> Tensor:
    out: Tensor = dense(x)
    first = layer.alpha * out
    for _ in range(layer.K):
        out = (1 - layer.alpha) * _propagated(layer, out, batch) + first
    return out


def _cluster_gcn(layer: pyg.ClusterGCNConv, x: Operand, batch: GraphBatch) -> Tensor:
    seen, lists = linear(layer.lin_out, x, bias=False), batch.looped
    near: Tensor = (lists.sum(seen) + layer.diag_lambda * seen) * lists.mean.to(seen.dtype)
    out = near + linear(layer.lin_root, x)
    return out if layer.lin_out.bias is None else out + layer.lin_out.bias


def _lg(layer: pyg.LGConv, x: Operand, batch: GraphBatch) -> Tensor:
    return _propagated(layer, dense(x), batch)


def _weighing_gcn(layer: pyg.GCNConv, x: Operand, batch: GraphBatch) -> Tensor:
    out = batch.weighed("normed" if layer.normalize else "weighted").sum(linear(layer.lin, x))
    return out if layer.bias is None else out + layer.bias


def _weighing_graph_conv(layer: pyg.GraphConv, x: Operand, batch: GraphBatch) -> Tensor:
    out = batch.weighed("weighted").sum(linear(layer.lin_rel, x, bias=False))
    if "Mean" in _aggr(layer):
        out = out * batch.edges.mean.to(out.dtype)
    out = out if layer.lin_rel.bias is None else out + layer.lin_rel.bias
    return out + linear(layer.lin_root, x)


#: The same of layers that are given what edges weigh.
WEIGHING: Mapping[type[nn.Module], Callable[..., Tensor]] = {
    pyg.GCNConv: _weighing_gcn, pyg.GraphConv: _weighing_graph_conv}

#: What is computed in another way than by calling it.
CONVOLUTIONS: Mapping[type[nn.Module], Callable[..., Tensor]] = {
    pyg.GCNConv: _gcn, pyg.GINConv: _gin, pyg.SAGEConv: _sage, pyg.GraphConv: _graph_conv,
    pyg.SGConv: _sg, pyg.TAGConv: _tag, pyg.APPNP: _appnp, pyg.ClusterGCNConv: _cluster_gcn, pyg.LGConv: _lg}
