# amaranth: UnusedElaboratable=no
"""The loader against random streams: what reaches the load bus, errors, rate, bursts."""

import random

import pytest
from axi_models import Memory, simulate

from rtl_templates.banked.formats import Target
from rtl_templates.shell.checksum import end_beat
from rtl_templates.shell.load_map import LoadMemory
from rtl_templates.shell.loader import OUTSTANDING, Loader
from rtl_templates.shell.status import Error
from rtl_templates.shell.timing import SHELL_LOAD_DRAIN

WORDS = 5000
MEMORIES = [LoadMemory(target, WORDS, low=range(16), high=3, needed=target in (Target.TASK, Target.SETUP))
            for target in Target if target is not Target.END]


def header(target, unit=0, address=0, count=0):
    return target | unit << 8 | address << 32 | count << 64


def stream(rng, blocks, longest):
    """Beats of a random load, END included, and what must appear on the bus."""
    beats, expected = [], []
    for _ in range(blocks):
        target = rng.choice([target for target in Target if target is not Target.END])
        unit, address = rng.randrange(48), rng.randrange(WORDS - longest)
        count = rng.choice([0, 1, 1, rng.randrange(longest)])
        beats.append(header(target, unit, address, count))
        for offset in range(count):
            beats.append(rng.getrandbits(128))
            expected.append((int(target), unit, address + offset, beats[-1]))
    return whole(*beats), expected


def whole(*beats):
    """A stream with its END."""
    return [*beats, end_beat(beats)]


def load(beats, base, memory, deadline, count=None, memories=MEMORIES):
    """Load ``beats`` from ``base``; the bus words, the error and the busy cycles."""
    dut, seen, result = Loader(memories=memories), [], {}
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


def errors_of(streams, memories=MEMORIES):
    """The error of each load, one after the other."""
    dut, memory, errors = Loader(memories=memories), Memory(latency=0), []

    async def bench(ctx):
        for beats in streams:
            memory.fill(0, beats)
            ctx.set(dut.beats, len(beats))
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            *_, error = await ctx.tick().sample(dut.error).until(dut.done)
            errors.append(Error(error))
            await ctx.tick()

    simulate(dut, bench, background=[memory.reader(dut.axi)])
    return errors


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
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
    beats = [header(Target.BANK, 3, 5, 1500), *(rng.getrandbits(128) for _ in range(1500))]
    beats = whole(*beats)
    memory = Memory(latency=20)
    seen, result = load(beats, 0x12340FF0, memory, 2000)
    assert [word[3] for word in seen] == beats[1:-1]
    assert memory.reads[0] == (0x12340FF0, 1)
    assert memory.reads[1] == (0x12341000, 256)
    assert memory.deepest == OUTSTANDING
    assert result["cycles"] <= len(beats) + SHELL_LOAD_DRAIN + 2 * 20 + 10


def test_low_address_bits_are_ignored():
    seen, _ = load(whole(header(Target.TASK, 0, 0, 1), 42), 0x1009, Memory(), 200)
    assert seen == [(Target.TASK, 0, 0, 42)]


def test_beats_after_end_are_dropped():
    beats = [*whole(header(Target.PARAM, 1, 2, 1), 7), header(Target.PARAM, 1, 2, 1), 8]
    seen, result = load(beats, 0, Memory(), 200)
    assert seen == [(Target.PARAM, 1, 2, 7)]
    assert result["error"] is Error.NONE


@pytest.mark.parametrize(("beats", "error", "words"), [
    ([], Error.NO_END, 0),
    ([header(Target.BANK, 0, 0, 2), 1, 2], Error.NO_END, 2),
    ([header(Target.BANK, 0, 0, 3), 1, header(Target.END)], Error.NO_END, 2),
    ([header(15, 0, 0, 1), 1, header(Target.END)], Error.BAD_TARGET, 0),
    ([header(0x13, 0, 0, 1), 1, header(Target.END)], Error.BAD_TARGET, 0),
])
def test_broken_streams_are_told_apart(beats, error, words):
    seen, result = load(beats, 0x4000, Memory(), 200)
    assert result["error"] is error
    assert len(seen) == words


SHAPES = [LoadMemory(3, 10, low=range(3), high=2), LoadMemory(5, 6, low=range(11), high=3, shift=5),
          LoadMemory(7, 4, low=range(1)), LoadMemory(7, 8, low=range(1, 2)), LoadMemory(9, 0)]


@pytest.mark.slow
def test_only_words_that_exist_are_loaded():
    """Every corner of every memory, and the first word beyond it on each side."""
    exist = {(memory.target, unit, memory.words) for memory in SHAPES for unit in memory.units if memory.words}
    assert {unit for target, unit, _ in exist if target == 5} == {*range(11), *range(32, 43), *range(64, 75)}
    within = [(target, unit, words - count, count) for target, unit, words in exist for count in (1, words)]
    beyond = [(3, 3, 0, 1), (3, 32, 0, 1), (3, 1 << 15, 0, 1), (5, 11, 0, 1), (5, 96, 0, 1), (7, 2, 0, 1), (9, 0, 0, 1),
              (3, 0, 10, 1), (3, 18, 0, 11), (5, 74, 6, 1), (7, 0, 4, 1), (7, 1, 8, 1), (3, 0, 15, 1), (3, 0, 14, 2),
              *((3, 0, 1 << bit, 1) for bit in range(4, 32)), *((3, 0, 0, 1 << bit) for bit in range(4, 32))]
    found = errors_of([whole(header(*case), *range(min(case[3], 20))) for case in [*within, *beyond]], SHAPES)
    assert dict(zip([*within, *beyond], found, strict=True)) == {
        **dict.fromkeys(within, Error.NONE), **dict.fromkeys(beyond, Error.BAD_ADDRESS)}


@pytest.mark.parametrize(("target", "error"), [
    (3, Error.NONE), (5, Error.NONE), (4, Error.BAD_TARGET), (10, Error.BAD_TARGET), (19, Error.BAD_TARGET),
    (0x83, Error.BAD_TARGET),
])
def test_a_target_that_no_memory_has(target, error):
    seen, result = load(whole(header(target, 0, 0, 1), 7), 0, Memory(), 200, memories=SHAPES)
    assert result["error"] is error
    assert len(seen) == (error is Error.NONE)


def test_read_error_stops_writing():
    beats = [header(Target.BANK, 0, 0, 6), 0, 1, 2, 3, 4, 5, header(Target.END)]
    seen, result = load(beats, 0, Memory(bad_read=3), 200)
    assert result["error"] is Error.READ
    assert [word[3] for word in seen] == [0, 1]


@pytest.mark.parametrize("response", range(4))
@pytest.mark.parametrize("place", [0, 1, 4, 7])
def test_every_response_at_every_beat(response, place):
    """SLVERR and DECERR are errors, at the first beat, within, at END and behind it; OKAY and EXOKAY are not."""
    beats = [*whole(header(Target.BANK, 0, 0, 3), 0, 1, 2), 8, 9, 10]
    seen, result = load(beats, 0x40, Memory(bad_read=place, bad=response), 200)
    assert result["error"] is (Error.READ if response >= 2 else Error.NONE)
    assert len(seen) == (max(0, place - 1) if response >= 2 and place < 4 else 3)


@pytest.mark.parametrize("bad", [0, 3])
def test_a_bad_response_counts_before_and_behind_an_unknown_target(bad):
    beats = [header(Target.BANK, 0, 0, 1), 5, header(0x33, 0, 0, 1), 7, header(Target.END)]
    _, result = load(beats, 0, Memory(bad_read=bad), 200)
    assert result["error"] is Error.READ


@pytest.mark.slow
def test_a_flipped_bit_anywhere_is_an_error():
    """Every bit of headers, of data and of END; and zeros instead of a stream."""
    good = whole(header(Target.PARAM, 3, 7, 2), random.Random(1).getrandbits(128), 5)
    flipped = [[beat ^ (1 << bit % 128) * (place == bit // 128) for place, beat in enumerate(good)]
               for bit in range(128 * len(good))]
    assert errors_of([good, [0] * 4, [good[0], good[2], good[1], good[3]]]) == [Error.NONE, *[Error.CHECKSUM] * 2]
    assert [bit for bit, error in enumerate(errors_of(flipped)) if error is Error.NONE] == []


@pytest.mark.parametrize("last", ["never", "always", "early"])
def test_beats_are_counted_whatever_rlast_says(last):
    rng = random.Random(4)
    beats = [header(Target.BANK, 3, 5, 700), *(rng.getrandbits(128) for _ in range(700))]
    beats = whole(*beats)
    seen, result = load(beats, 0x5550, Memory(last=last, pause=0.1), 2000)
    assert [word[3] for word in seen] == beats[1:-1]
    assert result["error"] is Error.NONE


def test_a_load_across_4_gib_goes_on_above():
    beats = whole(header(Target.PARAM, 0, 0, 3), 1, 2, 3)
    memory = Memory()
    seen, result = load(beats, 0x1_FFFF_FFD0, memory, 200)
    assert memory.reads == [(0x1_FFFF_FFD0, 3), (0x2_0000_0000, 2)]
    assert ([word[3] for word in seen], result["error"]) == ([1, 2, 3], Error.NONE)


@pytest.mark.slow
def test_what_a_run_needs_is_loaded():
    """Over several loads; all of it is gone with a load that fails, or is aborted at any moment."""
    dut, memory = Loader(memories=MEMORIES), Memory()
    streams = {"nothing": whole(), "task": whole(header(Target.TASK, 0, 0, 1), 1),
               "setup": whole(header(Target.SETUP, 1, 0, 2), 1, 2),
               "empty": whole(header(Target.TASK, 0, 0, 0), header(Target.SETUP)),
               "broken": [header(Target.PARAM, 0, 0, 1), 1]}
    for place, beats in enumerate(streams.values()):
        memory.fill(place << 12, beats)

    async def one(ctx, name, abort=0):
        ctx.set(dut.base, list(streams).index(name) << 12)
        ctx.set(dut.beats, len(streams[name]))
        ctx.set(dut.start, 1)
        for cycle in range(1, 100):
            await ctx.tick()
            ctx.set(dut.start, 0)
            ctx.set(dut.abort, cycle == abort)
            if not ctx.get(dut.busy):
                ctx.set(dut.abort, 0)
                return cycle
        raise AssertionError("not done")

    async def bench(ctx):
        for name, loaded in (("nothing", 0), ("empty", 0), ("task", 0), ("nothing", 0), ("setup", 1), ("task", 1),
                             ("nothing", 1), ("broken", 0), ("task", 0), ("broken", 0), ("setup", 0), ("task", 1)):
            await one(ctx, name)
            assert ctx.get(dut.loaded) == loaded, name
        busy = await one(ctx, "setup")
        for abort in range(1, busy):
            await one(ctx, "task")
            await one(ctx, "setup")
            assert ctx.get(dut.loaded), abort
            await one(ctx, "setup", abort)
            assert not ctx.get(dut.loaded), abort
        await one(ctx, "task")
        await one(ctx, "setup")
        ctx.set(dut.abort, 1)  # nothing goes on: nothing is lost
        await ctx.tick()
        ctx.set(dut.abort, 0)
        await ctx.tick()
        assert ctx.get(dut.loaded)

    simulate(dut, bench, background=[memory.reader(dut.axi)])


def test_a_second_load_starts_afresh():
    dut, memory, errors = Loader(memories=MEMORIES), Memory(), []
    memory.fill(0, [header(Target.BANK, 0, 0, 5), 1])
    memory.fill(0x100, whole(header(Target.TASK, 0, 3, 1), 9))
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
