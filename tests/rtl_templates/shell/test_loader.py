# amaranth: UnusedElaboratable=no
"""The loader against random streams: what reaches the load bus, errors, rate, bursts."""

import random

import pytest
from axi_models import Memory, simulate

from rtl_templates.banked.formats import Target
from rtl_templates.shell.loader import OUTSTANDING, Loader
from rtl_templates.shell.registers import Error
from rtl_templates.shell.timing import SHELL_LOAD_DRAIN

LAST = max(Target)


def header(target, unit=0, address=0, count=0):
    return target | unit << 8 | address << 32 | count << 64


def stream(rng, blocks, longest):
    """Beats of a random load, END included, and what must appear on the bus."""
    beats, expected = [], []
    for _ in range(blocks):
        target = rng.choice([target for target in Target if target is not Target.END])
        unit, address = rng.randrange(1 << 16), rng.randrange(1 << 23)
        count = rng.choice([0, 1, 1, rng.randrange(longest)])
        beats.append(header(target, unit, address, count))
        for offset in range(count):
            beats.append(rng.getrandbits(128))
            expected.append((int(target), unit, address + offset, beats[-1]))
    return [*beats, header(Target.END)], expected


def load(beats, base, memory, deadline, count=None, last_target=LAST):
    """Load ``beats`` from ``base``; the bus words, the error and the busy cycles."""
    dut, seen, result = Loader(last_target=last_target), [], {}
    memory.fill(base & ~15, beats)

    async def bench(ctx):
        ctx.set(dut.base, base)
        ctx.set(dut.beats, len(beats) if count is None else count)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        ctx.set(dut.base, 0x7777)  # both are read with start only
        ctx.set(dut.beats, 3)
        last_beat = -1
        names = ("target", "unit", "address", "data")
        for cycle in range(deadline):
            _, _, beat, valid, done, error, *word = await ctx.tick().sample(
                dut.beat, dut.load.valid, dut.done, dut.error, *(getattr(dut.load, name) for name in names))
            if beat:
                last_beat = cycle
            if valid:
                seen.append(tuple(word))
            if done:
                result.update(error=Error(error), cycles=cycle + 1, drain=cycle - last_beat)
                assert not ctx.get(dut.busy)
                return
            assert ctx.get(dut.busy)
        raise AssertionError(f"not done in {deadline} cycles; {len(seen)} words came")

    simulate(dut, bench, background=[memory.reader(dut.axi)])
    return seen, result


@pytest.mark.parametrize("seed", range(4))
def test_every_word_arrives_in_order_under_pauses(seed):
    rng = random.Random(seed)
    beats, expected = stream(rng, 30, 60)
    memory = Memory(seed=seed, pause=0.4)
    base = rng.randrange(1 << 60) << 4
    seen, result = load(beats, base, memory, 40 * len(beats) + 500)
    assert seen == expected
    assert result["error"] is Error.NONE
    assert result["drain"] == SHELL_LOAD_DRAIN + 1
    assert sum(length for _, length in memory.reads) == len(beats)


def test_full_rate_with_two_bursts_in_flight():
    rng = random.Random(9)
    beats = [header(Target.BANK, 3, 5, 1500), *(rng.getrandbits(128) for _ in range(1500)), header(Target.END)]
    memory = Memory(latency=20)
    seen, result = load(beats, 0x12340FF0, memory, 2000)
    assert [word[3] for word in seen] == beats[1:-1]
    assert memory.reads[0] == (0x12340FF0, 1)
    assert memory.reads[1] == (0x12341000, 256)
    assert memory.deepest == OUTSTANDING
    assert result["cycles"] <= len(beats) + SHELL_LOAD_DRAIN + 2 * 20 + 10


def test_low_address_bits_are_ignored():
    seen, _ = load([header(Target.TASK, 0, 0, 1), 42, header(Target.END)], 0x1009, Memory(), 200)
    assert seen == [(Target.TASK, 0, 0, 42)]


def test_beats_after_end_are_dropped():
    beats = [header(Target.PARAM, 1, 2, 1), 7, header(Target.END), header(Target.PARAM, 1, 2, 1), 8]
    seen, result = load(beats, 0, Memory(), 200)
    assert seen == [(Target.PARAM, 1, 2, 7)]
    assert result["error"] is Error.NONE


@pytest.mark.parametrize(("beats", "error", "words"), [
    ([], Error.NO_END, 0),
    ([header(Target.BANK, 0, 0, 2), 1, 2], Error.NO_END, 2),
    ([header(Target.BANK, 0, 0, 3), 1, header(Target.END)], Error.NO_END, 2),
    ([header(9, 0, 0, 1), 1, header(Target.END)], Error.BAD_TARGET, 0),
    ([header(0x13, 0, 0, 1), 1, header(Target.END)], Error.BAD_TARGET, 0),
])
def test_broken_streams_are_told_apart(beats, error, words):
    seen, result = load(beats, 0x4000, Memory(), 200)
    assert result["error"] is error
    assert len(seen) == words


@pytest.mark.parametrize(("last", "target", "error"), [
    (11, 11, Error.NONE), (11, 12, Error.BAD_TARGET), (3, 4, Error.BAD_TARGET),
])
def test_the_last_target_is_a_parameter(last, target, error):
    seen, result = load([header(target, 0, 0, 1), 7, header(Target.END)], 0, Memory(), 200, last_target=last)
    assert result["error"] is error
    assert len(seen) == (error is Error.NONE)


def test_read_error_stops_writing():
    beats = [header(Target.BANK, 0, 0, 6), 0, 1, 2, 3, 4, 5, header(Target.END)]
    seen, result = load(beats, 0, Memory(bad_read=3), 200)
    assert result["error"] is Error.READ
    assert [word[3] for word in seen] == [0, 1]


def test_a_second_load_starts_afresh():
    dut, memory, errors = Loader(last_target=LAST), Memory(), []
    memory.fill(0, [header(Target.BANK, 0, 0, 5), 1])
    memory.fill(0x100, [header(Target.TASK, 0, 3, 1), 9, header(Target.END)])
    seen = []

    async def bench(ctx):
        for base, beats in ((0, 2), (0x100, 3)):
            ctx.set(dut.base, base)
            ctx.set(dut.beats, beats)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            for _ in range(200):
                if ctx.get(dut.load.valid):
                    seen.append((ctx.get(dut.load.target), ctx.get(dut.load.address), ctx.get(dut.load.data)))
                if ctx.get(dut.done):
                    errors.append(Error(ctx.get(dut.error)))
                    break
                await ctx.tick()
            await ctx.tick()

    simulate(dut, bench, background=[memory.reader(dut.axi)])
    assert errors == [Error.NO_END, Error.NONE]
    assert seen == [(Target.BANK, 0, 1), (Target.TASK, 3, 9)]
