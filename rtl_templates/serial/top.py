"""The top of a bitstream: a clock, a serial line, and the accelerator behind the bridge."""

from typing import Any

from amaranth import ClockDomain, ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..shell.shell import LITE_PREFIX, MASTER_PREFIX
from .bridge import Bridge
from .clocks import Clock

__all__ = ["RESET_BITS", "SerialTop"]

RESET_BITS = 8  # cycles of a steady clock before anything begins


class SerialTop(wiring.Component):
    """Clock, reset, bridge and accelerator.

    Everything is in reset until the clock has been steady for RESET_BITS cycles; HELLO resets the accelerator alone.

    Parameters
    ----------
    accelerator : str
        Name of the module with the ports of :class:`rtl_templates.shell.shell.Top`.
    clock : Clock
    divisor, patience : int
        Of the bridge.

    Members
    -------
    clock_pin, receive_pin : In(1)
    transmit_pin : Out(1)
    """

    clock_pin: Signal
    receive_pin: Signal
    transmit_pin: Signal

    def __init__(self, accelerator: str, *, clock: Clock, divisor: int, patience: int) -> None:
        self.accelerator, self.clock = accelerator, clock
        self.bridge = Bridge(divisor=divisor, patience=patience)
        super().__init__({"clock_pin": In(1), "receive_pin": In(1), "transmit_pin": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sync: Any = ClockDomain("sync")
        raw: Any = ClockDomain("raw", reset_less=True)
        m.domains += [sync, raw]
        clock, locked = self.clock.place(m, self.clock_pin)
        early, steady, awake = Signal(), Signal(RESET_BITS), Signal()
        m.d.comb += [sync.clk.eq(clock), raw.clk.eq(clock), sync.rst.eq(~steady[-1])]
        m.d.raw += early.eq(locked)
        with m.If(early):
            m.d.raw += steady.eq(steady << 1 | 1)
        with m.Else():
            m.d.raw += steady.eq(0)

        m.submodules.bridge = bridge = self.bridge
        m.d.comb += [bridge.receive.eq(self.receive_pin), self.transmit_pin.eq(bridge.transmit)]
        m.d.sync += awake.eq(~bridge.restart)
        ports: dict[str, Any] = {"i_ap_clk": ClockSignal(), "i_ap_rst_n": awake,
                                 "o_interrupt": Signal(name="interrupt")}  # the host polls
        for prefix, bus in ((LITE_PREFIX, bridge.control), (MASTER_PREFIX, bridge.read), (MASTER_PREFIX, bridge.write)):
            for name, member in bus.signature.members.items():
                ports[f"{'i' if member.flow is Out else 'o'}_{prefix}{name}"] = getattr(bus, name)
        m.submodules.accelerator = Instance(self.accelerator, **ports)
        return m

