# amaranth: UnusedElaboratable=no
"""The sequencer of the graph-level organisation: exact cycles under random activity, windows, the last pass."""

import random

import pytest
from axi_models import simulate

from rtl_templates.formats import pack, unpack
from rtl_templates.stream.formats import PASS, Target
from rtl_templates.stream.sequencer import Sequencer
from rtl_templates.timing import SHELL_BARRIER, SHELL_DONE, SHELL_QUIET, SHELL_RUN


def random_task(rng, last):
    values = {name: rng.getrandbits(width) for name, width in PASS.items()}
    return pack(PASS, **{**values, "last": int(last)})


def random_activity(rng, units):
    """Cycles after start -> units that are active, with pauses that the barrier must bridge."""
    activity, cycle = {}, rng.randrange(1, SHELL_QUIET + 1)
    for _ in range(rng.randrange(12)):
        activity[cycle] = 1 << rng.randrange(units)
        cycle += rng.choice([1, 1, 2, SHELL_QUIET])
    return activity


async def fill(ctx, dut, tasks):
    for address, word in enumerate(tasks):
        for half in range(2):
            for target, unit, data in ((Target.PASS, half, word >> 128 * half & (1 << 128) - 1),
                                       (Target.BEAT, half, 0), (Target.PASS, 2, 0)):  # the others are not its own
                ctx.set(dut.load.valid, 1)
                ctx.set(dut.load.target, target)
                ctx.set(dut.load.unit, unit)
                ctx.set(dut.load.address, address)
                ctx.set(dut.load.data, data)
                await ctx.tick()
    ctx.set(dut.load.valid, 0)


async def one_run(ctx, dut, plan, deadline, first=0, count=0):
    """Run once; ``plan`` has the activity of each pass. Start cycles, tasks, passes and the cycle of done."""
    starts, tasks, passes = [], [], []
    ctx.set(dut.run, 1)
    ctx.set(dut.first, first)
    ctx.set(dut.count, count)
    await ctx.tick()
    ctx.set(dut.run, 0)
    ctx.set(dut.first, 5)
    ctx.set(dut.count, 1)
    for cycle in range(1, deadline):  # the run pulse was in cycle 0
        if ctx.get(dut.start):
            starts.append(cycle)
            tasks.append(ctx.get(dut.task.as_value()))
            passes.append(ctx.get(dut.index))
        ctx.set(dut.active, plan[len(starts) - 1].get(cycle - starts[-1], 0) if starts else 0)
        if starts:
            assert ctx.get(dut.task.as_value()) == tasks[-1]
            assert ctx.get(dut.index) == passes[-1]
        assert ctx.get(dut.busy)
        done = ctx.get(dut.done)
        await ctx.tick()
        if done:
            assert not ctx.get(dut.busy)
            return starts, tasks, passes, cycle
    raise AssertionError(f"not done in {deadline} cycles after {len(starts)} passes")


@pytest.mark.parametrize(("seed", "units", "passes", "last", "runs"), [
    (0, 1, 1, 0, [(0, 0, 1), (0, 1, 1)]),
    (1, 4, 16, 9, [(0, 0, 10), (3, 0, 7), (9, 0, 1), (2, 3, 3), (8, 5, 5), (0, 16, 16)]),
    (2, 2, 5, 9, [(0, 0, 5), (4, 0, 1), (3, 9, 2)]),  # no word says that it is the last: the memory's end is
])
def test_passes_and_cycles_are_exact(seed, units, passes, last, runs):
    rng = random.Random(seed)
    dut = Sequencer(units=units, passes=passes)
    words = [random_task(rng, index == last) for index in range(passes)]

    async def bench(ctx):
        await fill(ctx, dut, words)
        for first, count, expected in runs:
            plan = [random_activity(rng, units) for _ in range(expected)]
            starts, tasks, indices, done = await one_run(ctx, dut, plan, 100 * passes + 100, first, count)
            assert indices == list(range(first, first + expected))
            assert tasks == words[first:first + expected]
            work = [max(activity, default=0) for activity in plan]
            assert starts[0] == SHELL_RUN
            for index in range(1, expected):
                assert starts[index] - starts[index - 1] == work[index - 1] + SHELL_BARRIER
            total = SHELL_RUN + sum(work) + (expected - 1) * SHELL_BARRIER + SHELL_DONE
            assert done == total
            for index in range(expected):
                ctx.set(dut.pass_index, first + index)
                end = SHELL_RUN + sum(work[:index + 1]) + index * SHELL_BARRIER + SHELL_DONE
                assert ctx.get(dut.pass_cycles) == end
            for _ in range(rng.randrange(20)):
                await ctx.tick()
            assert ctx.get(dut.cycles) == total

    simulate(dut, bench)


def test_every_unit_holds_the_barrier_and_a_run_while_busy_is_ignored():
    dut = Sequencer(units=4, passes=2)

    async def bench(ctx):
        await fill(ctx, dut, [pack(PASS, last=1)] * 2)
        for unit in range(4):
            *_, done = await one_run(ctx, dut, [{3: 1 << unit, 6: 1 << unit}], 100)
            assert done == SHELL_RUN + 6 + SHELL_DONE, unit
        ctx.set(dut.run, 1)
        ctx.set(dut.first, 0)
        ctx.set(dut.count, 1)
        await ctx.tick()
        for cycle in range(1, 40):
            ctx.set(dut.run, cycle == 4)
            ctx.set(dut.first, 1)
            if ctx.get(dut.done):
                assert cycle == SHELL_RUN + SHELL_DONE
                assert ctx.get(dut.index) == 0
                return
            await ctx.tick()
        raise AssertionError("not done")

    simulate(dut, bench)


def test_fields_are_where_the_format_says():
    dut, rng = Sequencer(units=1, passes=4), random.Random(8)
    word = random_task(rng, True)

    async def bench(ctx):
        await fill(ctx, dut, [word])
        await one_run(ctx, dut, [{}], 50)
        for name, value in unpack(PASS, word).items():
            assert ctx.get(dut.task[name]) == value, name

    simulate(dut, bench)
