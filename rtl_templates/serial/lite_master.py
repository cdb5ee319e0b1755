"""One access at a time to the registers, over AXI4-Lite."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..shell.axi import Bus
from ..shell.axi_lite import ADDRESS_BITS, AxiLite

__all__ = ["LiteMaster"]


class LiteMaster(wiring.Component):
    """Reads or writes a register.

    Members
    -------
    read, write : In(1)
        Pulses, while not busy; ``address`` and ``value`` are held until ``done``.
    done : Out(1)
        Pulse; ``result`` is what was read from the next cycle on.
    bus : Out(AxiLite())
    """

    read: Signal
    write: Signal
    address: Signal
    value: Signal
    done: Signal
    result: Signal
    bus: Bus

    def __init__(self) -> None:
        super().__init__({"read": In(1), "write": In(1), "address": In(ADDRESS_BITS), "value": In(32), "done": Out(1),
                          "result": Out(32), "bus": Out(AxiLite())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        m.d.comb += [
            bus.awaddr.eq(self.address), bus.wdata.eq(self.value), bus.wstrb.eq(0xF), bus.araddr.eq(self.address),
            bus.bready.eq(1), bus.rready.eq(1), self.done.eq(bus.bvalid | bus.rvalid),
        ]
        for valid, ready, begin in ((bus.awvalid, bus.awready, self.write), (bus.wvalid, bus.wready, self.write),
                                    (bus.arvalid, bus.arready, self.read)):
            with m.If(begin):
                m.d.sync += valid.eq(1)
            with m.Elif(ready):
                m.d.sync += valid.eq(0)
        with m.If(bus.rvalid):
            m.d.sync += self.result.eq(bus.rdata)
        return m
