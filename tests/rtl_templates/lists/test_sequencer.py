# amaranth: UnusedElaboratable=no
"""The sequencer of the graph-level organisation: exact cycles under random activity, windows, the last pass."""

import random

import pytest
from axi_models import simulate
from sequencer_runs import check_cycles, random_activity, random_word, run_once

from rtl_templates.lists.formats import PASS, Target
from rtl_templates.lists.sequencer import Sequencer
from rtl_templates.shell.timing import SHELL_DONE, SHELL_RUN
from rtl_templates.shell.words import pack, unpack


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


def part(dut, first=0, count=0):
    """Which passes to run: both numbers count in the cycle of the run pulse only."""
    return [(dut.first, first, 1), (dut.count, count, 1)]


@pytest.mark.parametrize(("seed", "units", "passes", "last", "runs"), [
    (0, 1, 1, 0, [(0, 0, 1), (0, 1, 1)]),
    (1, 4, 16, 9, [(0, 0, 10), (3, 0, 7), (9, 0, 1), (2, 3, 3), (8, 5, 5), (0, 16, 16)]),
    (2, 2, 5, 9, [(0, 0, 5), (4, 0, 1), (3, 9, 2)]),  # no word says that it is the last: the memory's end is
])
def test_passes_and_cycles_are_exact(seed, units, passes, last, runs):
    rng = random.Random(seed)
    dut = Sequencer(units=units, passes=passes)
    words = [random_word(rng, PASS, last=index == last) for index in range(passes)]

    async def bench(ctx):
        await fill(ctx, dut, words)
        for first, count, expected in runs:
            plan = [random_activity(rng, {"active": units}) for _ in range(expected)]
            run = await run_once(ctx, dut, plan, given=part(dut, first, count))
            assert run.indices == list(range(first, first + expected))
            assert run.tasks == words[first:first + expected]
            check_cycles(ctx, dut, run, plan)
            for _ in range(rng.randrange(20)):
                await ctx.tick()
            assert ctx.get(dut.cycles) == run.done

    simulate(dut, bench)


def test_every_unit_holds_the_barrier_and_a_run_while_busy_is_ignored():
    dut = Sequencer(units=4, passes=2)

    async def bench(ctx):
        await fill(ctx, dut, [pack(PASS, last=1)] * 2)
        for unit in range(4):
            activity = {3: ("active", 1 << unit), 6: ("active", 1 << unit)}
            run = await run_once(ctx, dut, [activity], given=part(dut))
            assert run.done == SHELL_RUN + 6 + SHELL_DONE, unit
        run = await run_once(ctx, dut, [{}], given=part(dut, count=1), again=4)
        assert run.done == SHELL_RUN + SHELL_DONE
        assert run.indices == [0]

    simulate(dut, bench)


def test_fields_are_where_the_format_says():
    dut, rng = Sequencer(units=1, passes=4), random.Random(8)
    word = random_word(rng, PASS, last=1)

    async def bench(ctx):
        await fill(ctx, dut, [word])
        await run_once(ctx, dut, [{}], given=part(dut))
        for name, value in unpack(PASS, word).items():
            assert ctx.get(dut.task[name]) == value, name

    simulate(dut, bench)
