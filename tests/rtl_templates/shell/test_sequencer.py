# amaranth: UnusedElaboratable=no
"""The sequencer with either target's words: exact cycles under random activity, parts of a program, the last pass.

Activity is a plan, a dict a pass: cycle after the start pulse -> value of ``active``; between those it is 0.
"""

import random
from typing import NamedTuple

import pytest
from amaranth.lib import data
from axi_models import simulate

from rtl_templates.banked.formats import TASK
from rtl_templates.lists.formats import PASS
from rtl_templates.shell.sequencer import Sequencer
from rtl_templates.shell.timing import SHELL_BARRIER, SHELL_DONE, SHELL_QUIET, SHELL_RUN
from rtl_templates.shell.words import BEAT_BITS, pack, unpack

TARGET = 3
WORDS = pytest.mark.parametrize("fields", [TASK, PASS], ids=["one beat", "two beats"])


class Run(NamedTuple):
    """Cycles after the run pulse of every start pulse and of done; word and number of every pass; run_start pulses."""

    starts: list[int]
    tasks: list[int]
    indices: list[int]
    done: int
    before: list[int]


def random_word(rng, fields, **given):
    """A word of random fields but for those that are given."""
    return pack(fields, **{**{name: rng.getrandbits(width) for name, width in fields.items()}, **given})


def random_activity(rng, units):
    """A pass of a plan, with pauses that the barrier must bridge."""
    activity, cycle = {}, rng.randrange(1, SHELL_QUIET + 1)
    for _ in range(rng.randrange(12)):
        activity[cycle] = 1 << rng.randrange(units)
        cycle += rng.choice([1, 1, 2, SHELL_QUIET])
    return activity


async def run_once(ctx, dut, plan, *, given=(), again=0):
    """Run and stay busy until done; task and number of a pass are stable from its start on.

    Parameters
    ----------
    given : list of (signal, value, another)
        Inputs that count in the cycle of the run pulse, and have another value later.
    again : int
        Cycle of another run pulse, to be ignored; 0 for none.
    """
    run = Run([], [], [], 0, [])
    ctx.set(dut.run, 1)
    for signal, value, _ in given:
        ctx.set(signal, value)
    await ctx.tick()
    for signal, _, another in given:
        ctx.set(signal, another)
    for cycle in range(1, 100 * len(plan) + 100):  # the run pulse was in cycle 0
        ctx.set(dut.run, cycle == again)
        if ctx.get(dut.run_start):
            run.before.append(cycle)
        if ctx.get(dut.start):
            run.starts.append(cycle)
            run.tasks.append(ctx.get(dut.task.as_value()))
            run.indices.append(ctx.get(dut.index))
            assert len(run.starts) <= len(plan), f"a pass too many starts in cycle {cycle}"
        now = plan[len(run.starts) - 1].get(cycle - run.starts[-1]) if run.starts else None
        ctx.set(dut.active, now or 0)
        if run.starts:
            assert ctx.get(dut.task.as_value()) == run.tasks[-1]
            assert ctx.get(dut.index) == run.indices[-1]
        assert ctx.get(dut.busy)
        done = ctx.get(dut.done)
        await ctx.tick()
        if done:
            assert not ctx.get(dut.busy)
            return run._replace(done=cycle)
    raise AssertionError(f"not done after {len(run.starts)} of {len(plan)} passes")


def check_cycles(ctx, dut, run, plan):
    """Starts, done and both counters are those that the plan's activity gives; the sequencer is idle."""
    work = [max(activity, default=0) for activity in plan]
    ends = [SHELL_RUN + sum(work[:index + 1]) + index * SHELL_BARRIER for index in range(len(plan))]
    starts = [SHELL_RUN, *(end + SHELL_BARRIER for end in ends[:-1])]
    assert run.starts == starts, f"passes start in cycles {run.starts}, not {starts}"
    total = ends[-1] + SHELL_DONE
    assert run.done == ctx.get(dut.cycles) == total, f"done in cycle {run.done}, not {total}"
    for index, end in zip(run.indices, ends, strict=True):
        ctx.set(dut.pass_index, index)
        assert ctx.get(dut.pass_cycles) == end + SHELL_DONE, f"pass {index}"


def sequencer(fields, *, units, passes, index_bits=4):
    return Sequencer(units=units, layout=data.StructLayout(dict(fields)), target=TARGET, passes=passes,
                     index_bits=index_bits)


async def fill(ctx, dut, words):
    beats = -(-dut.layout.size // BEAT_BITS)
    for address, word in enumerate(words):
        for unit in range(beats):
            part = word >> BEAT_BITS * unit & (1 << BEAT_BITS) - 1
            for target, to, beat in ((TARGET, unit, part), (TARGET + 1, unit, 0), (TARGET, beats, 0)):  # its own; not
                ctx.set(dut.load.valid, 1)
                ctx.set(dut.load.target, target)
                ctx.set(dut.load.unit, to)
                ctx.set(dut.load.address, address)
                ctx.set(dut.load.data, beat)
                await ctx.tick()
    ctx.set(dut.load.valid, 0)


def part(dut, first=0, count=0):
    """Which passes to run: both numbers count in the cycle of the run pulse only."""
    return [(dut.first, first, 1), (dut.count, count, 1)]


@WORDS
@pytest.mark.parametrize(("seed", "units", "passes", "last", "runs"), [
    (0, 1, 1, 0, [(0, 0, 1), (0, 1, 1)]),
    (1, 4, 16, 9, [(0, 0, 10), (3, 0, 7), (9, 0, 1), (2, 3, 3), (8, 5, 5), (0, 16, 16)]),
    (2, 2, 5, 9, [(0, 0, 5), (4, 0, 1), (3, 9, 2)]),  # no word says that it is the last: the memory's end is
])
def test_passes_and_cycles_are_exact(fields, seed, units, passes, last, runs):
    rng = random.Random(seed)
    dut = sequencer(fields, units=units, passes=passes)
    words = [random_word(rng, fields, last=index == last) for index in range(passes)]

    async def bench(ctx):
        await fill(ctx, dut, words)
        for first, count, expected in runs:
            plan = [random_activity(rng, units) for _ in range(expected)]
            run = await run_once(ctx, dut, plan, given=part(dut, first, count))
            assert run.indices == list(range(first, first + expected))
            assert run.tasks == words[first:first + expected]
            assert run.before == [SHELL_RUN - 1]
            check_cycles(ctx, dut, run, plan)
            for _ in range(rng.randrange(20)):
                await ctx.tick()
            assert ctx.get(dut.cycles) == run.done

    simulate(dut, bench)


def test_every_unit_holds_the_barrier_and_a_run_while_busy_is_ignored():
    dut = sequencer(TASK, units=4, passes=2)

    async def bench(ctx):
        await fill(ctx, dut, [pack(TASK, last=1)] * 2)
        for unit in range(4):
            run = await run_once(ctx, dut, [{3: 1 << unit, 6: 1 << unit}], given=part(dut))
            assert run.done == SHELL_RUN + 6 + SHELL_DONE, unit
        run = await run_once(ctx, dut, [{}], given=part(dut, count=1), again=4)
        assert run.done == SHELL_RUN + SHELL_DONE
        assert run.indices == [0]

    simulate(dut, bench)


@WORDS
def test_fields_are_where_the_format_says(fields):
    dut, rng = sequencer(fields, units=1, passes=4), random.Random(8)
    word = random_word(rng, fields, last=1)

    async def bench(ctx):
        await fill(ctx, dut, [word])
        await run_once(ctx, dut, [{}], given=part(dut))
        for name, value in unpack(fields, word).items():
            assert ctx.get(dut.task[name]) == value, name

    simulate(dut, bench)


@pytest.mark.slow
def test_cycles_count_beyond_16_bits():
    """A run of more than 65,536 cycles, of one pass and of two."""
    dut, stays = sequencer(TASK, units=1, passes=2), 66_000

    async def bench(ctx):
        await fill(ctx, dut, [pack(TASK), pack(TASK, last=1)])
        ctx.set(dut.run, 1)
        await ctx.tick()
        ctx.set(dut.run, 0)
        ctx.set(dut.active, 1)
        await ctx.tick().repeat(stays)
        ctx.set(dut.active, 0)
        await ctx.tick().until(~dut.busy)
        assert ctx.get(dut.cycles) == stays + SHELL_BARRIER + SHELL_DONE
        ctx.set(dut.pass_index, 0)
        assert ctx.get(dut.pass_cycles) == stays + SHELL_DONE
        ctx.set(dut.pass_index, 1)
        assert ctx.get(dut.pass_cycles) == ctx.get(dut.cycles)

    simulate(dut, bench)


def test_passes_that_were_not_loaded_are_outside():
    dut, rng = sequencer(PASS, units=1, passes=16, index_bits=6), random.Random(3)

    async def bench(ctx):
        for loaded in (1, 2, 7, 16, 3):
            await fill(ctx, dut, [0] * loaded)
            for first in (*range(20), 62, 63, 64, 1 << 6 | 1, 1 << 31, (1 << 32) - 1):
                for count in (0, 1, 2, 15, 16, 17, 63, 64, 127, 128, 1 << 31, (1 << 32) - 1, rng.getrandbits(32)):
                    ctx.set(dut.first, first)
                    ctx.set(dut.count, count)
                    await ctx.tick()
                    inside = first < loaded and first + count <= loaded
                    assert ctx.get(dut.outside) == (not inside), (loaded, first, count)

    simulate(dut, bench)


def test_a_run_ends_with_the_last_pass_that_was_loaded():
    """Passes of a load before, behind it, do not run, even where no word says that it is the last."""
    dut = sequencer(TASK, units=1, passes=8)

    async def bench(ctx):
        for loaded in (5, 2, 8):
            await fill(ctx, dut, [pack(TASK)] * loaded)
            run = await run_once(ctx, dut, [{}] * loaded, given=part(dut))
            assert run.indices == list(range(loaded))

    simulate(dut, bench)


def test_more_passes_than_numbers_are_refused():
    with pytest.raises(ValueError, match="passes is 17, not 1 to 16"):
        sequencer(TASK, units=1, passes=17)
