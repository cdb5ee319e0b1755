"""Signals with fields, typed: amaranth-stubs take a signal of a layout for a plain one."""

from typing import Any

from amaranth import Signal
from amaranth.lib import data

__all__ = ["structure"]


def structure(layout: data.Layout, *, name: str | None = None, reset_less: bool = False) -> data.View:
    """Return a new signal of ``layout``, seen through it; without a name it has that of the variable."""
    signal: Any = Signal(layout, name=name, reset_less=reset_less, src_loc_at=1)
    view: data.View = signal
    return view
