"""Runs of a sequencer, of either organisation, under activity that a plan states; and the cycles that they must take.

A plan has a dict a pass: cycle after the start pulse -> (name of an input, value). Between those the inputs are 0.
"""

from typing import NamedTuple

from rtl_templates.shell.timing import SHELL_BARRIER, SHELL_DONE, SHELL_QUIET, SHELL_RUN
from rtl_templates.shell.words import pack

__all__ = ["Run", "check_cycles", "random_activity", "random_word", "run_once"]


class Run(NamedTuple):
    """Cycles after the run pulse of every start pulse and of done; task word and number of every pass."""

    starts: list[int]
    tasks: list[int]
    indices: list[int]
    done: int
    before: list[int]


def random_word(rng, fields, **given):
    """A word of random fields but for those that are given."""
    return pack(fields, **{**{name: rng.getrandbits(width) for name, width in fields.items()}, **given})


def random_activity(rng, inputs):
    """A pass of a plan, with pauses that the barrier must bridge; ``inputs`` are names and widths."""
    activity, cycle = {}, rng.randrange(1, SHELL_QUIET + 1)
    for _ in range(rng.randrange(12)):
        name = rng.choice(list(inputs))
        activity[cycle] = name, 1 << rng.randrange(inputs[name])
        cycle += rng.choice([1, 1, 2, SHELL_QUIET])
    return activity


async def run_once(ctx, dut, plan, *, inputs=("active",), given=(), again=0, before=None):
    """Run and stay busy until done; task and number of a pass are stable from its start on.

    Parameters
    ----------
    inputs : names of the inputs of activity
    given : list of (signal, value, another)
        Inputs that count in the cycle of the run pulse, and have another value later.
    again : int
        Cycle of another run pulse, to be ignored; 0 for none.
    before : Signal or None
        Its pulses are noted in :attr:`Run.before`.
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
        if before is not None and ctx.get(before):
            run.before.append(cycle)
        if ctx.get(dut.start):
            run.starts.append(cycle)
            run.tasks.append(ctx.get(dut.task.as_value()))
            run.indices.append(ctx.get(dut.index))
            assert len(run.starts) <= len(plan), f"a pass too many starts in cycle {cycle}"
        now = plan[len(run.starts) - 1].get(cycle - run.starts[-1]) if run.starts else None
        for name in inputs:
            ctx.set(getattr(dut, name), now[1] if now and now[0] == name else 0)
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
