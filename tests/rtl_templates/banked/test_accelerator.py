# amaranth: UnusedElaboratable=no
"""The whole shell around units that are played: commands, wiring, counters, watchdog, over the AXI ports only."""

from types import SimpleNamespace

import pytest
from amaranth import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator
from axi_models import Memory, lite_read, lite_write, simulate

from rtl_templates.banked import accelerator
from rtl_templates.banked.accelerator import Accelerator, activity
from rtl_templates.banked.formats import TASK, UNITS, Target
from rtl_templates.banked.registers import ID, REGISTERS
from rtl_templates.banked.signatures import Hold, task_layout
from rtl_templates.cells.bank import BankWrite
from rtl_templates.shell.checksum import end_beat
from rtl_templates.shell.registers import register
from rtl_templates.shell.signatures import LoadBus
from rtl_templates.shell.status import Error, Stage
from rtl_templates.shell.timing import SHELL_BARRIER, SHELL_DONE, SHELL_RUN
from rtl_templates.shell.words import pack

ACC = 8


def hardware(groups, servers):
    return {
        "groups": groups, "servers": servers, "lanes": 2, "code_bits": 4, "digit": 4, "acc_bits": ACC,
        "bank_depth": 16, "slots": 32, "param_depth": 16, "result_depth": 32, "feature_depth": 0,
        "requant_lanes": 2, "mac_columns": 2, "weight_bits": 4, "planes": 1, "pages": 1, "column_depth": 8,
        "bias_depth": 8, "table_words": 32,
    }


class PlayedGroup(wiring.Component):
    """``slot_count`` cycles after start every element offers one sum: its group and number."""

    def __init__(self, *, lanes, acc_bits, **rest):
        super().__init__({
            "index": In(4),
            "load": In(LoadBus()), "task": In(task_layout), "start": In(1),
            "write": In(BankWrite(address_bits=4, word_bits=8)).array(UNITS),
            "hold": Out(Hold(lanes=lanes, acc_bits=acc_bits)).array(UNITS), "ack": In(1).array(UNITS),
            "active": Out(1), "stalled": Out(1), "issuing": Out(1),
        })
        self.written = [Signal(8, name=f"written{bank}") for bank in range(UNITS)]

    def elaborate(self, platform):
        m = Module()
        left = Signal(16)
        m.d.comb += [self.active.eq(left != 0), self.issuing.eq(left > 1), self.stalled.eq(0)]
        with m.If(self.start):
            m.d.sync += left.eq(self.task.slot_count)
        with m.Elif(self.active):
            m.d.sync += left.eq(left - 1)
        for element in range(UNITS):
            m.d.comb += self.hold[element].data.eq(self.index * 16 + element)
            with m.If(left == 1):
                m.d.sync += self.hold[element].valid.eq(1)
            with m.Elif(self.ack[element]):
                m.d.sync += self.hold[element].valid.eq(0)
            with m.If(self.write[element].enable):
                m.d.sync += self.written[element].eq(self.write[element].data)
        return m


class PlayedServer(wiring.Component):
    """Takes a sum every second cycle, port by port, and writes what it took to every one of its banks.

    Result word a is its number and a. A task with ``signed_max`` 255 makes it stop for ever.
    """

    def __init__(self, *, servers, ports, lanes, acc_bits, **rest):
        self.ports = ports
        super().__init__({
            "index": In(4),
            "load": In(LoadBus()), "task": In(task_layout), "start": In(1), "run_start": In(1),
            "hold": In(Hold(lanes=lanes, acc_bits=acc_bits)).array(ports), "ack": Out(1).array(ports),
            "write": Out(BankWrite(address_bits=4, word_bits=8)).array(UNITS // servers),
            "result_address": In(5), "result_data": Out(32), "busy": Out(1), "working": Out(1), "waiting": Out(1),
            "row_valid": Out(1), "row_bank": Out(4), "row_address": Out(4), "row_data": Out(8), "act_valid": Out(1),
            "act_data": Out(16),
        })
        self.seen = [Signal(16, name=f"seen{port}") for port in range(ports)]
        self.runs = Signal(8)

    def elaborate(self, platform):
        m = Module()
        address, rest = Signal(5), Signal()
        word = Cat(address, Const(0, 11), self.index, Const(0, 12))
        m.d.sync += [address.eq(self.result_address), self.result_data.eq(word), rest.eq(0),
                     self.runs.eq(self.runs + self.run_start)]
        stuck = self.task.signed_max == 255
        m.d.comb += [self.busy.eq(rest), self.working.eq(rest), self.waiting.eq(0), self.row_valid.eq(rest)]
        taken = Const(0)
        for port in range(self.ports):
            take = Signal(name=f"take{port}")
            m.d.comb += [take.eq(self.hold[port].valid & ~rest & ~taken & ~stuck), self.ack[port].eq(take)]
            taken = taken | take
            with m.If(take):
                m.d.sync += [rest.eq(1), self.seen[port].eq(self.hold[port].data)]
                for local, write in enumerate(self.write):
                    m.d.comb += [write.enable.eq(1), write.data.eq(self.index + 16 * local)]
        return m


@pytest.fixture
def played(monkeypatch):
    monkeypatch.setattr(accelerator, "Group", PlayedGroup)
    monkeypatch.setattr(accelerator, "Server", PlayedServer)


def load_stream(*tasks):
    beats = [Target.TASK | len(tasks) << 64, *(pack(TASK, **task) for task in tasks)]
    return [*beats, end_beat(beats)]


class Driver:
    """What software does, over AXI4-Lite."""

    def __init__(self, ctx, dut):
        self.ctx, self.bus = ctx, dut.control

    async def write(self, name, value):
        await lite_write(self.ctx, self.bus, register(name, REGISTERS).offset, value)

    async def read(self, name, index=0):
        return await lite_read(self.ctx, self.bus, register(name, REGISTERS).offset + 4 * index)

    async def status(self, name):
        field = register("STATUS", REGISTERS).field(name)
        return await self.read("STATUS") >> field.low & (1 << field.width) - 1

    async def command(self, bits, deadline=3000):
        await self.write("CONTROL", bits)
        for _ in range(deadline):
            if self.ctx.get(self.interrupt):
                return
            await self.ctx.tick()
        raise AssertionError(f"no interrupt in {deadline} cycles")

    async def setup(self, dut, beats, words):
        self.interrupt = dut.interrupt
        for name, value in {"LOAD_BASE_LOW": 0x2000, "LOAD_BASE_HIGH": 1, "LOAD_BEATS": beats,
                            "STORE_BASE_LOW": 0x8000, "STORE_BASE_HIGH": 2, "STORE_WORDS": words,
                            "INTERRUPT_ENABLE": 3}.items():
            await self.write(name, value)


@pytest.mark.parametrize(("groups", "servers", "pause"), [
    (1, 4, 0.0), *(pytest.param(*case, marks=pytest.mark.slow) for case in ((2, 8, 0.3), (4, 16, 0.3)))])
def test_load_run_store_in_one_command(played, groups, servers, pause):
    dut, memory = Accelerator(**hardware(groups, servers)), Memory(seed=groups, pause=pause)
    beats = load_stream({"slot_count": 30}, {"slot_count": 1}, {"slot_count": 12, "last": 1})
    memory.fill(0x1_0000_2000, beats)

    async def bench(ctx):
        driver = Driver(ctx, dut)
        await driver.setup(dut, len(beats), 20)
        assert await driver.read("ID") == ID
        assert await driver.read("GROUPS") == groups
        assert await driver.read("SERVERS") == servers
        await driver.command(0b111)
        assert await driver.read("INTERRUPT_STATUS") == 1
        await driver.write("INTERRUPT_STATUS", 1)
        assert not ctx.get(dut.interrupt)
        assert await driver.status("error") == Error.NONE
        assert [await driver.status(f"done_{name}") for name in ("load", "run", "store")] == [1, 1, 1]

        # The last sum is valid slot_count + 1 cycles after start; each of a server's sums takes two cycles.
        ports = groups * UNITS // servers
        work = [slots + 2 * ports for slots in (30, 1, 12)]
        cycles = SHELL_RUN + sum(work) + 2 * SHELL_BARRIER + SHELL_DONE
        assert await driver.read("CYCLES") == cycles
        ends = [await driver.read("PASS_CYCLES", index) for index in range(3)]
        assert ends[2] == cycles
        assert ends[1] - ends[0] == work[1] + SHELL_BARRIER
        assert await driver.read("PASS") == 2
        gather = [await driver.read(f"GATHER_{name}") for name in ("RUN", "IDLE", "WAIT_OUT")]
        assert gather == [groups * 40, groups * (cycles - 40), 0]
        server = [await driver.read(f"SERVER_{name}") for name in ("RUN", "IDLE", "WAIT_IN")]
        assert server == [servers * 3 * ports, servers * (cycles - 3 * ports), 0]
        assert await driver.read("LOAD_RUN") == len(beats)
        assert await driver.read("LOAD_RUN") + await driver.read("LOAD_WAIT_IN") == await driver.read("LOAD_CYCLES")
        assert await driver.read("STORE_RUN") == servers * 20

        for server, unit in enumerate(dut.servers):
            assert ctx.get(unit.runs) == 1
            for port, seen in enumerate(unit.seen):
                group, local = divmod(port, UNITS // servers)
                assert ctx.get(seen) == group * 16 + server + local * servers, (server, port)
        for group in dut.groups:
            for bank, written in enumerate(group.written):
                assert ctx.get(written) == bank % servers + 16 * (bank // servers), bank

    simulate(dut, bench, background=[memory.reader(dut.read), memory.writer(dut.write)])
    stored = {address: beat for address, beat in memory.beats.items() if address >= 0x2_0000_8000}
    assert stored == {0x2_0000_8000 + 16 * (20 * server + index): index | server << 16
                      for server in range(servers) for index in range(20)}


def test_a_stuck_server_is_named_and_the_next_run_works(played):
    dut, memory = Accelerator(**hardware(1, 4)), Memory()
    stuck = load_stream({"slot_count": 3}, {"slot_count": 5, "signed_max": 255, "last": 1})
    sound = load_stream({"slot_count": 3, "last": 1})
    memory.fill(0x1_0000_2000, stuck)

    async def bench(ctx):
        driver = Driver(ctx, dut)
        await driver.setup(dut, len(stuck), 1)
        await driver.write("WATCHDOG", 100)
        await driver.command(0b111)
        assert await driver.status("error") == Error.WATCHDOG
        assert await driver.status("stuck_stage") == Stage.SERVE
        assert await driver.status("stuck_pass") == 1
        assert [await driver.status(f"done_{name}") for name in ("load", "run", "store")] == [1, 0, 0]
        assert [await driver.status(f"busy_{name}") for name in ("load", "run", "store")] == [0, 0, 0]
        assert await driver.read("INTERRUPT_STATUS") == 2
        await driver.write("INTERRUPT_STATUS", 2)
        memory.fill(0x1_0000_2000, sound)
        await driver.write("LOAD_BEATS", len(sound))
        await driver.command(0b011)
        assert await driver.status("error") == Error.NONE
        assert await driver.status("done_run")
        assert await driver.read("CYCLES") == SHELL_RUN + 3 + 8 + SHELL_DONE

    simulate(dut, bench, background=[memory.reader(dut.read), memory.writer(dut.write)])


def test_memory_errors_reach_the_status(played):
    dut, memory = Accelerator(**hardware(1, 4)), Memory(bad_read=1)
    beats = load_stream({"last": 1})
    memory.fill(0x1_0000_2000, beats)

    async def bench(ctx):
        driver = Driver(ctx, dut)
        await driver.setup(dut, len(beats), 1)
        await driver.command(0b011)
        assert await driver.status("error") == Error.READ
        assert not await driver.status("done_run")

    simulate(dut, bench, background=[memory.reader(dut.read), memory.writer(dut.write)])


def test_every_group_sum_and_server_holds_a_pass_open():
    hold = Hold(lanes=1, acc_bits=ACC)
    groups = [SimpleNamespace(active=Signal(), hold=[hold.create() for _ in range(UNITS)]) for _ in range(2)]
    servers = [SimpleNamespace(busy=Signal()) for _ in range(4)]
    m, active = Module(), Signal(3)
    m.d.comb += active.eq(activity(groups, servers))
    signals = [(signal, place) for place, group in enumerate(groups)
               for signal in (group.active, *(each.valid for each in group.hold))]

    async def bench(ctx):
        assert ctx.get(active) == 0
        for signal, place in [*signals, *((server.busy, 2) for server in servers)]:
            ctx.set(signal, 1)
            assert ctx.get(active) == 1 << place, signal.name
            ctx.set(signal, 0)

    sim = Simulator(m)
    sim.add_testbench(bench)
    sim.run()
