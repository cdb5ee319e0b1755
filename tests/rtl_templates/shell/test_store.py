# amaranth: UnusedElaboratable=no
"""The store unit against random result memories: order, padding, bursts, rate, errors."""

import random

import pytest
from axi_models import Memory, simulate

from rtl_templates.shell.registers import Error
from rtl_templates.shell.store import READ_LATENCY, Store


def store(servers, word_bits, words, base, memory, *, deadline, seed=0):
    """Store from random result memories; those memories, the error and the busy cycles."""
    dut, rng, result = Store(servers=servers, word_bits=word_bits, address_bits=10), random.Random(seed), {}
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


@pytest.mark.parametrize("burst", [0, 2])
def test_write_error_is_reported(burst):
    memory = Memory(bad_write=burst)
    _, result = store(4, 64, 150, 0x1000, memory, deadline=2000)
    assert result["error"] is Error.WRITE
