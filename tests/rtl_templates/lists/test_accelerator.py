# amaranth: UnusedElaboratable=no
"""Whole accelerators over their AXI ports: every word, every cycle, every counter."""

import pytest
from axi_models import Memory, lite_read, lite_write, simulate
from list_machine import Machine

from rtl_templates.lists.accelerator import Accelerator
from rtl_templates.lists.registers import ID, REGISTERS
from rtl_templates.lists.timing import STAGES
from rtl_templates.shell.registers import register
from rtl_templates.shell.status import Error, Stage

LOAD, STORE = 0x1_0000_2000, 0x2_0000_8000
SMALL = {
    "units": 1, "lanes": 8, "code_bits": 8, "acc_bits": 24, "requant_lanes": 4, "chunks": 2, "weight_bits": 3,
    "pages": 4, "buffer_depth": 128, "list_depth": 128, "descriptor_depth": 64, "column_depth": 5, "param_depth": 32,
    "levels": 3, "tables": 2, "passes": 8, "beats": 64, "result_depth": 64, "leaky": 0, "joined": 1,
    "maxima": 1, "lut_inputs": 0, "table_words": 32,
}


class Driver:
    """What software does, over AXI4-Lite."""

    def __init__(self, ctx, dut):
        self.ctx, self.dut = ctx, dut

    async def write(self, name, value):
        await lite_write(self.ctx, self.dut.control, register(name, REGISTERS).offset, value)

    async def read(self, name, index=0):
        return await lite_read(self.ctx, self.dut.control, register(name, REGISTERS).offset + 4 * index)

    async def status(self, name):
        field = register("STATUS", REGISTERS).field(name)
        return await self.read("STATUS") >> field.low & (1 << field.width) - 1

    async def setup(self, beats, words):
        for name, value in {"LOAD_BASE_LOW": LOAD & 0xFFFF_FFFF, "LOAD_BASE_HIGH": LOAD >> 32, "LOAD_BEATS": beats,
                            "STORE_BASE_LOW": STORE & 0xFFFF_FFFF, "STORE_BASE_HIGH": STORE >> 32,
                            "STORE_WORDS": words, "INTERRUPT_ENABLE": 3}.items():
            await self.write(name, value)

    async def command(self, bits, deadline=30000):
        await self.write("INTERRUPT_STATUS", 3)
        await self.write("CONTROL", bits)
        for _ in range(deadline):
            if self.ctx.get(self.dut.interrupt):
                return
            await self.ctx.tick()
        raise AssertionError(f"no interrupt in {deadline} cycles; {await self.status('busy_run')}")


def watch(dut, log):
    """Testbench that keeps every row written: (pass, unit, address, data, entry)."""
    async def bench(ctx):
        rows = [unit.row for unit in dut.units]
        while True:
            for number, row in enumerate(rows):
                if ctx.get(row.enable):
                    log.append((number, ctx.get(row.address), ctx.get(row.data), ctx.get(row.entry)))
            await ctx.tick()
    return bench


CASES = [
    (0, {"requant_lanes": 2}, {"nodes": 10, "graphs": 2, "passes": 3}),  # its gather stage waits
    (1, {"units": 2, "requant_lanes": 8, "levels": 0, "leaky": 1, "chunks": 1, "pages": 1},
     {"nodes": 9, "graphs": 3, "passes": 5}),
    (2, {"units": 4, "code_bits": 4, "weight_bits": 0, "chunks": 3}, {"nodes": 10, "graphs": 3, "passes": 3}),
    (3, {"units": 4, "requant_lanes": 2, "chunks": 1, "pages": 1, "acc_bits": 20},
     {"nodes": 3, "graphs": 1, "passes": 6}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "hardware", "size"), CASES)
def test_words_cycles_and_counters(seed, hardware, size):
    hardware = SMALL | hardware
    machine = Machine(seed, hardware, **size)
    beats = machine.load_stream()
    written, results, timing = machine.run()
    stamps, counters = machine.cycles(timing)
    stored = max((max(words, default=-1) + 1 for words in results), default=0)
    dut, memory, log = Accelerator(**hardware), Memory(seed=seed, pause=0.1), []
    memory.fill(LOAD, beats)

    async def bench(ctx):
        driver = Driver(ctx, dut)
        assert await driver.read("ID") == ID
        assert await driver.read("CHUNKS") == hardware["chunks"]
        await driver.setup(len(beats), stored)
        await driver.command(0b111)
        assert await driver.status("error") == Error.NONE
        assert await driver.read("PASS") == size["passes"] - 1
        assert [await driver.read("PASS_CYCLES", index) for index in range(len(stamps))] == stamps
        assert await driver.read("CYCLES") == stamps[-1]
        seen = {name: await driver.read(name.upper()) for name in counters if name != "write_wait_out"}
        assert seen == {name: value for name, value in counters.items() if name != "write_wait_out"}
        for stage in STAGES[:-1]:  # the last one never waits
            parts = [seen[f"{stage}_run"], seen[f"{stage}_wait_out"], await driver.read(f"{stage}_idle".upper())]
            assert sum(parts) == hardware["units"] * stamps[-1], stage

    simulate(dut, bench, background=[memory.reader(dut.read), memory.writer(dut.write), watch(dut, log)])
    for rows in written:
        now, log = log[:len(rows)], log[len(rows):]
        assert {(unit, address): word for unit, address, *word in now} == \
            {key: list(word) for key, word in rows.items()}
    assert not log
    for unit, words in enumerate(results):
        for word, data in words.items():
            assert memory.beats[STORE + 16 * (unit * stored + word)] == data, (unit, word)




@pytest.mark.slow
def test_windows_of_passes_and_an_aborted_run():
    hardware = SMALL | {"weight_bits": 0, "levels": 0}
    machine = Machine(5, hardware, nodes=4, graphs=2, passes=5)
    beats = machine.load_stream()
    dut, memory, log = Accelerator(**hardware), Memory(), []
    memory.fill(LOAD, beats)

    async def bench(ctx):
        driver = Driver(ctx, dut)
        await driver.setup(len(beats), 1)
        await driver.command(0b001)
        await driver.write("WATCHDOG", 5)  # the operand fetch alone takes longer before anything moves
        await driver.command(0b010)
        assert await driver.status("error") == Error.WATCHDOG
        assert await driver.status("stuck_stage") == Stage.GATHER
        assert not await driver.status("busy_run")
        assert not log
        await driver.write("WATCHDOG", 100)  # far shorter than the runs, which move all the time
        longest = 0
        for first, count in ((0, 0), (1, 2), (3, 0), (2, 1)):
            expected = machine.run(first, count or None)[2]
            await driver.write("RUN_FIRST", first)
            await driver.write("RUN_COUNT", count)
            await driver.command(0b010)
            assert await driver.status("error") == Error.NONE
            stamps = machine.cycles(expected)[0]
            assert await driver.read("CYCLES") == stamps[-1]
            longest = max(longest, stamps[-1])
            assert [await driver.read("PASS_CYCLES", first + index) for index in range(len(stamps))] == stamps
            assert await driver.read("PASS") == first + len(stamps) - 1
        assert longest > 200
        buffer = list(machine.words)
        for _, address, data, _ in log:
            buffer[address] = data
        assert buffer == machine.words

    simulate(dut, bench, background=[memory.reader(dut.read), memory.writer(dut.write), watch(dut, log)])
