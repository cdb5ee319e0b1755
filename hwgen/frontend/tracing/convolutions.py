"""PyG's convolutions as symbolic values. Every option is looked at: what is not supported is refused, not ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, NamedTuple

import torch
import torch_geometric.nn as pyg
from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations

from ...network.activation import RELU
from ...network.equation import Factor
from ..calls import Call, Value, bind, path_of, refuse
from ..trace import trace_part
from .algebra import activated, added, concatenated, gathered, linear, materialised, reference_to, scaled, summed
from .expr import Expr
from .outcomes import End, Fixed
from .reader import Reader

__all__ = ["Aggregate", "aggregate_of", "check_options", "check_sum", "double", "gcn", "gin", "graph_conv", "matrix",
           "nodes_of", "sage", "weighing"]


class Aggregate(NamedTuple):
    """How rows of a list become one."""

    op: Literal["sum", "max"]
    factor: Factor


def gcn(reader: Reader, call: Call, layer: pyg.GCNConv) -> Expr:
    """``D^-1/2 (A + I) D^-1/2 X W + b``; without ``I``, or without ``D``, as its options say.

    ``A`` holds what edges weigh, where the layer is given that: then their normed values are what hardware sums.
    """
    given = bind(call, {"x": None, "edge_index": None, "edge_weight": None})
    weighs = weighing(reader, call, given)
    expr = nodes_of(reader, call, given, weighs=weighs)
    # improved is no option without weights of edges: PyG's self loops weigh 1 then
    check_options(call, layer, {"improved": False} if weighs else {})
    check_sum(call, layer)
    path = path_of(call)
    via: Literal["edges", "looped"] = "looped" if layer.add_self_loops else "edges"
    factor: Factor = "rsqrt" if layer.normalize else "one"
    message = linear(expr, *matrix(reader, call, layer.lin, expr), path, "message")
    if weighs:
        if layer.normalize and not layer.add_self_loops:
            refuse(call, "GCNConv with edge weights and add_self_loops=False", "add self loops, or use normalize=False")
        return scaled(summed(message, "normed" if layer.normalize else "weighted", path), None, double(layer.bias),
                      path, "")
    message = replace(message, factor=factor, of=via)
    return scaled(gathered(message, via, path, "", factor=factor), None, double(layer.bias), path, "")


def gin(reader: Reader, call: Call, layer: pyg.GINConv) -> Expr | End:
    """``MLP((1 + ε) x_i + Σ_j x_j)``."""
    given = bind(call, {"x": None, "edge_index": None, "size": None})
    expr = materialised(nodes_of(reader, call, given))
    check_options(call, layer, {})
    aggregate, path = aggregate_of(call, layer), path_of(call)
    if not isinstance(layer.nn, nn.Module):
        refuse(call, "GINConv with a function", "give it a module, such as Sequential of Linear and ReLU")
    own = reference_to(expr, path, "sum")
    gain = 1 + layer.eps.detach().double().reshape(-1)
    if gain != 1:
        own = scaled(own, gain.expand(expr.width), None, path, "sum")
    total = added(gathered(expr, "edges", path, "sum", op=aggregate.op, factor=aggregate.factor), own, path, "sum")
    part = trace_part(layer.nn, f"{call.path}.nn", lambda traced: reader.part(traced, total).shape())
    found = reader.part(part, total)
    out = found.run()
    if found.is_flat:
        refuse(call, "GINConv of a module that returns a vector", "keep one row of channels for each node")
    return out


def sage(reader: Reader, call: Call, layer: pyg.SAGEConv) -> Expr:
    """``W_l · mean_j x_j + W_r x_i + b``, with any of sum, mean and max."""
    given = bind(call, {"x": None, "edge_index": None, "size": None})
    expr, path = materialised(nodes_of(reader, call, given)), path_of(call)
    check_options(call, layer, {"normalize": False})
    source = expr
    if layer.project:
        projected = linear(expr, *matrix(reader, call, layer.lin, expr), path, "project")
        source = materialised(activated(projected, RELU, path, "project"))
    return _rooted(reader, call, layer, source, expr, layer.lin_l, layer.lin_r if layer.root_weight else None)


def graph_conv(reader: Reader, call: Call, layer: pyg.GraphConv) -> Expr:
    """``W_1 x_i + W_2 Σ_j w_ij x_j + b``, with any of sum, mean and max; w is 1 where the layer is not given it."""
    given = bind(call, {"x": None, "edge_index": None, "edge_weight": None, "size": None})
    weighs = weighing(reader, call, given)
    expr = materialised(nodes_of(reader, call, given, weighs=weighs))
    check_options(call, layer, {})
    return _rooted(reader, call, layer, expr, expr, layer.lin_rel, layer.lin_root, weighs=weighs)


def _rooted(reader: Reader, call: Call, layer: pyg.MessagePassing, source: Expr, own: Expr,
            neighbours: nn.Linear | pyg.Linear, root: nn.Linear | pyg.Linear | None, *, weighs: bool = False) -> Expr:
    """A linear layer on what the neighbours sent, and another on the node itself."""
    aggregate, path = aggregate_of(call, layer), path_of(call)
    weight, bias = matrix(reader, call, neighbours, source)
    weights = [weight] if root is None else [weight, matrix(reader, call, root, own)[0]]
    if weighs and aggregate.op == "max":
        refuse(call, f"{call.name} with edge weights and aggr=max", "use aggr add or mean: hardware has no maximum of "
               "products")
    if aggregate.op == "max":  # the maximum does not commute with a linear layer
        parts = [gathered(source, "edges", path, "max", op="max"), *([] if root is None else [own])]
        return linear(concatenated(parts, path, "max"), torch.cat(weights), bias, path)
    message = linear(source, weight, None, path, "message")
    out = (summed(message, "weighted", path, factor=aggregate.factor) if weighs
           else gathered(message, "edges", path, "", factor=aggregate.factor))
    if root is not None:
        out = added(out, linear(own, weights[1], None, path, "root"), path, "")
    return scaled(out, None, bias, path, "")


def matrix(reader: Reader, call: Call, layer: nn.Linear | pyg.Linear, expr: Expr) -> tuple[Tensor, Tensor | None]:
    """Weight float64 [in, out] and bias of a Linear.

    Raises
    ------
    HwgenError
        Not a plain Linear, or one of another width than what it gets.
    """
    if type_before_parametrizations(layer) not in (nn.Linear, pyg.Linear):
        refuse(call, f"{call.name} with {type(layer).__name__}", "use a plain Linear within it")
    if layer.weight.shape[1] != expr.width:
        refuse(call, f"{call.name} takes {layer.weight.shape[1]} channels and gets {expr.width}", "make the widths fit")
    return reader.weights.setdefault(layer, (layer.weight.detach().double().t(), double(layer.bias)))


def weighing(reader: Reader, call: Call, given: Mapping[str, object]) -> bool:
    """Whether a convolution is given what edges weigh."""
    weight = reader.outcome(given.get("edge_weight"))
    if weight not in (Fixed(None), Value("edge_weight")):
        refuse(call, f"{call.name} with edge weights that forward computes",
               "pass on the edge_weight that forward was given, and change it beforehand, in the graphs")
    return weight == Value("edge_weight")


def nodes_of(reader: Reader, call: Call, given: Mapping[str, object], *, weighs: bool = False) -> Expr:
    """What a convolution takes, once its other arguments are the graph's own; ``weighs``: and edges may weigh."""
    if not weighs and given.get("edge_weight") is not None and weighing(reader, call, given):
        refuse(call, f"{call.name} with edge weights", "call it with x and edge_index only: every edge weighs 1")
    if given.get("size") is not None:
        refuse(call, f"{call.name} with size", "call it with x and edge_index only")
    if reader.outcome(given["edge_index"]) != Value("edge_index"):
        refuse(call, f"{call.name} without the graph's own edge_index",
               "pass on the edge_index that forward was given")
    if isinstance(given["x"], tuple | list):
        refuse(call, f"{call.name} of a pair", "give it one tensor: hwgen has no bipartite graphs")
    expr = reader.expr(call, given["x"])
    if expr.domain != "nodes":
        refuse(call, f"{call.name} of pooled values", "put convolutions before pooling, and Linear after it")
    return expr


def check_options(call: Call, layer: pyg.MessagePassing, usual: Mapping[str, object]) -> None:
    """Refuse options of a convolution that have another value than their usual one."""
    for name, value in {**usual, "flow": "source_to_target", "node_dim": -2}.items():
        if getattr(layer, name) != value:
            refuse(call, f"{call.name} with {name}={getattr(layer, name)}", f"leave {name} at its default, {value}")


def aggregate_of(call: Call, layer: pyg.MessagePassing) -> Aggregate:
    """How a convolution makes one row of those of a list."""
    known = {pyg.aggr.SumAggregation: Aggregate("sum", "one"), pyg.aggr.MeanAggregation: Aggregate("sum", "mean"),
             pyg.aggr.MaxAggregation: Aggregate("max", "one")}
    found = known.get(type(layer.aggr_module))
    if found is None:
        refuse(call, f"{call.name} with aggr={layer.aggr}", "use aggr add, mean or max")
    return found


def check_sum(call: Call, layer: pyg.MessagePassing) -> None:
    """Refuse a convolution that makes something else than sums of its lists."""
    if aggregate_of(call, layer) != Aggregate("sum", "one"):
        refuse(call, f"{call.name} with aggr={layer.aggr}", "leave aggr at its default, add")


def double(tensor: Tensor | None) -> Tensor | None:
    """A parameter as numbers: float64, or None."""
    return None if tensor is None else tensor.detach().double()
