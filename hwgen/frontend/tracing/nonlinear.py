"""Functions of every number by itself: activations of the requantizer, what saturates, and slopes for each channel."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from ...network.activation import IDENTITY, RELU, Activation, LeakyReLU
from ..activations import TORCH
from ..calls import Call, path_of, refuse
from .algebra import activated, dropped, maximum, saturated, scaled
from .arithmetic import operand
from .expr import Expr
from .reader import Read, Reader

__all__ = ["activation", "clamp", "prelu", "saturation"]


def activation(kind: type[Activation]) -> Read:
    """A function of every number by itself; its parameters are rounded to what hardware has."""
    known = TORCH[kind]

    def read(reader: Reader, call: Call, layer: nn.Module | None) -> Expr:
        expr, given = operand(reader, call, **known.arguments, inplace=...)
        own = {name: reader.number(call, given[name]) if layer is None else getattr(layer, name)
               for name in known.arguments}
        made = known.make(**own)
        if isinstance(made, str):
            refuse(call, f"{call.name} with {', '.join(f'{name}={value}' for name, value in own.items())}", made)
        return activated(expr, made, path_of(call), "" if layer is not None else kind.kind)

    read.__doc__ = kind.__doc__
    return read


def prelu(reader: Reader, call: Call, layer: nn.PReLU) -> Expr:
    """``max(x, a · x)``, of slopes above 1 the minimum; a shared slope from 0 to 1 is LeakyReLU's."""
    expr, _ = operand(reader, call)
    slopes, path = layer.weight.detach().double(), path_of(call)
    if len(slopes) == 1 and 0 <= float(slopes) <= 1:
        return activated(expr, LeakyReLU.near(float(slopes)), path, "")
    if len(slopes) not in (1, expr.width):
        refuse(call, f"PReLU of {len(slopes)} slopes and {expr.width} channels", "make the widths fit")
    slopes = slopes.expand(expr.width).clone()
    turned = torch.where(slopes > 1, -1.0, 1.0).double()  # min(x, a·x) = -max(-x, -a·x)
    whole = expr.stored  # a positive factor commutes with it, so that a dropout may stay behind
    if bool((turned > 0).all()):
        return dropped(maximum([whole, whole], path, "", gains=[None, slopes]), expr.dropout)
    larger = maximum([whole, whole], path, "turned", gains=[turned, turned * slopes])
    return dropped(scaled(larger, turned, None, path, ""), expr.dropout)


def saturation(reader: Reader, call: Call, layer: nn.Hardtanh | None) -> Expr:
    """``min(max(x, low), high)``, low 0 or -high: what is stored of it has no larger codes."""
    if layer is not None:
        return _saturated(call, operand(reader, call)[0], layer.min_val, layer.max_val)
    bounds = {} if call.target is F.relu6 else {"min_val": -1.0, "max_val": 1.0}
    expr, given = operand(reader, call, **bounds, inplace=...)
    low, high = [reader.number(call, given[name]) for name in bounds] or (0.0, 6.0)
    return _saturated(call, expr, low, high)


def clamp(reader: Reader, call: Call, layer: None) -> Expr:
    """``min(max(x, low), high)``, low 0 or -high; without an upper bound ReLU: ``x.clamp(min=0)``."""
    expr, given = operand(reader, call, min=None, max=None)
    low, high = (None if given[name] is None else reader.number(call, given[name]) for name in ("min", "max"))
    if low == 0 and given["max"] is None:
        return activated(expr, RELU, path_of(call), RELU.kind)
    return _saturated(call, expr, low, high)


def _saturated(call: Call, expr: Expr, low: float | None, high: float | None) -> Expr:
    if low is None or high is None or not 0 < high < math.inf or low not in (0, -high):
        refuse(call, f"{call.name} from {low} to {high}", "saturate from 0 to a number, or as far on both sides of 0: "
               "codes end there")
    label = "" if isinstance(call.target, nn.Module) else "clip"
    return saturated(expr, RELU if low == 0 else IDENTITY, high, path_of(call), label)
