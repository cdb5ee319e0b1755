"""Layers, functions and methods other than convolutions, and the table of everything that is known."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import nn

from ...network.activation import RELU, LeakyReLU
from ...network.equation import Factor
from ..calls import bind, refuse
from ..trace import Call, Value
from .algebra import activated, added, concatenated, gathered, linear, maximum, scaled
from .convolutions import gcn, gin, graph_conv, matrix, sage
from .expr import Expr
from .reader import End, Reader, Recogniser, path_of

__all__ = ["known"]

RELU_CALLS = (F.relu, F.relu_, torch.relu, torch.relu_, "relu", "relu_")
LEAKY = (F.leaky_relu, F.leaky_relu_)
DROPOUT = (F.dropout, torch.dropout)
SOFTMAX = (F.log_softmax, F.softmax, torch.log_softmax, torch.softmax, "log_softmax", "softmax")
SAME = ("float", "contiguous")
ADD = (operator.add, operator.iadd, torch.add, "add", "add_")
TIMES = (operator.mul, operator.imul, torch.mul, "mul", "mul_")
OVER = (operator.truediv, operator.itruediv, torch.div, "div", "div_")
CAT = (torch.cat, torch.concat, torch.concatenate)
MAXIMUM = (torch.maximum, torch.max, "maximum", "max")


def known() -> tuple[dict[Any, Recogniser], frozenset[Any]]:
    """Recognisers by type of module, function and name of a method; and those whose result is their argument."""
    import torch_geometric.nn as pyg

    modules: dict[Any, Recogniser] = {
        pyg.GCNConv: gcn, pyg.GINConv: gin, pyg.SAGEConv: sage, pyg.GraphConv: graph_conv,
        nn.Linear: _linear, pyg.Linear: _linear, nn.BatchNorm1d: _batch_norm, pyg.BatchNorm: _batch_norm,
        nn.ReLU: _relu, nn.LeakyReLU: _leaky, nn.Dropout: _same, nn.Identity: _same,
        nn.LogSoftmax: _softmax, nn.Softmax: _softmax, pyg.JumpingKnowledge: _jumping,
        pyg.aggr.SumAggregation: _readout("sum", "one"), pyg.aggr.MeanAggregation: _readout("sum", "mean"),
        pyg.aggr.MaxAggregation: _readout("max", "one"),
        pyg.global_add_pool: _pool("sum", "one"), pyg.global_mean_pool: _pool("sum", "mean"),
        pyg.global_max_pool: _pool("max", "one"),
    }
    functions = ((RELU_CALLS, _relu), (LEAKY, _leaky), (DROPOUT, _dropout), (SOFTMAX, _softmax), (SAME, _same),
                 (ADD, _add), (TIMES, _times), (OVER, _over), (CAT, _cat), (MAXIMUM, _maximum))
    for names, recogniser in functions:
        modules |= dict.fromkeys(names, recogniser)
    return modules, frozenset([nn.Dropout, nn.Identity, *DROPOUT, *SAME])


def _linear(reader: Reader, call: Call, layer: Any) -> Expr:
    """``x W + b``."""
    form, _ = _operand(reader, call)
    return linear(form, *matrix(reader, call, layer, form), path_of(call))


def _batch_norm(reader: Reader, call: Call, layer: Any) -> Expr:
    """``γ · (z - μ) / √(σ² + ε) + β`` with running statistics: a gain and a bias for each channel."""
    inner = getattr(layer, "module", layer)  # PyG's BatchNorm holds a BatchNorm1d
    form, _ = _operand(reader, call)
    if inner.running_mean is None or inner.running_var is None:
        refuse(call, f"{call.name} with track_running_stats=False", "track running statistics: inference uses them")
    if inner.num_features != form.width:
        refuse(call, f"{call.name} takes {inner.num_features} channels and gets {form.width}", "make the widths fit")
    gain = torch.rsqrt(inner.running_var.double() + inner.eps)
    if inner.weight is not None:
        gain = gain * inner.weight.detach().double()
    bias = -inner.running_mean.double() * gain
    if inner.bias is not None:
        bias = bias + inner.bias.detach().double()
    return scaled(form, gain, bias, path_of(call), "")


def _relu(reader: Reader, call: Call, layer: Any) -> Expr:
    """``max(z, 0)``."""
    form, _ = _operand(reader, call, inplace=...)
    return activated(form, RELU, path_of(call), "" if layer is not None else "relu")


def _leaky(reader: Reader, call: Call, layer: Any) -> Expr:
    """``z`` where it is positive, else ``slope · z``; the slope is rounded to a multiple of 1/4096."""
    form, given = _operand(reader, call, negative_slope=0.01, inplace=...)
    slope = float(given["negative_slope"] if layer is None else layer.negative_slope)
    if not 0 <= slope <= 1:
        refuse(call, f"{call.name} with negative_slope={slope}", "use a slope from 0 to 1")
    return activated(form, LeakyReLU.near(slope), path_of(call), "" if layer is not None else "leaky_relu")


def _dropout(reader: Reader, call: Call, layer: Any) -> Expr:
    """``x``: the identity in inference."""
    on = "train" if call.target is torch.dropout else "training"
    form, given = _operand(reader, call, p=0.5, **{on: True}, inplace=...)
    if given[on]:
        refuse(call, "dropout that stays on in evaluation", "pass training=self.training")
    return form


def _same(reader: Reader, call: Call, layer: Any) -> Expr | End:
    """``x``."""
    return _operand(reader, call)[0]


def _softmax(reader: Reader, call: Call, layer: Any) -> End:
    """``z_c - log Σ_k exp z_k``, or its exponential: increasing in z_c, so that the class is the same without it."""
    form, given = _operand(reader, call, dim=None, _stacklevel=..., dtype=None)
    dim = given["dim"] if layer is None else layer.dim
    if dim not in (1, -1):
        refuse(call, f"{call.name} over dim={dim}", "use dim=1: over the classes")
    if given["dtype"] is not None:
        refuse(call, f"{call.name} with dtype={given['dtype']}", "leave dtype out")
    return End(form, call.name, "log_softmax" if "log" in call.name.lower() else "softmax")


def _jumping(reader: Reader, call: Call, layer: Any) -> Expr:
    """Concatenation, or the maximum of each channel, over layers."""
    forms = reader.forms(call, bind(call, {"xs": None})["xs"])
    if layer.mode == "cat":
        return concatenated(forms, path_of(call), "")
    if layer.mode != "max":
        refuse(call, f"JumpingKnowledge with mode={layer.mode}", "use mode cat or max")
    _check_widths(call, forms)
    return maximum(forms, path_of(call), "")


def _cat(reader: Reader, call: Call, layer: Any) -> Expr:
    """Channels side by side."""
    given = bind(call, {"tensors": None, "dim": 0})
    if given["dim"] not in (1, -1):
        refuse(call, f"{call.name} along dim={given['dim']}", "concatenate channels: dim=1")
    return concatenated(reader.forms(call, given["tensors"]), path_of(call), "cat")


def _maximum(reader: Reader, call: Call, layer: Any) -> Expr:
    """The larger of two values, channel by channel."""
    given = bind(call, {"input": None, "other": None})
    if not isinstance(given["other"], Value):
        refuse(call, f"{call.name} over a dimension", "use global_max_pool for the maximum over nodes")
    forms = reader.forms(call, [given["input"], given["other"]])
    _check_widths(call, forms)
    return maximum(forms, path_of(call), "max")


def _add(reader: Reader, call: Call, layer: Any) -> Expr:
    """``x + y``, or a number added to every channel."""
    given = bind(call, {"input": None, "other": None, "alpha": 1})
    if given["alpha"] != 1:
        refuse(call, f"{call.name} with alpha={given['alpha']}", "leave alpha out, and multiply by a number first")
    pair = given["input"], given["other"]
    numbers = [each for each in pair if _is_number(each)]
    if numbers:
        form = reader.form(call, next(each for each in pair if not _is_number(each)))
        if numbers[0] == 0:  # as sum() begins
            return form
        bias = torch.full((form.width,), float(numbers[0]), dtype=torch.float64)
        return scaled(form, None, bias, path_of(call), "add")
    one, other = reader.forms(call, pair)
    _check_widths(call, [one, other])
    return added(one, other, path_of(call), "add")


def _times(reader: Reader, call: Call, layer: Any) -> Expr:
    """A value times a plain number."""
    given = bind(call, {"input": None, "other": None})
    return _scaled(reader, call, [given["input"], given["other"]], lambda number: number)


def _over(reader: Reader, call: Call, layer: Any) -> Expr:
    """A value divided by a plain number."""
    given = bind(call, {"input": None, "other": None})
    if not _is_number(given["other"]) or given["other"] == 0:
        refuse(call, f"{call.name} by something that is not a number", "divide by plain numbers only")
    return _scaled(reader, call, [given["input"], given["other"]], lambda number: 1 / number)


def _scaled(reader: Reader, call: Call, pair: list[Any], gain_of: Callable[[float], float]) -> Expr:
    numbers = [each for each in pair if _is_number(each)]
    if len(numbers) != 1:
        refuse(call, f"{call.name} of two tensors", "multiply by plain numbers only: hwgen has no products of values")
    form = reader.form(call, next(each for each in pair if not _is_number(each)))
    gain = torch.full((form.width,), gain_of(float(numbers[0])), dtype=torch.float64)
    return scaled(form, gain, None, path_of(call), "times")


def _pool(op: Literal["sum", "max"], factor: Factor) -> Recogniser:
    """One value a graph, of those of its nodes."""
    def read(reader: Reader, call: Call, layer: Any) -> Expr:
        given = bind(call, {"x": None, "batch": None, "size": None})
        return _pooled(reader, call, given["x"], given["batch"], given["size"], op, factor)

    return read


def _readout(op: Literal["sum", "max"], factor: Factor) -> Recogniser:
    """The same as an aggregation module."""
    def read(reader: Reader, call: Call, layer: Any) -> Expr:
        given = bind(call, {"x": None, "index": None, "ptr": None, "dim_size": None, "dim": -2})
        if given["ptr"] is not None or given["dim"] != -2:
            refuse(call, f"{call.name} with ptr or dim", "call it with x and batch only")
        return _pooled(reader, call, given["x"], given["index"], given["dim_size"], op, factor)

    return read


def _pooled(reader: Reader, call: Call, x: Any, batch: Any, size: Any, op: Literal["sum", "max"],
            factor: Factor) -> Expr:
    form = reader.form(call, x)
    if form.domain != "nodes":
        refuse(call, f"{call.name} of pooled values", "pool once")
    if batch is None and reader.batched:
        refuse(call, f"{call.name} without batch", "pass on the batch that forward was given")
    if batch is not None and batch != Value("batch"):
        refuse(call, f"{call.name} by something else than the batch", "pass on the batch that forward was given")
    if size is not None and size not in (Value("num_graphs"), Value("batch_size")):
        refuse(call, f"{call.name} with size={size}", "leave size out")
    return gathered(form, "members", path_of(call), "" if isinstance(call.target, nn.Module) else "pool", op=op,
                    factor=factor)


def _operand(reader: Reader, call: Call, **defaults: Any) -> tuple[Expr, dict[str, Any]]:
    """The value that a layer takes, and its other arguments by name."""
    name = "x" if "x" in call.kwargs else "input"
    given = bind(call, {name: None, **defaults})
    return reader.form(call, given[name]), given


def _check_widths(call: Call, forms: list[Expr]) -> None:
    widths = [each.width for each in forms]
    if len(set(widths)) > 1:
        refuse(call, f"{call.name} of {' and '.join(map(str, widths))} channels", "make the widths equal")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
