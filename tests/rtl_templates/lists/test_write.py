# amaranth: UnusedElaboratable=no
"""The write stage: words, slots and cycles of every unit; the result memory."""

import random

import pytest
from amaranth.sim import Simulator

from rtl_templates.lists.combine_timing import WRITE_REGISTER, WriteTiming
from rtl_templates.lists.write import Write
from rtl_templates.shell.store import READ_LATENCY


def draw(rng, rows, chunks, lanes):
    """Tokens of a pass: (lanes' 16-bit words, end, entry)."""
    return [([rng.getrandbits(16) for _ in range(lanes)], c == chunks - 1, entry)
            for _ in range(rows) for entry in [rng.getrandbits(12)] for c in range(chunks)]


async def give(ctx, dut, rng, task, tokens, *, units, gap):
    """One pass: start pulse, the tokens; (cycle after start, address, data, entry) of writes and the stage's cycles."""
    index = ctx.get(dut.index)
    arrived, taken, writes, activity = [], [], [], {"working": 0, "waiting": 0}
    ctx.set(dut.start, 1)
    for name, value in task.items():
        ctx.set(dut.task[name], value)
    cycle, wait, shown = 0, rng.randint(2, 2 + gap), False
    while len(taken) < len(tokens) or ctx.get(dut.busy):
        assert cycle < 10_000
        here = len(taken) < len(tokens) and wait == 0
        if here and not shown:
            lanes, end, entry = tokens[len(taken)]
            ctx.set(dut.i.payload, {"data": sum(word << 16 * k for k, word in enumerate(lanes)), "end": end,
                                        "bits": rng.getrandbits(4),
                                        "context": {"entry": entry, "degree": rng.getrandbits(16), "node": 3}})
            arrived.append(cycle)
        shown, wait = here, max(wait - 1, 0)
        ctx.set(dut.i.valid, here)
        ctx.set(dut.slot, cycle % units == index)
        write = dut.write
        if ctx.get(write.enable):
            writes.append((cycle, ctx.get(write.address), ctx.get(write.data), ctx.get(write.entry)))
        else:
            assert not any(ctx.get(signal) for signal in (write.address, write.data, write.entry))
        for name in activity:
            activity[name] += ctx.get(getattr(dut, name))
        if here and ctx.get(dut.i.ready):
            taken.append(cycle)
            shown, wait = False, rng.randint(0, gap)
        await ctx.tick()
        ctx.set(dut.start, 0)
        cycle += 1
    return arrived, taken, writes, activity


def simulate(dut, bench):
    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(bench)
    sim.run()


@pytest.mark.parametrize("gap", [0, 7])
@pytest.mark.parametrize(("units", "index", "chunks", "code_bits"), [
    (1, 0, 1, 8), (2, 0, 3, 4), (2, 1, 1, 8), (4, 0, 2, 8), (4, 3, 3, 4), (4, 1, 1, 8),
])
def test_rows(units, index, chunks, code_bits, gap):
    """Two passes: addresses begin anew, each token is taken and written in the cycles that the timing file says."""
    rng, dut = random.Random(f"{units}{index}{gap}"), Write(units=units, lanes=8, code_bits=code_bits, result_depth=4)
    seen = []

    async def bench(ctx):
        ctx.set(dut.index, index)
        for _ in range(2):
            task = {"target": rng.randrange(40000), "stride": rng.randint(chunks, 15), "to_result": 0}
            tokens = draw(rng, 9, chunks, 8)
            arrived, taken, writes, activity = await give(ctx, dut, rng, task, tokens, units=units, gap=gap)
            clock, want = WriteTiming(units=units, index=index, start=0), []
            for n, (words, _, entry) in enumerate(tokens):
                accepted, written = clock.take(arrived[n])
                assert accepted == taken[n]
                row, chunk = divmod(n, chunks)
                want.append((written + WRITE_REGISTER, task["target"] + (row * units + index) * task["stride"] + chunk,
                             sum((word & (1 << code_bits) - 1) << code_bits * k for k, word in enumerate(words)),
                             entry))
            assert writes == want
            assert activity == {"working": clock.run, "waiting": clock.waited}
            assert clock.run == len(tokens)
            seen.append(activity["waiting"])

    simulate(dut, bench)
    assert any(seen) == (units > 1)


@pytest.mark.parametrize("gap", [0, 5])
@pytest.mark.parametrize(("lanes", "width", "rows"), [(8, 3, 20), (16, 21, 7), (32, 40, 6), (32, 32, 6), (64, 70, 5)])
def test_results(lanes, width, rows, gap):
    """Rows lie back to back in whole words; the buffer is not written; a word a cycle."""
    chunks, words, step = -(-width // lanes), -(-width // 8), lanes // 8
    rng, dut = random.Random(f"{lanes}{width}{gap}"), Write(units=2, lanes=lanes, code_bits=8, result_depth=64)

    async def bench(ctx):
        ctx.set(dut.index, 1)
        for _ in range(2):
            tokens = draw(rng, rows, chunks, lanes)
            task = {"to_result": 1, "result_words": words, "stride": 1}
            arrived, taken, writes, activity = await give(ctx, dut, rng, task, tokens, units=2, gap=gap)
            assert writes == []
            assert activity == {"working": rows * words, "waiting": 0}
            clock, want = WriteTiming(units=2, index=1, start=0), []
            for n, (lane_words, _, _) in enumerate(tokens):
                used = min(step, words - n % chunks * step)
                assert clock.take(arrived[n], used)[0] == taken[n]
                want += [sum(word << 16 * k for k, word in enumerate(lane_words[8 * w:8 * w + 8]))
                         for w in range(used)]
            assert (clock.run, clock.waited) == (rows * words, 0)
            have = []
            for address in range(rows * words + READ_LATENCY):
                ctx.set(dut.result_address, address if address < rows * words else 0)
                if address >= READ_LATENCY:
                    have.append(ctx.get(dut.result_data))
                await ctx.tick()
            assert have == want

    simulate(dut, bench)
