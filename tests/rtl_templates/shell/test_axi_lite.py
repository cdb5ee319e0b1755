# amaranth: UnusedElaboratable=no
"""The register file over AXI4-Lite, every register of the map."""

import random

import pytest
from axi_models import lite_read, lite_write, simulate

from rtl_templates.banked.registers import REGISTERS
from rtl_templates.shell.axi_lite import RegisterFile
from rtl_templates.shell.registers import constants, register

HARDWARE = {
    "groups": 1, "servers": 4, "lanes": 8, "code_bits": 4, "digit": 2, "acc_bits": 12, "bank_depth": 64, "slots": 32,
    "param_depth": 33, "result_depth": 34, "feature_depth": 35, "requant_lanes": 2, "mac_columns": 7,
    "weight_bits": 4, "planes": 1, "pages": 3, "column_depth": 9, "bias_depth": 9, "table_words": 32,
}


def run(bench):
    dut = RegisterFile(constants=constants(HARDWARE, REGISTERS), registers=REGISTERS)

    async def testbench(ctx):
        await bench(ctx, dut)

    simulate(dut, testbench)


def test_constants_read_as_declared():
    async def bench(ctx, dut):
        for entry in REGISTERS:
            if entry.access == "const":
                expected = constants(HARDWARE, REGISTERS)[entry.name]
                assert await lite_read(ctx, dut.bus, entry.offset) == expected, entry.name
    run(bench)


@pytest.mark.parametrize("seed", range(2))
def test_rw_registers_keep_what_is_strobed(seed):
    rng = random.Random(seed)
    writable = [entry for entry in REGISTERS if entry.access == "rw"]
    value = {entry.name: entry.reset for entry in writable}

    async def bench(ctx, dut):
        def pause():
            return rng.random() < 0.5
        for _ in range(60):
            entry, word, strobe = rng.choice(writable), rng.getrandbits(32), rng.randrange(16)
            await lite_write(ctx, dut.bus, entry.offset, word, strobe=strobe, pause=pause)
            mask = sum(0xFF << 8 * lane for lane in range(4) if strobe >> lane & 1) & ((1 << entry.width) - 1)
            value[entry.name] = value[entry.name] & ~mask | word & mask
        for entry in writable:
            assert await lite_read(ctx, dut.bus, entry.offset, pause=pause) == value[entry.name], entry.name
            assert ctx.get(getattr(dut, entry.name.lower())) == value[entry.name]
    run(bench)


def test_reset_values():
    async def bench(ctx, dut):
        for entry in REGISTERS:
            if entry.access == "rw":
                assert await lite_read(ctx, dut.bus, entry.offset) == entry.reset
    run(bench)


def test_read_only_registers_show_their_ports_and_refuse_writes():
    async def bench(ctx, dut):
        rng = random.Random(3)
        shown = {}
        for entry in REGISTERS:
            if entry.access == "ro" and entry.count == 1:
                shown[entry] = rng.getrandbits(entry.width)
                ctx.set(getattr(dut, entry.name.lower()), shown[entry])
        for entry, value in shown.items():
            await lite_write(ctx, dut.bus, entry.offset, ~value & 0xFFFFFFFF)
            assert await lite_read(ctx, dut.bus, entry.offset) == value, entry.name
        for entry in REGISTERS:
            if entry.access == "rw":
                assert await lite_read(ctx, dut.bus, entry.offset) == entry.reset, entry.name
    run(bench)


def test_array_reads_the_selected_word():
    entry = register("PASS_CYCLES", REGISTERS)
    dut = RegisterFile(constants=constants(HARDWARE, REGISTERS), registers=REGISTERS)

    async def source(ctx):
        async for index, in ctx.changed(dut.pass_cycles_index):
            ctx.set(dut.pass_cycles, 1000 + index)

    async def bench(ctx):
        for index in (0, 5, 15, 1):
            assert await lite_read(ctx, dut.bus, entry.offset + 4 * index) == 1000 + index

    simulate(dut, bench, background=[source])


def test_commands_pulse_once_and_only_where_strobed():
    dut, pulses = RegisterFile(constants=constants(HARDWARE, REGISTERS), registers=REGISTERS), []

    async def watch(ctx):
        async for _, _, value in ctx.tick().sample(dut.control):
            if value:
                pulses.append(value)

    async def bench(ctx):
        await lite_write(ctx, dut.bus, register("CONTROL", REGISTERS).offset, 0b0101)
        assert await lite_read(ctx, dut.bus, register("CONTROL", REGISTERS).offset) == 0
        await lite_write(ctx, dut.bus, register("CONTROL", REGISTERS).offset, 0b0010, strobe=0b1110)
        await lite_write(ctx, dut.bus, register("CONTROL", REGISTERS).offset, 0b1000)
        for _ in range(3):
            await ctx.tick()

    simulate(dut, bench, background=[watch])
    assert pulses == [0b0101, 0b1000]


def test_interrupt_status_is_cleared_by_ones():
    async def bench(ctx, dut):
        offset = register("INTERRUPT_STATUS", REGISTERS).offset
        ctx.set(dut.interrupt_status_set, 0b11)
        await ctx.tick()
        ctx.set(dut.interrupt_status_set, 0)
        await lite_write(ctx, dut.bus, offset, 0b01)
        assert await lite_read(ctx, dut.bus, offset) == 0b10
        await lite_write(ctx, dut.bus, offset, 0b10)
        assert await lite_read(ctx, dut.bus, offset) == 0
    run(bench)


@pytest.mark.parametrize("moment", range(12))
def test_an_event_of_the_cycle_in_which_it_is_cleared_stays(moment):
    """At every cycle around the write: an event that comes with the write or after it is still there."""
    async def bench(ctx, dut):
        offset, cleared = register("INTERRUPT_STATUS", REGISTERS).offset, []

        ctx.set(dut.interrupt_status_set, 0b11)
        await ctx.tick()
        for name, value in (("awaddr", offset), ("wdata", 0b11), ("wstrb", 15), ("awvalid", 1), ("wvalid", 1)):
            ctx.set(getattr(dut.bus, name), value)
        for cycle in range(12):
            ctx.set(dut.interrupt_status_set, 0b01 if cycle == moment else 0)
            before = ctx.get(dut.interrupt_status)
            await ctx.tick()
            ctx.set(dut.bus.awvalid, 0)
            ctx.set(dut.bus.wvalid, 0)
            if before == 0b11 and not ctx.get(dut.interrupt_status) & 0b10:
                cleared.append(cycle)
        assert len(cleared) == 1
        assert ctx.get(dut.interrupt_status) == (moment >= cleared[0])
    run(bench)


def test_unmapped_addresses_read_zero_and_ignore_writes():
    async def bench(ctx, dut):
        for address in (0x0FC, 0x14C, 0xFFC):
            await lite_write(ctx, dut.bus, address, 0xFFFFFFFF)
            assert await lite_read(ctx, dut.bus, address) == 0
        for entry in REGISTERS:
            if entry.access == "rw":
                assert await lite_read(ctx, dut.bus, entry.offset) == entry.reset, entry.name
    run(bench)
