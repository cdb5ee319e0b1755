"""Arguments of traced calls by name, and the error of a call that is not supported."""

from __future__ import annotations

from typing import Any, NoReturn

from ..errors import HwgenError
from .trace import Call

__all__ = ["bind", "refuse"]


def bind(call: Call, defaults: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name; those that are not listed are refused, never ignored."""
    given = dict(defaults)
    given.update(zip(defaults, call.args, strict=False))
    given.update(call.kwargs)
    extra = list(call.args[len(defaults):]) + [name for name in call.kwargs if name not in defaults]
    if extra:
        refuse(call, f"{call.name} with {extra[0]}", "leave that argument out")
    return given


def refuse(call: Call, what: str, fix: str) -> NoReturn:
    """Raise the error of a call."""
    raise HwgenError(what, call.where, fix)
