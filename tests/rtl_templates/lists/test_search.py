# amaranth: UnusedElaboratable=no
"""Search for the nearest entry against searchsorted, and keys of magnitudes."""

import random

import numpy as np
import pytest
from amaranth.sim import Simulator

from rtl_templates.lists.formats import Target
from rtl_templates.lists.requantize_timing import SEARCH
from rtl_templates.lists.search import Largest, Search


def tree(thresholds, levels):
    """(level, prefix, threshold) of a table, by the rule of docs/lists.md; missing ones are 2^23 - 1."""
    full = [*thresholds, *[(1 << 23) - 1] * ((1 << levels) - 1 - len(thresholds))]
    for level in range(levels):
        for prefix in range(1 << level):
            yield level, prefix, full[(prefix << levels - level) + (1 << levels - level - 1) - 1]


@pytest.mark.parametrize(("levels", "tables", "count"), [(1, 1, 1), (2, 3, 2), (3, 2, 7), (6, 4, 40), (8, 1, 255)])
def test_search_is_searchsorted(levels, tables, count):
    rng = random.Random(levels)
    top = 1 << rng.choice((5, 9, 22))
    thresholds = [sorted(rng.randrange(top) for _ in range(count)) for _ in range(tables)]
    dut = Search(levels=levels, tables=tables, number=1)
    found = []

    async def bench(ctx):
        ctx.set(dut.load.valid, 1)
        for number in (1, 0):  # words of the other requantizer come last, and change nothing
            for table, values in enumerate(thresholds):
                for level, prefix, threshold in tree(values, levels):
                    ctx.set(dut.load.target, Target.THRESHOLD)
                    ctx.set(dut.load.unit, 16 * number + level)
                    ctx.set(dut.load.address, table << level | prefix)
                    ctx.set(dut.load.data, threshold if number else 3)
                    await ctx.tick()
        ctx.set(dut.load.valid, 0)
        for table, values in enumerate(thresholds):
            magnitudes = [max(0, rng.choice(values) + d) for d in (-1, 0, 1) for _ in range(25)]
            magnitudes += [0, top, (1 << 23) - 1]
            started = {}
            ctx.set(dut.table, table)
            cycle = 0
            while magnitudes or cycle - max(started) <= SEARCH * levels:
                go = bool(magnitudes) and rng.random() < 0.8
                if go:
                    started[cycle] = value = magnitudes.pop()
                    ctx.set(dut.key, 2 * value - (value > 0 and rng.random() < 0.5))  # of either sign
                else:
                    ctx.set(dut.key, rng.getrandbits(24))
                ctx.set(dut.start, go)
                late = cycle - SEARCH * levels
                assert ctx.get(dut.found) == (late in started)
                if late in started:
                    want = int(np.searchsorted(values, started[late], side="left"))
                    assert ctx.get(dut.entry) == want == Search.model(started[late], values)
                    found.append(want)
                cycle += 1
                await ctx.tick()

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(bench)
    sim.run()
    assert {0, count} <= set(found)


@pytest.mark.parametrize("lanes", [1, 2, 3, 8])
def test_largest_magnitude_of_each_row(lanes):
    rng = random.Random(lanes)
    dut, want, have = Largest(lanes=lanes), {}, {}
    delay = 1 + (lanes - 1).bit_length()

    async def bench(ctx):
        seen = []
        for cycle in range(400):
            valid, end = rng.random() < 0.8, rng.random() < 0.3
            top = 1 << rng.choice((1, 5, 23))
            values = [rng.choice((rng.randrange(-top, top), -top, top - 1)) for _ in range(lanes)]
            ctx.set(dut.value, sum((v % (1 << 24)) << 24 * k for k, v in enumerate(values)))
            ctx.set(dut.valid, valid)
            ctx.set(dut.end, end)
            if valid:
                seen += values
                if end:
                    want[cycle + delay] = Largest.model(seen)
                    assert want[cycle + delay] + 1 >> 1 == max(map(abs, seen))
                    seen = []
            if ctx.get(dut.found):
                have[cycle] = ctx.get(dut.key)
            await ctx.tick()

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(bench)
    sim.run()
    assert have == {cycle: key for cycle, key in want.items() if cycle < 400}
    assert len(have) > 50
