"""Interfaces between the accelerator's components."""

from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out

from ..banked.formats import BEAT_BITS, PARAM, TASK

__all__ = ["BankWrite", "Hold", "LoadBus", "param_layout", "task_layout"]

task_layout = data.StructLayout(dict(TASK))
param_layout = data.StructLayout(dict(PARAM))


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


class Hold(wiring.Signature):
    """A finished sum waiting for its server: ``data`` stays until the server pulses ``ack``."""

    def __init__(self, *, lanes: int, acc_bits: int) -> None:
        super().__init__({"valid": Out(1), "data": Out(lanes * acc_bits)})


class BankWrite(wiring.Signature):
    """One bank's write port: a word a cycle, no back-pressure."""

    def __init__(self, *, address_bits: int, word_bits: int) -> None:
        super().__init__({"enable": Out(1), "address": Out(address_bits), "data": Out(word_bits)})
