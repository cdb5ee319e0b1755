"""Interfaces between the shell and the units."""

from amaranth import Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from .words import BEAT_BITS

__all__ = ["LoadBus", "LoadPort"]


class LoadPort(wiring.PureInterface):
    """Signals of a load bus, for annotations."""

    valid: Signal
    target: Signal
    unit: Signal
    address: Signal
    data: Signal


class LoadBus(wiring.Signature):
    """Broadcast of one data beat of a load; every consumer registers it and picks what is its own.

    Members
    -------
    valid, target, unit, address, data
        See docs/banked.md, "Load bus". No back-pressure: consumers always take it.
    """

    def __init__(self) -> None:
        super().__init__({"valid": Out(1), "target": Out(4), "unit": Out(16), "address": Out(24),
                          "data": Out(BEAT_BITS)})
