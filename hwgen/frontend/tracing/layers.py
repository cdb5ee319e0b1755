"""Layers, functions and methods other than convolutions and reshaping as symbolic values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...network.activation import RELU, Activation, LeakyReLU
from ...network.equation import Factor
from ..activations import TORCH
from ..calls import Call, Count, Value, bind, path_of, refuse
from .algebra import activated, added, concatenated, dropped, gathered, linear, maximum, scaled
from .convolutions import matrix
from .expr import Expr
from .reader import OF_BATCH, End, Read, Reader

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    import torch_geometric.nn as pyg

__all__ = ["activation", "add", "batch_norm", "cat", "clamp", "dropout", "dropped_edges", "jumping", "larger",
           "linear_layer", "minus", "over", "pool", "prelu", "readout", "scattered", "sigmoid", "softmax", "subtract",
           "subtract_from", "times", "times_matrix"]

#: Of a product or sum with weights.
ONE_EACH = "use one number, or one for each channel"


def linear_layer(reader: Reader, call: Call, layer: nn.Linear) -> Expr:
    """``x W + b``."""
    expr, _ = _operand(reader, call)
    return linear(expr, *matrix(reader, call, layer, expr), path_of(call))


def times_matrix(reader: Reader, call: Call, layer: None) -> Expr:
    """``x W``, or ``x W^T + b`` as F.linear has it, with a weight of the user's own module."""
    of_layer = call.target is F.linear
    given = bind(call, {"input": None, "weight": None, "bias": None} if of_layer else {"input": None, "other": None})
    expr, own = reader.expr(call, given["input"]), given["weight" if of_layer else "other"]
    weight = reader.constant(call, own)
    if weight is None or weight.ndim != 2:
        refuse(call, f"{call.name} of two values", f"use {reader.recognisers.names('linear')}: a weight times a value")
    weight = weight.t() if of_layer else weight
    if weight.shape[0] != expr.width:
        refuse(call, f"{call.name} takes {weight.shape[0]} channels and gets {expr.width}", "make the widths fit")
    bias = None
    if given.get("bias") is not None:
        bias = _channels(reader, call, given["bias"], int(weight.shape[1]))
    return linear(expr, *reader.weights.setdefault(own, (weight, bias)), path_of(call), "matrix")


def batch_norm(reader: Reader, call: Call, layer: nn.BatchNorm1d | pyg.BatchNorm) -> Expr:
    """``γ · (z - μ) / √(σ² + ε) + β`` with running statistics: a gain and a bias for each channel."""
    inner = layer if isinstance(layer, nn.BatchNorm1d) else layer.module  # PyG's BatchNorm holds a BatchNorm1d
    expr, _ = _operand(reader, call)
    if inner.running_mean is None or inner.running_var is None:
        refuse(call, f"{call.name} with track_running_stats=False", "track running statistics: inference uses them")
    if len(inner.running_mean) != expr.width:
        refuse(call, f"{call.name} takes {len(inner.running_mean)} channels and gets {expr.width}",
               "make the widths fit")
    gain = torch.rsqrt(inner.running_var.double() + inner.eps)
    if inner.weight is not None:
        gain = gain * inner.weight.detach().double()
    bias = -inner.running_mean.double() * gain
    if inner.bias is not None:
        bias = bias + inner.bias.detach().double()
    return scaled(expr, gain, bias, path_of(call), "")


def activation(kind: type[Activation]) -> Read:
    """A function of every number by itself; its parameters are rounded to what hardware has."""
    known = TORCH[kind]

    def read(reader: Reader, call: Call, layer: nn.Module | None) -> Expr:
        expr, given = _operand(reader, call, **known.arguments, inplace=...)
        own = {name: reader.number(call, given[name]) if layer is None else getattr(layer, name)
               for name in known.arguments}
        made = known.make(**own)
        if isinstance(made, str):
            refuse(call, f"{call.name} with {', '.join(f'{name}={value}' for name, value in own.items())}", made)
        return activated(expr, made, path_of(call), "" if layer is not None else kind.kind)

    return read


def prelu(reader: Reader, call: Call, layer: nn.PReLU) -> Expr:
    """LeakyReLU with the slope that was learned."""
    expr, _ = _operand(reader, call)
    slope = float(layer.weight.detach()[0])
    if layer.weight.numel() != 1 or not 0 <= slope <= 1:
        refuse(call, f"PReLU with {layer.weight.numel()} slopes, the first of them {slope:g}",
               "use one slope from 0 to 1")
    return activated(expr, LeakyReLU.near(slope), path_of(call), "")


def clamp(reader: Reader, call: Call, layer: None) -> Expr:
    """ReLU, where it is one: ``x.clamp(min=0)``."""
    expr, given = _operand(reader, call, min=None, max=None)
    if given["min"] != 0 or given["max"] is not None:
        refuse(call, f"{call.name} with min={given['min']}, max={given['max']}",
               f"use {reader.recognisers.names('activation')}")
    return activated(expr, RELU, path_of(call), RELU.kind)


def dropout(reader: Reader, call: Call, layer: nn.Dropout | None) -> Expr:
    """``x`` in inference; in training some entries are 0, and the others are divided by the share that is left."""
    on = "train" if call.target is torch.dropout else "training"
    expr, given = _operand(reader, call, **({} if layer is not None else {"p": 0.5, on: True, "inplace": ...}))
    if layer is None and given[on]:
        refuse(call, "dropout that stays on in evaluation", "pass training=self.training")
    share = given["p"] if layer is None else layer.p
    if isinstance(share, bool) or not isinstance(share, int | float):
        refuse(call, f"dropout of p={share}", "use a number from 0 to 1")
    return dropped(expr, float(share))


def dropped_edges(reader: Reader, call: Call, layer: None) -> tuple[Value, Value]:
    """All edges, in inference."""
    given = bind(call, {"edge_index": None, "p": 0.5, "force_undirected": False, "training": True})
    if given["training"]:
        refuse(call, f"{call.name} that stays on in evaluation", "pass training=self.training")
    if reader.outcome(given["edge_index"]) != Value("edge_index"):
        refuse(call, f"{call.name} without the graph's own edge_index", "pass on the edge_index that forward was given")
    return Value("edge_index"), Value("edge_mask")


def softmax(reader: Reader, call: Call, layer: nn.Softmax | nn.LogSoftmax | None) -> End:
    """``z_c - log Σ_k exp z_k``, or its exponential: increasing in z_c, so that the class is the same without it."""
    expr, given = _operand(reader, call, dim=None, _stacklevel=..., dtype=None)
    dim = given["dim"] if layer is None else layer.dim
    if dim not in (1, -1) or any(map(reader.is_vector, call.args)):
        refuse(call, f"{call.name} over dim={dim}", "use dim=1: over the classes")
    if given["dtype"] is not None:
        refuse(call, f"{call.name} with dtype={given['dtype']}", "leave dtype out")
    return End(expr, call.name, "log_softmax" if "log" in call.name.lower() else "softmax")


def sigmoid(reader: Reader, call: Call, layer: nn.Sigmoid | None) -> End:
    """``1 / (1 + exp -z)``: increasing in z, and over 0.5 where z is over 0."""
    return End(_operand(reader, call)[0], call.name, "sigmoid")


def jumping(reader: Reader, call: Call, layer: pyg.JumpingKnowledge) -> Expr:
    """Concatenation, or the maximum of each channel, over layers."""
    exprs = reader.exprs(call, bind(call, {"xs": None})["xs"])
    if layer.mode == "cat":
        return concatenated(exprs, path_of(call), "")
    if layer.mode != "max":
        refuse(call, f"JumpingKnowledge with mode={layer.mode}", "use mode cat or max")
    _check_widths(call, exprs)
    return maximum(exprs, path_of(call), "")


def cat(reader: Reader, call: Call, layer: None) -> Expr:
    """Channels side by side."""
    beside = call.target in (torch.hstack, torch.column_stack)
    given = bind(call, {"tensors": None, **({} if beside else {"dim": 0, "axis": None})})
    dim = 1 if beside else given["dim"] if given["axis"] is None else given["axis"]
    if dim not in (1, -1):
        refuse(call, f"{call.name} along dim={dim}", "concatenate channels: dim=1")
    return concatenated(reader.exprs(call, given["tensors"]), path_of(call), "cat")


def larger(reader: Reader, call: Call, layer: None) -> Expr:
    """The larger of two values, channel by channel."""
    given = bind(call, {"input": None, "other": None})
    if not isinstance(given["other"], Value):
        refuse(call, f"{call.name} over a dimension", "use global_max_pool for the maximum over nodes")
    exprs = reader.exprs(call, [given["input"], given["other"]])
    _check_widths(call, exprs)
    return maximum(exprs, path_of(call), "max")


def add(reader: Reader, call: Call, layer: None) -> Expr:
    """``x + y``, or numbers added to every channel."""
    given = bind(call, {"input": None, "other": None, "alpha": 1})
    return _sum(reader, call, given["input"], given["other"], given["alpha"])


def subtract(reader: Reader, call: Call, layer: None) -> Expr:
    """``x - y``."""
    given = bind(call, {"input": None, "other": None, "alpha": 1})
    return _sum(reader, call, given["input"], given["other"], given["alpha"], -1.0)


def subtract_from(reader: Reader, call: Call, layer: None) -> Expr:
    """``y - x``, as torch.rsub has it."""
    given = bind(call, {"input": None, "other": None})
    return _sum(reader, call, given["other"], given["input"], 1, -1.0)


def minus(reader: Reader, call: Call, layer: None) -> Expr:
    """``-x``."""
    expr, _ = _operand(reader, call)
    return _times(expr, torch.tensor(-1.0), call)


def times(reader: Reader, call: Call, layer: None) -> Expr:
    """A value times numbers."""
    given = bind(call, {"input": None, "other": None})
    pair = given["input"], given["other"]
    fixed = [reader.constant(call, each) is not None for each in pair]
    if not any(fixed):
        other = next((each for each in pair if isinstance(each, Count)), None)
        refuse(call, f"{call.name} of two tensors" if other is None else f"{call.name} with {other}",
               "multiply by numbers and weights only: hwgen has no products of values")
    value, factor = pair if fixed[1] else pair[::-1]
    expr = reader.expr(call, value)
    return _times(expr, _channels(reader, call, factor, expr.width), call)


def over(reader: Reader, call: Call, layer: None) -> Expr:
    """A value divided by numbers."""
    given = bind(call, {"input": None, "other": None})
    divisor = reader.constant(call, given["other"])
    if divisor is None or not divisor.all():
        refuse(call, f"{call.name} by something that is not a number", "divide by numbers and weights only, not by 0")
    expr = reader.expr(call, given["input"])
    return _times(expr, 1 / _channels(reader, call, given["other"], expr.width), call)


def pool(op: Literal["sum", "max"], factor: Factor) -> Read:
    """One value a graph, of those of its nodes."""
    def read(reader: Reader, call: Call, layer: None) -> Expr:
        given = bind(call, {"x": None, "batch": None, "size": None})
        return _pooled(reader, call, given["x"], given["batch"], given["size"], op, factor)

    return read


def readout(op: Literal["sum", "max"], factor: Factor) -> Read:
    """The same as an aggregation module."""
    def read(reader: Reader, call: Call, layer: pyg.Aggregation) -> Expr:
        given = bind(call, {"x": None, "index": None, "ptr": None, "dim_size": None, "dim": -2})
        if given["ptr"] is not None or given["dim"] != -2:
            refuse(call, f"{call.name} with ptr or dim", "call it with x and batch only")
        return _pooled(reader, call, given["x"], given["index"], given["dim_size"], op, factor)

    return read


def scattered(reader: Reader, call: Call, layer: None) -> Expr:
    """The same as PyG's scatter by the batch."""
    given = bind(call, {"src": None, "index": None, "dim": 0, "dim_size": None, "reduce": "sum"})
    ways: dict[object, tuple[Literal["sum", "max"], Factor]] = {
        "sum": ("sum", "one"), "add": ("sum", "one"), "mean": ("sum", "mean"), "max": ("max", "one")}
    if given["dim"] not in (0, -2) or given["reduce"] not in ways:
        refuse(call, f"{call.name} with dim={given['dim']}, reduce={given['reduce']}",
               "use dim=0, and reduce sum, mean or max")
    return _pooled(reader, call, given["src"], given["index"], given["dim_size"], *ways[given["reduce"]])


def _pooled(reader: Reader, call: Call, x: object, batch: object, size: object, op: Literal["sum", "max"],
            factor: Factor) -> Expr:
    expr = reader.expr(call, x)
    if expr.domain != "nodes":
        refuse(call, f"{call.name} of pooled values", "pool once")
    if batch is None and reader.batched:
        refuse(call, f"{call.name} without batch", "pass on the batch that forward was given")
    if batch is not None and reader.outcome(batch) != Value("batch"):
        refuse(call, f"{call.name} by something else than the batch", "pass on the batch that forward was given")
    if not (size is None or size == Count("graphs") or reader.outcome(size) == OF_BATCH):
        refuse(call, f"{call.name} with size={size}", "leave size out")
    return gathered(expr, "members", path_of(call), "" if isinstance(call.target, nn.Module) else "pool", op=op,
                    factor=factor)


def _sum(reader: Reader, call: Call, one: object, other: object, alpha: object, sign: float = 1.0) -> Expr:
    """``one + sign · alpha · other``, of which one may be numbers."""
    gain = reader.number(call, alpha)
    if gain is None:
        refuse(call, f"{call.name} with alpha={alpha}", "use a number as alpha")
    first, second = ((each, reader.constant(call, each)) for each in (one, other))
    factor = torch.tensor(sign * gain)
    if first[1] is not None:
        expr = _times(reader.expr(call, other), factor, call)
        return _plus(reader, call, expr, one, 1.0)
    if second[1] is not None:
        return _plus(reader, call, reader.expr(call, one), other, float(factor))
    pair = reader.exprs(call, [one, other])
    _check_widths(call, pair)
    return added(pair[0], _times(pair[1], factor, call), path_of(call), "add")


def _plus(reader: Reader, call: Call, expr: Expr, value: object, factor: float) -> Expr:
    bias = _channels(reader, call, value, expr.width) * factor
    return scaled(expr, None, bias, path_of(call), "add") if bias.any() else expr  # 0, as sum() begins


def _times(expr: Expr, gain: Tensor, call: Call) -> Expr:
    """An expression times a number, or one for each channel."""
    if bool((gain == 1).all()):
        return expr
    return scaled(expr, gain.double().expand(expr.width).clone(), None, path_of(call), "times")


def _channels(reader: Reader, call: Call, value: object, width: int) -> Tensor:
    """Numbers of an argument that does not depend on the graph, one for each channel: float64 [width]."""
    found = reader.constant(call, value)
    assert found is not None
    if found.numel() != 1 and tuple(found.shape) not in ((width,), (1, width)):
        refuse(call, f"{call.name} of a tensor of shape {tuple(found.shape)} and {width} channels", ONE_EACH)
    return found.reshape(-1).expand(width).clone()


def _operand(reader: Reader, call: Call, **defaults: object) -> tuple[Expr, dict[str, object]]:
    """The value that a layer takes, and its other arguments by name."""
    name = "x" if "x" in call.kwargs else "input"
    given = bind(call, {name: None, **defaults})
    return reader.expr(call, given[name]), given


def _check_widths(call: Call, exprs: list[Expr]) -> None:
    widths = [each.width for each in exprs]
    if len(set(widths)) > 1:
        refuse(call, f"{call.name} of {' and '.join(map(str, widths))} channels", "make the widths equal")
