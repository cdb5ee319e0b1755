# amaranth: UnusedElaboratable=no
"""Commands in order, first error kept, refusals, limits, clear: Control with units played by the bench."""

import pytest
from axi_models import simulate

from rtl_templates.banked.registers import REGISTERS
from rtl_templates.shell.control import Control
from rtl_templates.shell.registers import register
from rtl_templates.shell.status import Error, Stage

LOAD, RUN, STORE, CLEAR = 1, 2, 4, 8
NAMES = ("load", "run", "store")


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
                    self.log.append(NAMES[unit])
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


async def have_results(ctx, dut, units):
    """A run, which a store needs; it leaves no trace."""
    await command(ctx, dut, RUN, wait=units.cycles[1] + 4)
    await command(ctx, dut, CLEAR, wait=2)
    del units.log[:], units.interrupts[:]


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
        await have_results(ctx, dut, units)
        await command(ctx, dut, bits)
        assert units.log == order
        assert [name for name in NAMES if status(ctx, dut, f"done_{name}")] == order
        assert not any(status(ctx, dut, f"busy_{name}") for name in NAMES)
        assert status(ctx, dut, "error") == Error.NONE
        assert units.interrupts == [1]
    run(bench)


def test_waiting_commands_count_as_busy_and_done_restarts():
    async def bench(ctx, dut, units):
        await command(ctx, dut, RUN)
        await command(ctx, dut, RUN | STORE, wait=4)
        assert [status(ctx, dut, f"busy_{name}") for name in NAMES] == [0, 1, 1]
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
        units.cycles = (5, 9, 7)
        await have_results(ctx, dut, units)
        units.cycles = (10000, 10000, 10000)
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
        assert units.log[1:] == ["abort"]
        for _ in range(60):
            await ctx.tick()
        assert units.interrupts == [2], "one expiry, one interrupt"
    run(bench)


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


def test_watchdog_sees_a_limit_that_is_lowered_below_what_has_passed():
    async def bench(ctx, dut, units):
        await command(ctx, dut, RUN, wait=100)
        assert status(ctx, dut, "error") == Error.NONE
        ctx.set(dut.limit, 20)
        for _ in range(4):
            await ctx.tick()
        assert status(ctx, dut, "error") == Error.WATCHDOG
    run(bench, cycles=(5, 10000, 5))


@pytest.mark.parametrize(("limit", "error"), [(0, Error.NONE), (59, Error.RUN_LIMIT), (61, Error.NONE)])
def test_a_run_has_a_limit(limit, error):
    async def bench(ctx, dut, units):
        ctx.set(dut.run_limit, limit)
        ctx.set(dut.progress, 1)  # it moves all the time
        ctx.set(dut.command, RUN | STORE)
        for cycle in range(90):
            await ctx.tick()
            ctx.set(dut.command, 0)
            ctx.set(dut.cycles, cycle - 3 if ctx.get(dut.busy) & 2 else 60)
        assert status(ctx, dut, "error") == error
        assert units.log == (["run", "abort"] if error else ["run", "store"])
        assert status(ctx, dut, "done_run") == (error == Error.NONE)
        assert units.interrupts == [2 if error else 1]
    run(bench, cycles=(5, 61, 5))


@pytest.mark.parametrize("limits", [{"run_limit": 20}, {"limit": 20}])
@pytest.mark.parametrize("distance", range(20, 27))
def test_a_limit_that_is_reached_in_the_cycle_of_a_clear_is_no_error(limits, distance):
    """Found by formal/blocks/control.py: the run's end came a cycle after the limit had been seen."""
    async def bench(ctx, dut, units):
        for name, value in limits.items():
            ctx.set(getattr(dut, name), value)
        ctx.set(dut.progress, "run_limit" in limits)
        ctx.set(dut.command, RUN)
        for cycle in range(40):
            await ctx.tick()
            ctx.set(dut.command, CLEAR if cycle == distance else 0)
            ctx.set(dut.cycles, max(0, cycle - 2) if ctx.get(dut.busy) & 2 else 0)
            if cycle == distance + 2:
                del units.interrupts[:]  # of what ended before
        assert ctx.get(dut.status) == 0
        assert not units.interrupts
    run(bench, cycles=(5, 10000, 5))


@pytest.mark.parametrize(("bits", "refusals", "log", "error"), [
    (RUN | STORE, {"run_refusal": Error.NOT_LOADED}, [], Error.NOT_LOADED),
    (LOAD | RUN, {"run_refusal": Error.RUN_RANGE}, ["load"], Error.RUN_RANGE),
    (RUN | STORE, {"store_refusal": Error.STORE_RANGE}, ["run"], Error.STORE_RANGE),
    (LOAD | STORE, {"run_refusal": Error.NOT_LOADED}, ["load"], Error.NOT_RUN),
])
def test_what_cannot_be_carried_out_is_refused_when_its_turn_comes(bits, refusals, log, error):
    async def bench(ctx, dut, units):
        for name, code in refusals.items():
            ctx.set(getattr(dut, name), code)
        await command(ctx, dut, bits)
        assert units.log == log
        assert status(ctx, dut, "error") == error
        assert not any(status(ctx, dut, f"busy_{name}") for name in NAMES)
        assert [name for name in NAMES if status(ctx, dut, f"done_{name}")] == log
        assert units.interrupts == [2]
        for name in refusals:
            ctx.set(getattr(dut, name), 0)
        await command(ctx, dut, RUN | STORE)
        assert (units.log[len(log):], status(ctx, dut, "error")) == (["run", "store"], Error.NONE)
    run(bench)


def test_a_store_needs_a_run_that_ended_well():
    async def bench(ctx, dut, units):
        await command(ctx, dut, RUN)
        await command(ctx, dut, RUN, wait=5)
        await command(ctx, dut, CLEAR)
        await command(ctx, dut, STORE)
        assert status(ctx, dut, "error") == Error.NOT_RUN
        assert units.log == ["run", "run", "abort"]
    run(bench)


def test_the_first_error_is_kept():
    """A refused command while a load stands still does not hide why."""
    async def bench(ctx, dut, units):
        ctx.set(dut.limit, 10)
        await command(ctx, dut, LOAD, wait=30)
        assert status(ctx, dut, "error") == Error.WATCHDOG
        await command(ctx, dut, RUN, wait=5)
        assert status(ctx, dut, "error") == Error.WATCHDOG
        await command(ctx, dut, CLEAR, wait=2)
        await command(ctx, dut, RUN, wait=2)
        assert status(ctx, dut, "error") == Error.BUSY
    run(bench, cycles=(10000, 5, 5))


@pytest.mark.parametrize("stop", ["clear", "watchdog"])
@pytest.mark.parametrize("error", [Error.NONE, Error.READ])
def test_what_goes_on_when_all_is_stopped_is_not_reported(stop, error):
    """A load that memory answers later: neither done nor its own error, no interrupt; the next command is good."""
    async def bench(ctx, dut, units):
        if stop == "watchdog":
            ctx.set(dut.limit, 10)
        await command(ctx, dut, LOAD | RUN, wait=20)
        if stop == "clear":
            await command(ctx, dut, CLEAR, wait=5)
        assert status(ctx, dut, "busy_load")
        del units.interrupts[:]
        ctx.set(dut.progress, 1)
        for _ in range(60):
            await ctx.tick()
        assert not status(ctx, dut, "busy_load")
        assert not status(ctx, dut, "done_load")
        assert status(ctx, dut, "error") == (Error.WATCHDOG if stop == "watchdog" else Error.NONE)
        assert units.log == ["load", "abort"]
        assert not units.interrupts
        units.errors = (0, 0, 0)
        await command(ctx, dut, LOAD)
        assert status(ctx, dut, "done_load")
    run(bench, cycles=(50, 5, 5), errors=(error, 0, 0))


@pytest.mark.parametrize("distance", range(33))
def test_clear_at_every_moment_leaves_nothing_behind(distance):
    """Within a command, between two, in the cycle in which one starts or ends: nothing done, nothing begins."""
    async def bench(ctx, dut, units):
        begun = []
        ctx.set(dut.command, LOAD | RUN | STORE)
        for _ in range(distance + 1):
            await ctx.tick()
            ctx.set(dut.command, 0)
            begun += [name for unit, name in enumerate(NAMES) if ctx.get(dut.start) >> unit & 1]
        ctx.set(dut.command, CLEAR)
        await ctx.tick()
        ctx.set(dut.command, 0)
        for cycle in range(40):
            if cycle == 1:
                del units.interrupts[:]  # of what ended before
            assert not any(status(ctx, dut, f"done_{name}") for name in NAMES)
            assert status(ctx, dut, "error") == Error.NONE
            await ctx.tick()
        assert ctx.get(dut.status) == 0
        assert [name for name in units.log if name != "abort"] == begun
        assert not units.interrupts
        await command(ctx, dut, RUN | STORE)
        assert status(ctx, dut, "done_store")
    run(bench)
