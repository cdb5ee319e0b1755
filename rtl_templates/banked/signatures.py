"""Interfaces between the components of the banked target."""

from amaranth import Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out

from .formats import PARAM, TASK

__all__ = ["Hold", "HoldPort", "param_layout", "task_layout"]

task_layout = data.StructLayout(dict(TASK))
param_layout = data.StructLayout(dict(PARAM))


class HoldPort(wiring.PureInterface):
    """Signals of the oldest finished sum of an element, for annotations."""

    valid: Signal
    data: Signal


class Hold(wiring.Signature):
    """The oldest finished sum that waits for its server: ``data`` stays until the server pulses ``ack``."""

    def __init__(self, *, lanes: int, acc_bits: int) -> None:
        super().__init__({"valid": Out(1), "data": Out(lanes * acc_bits)})
