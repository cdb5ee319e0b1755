"""What changes the shape of a value, or nothing at all: a vector in place of one column, copies, types.

Hardware has rows of channels. A result of one column may be returned as a vector; whatever else takes values apart or
puts them together otherwise is refused.
"""

from __future__ import annotations

from typing import NoReturn

import torch
from torch import nn

from ..calls import Call, Count, Value, bind, refuse
from .expr import Expr
from .outcomes import End, Outcome, Shaped
from .reader import Reader
from .refusals import fix_for

__all__ = ["flattened", "part", "reshaped", "same", "squeezed", "typed", "unsqueezed"]

#: What ``.to`` and ``.type`` take, and methods.
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool, "torch.LongTensor", "long",
            "int")
OTHER_FLOATS = (torch.float64, torch.float16, torch.bfloat16, "torch.DoubleTensor", "torch.HalfTensor")


def same(reader: Reader, call: Call, layer: nn.Module | None) -> Outcome:
    """``x``, whatever it is."""
    return reader.outcome(call.args[0] if call.args else next(iter(call.kwargs.values())))


def typed(reader: Reader, call: Call, layer: None) -> Outcome:
    """``x`` on any device, in float32, as all real numbers are here; edges and the batch as any integers."""
    value = reader.outcome(call.args[0])
    wanted = call.target if call.target in INTEGERS else next(
        (each for each in (*call.args[1:], *call.kwargs.values()) if each in INTEGERS + OTHER_FLOATS), None)
    if wanted in OTHER_FLOATS or (wanted is not None and not isinstance(value, Value)):
        refuse(call, f"{call.name} with {wanted}" if wanted != call.target else f"{call.name} of real numbers",
               "leave values in float32: hwgen rounds them to codes itself")
    return value


def squeezed(reader: Reader, call: Call, layer: None) -> Shaped:
    """Without the last dimension, where it is of size 1."""
    given = bind(call, {"input": None, "dim": None})
    value, flat = _value(reader, call, given["input"])
    dims = given["dim"] if isinstance(given["dim"], tuple | list) else (given["dim"],)
    if any(dim not in (None, 1, -1) for dim in dims) or (flat and dims != (None,)):
        refuse(call, f"{call.name} with dim={given['dim']}", "squeeze the last dimension only: dim=-1")
    return Shaped(value, flat or _width(value) == 1)


def unsqueezed(reader: Reader, call: Call, layer: None) -> Shaped:
    """A vector as one column."""
    given = bind(call, {"input": None, "dim": None})
    value, flat = _value(reader, call, given["input"])
    if not flat or given["dim"] not in (1, -1):
        _unsupported(reader, call)
    return Shaped(value, False)


def flattened(reader: Reader, call: Call, layer: nn.Flatten | None) -> Shaped:
    """One row for each row; from dimension 0 a vector, of one column."""
    given = bind(call, {"input": None, "start_dim": 0, "end_dim": -1})
    value, flat = _value(reader, call, given["input"])
    start, end = (given["start_dim"], given["end_dim"]) if layer is None else (layer.start_dim, layer.end_dim)
    if flat or end not in (1, -1) or start not in (0, 1, -1, -2):
        _unsupported(reader, call)
    if start in (0, -2) and _width(value) != 1:
        _unsupported(reader, call)
    return Shaped(value, start in (0, -2))


def reshaped(reader: Reader, call: Call, layer: None) -> Shaped:
    """``view`` and ``reshape`` to the same rows and channels, or between one column and a vector."""
    value, _ = _value(reader, call, call.args[0] if call.args else call.kwargs["input"])
    sizes = call.args[1:] or (call.kwargs.get("shape"),)
    wanted = list(sizes[0] if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes)
    width = _width(value)
    rows: tuple[object, ...] = (-1, Count(value.domain if isinstance(value, Expr) else value.expr.domain))
    if len(wanted) == 1 and wanted[0] in rows and width == 1:
        return Shaped(value, True)
    if len(wanted) != 2 or wanted[0] not in rows or wanted[1] not in (-1, width) or wanted == [-1, -1]:
        _unsupported(reader, call)
    return Shaped(value, False)


def part(reader: Reader, call: Call, layer: None) -> Outcome | Shaped:
    """One of several results; of a value only its one column, as a vector."""
    value, index = call.args
    whole = reader.outcome(value)
    if isinstance(whole, tuple) and isinstance(index, int) and index < len(whole):
        found: Outcome = whole[index]
        return found
    everything = (slice(None), ...)
    if (isinstance(whole, Expr | End) and not reader.is_vector(value) and _width(whole) == 1
            and isinstance(index, tuple) and len(index) == 2 and index[0] in everything and index[1] in (0, -1)):
        return Shaped(whole, True)
    _unsupported(reader, call)


def _value(reader: Reader, call: Call, value: object) -> tuple[Expr | End, bool]:
    """A value, and whether it is a vector."""
    return reader.returned(call, value), reader.is_vector(value)


def _width(value: Expr | End) -> int:
    return value.expr.width if isinstance(value, End) else value.width


def _unsupported(reader: Reader, call: Call) -> NoReturn:
    refuse(call, f"{call.name} is not supported", fix_for(call, reader.recognisers))
