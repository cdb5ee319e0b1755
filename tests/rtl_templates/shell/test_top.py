# amaranth: UnusedElaboratable=no
"""The pins around a core: what they show in reset, and that nothing is taken before the core can keep it."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from rtl_templates.shell.axi import AxiRead, AxiWrite
from rtl_templates.shell.axi_lite import AxiLite
from rtl_templates.shell.shell import LITE_PREFIX, MASTER_PREFIX, Top


class EagerCore(wiring.Component):
    """Every VALID and READY is high, in reset too; it counts addresses that it takes."""

    def __init__(self):
        super().__init__({"control": In(AxiLite()), "read": Out(AxiRead()), "write": Out(AxiWrite()),
                          "interrupt": Out(1)})
        self.taken = Signal(8)

    def elaborate(self, platform):
        m = Module()
        with m.If(self.control.awvalid & self.control.awready):
            m.d.sync += self.taken.eq(self.taken + 1)
        for bus in (self.control, self.read, self.write):
            for name, member in bus.signature.members.items():
                if member.flow is Out and name.endswith(("valid", "ready")):
                    m.d.comb += getattr(bus, name).eq(1)
        return m


def test_no_valid_and_no_ready_from_the_fall_of_the_pin_to_the_end_of_the_cores_reset():
    core = EagerCore()
    dut = Top(core)
    shown = [member for member in dut.signature.members if member.endswith(("valid", "ready"))
             and dut.signature.members[member].flow is Out]
    assert {name.removeprefix(LITE_PREFIX).removeprefix(MASTER_PREFIX) for name in shown} == {
        "awready", "wready", "bvalid", "arready", "rvalid", "awvalid", "wvalid", "bready", "arvalid", "rready"}

    async def bench(ctx):
        def high():
            return {ctx.get(getattr(dut, name)) for name in shown}

        async def clock():
            for level in (1, 0):
                ctx.set(dut.ap_clk, level)
                await ctx.delay(1e-6)

        awvalid = getattr(dut, f"{LITE_PREFIX}awvalid")
        ctx.set(awvalid, 1)
        for width in (5, 1, 2, 3):
            ctx.set(dut.ap_rst_n, 0)
            await ctx.delay(1e-7)
            assert high() == {0}  # before any edge
            for _ in range(width):
                await clock()
                assert high() == {0}
            ctx.set(dut.ap_rst_n, 1)
            await ctx.delay(1e-7)
            offered = 0
            for _ in range(20):
                offered += high() == {1}  # the address is taken at this edge
                await clock()
            assert ctx.get(core.taken) == offered >= 17

    sim = Simulator(dut)
    sim.add_testbench(bench)
    sim.run()
