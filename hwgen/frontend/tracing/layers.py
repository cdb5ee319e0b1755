"""Layers, functions and methods other than convolutions as symbolic values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import nn

from ...network.activation import Activation
from ...network.equation import Factor
from ..activations import TORCH
from ..calls import bind, refuse
from ..trace import Call, Value
from .algebra import activated, added, concatenated, dropped, gathered, linear, maximum, scaled
from .convolutions import matrix
from .expr import Expr
from .reader import End, Read, Reader, path_of

__all__ = ["activation", "add", "batch_norm", "cat", "dropout", "jumping", "larger", "linear_layer", "over", "pool",
           "readout", "same", "softmax", "times"]

def linear_layer(reader: Reader, call: Call, layer: Any) -> Expr:
    """``x W + b``."""
    expr, _ = _operand(reader, call)
    return linear(expr, *matrix(reader, call, layer, expr), path_of(call))


def batch_norm(reader: Reader, call: Call, layer: Any) -> Expr:
    """``γ · (z - μ) / √(σ² + ε) + β`` with running statistics: a gain and a bias for each channel."""
    inner = getattr(layer, "module", layer)  # PyG's BatchNorm holds a BatchNorm1d
    expr, _ = _operand(reader, call)
    if inner.running_mean is None or inner.running_var is None:
        refuse(call, f"{call.name} with track_running_stats=False", "track running statistics: inference uses them")
    if inner.num_features != expr.width:
        refuse(call, f"{call.name} takes {inner.num_features} channels and gets {expr.width}", "make the widths fit")
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

    def read(reader: Reader, call: Call, layer: Any) -> Expr:
        expr, given = _operand(reader, call, **known.arguments, inplace=...)
        own = {name: given[name] if layer is None else getattr(layer, name) for name in known.arguments}
        made = known.make(**own)
        if isinstance(made, str):
            refuse(call, f"{call.name} with {', '.join(f'{name}={value}' for name, value in own.items())}", made)
        return activated(expr, made, path_of(call), "" if layer is not None else kind.kind)

    return read


def dropout(reader: Reader, call: Call, layer: Any) -> Expr:
    """``x`` in inference; in training some entries are 0, and the others are divided by the share that is left."""
    on = "train" if call.target is torch.dropout else "training"
    expr, given = _operand(reader, call, **({} if layer is not None else {"p": 0.5, on: True, "inplace": ...}))
    if layer is None and given[on]:
        refuse(call, "dropout that stays on in evaluation", "pass training=self.training")
    share = given["p"] if layer is None else layer.p
    if not _is_number(share):
        refuse(call, f"dropout of p={share}", "use a number from 0 to 1")
    return dropped(expr, float(share))


def same(reader: Reader, call: Call, layer: Any) -> Expr | End:
    """``x``."""
    return _operand(reader, call)[0]


def softmax(reader: Reader, call: Call, layer: Any) -> End:
    """``z_c - log Σ_k exp z_k``, or its exponential: increasing in z_c, so that the class is the same without it."""
    expr, given = _operand(reader, call, dim=None, _stacklevel=..., dtype=None)
    dim = given["dim"] if layer is None else layer.dim
    if dim not in (1, -1):
        refuse(call, f"{call.name} over dim={dim}", "use dim=1: over the classes")
    if given["dtype"] is not None:
        refuse(call, f"{call.name} with dtype={given['dtype']}", "leave dtype out")
    return End(expr, call.name, "log_softmax" if "log" in call.name.lower() else "softmax")


def jumping(reader: Reader, call: Call, layer: Any) -> Expr:
    """Concatenation, or the maximum of each channel, over layers."""
    exprs = reader.exprs(call, bind(call, {"xs": None})["xs"])
    if layer.mode == "cat":
        return concatenated(exprs, path_of(call), "")
    if layer.mode != "max":
        refuse(call, f"JumpingKnowledge with mode={layer.mode}", "use mode cat or max")
    _check_widths(call, exprs)
    return maximum(exprs, path_of(call), "")


def cat(reader: Reader, call: Call, layer: Any) -> Expr:
    """Channels side by side."""
    given = bind(call, {"tensors": None, "dim": 0})
    if given["dim"] not in (1, -1):
        refuse(call, f"{call.name} along dim={given['dim']}", "concatenate channels: dim=1")
    return concatenated(reader.exprs(call, given["tensors"]), path_of(call), "cat")


def larger(reader: Reader, call: Call, layer: Any) -> Expr:
    """The larger of two values, channel by channel."""
    given = bind(call, {"input": None, "other": None})
    if not isinstance(given["other"], Value):
        refuse(call, f"{call.name} over a dimension", "use global_max_pool for the maximum over nodes")
    exprs = reader.exprs(call, [given["input"], given["other"]])
    _check_widths(call, exprs)
    return maximum(exprs, path_of(call), "max")


def add(reader: Reader, call: Call, layer: Any) -> Expr:
    """``x + y``, or a number added to every channel."""
    given = bind(call, {"input": None, "other": None, "alpha": 1})
    if given["alpha"] != 1:
        refuse(call, f"{call.name} with alpha={given['alpha']}", "leave alpha out, and multiply by a number first")
    pair = given["input"], given["other"]
    numbers = [each for each in pair if _is_number(each)]
    if numbers:
        expr = reader.expr(call, next(each for each in pair if not _is_number(each)))
        if numbers[0] == 0:  # as sum() begins
            return expr
        bias = torch.full((expr.width,), float(numbers[0]), dtype=torch.float64)
        return scaled(expr, None, bias, path_of(call), "add")
    one, other = reader.exprs(call, pair)
    _check_widths(call, [one, other])
    return added(one, other, path_of(call), "add")


def times(reader: Reader, call: Call, layer: Any) -> Expr:
    """A value times a plain number."""
    given = bind(call, {"input": None, "other": None})
    return _scaled(reader, call, [given["input"], given["other"]], lambda number: number)


def over(reader: Reader, call: Call, layer: Any) -> Expr:
    """A value divided by a plain number."""
    given = bind(call, {"input": None, "other": None})
    if not _is_number(given["other"]) or given["other"] == 0:
        refuse(call, f"{call.name} by something that is not a number", "divide by plain numbers only")
    return _scaled(reader, call, [given["input"], given["other"]], lambda number: 1 / number)


def _scaled(reader: Reader, call: Call, pair: list[Any], gain_of: Callable[[float], float]) -> Expr:
    numbers = [each for each in pair if _is_number(each)]
    if len(numbers) != 1:
        refuse(call, f"{call.name} of two tensors", "multiply by plain numbers only: hwgen has no products of values")
    expr = reader.expr(call, next(each for each in pair if not _is_number(each)))
    gain = torch.full((expr.width,), gain_of(float(numbers[0])), dtype=torch.float64)
    return scaled(expr, gain, None, path_of(call), "times")


def pool(op: Literal["sum", "max"], factor: Factor) -> Read:
    """One value a graph, of those of its nodes."""
    def read(reader: Reader, call: Call, layer: Any) -> Expr:
        given = bind(call, {"x": None, "batch": None, "size": None})
        return _pooled(reader, call, given["x"], given["batch"], given["size"], op, factor)

    return read


def readout(op: Literal["sum", "max"], factor: Factor) -> Read:
    """The same as an aggregation module."""
    def read(reader: Reader, call: Call, layer: Any) -> Expr:
        given = bind(call, {"x": None, "index": None, "ptr": None, "dim_size": None, "dim": -2})
        if given["ptr"] is not None or given["dim"] != -2:
            refuse(call, f"{call.name} with ptr or dim", "call it with x and batch only")
        return _pooled(reader, call, given["x"], given["index"], given["dim_size"], op, factor)

    return read


def _pooled(reader: Reader, call: Call, x: Any, batch: Any, size: Any, op: Literal["sum", "max"],
            factor: Factor) -> Expr:
    expr = reader.expr(call, x)
    if expr.domain != "nodes":
        refuse(call, f"{call.name} of pooled values", "pool once")
    if batch is None and reader.batched:
        refuse(call, f"{call.name} without batch", "pass on the batch that forward was given")
    if batch is not None and batch != Value("batch"):
        refuse(call, f"{call.name} by something else than the batch", "pass on the batch that forward was given")
    if size is not None and size not in (Value("num_graphs"), Value("batch_size")):
        refuse(call, f"{call.name} with size={size}", "leave size out")
    return gathered(expr, "members", path_of(call), "" if isinstance(call.target, nn.Module) else "pool", op=op,
                    factor=factor)


def _operand(reader: Reader, call: Call, **defaults: Any) -> tuple[Expr, dict[str, Any]]:
    """The value that a layer takes, and its other arguments by name."""
    name = "x" if "x" in call.kwargs else "input"
    given = bind(call, {name: None, **defaults})
    return reader.expr(call, given[name]), given


def _check_widths(call: Call, exprs: list[Expr]) -> None:
    widths = [each.width for each in exprs]
    if len(set(widths)) > 1:
        refuse(call, f"{call.name} of {' and '.join(map(str, widths))} channels", "make the widths equal")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
