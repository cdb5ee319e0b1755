# amaranth: UnusedElaboratable=no
"""The store unit against random result memories: order, padding, bursts, rate, errors."""

import random

import pytest
from amaranth.sim import Simulator
from axi_models import Memory, simulate

from rtl_templates.shell.status import Error
from rtl_templates.shell.store import READ_LATENCY, Store


def store(servers, word_bits, words, base, memory, *, deadline, seed=0):
    """Store from random result memories; those memories, the error and the busy cycles."""
    dut, rng, result = Store(servers=servers, word_bits=word_bits, depth=1024), random.Random(seed), {}
    content = [[rng.getrandbits(word_bits) for _ in range(1024)] for _ in range(servers)]

    async def results(ctx):
        addresses = [0] * READ_LATENCY
        while True:
            _, _, address = await ctx.tick().sample(dut.result_address)
            addresses = [address, *addresses[:-1]]
            for server in range(servers):
                ctx.set(dut.result_data[server], content[server][addresses[-1]])

    async def bench(ctx):
        ctx.set(dut.base, base)
        ctx.set(dut.words, words)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        ctx.set(dut.base, 0x7777)
        beats = 0
        for cycle in range(deadline):
            _, _, beat, done, busy, error = await ctx.tick().sample(dut.beat, dut.done, dut.busy, dut.error)
            assert busy
            beats += beat
            if done:
                result.update(error=Error(error), cycles=cycle + 1, beats=beats)
                assert not ctx.get(dut.busy)
                return
        raise AssertionError(f"not done in {deadline} cycles; {beats} beats left")

    simulate(dut, bench, background=[memory.writer(dut.axi), results])
    return content, result


@pytest.mark.parametrize(("servers", "word_bits", "words", "base"), [
    (16, 128, 20, 0x0FF0), (8, 64, 37, 0x1234_5678_9AB0), (4, 16, 70, 0x2000), (4, 32, 1, 0xFFC0),
    (1, 128, 41, 0x0FE0), (2, 128, 30, 0x3000), (1, 128, 1, 0x40),
])
def test_words_land_in_order_under_pauses(servers, word_bits, words, base):
    memory = Memory(seed=words, pause=0.4)
    content, result = store(servers, word_bits, words, base, memory, deadline=30 * servers * words + 300)
    expected = {base + 16 * (server * words + index): content[server][index]
                for server in range(servers) for index in range(words)}
    assert memory.beats == expected
    assert result["error"] is Error.NONE
    assert result["beats"] == servers * words
    assert sum(length for _, length in memory.writes) == servers * words


@pytest.mark.parametrize("takes", ["any", "address first", "data first"])
@pytest.mark.parametrize(("seed", "pause", "latency"), [
    (1, 0.0, 0), *(pytest.param(*case, marks=pytest.mark.slow) for case in ((2, 0.7, 40), (3, 0.2, 3)))])
def test_memory_may_take_addresses_and_data_in_any_order(takes, seed, pause, latency):
    memory = Memory(seed=seed, pause=pause, latency=latency, takes=takes)
    content, result = store(2, 64, 300, 0x1FC0, memory, deadline=8000, seed=seed)
    assert memory.beats == {0x1FC0 + 16 * (300 * server + index): content[server][index]
                            for server in range(2) for index in range(300)}
    assert (result["error"], result["beats"]) == (Error.NONE, 600)


def test_a_store_across_4_gib_goes_on_above():
    memory = Memory()
    store(1, 128, 5, 0x1_FFFF_FFD0, memory, deadline=200)
    assert memory.writes == [(0x1_FFFF_FFD0, 3), (0x2_0000_0000, 2)]


@pytest.mark.parametrize("depth", [33, 64, 1024])
def test_more_words_than_a_memory_has_are_outside(depth):
    dut = Store(servers=2, word_bits=16, depth=depth)

    async def bench(ctx):
        for words in (0, 1, depth, *(depth + (1 << bit) for bit in range(32)), (1 << 32) - 1):
            ctx.set(dut.words, words)
            assert ctx.get(dut.outside) == (words % (1 << 32) > depth), words

    sim = Simulator(dut)
    sim.add_testbench(bench)
    sim.run()


def test_full_rate_within_bursts():
    memory = Memory(latency=10)
    _, result = store(16, 128, 64, 0x1000, memory, deadline=2000)
    assert [length for _, length in memory.writes] == [256] * 4
    gaps = [later - sooner for sooner, later in zip(memory.write_cycles, memory.write_cycles[1:], strict=False)]
    assert sum(gap != 1 for gap in gaps) == 3
    assert max(gaps) <= 4
    assert result["cycles"] <= 1024 + 3 * 3 + 10 + 12


def test_nothing_to_store_ends_at_once():
    memory = Memory()
    _, result = store(4, 16, 0, 0x1000, memory, deadline=20)
    assert (memory.beats, result["cycles"], result["error"]) == ({}, 1, Error.NONE)


@pytest.mark.slow
@pytest.mark.parametrize("response", range(4))
@pytest.mark.parametrize("burst", [0, 1, 2])
def test_every_response_to_every_burst(burst, response):
    """SLVERR and DECERR are errors; OKAY and EXOKAY are not."""
    memory = Memory(bad_write=burst, bad=response)
    _, result = store(4, 64, 150, 0x1000, memory, deadline=2000)
    assert len(memory.writes) == 3
    assert result["error"] is (Error.WRITE if response >= 2 else Error.NONE)
