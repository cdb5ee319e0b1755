"""Sums, differences and products with numbers as symbolic values: one number, or weights, one for each channel."""

from __future__ import annotations

import torch
from torch import Tensor

from ..calls import Call, bind, path_of, refuse
from .algebra import added, scaled
from .expr import Expr
from .reader import Reader

__all__ = ["add", "channels", "check_widths", "minus", "operand", "over", "subtract", "subtract_from", "times"]


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
    expr, _ = operand(reader, call)
    return _times(expr, torch.tensor(-1.0), call)


def times(reader: Reader, call: Call, layer: None) -> Expr:
    """A value times numbers."""
    given = bind(call, {"input": None, "other": None})
    pair = given["input"], given["other"]
    fixed = [reader.constant(call, each) is not None for each in pair]
    if not any(fixed):
        for each in pair:
            reader.expr(call, each)
        refuse(call, f"{call.name} of two tensors",
               "multiply by numbers and weights only: hwgen has no products of values")
    value, factor = pair if fixed[1] else pair[::-1]
    expr = reader.expr(call, value)
    return _times(expr, channels(reader, call, factor, expr.width), call)


def over(reader: Reader, call: Call, layer: None) -> Expr:
    """A value divided by numbers."""
    given = bind(call, {"input": None, "other": None})
    divisor = reader.constant(call, given["other"])
    if divisor is None or not divisor.all():
        refuse(call, f"{call.name} by something that is not a number", "divide by numbers and weights only, not by 0")
    expr = reader.expr(call, given["input"])
    return _times(expr, 1 / channels(reader, call, given["other"], expr.width), call)


def operand(reader: Reader, call: Call, **defaults: object) -> tuple[Expr, dict[str, object]]:
    """The value that a layer takes, and its other arguments by name."""
    name = "x" if "x" in call.kwargs else "input"
    given = bind(call, {name: None, **defaults})
    return reader.expr(call, given[name]), given


def channels(reader: Reader, call: Call, value: object, width: int) -> Tensor:
    """Numbers of an argument that does not depend on the graph, one for each channel: float64 [width]."""
    found = reader.constant(call, value)
    assert found is not None
    if found.numel() != 1 and tuple(found.shape) not in ((width,), (1, width)):
        refuse(call, f"{call.name} of a tensor of shape {tuple(found.shape)} and {width} channels",
               "use one number, or one for each channel")
    return found.reshape(-1).expand(width).clone()


def check_widths(call: Call, exprs: list[Expr]) -> None:
    widths = [each.width for each in exprs]
    if len(set(widths)) > 1:
        refuse(call, f"{call.name} of {' and '.join(map(str, widths))} channels", "make the widths equal")


def _sum(reader: Reader, call: Call, one: object, other: object, alpha: object, sign: float = 1.0) -> Expr:
    """``one + sign · alpha · other``, of which one may be numbers."""
    gain = reader.number(call, alpha)
    if gain is None:
        refuse(call, f"{call.name} with alpha={alpha}", "use a number as alpha")
    factor = torch.tensor(sign * gain)
    if reader.constant(call, one) is not None:
        expr = _times(reader.expr(call, other), factor, call)
        return _plus(reader, call, expr, one, 1.0)
    if reader.constant(call, other) is not None:
        return _plus(reader, call, reader.expr(call, one), other, float(factor))
    pair = reader.exprs(call, [one, other])
    check_widths(call, pair)
    return added(pair[0], _times(pair[1], factor, call), path_of(call), "add")


def _plus(reader: Reader, call: Call, expr: Expr, value: object, factor: float) -> Expr:
    bias = channels(reader, call, value, expr.width) * factor
    return scaled(expr, None, bias, path_of(call), "add") if bias.any() else expr  # 0, as sum() begins


def _times(expr: Expr, gain: Tensor, call: Call) -> Expr:
    """An expression times a number, or one for each channel."""
    if bool((gain == 1).all()):
        return expr
    return scaled(expr, gain.double().expand(expr.width).clone(), None, path_of(call), "times")
