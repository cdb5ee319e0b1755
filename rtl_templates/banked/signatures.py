"""Interfaces between the components of the banked target."""

from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out

from .formats import PARAM, TASK

__all__ = ["Hold", "param_layout", "task_layout"]

task_layout = data.StructLayout(dict(TASK))
param_layout = data.StructLayout(dict(PARAM))


class Hold(wiring.Signature):
    """A finished sum waiting for its server: ``data`` stays until the server pulses ``ack``."""

    def __init__(self, *, lanes: int, acc_bits: int) -> None:
        super().__init__({"valid": Out(1), "data": Out(lanes * acc_bits)})
