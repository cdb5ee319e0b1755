# amaranth: UnusedElaboratable=no
"""Commands in order, first error kept, watchdog: Control with units played by the bench."""

import pytest
from axi_models import simulate

from rtl_templates.banked.registers import REGISTERS
from rtl_templates.shell.control import Control
from rtl_templates.shell.registers import Error, Stage, register

LOAD, RUN, STORE, CLEAR = 1, 2, 4, 8


def status(ctx, dut, name):
    field = register("STATUS", REGISTERS).field(name)
    return ctx.get(dut.status) >> field.low & (1 << field.width) - 1


class Units:
    """Loader, sequencer and store unit that are busy for given cycles and end with given errors."""

    def __init__(self, dut, cycles=(5, 9, 7), errors=(0, 0, 0)):
        self.dut, self.cycles, self.errors, self.log, self.interrupts = dut, cycles, errors, [], []
        self.left = [0, 0, 0]

    async def bench(self, ctx):
        dut = self.dut
        while True:
            _, _, start, abort, interrupt = await ctx.tick().sample(dut.start, dut.abort, dut.interrupt)
            if interrupt:
                self.interrupts.append(interrupt)
            for unit in range(3):
                if self.left[unit]:
                    self.left[unit] -= 1
                if start >> unit & 1:
                    assert not any(self.left), "two units at once"
                    self.left[unit] = self.cycles[unit]
                    self.log.append("load run store".split()[unit])
            if abort:
                self.left[1] = 0
                self.log.append("abort")
            ctx.set(dut.busy, sum(1 << unit for unit in range(3) if self.left[unit]))
            ctx.set(dut.done, sum(1 << unit for unit in range(3) if self.left[unit] == 1))
            ctx.set(dut.load_error, self.errors[0])
            ctx.set(dut.store_error, self.errors[2])


async def command(ctx, dut, bits, wait=60):
    ctx.set(dut.command, bits)
    await ctx.tick()
    ctx.set(dut.command, 0)
    for _ in range(wait):
        await ctx.tick()


def run(bench, **units):
    dut = Control(pass_bits=4)
    played = Units(dut, **units)

    async def testbench(ctx):
        ctx.set(dut.limit, 1000)
        await bench(ctx, dut, played)

    simulate(dut, testbench, background=[played.bench])


@pytest.mark.parametrize(("bits", "order"), [
    (7, ["load", "run", "store"]), (6, ["run", "store"]), (5, ["load", "store"]), (2, ["run"]), (4, ["store"]),
])
def test_commands_of_one_write_run_in_order(bits, order):
    async def bench(ctx, dut, units):
        await command(ctx, dut, bits)
        assert units.log == order
        assert [name for name in ("load", "run", "store") if status(ctx, dut, f"done_{name}")] == order
        assert not any(status(ctx, dut, f"busy_{name}") for name in ("load", "run", "store"))
        assert status(ctx, dut, "error") == Error.NONE
        assert units.interrupts == [1]
    run(bench)


def test_waiting_commands_count_as_busy_and_done_restarts():
    async def bench(ctx, dut, units):
        await command(ctx, dut, RUN)
        await command(ctx, dut, RUN | STORE, wait=4)
        assert [status(ctx, dut, f"busy_{name}") for name in ("load", "run", "store")] == [0, 1, 1]
        assert not status(ctx, dut, "done_run")
    run(bench)


def test_a_command_while_busy_is_refused():
    async def bench(ctx, dut, units):
        await command(ctx, dut, LOAD | RUN, wait=3)
        await command(ctx, dut, STORE)
        assert units.log == ["load", "run"]
        assert status(ctx, dut, "error") == Error.BUSY
        assert not status(ctx, dut, "done_store")
        assert status(ctx, dut, "done_run")
        await command(ctx, dut, STORE)
        assert status(ctx, dut, "error") == Error.NONE
        assert status(ctx, dut, "done_store")
    run(bench)


@pytest.mark.parametrize(("errors", "code", "log"), [
    ((Error.READ, 0, 0), Error.READ, ["load"]), ((0, 0, Error.WRITE), Error.WRITE, ["load", "run", "store"]),
])
def test_an_error_drops_what_waits(errors, code, log):
    async def bench(ctx, dut, units):
        await command(ctx, dut, 7)
        assert units.log == log
        assert status(ctx, dut, "error") == code
        assert [status(ctx, dut, f"done_{name}") for name in log] == [1] * (len(log) - 1) + [0]
        assert units.interrupts == [2]
    run(bench, errors=errors)


@pytest.mark.parametrize(("unit", "serving", "stage"), [
    (0, 0, Stage.LOAD), (1, 0, Stage.GATHER), (1, 1, Stage.SERVE), (2, 1, Stage.STORE),
])
def test_watchdog_names_the_stage(unit, serving, stage):
    async def bench(ctx, dut, units):
        ctx.set(dut.limit, 20)
        ctx.set(dut.index, 5)
        ctx.set(dut.serving, serving)
        await command(ctx, dut, 1 << unit, wait=15)
        ctx.set(dut.progress, 1)  # something moves: the count starts again
        await ctx.tick()
        ctx.set(dut.progress, 0)
        for _ in range(20):
            await ctx.tick()
        assert status(ctx, dut, "error") == Error.NONE
        for _ in range(6):
            await ctx.tick()
        assert status(ctx, dut, "error") == Error.WATCHDOG
        assert status(ctx, dut, "stuck_stage") == stage
        assert status(ctx, dut, "stuck_pass") == 5
        assert units.interrupts == [2]
        assert ("abort" in units.log) == (unit == 1)
        for _ in range(60):
            await ctx.tick()
        assert units.interrupts == [2], "one expiry, one interrupt"
    run(bench, cycles=(10000, 10000, 10000))


def test_watchdog_off_and_idle():
    async def bench(ctx, dut, units):
        ctx.set(dut.limit, 0)
        await command(ctx, dut, RUN, wait=300)
        assert status(ctx, dut, "error") == Error.NONE
        ctx.set(dut.limit, 30)
        for _ in range(200):
            await ctx.tick()
        assert status(ctx, dut, "error") == Error.NONE
    run(bench, cycles=(5, 250, 5))


def test_clear_ends_a_run_and_forgets():
    async def bench(ctx, dut, units):
        await command(ctx, dut, RUN | STORE, wait=5)
        await command(ctx, dut, CLEAR, wait=20)
        assert units.log == ["run", "abort"]
        assert ctx.get(dut.status) == 0
        await command(ctx, dut, STORE)
        assert units.log == ["run", "abort", "store"]
    run(bench, cycles=(5, 500, 5))
