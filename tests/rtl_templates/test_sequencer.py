# amaranth: UnusedElaboratable=no
"""The sequencer against random activity: exact cycles, tasks in order, the barrier."""

import random

import pytest
from axi_models import simulate

from rtl_templates.formats import TASK, Target, pack, unpack
from rtl_templates.sequencer import PASSES, Sequencer
from rtl_templates.timing import SHELL_BARRIER, SHELL_DONE, SHELL_QUIET, SHELL_RUN


def random_task(rng, last):
    values = {name: rng.getrandbits(width) for name, width in TASK.items()}
    return pack(TASK, **{**values, "last_pass": int(last)})


def random_activity(rng, groups, servers):
    """Cycles after start -> (active, held, working), with pauses that the barrier must bridge."""
    activity, cycle = {}, rng.randrange(1, SHELL_QUIET + 1)
    for _ in range(rng.randrange(12)):
        kind, value = rng.choice([("active", 1 << rng.randrange(groups)), ("held", 1 << rng.randrange(16 * groups)),
                                  ("working", 1 << rng.randrange(servers))])
        activity[cycle] = (kind, value)
        cycle += rng.choice([1, 1, 2, SHELL_QUIET])
    return activity


async def fill(ctx, dut, tasks):
    for address, word in enumerate(tasks):
        ctx.set(dut.load.valid, 1)
        ctx.set(dut.load.target, Target.TASK)
        ctx.set(dut.load.address, address)
        ctx.set(dut.load.data, word)
        await ctx.tick()
        ctx.set(dut.load.target, Target.BANK)  # somebody else's word at the same address
        ctx.set(dut.load.data, 0)
        await ctx.tick()
    ctx.set(dut.load.valid, 0)


async def one_run(ctx, dut, plan, deadline):
    """Run once; ``plan`` has the activity of each pass. Start cycles, tasks and the cycle of done."""
    kinds = ("active", "held", "working")
    starts, tasks, run_starts = [], [], []
    ctx.set(dut.run, 1)
    await ctx.tick()
    ctx.set(dut.run, 0)
    for cycle in range(1, deadline):  # the run pulse was in cycle 0
        if ctx.get(dut.run_start):
            run_starts.append(cycle)
        if ctx.get(dut.start):
            starts.append(cycle)
            tasks.append(ctx.get(dut.task.as_value()))
        now = plan[len(starts) - 1].get(cycle - starts[-1]) if starts else None
        for kind in kinds:
            ctx.set(getattr(dut, kind), now[1] if now and now[0] == kind else 0)
        if starts:
            assert ctx.get(dut.task.as_value()) == tasks[-1]
            assert ctx.get(dut.index) == len(starts) - 1
        assert ctx.get(dut.busy)
        done = ctx.get(dut.done)
        await ctx.tick()
        if done:
            assert not ctx.get(dut.busy)
            return starts, tasks, run_starts, cycle
    raise AssertionError(f"not done in {deadline} cycles after {len(starts)} passes")


@pytest.mark.parametrize(("seed", "groups", "servers", "passes"), [
    (0, 1, 4, 1), (1, 1, 16, 3), (2, 4, 16, 7), (3, 3, 8, PASSES), (4, 2, 8, 5),
])
def test_cycles_are_exact(seed, groups, servers, passes):
    rng = random.Random(seed)
    dut = Sequencer(groups=groups, servers=servers)
    tasks = [random_task(rng, index == passes - 1) for index in range(passes)]

    async def bench(ctx):
        await fill(ctx, dut, tasks)
        for _ in range(2):  # a second run starts afresh
            plan = [random_activity(rng, groups, servers) for _ in range(passes)]
            starts, seen, run_starts, done = await one_run(ctx, dut, plan, 100 * passes + 100)
            assert seen == tasks
            assert run_starts == [SHELL_RUN - 1]
            work = [max(activity, default=0) for activity in plan]
            assert starts[0] == SHELL_RUN
            for index in range(1, passes):
                assert starts[index] - starts[index - 1] == work[index - 1] + SHELL_BARRIER
            total = SHELL_RUN + sum(work) + (passes - 1) * SHELL_BARRIER + SHELL_DONE
            assert done == total
            assert ctx.get(dut.cycles) == total
            for index in range(passes):
                ctx.set(dut.pass_index, index)
                end = SHELL_RUN + sum(work[:index + 1]) + index * SHELL_BARRIER + SHELL_DONE
                assert ctx.get(dut.pass_cycles) == end
            for _ in range(rng.randrange(20)):
                await ctx.tick()
            assert ctx.get(dut.cycles) == total

    simulate(dut, bench)


def test_every_unit_holds_the_barrier():
    dut = Sequencer(groups=2, servers=4)
    inputs = [("active", bit) for bit in range(2)] + [("held", bit) for bit in range(32)] + \
             [("working", bit) for bit in range(4)]

    async def bench(ctx):
        await fill(ctx, dut, [pack(TASK, last_pass=1)])
        for kind, bit in inputs:
            _, _, _, done = await one_run(ctx, dut, [{3: (kind, 1 << bit), 6: (kind, 1 << bit)}], 100)
            assert done == SHELL_RUN + 6 + SHELL_DONE, (kind, bit)

    simulate(dut, bench)


def test_a_run_while_busy_is_ignored():
    dut = Sequencer(groups=1, servers=4)

    async def bench(ctx):
        await fill(ctx, dut, [pack(TASK, last_pass=1)])
        ctx.set(dut.run, 1)
        await ctx.tick()
        for cycle in range(1, 40):
            ctx.set(dut.run, cycle == 4)
            if ctx.get(dut.done):
                assert cycle == SHELL_RUN + SHELL_DONE
                return
            await ctx.tick()
        raise AssertionError("not done")

    simulate(dut, bench)


def test_task_fields_are_where_the_format_says():
    dut, rng = Sequencer(groups=1, servers=4), random.Random(8)
    word = random_task(rng, True)

    async def bench(ctx):
        await fill(ctx, dut, [word])
        await one_run(ctx, dut, [{}], 50)
        for name, value in unpack(TASK, word).items():
            assert ctx.get(dut.task[name]) == value, name

    simulate(dut, bench)
