# amaranth: UnusedElaboratable=no
"""The sequencer against random activity: exact cycles, tasks in order, the barrier."""

import random

import pytest
from axi_models import simulate
from sequencer_runs import check_cycles, random_activity, random_word, run_once

from rtl_templates.banked.formats import PASSES, TASK, Target
from rtl_templates.banked.sequencer import Sequencer
from rtl_templates.shell.timing import SHELL_DONE, SHELL_RUN
from rtl_templates.shell.words import pack, unpack

INPUTS = ("active", "held", "working")


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


@pytest.mark.parametrize(("seed", "groups", "servers", "passes"), [
    (0, 1, 4, 1), (1, 1, 16, 3), (2, 4, 16, 7), (3, 3, 8, PASSES), (4, 2, 8, 5),
])
def test_cycles_are_exact(seed, groups, servers, passes):
    rng = random.Random(seed)
    dut = Sequencer(groups=groups, servers=servers)
    tasks = [random_word(rng, TASK, last_pass=index == passes - 1) for index in range(passes)]
    widths = dict(zip(INPUTS, (groups, 16 * groups, servers), strict=True))

    async def bench(ctx):
        await fill(ctx, dut, tasks)
        for _ in range(2):  # a second run starts afresh
            plan = [random_activity(rng, widths) for _ in range(passes)]
            run = await run_once(ctx, dut, plan, inputs=INPUTS, before=dut.run_start)
            assert run.tasks == tasks
            assert run.indices == list(range(passes))
            assert run.before == [SHELL_RUN - 1]
            check_cycles(ctx, dut, run, plan)
            for _ in range(rng.randrange(20)):
                await ctx.tick()
            assert ctx.get(dut.cycles) == run.done

    simulate(dut, bench)


def test_every_unit_holds_the_barrier():
    dut = Sequencer(groups=2, servers=4)
    bits = [(name, bit) for name, width in zip(INPUTS, (2, 32, 4), strict=True) for bit in range(width)]

    async def bench(ctx):
        await fill(ctx, dut, [pack(TASK, last_pass=1)])
        for name, bit in bits:
            run = await run_once(ctx, dut, [{3: (name, 1 << bit), 6: (name, 1 << bit)}], inputs=INPUTS)
            assert run.done == SHELL_RUN + 6 + SHELL_DONE, (name, bit)

    simulate(dut, bench)


def test_a_run_while_busy_is_ignored():
    dut = Sequencer(groups=1, servers=4)

    async def bench(ctx):
        await fill(ctx, dut, [pack(TASK, last_pass=1)])
        run = await run_once(ctx, dut, [{}], again=4)
        assert run.done == SHELL_RUN + SHELL_DONE

    simulate(dut, bench)


def test_task_fields_are_where_the_format_says():
    dut, rng = Sequencer(groups=1, servers=4), random.Random(8)
    word = random_word(rng, TASK, last_pass=1)

    async def bench(ctx):
        await fill(ctx, dut, [word])
        await run_once(ctx, dut, [{}])
        for name, value in unpack(TASK, word).items():
            assert ctx.get(dut.task[name]) == value, name

    simulate(dut, bench)
