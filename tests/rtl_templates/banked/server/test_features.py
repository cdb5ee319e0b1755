# amaranth: UnusedElaboratable=no
"""The feature memory: words in order and their pages; occupations may be longer; runs begin anew."""

import random

from axi_models import simulate

from rtl_templates.banked.formats import Target
from rtl_templates.banked.server.features import FeatureMemory

DEPTH, BITS = 32, 8


def test_words_in_order():
    rng = random.Random(3)
    dut = FeatureMemory(depth=DEPTH, word_bits=BITS, left_bits=5)
    memory = [rng.getrandbits(BITS) for _ in range(DEPTH)]

    async def bench(ctx):
        for address, word in enumerate(memory):
            for target, data in ((Target.FEATURE, word), (Target.PARAM, 0)):
                ctx.set(dut.load.valid, 1)
                ctx.set(dut.load.target, target)
                ctx.set(dut.load.address, address)
                ctx.set(dut.load.data, data)
                await ctx.tick()
        ctx.set(dut.load.valid, 0)
        for dense, steps, pages, nodes in ((1, 3, 2, 5), (0, 1, 1, 2), (1, 2, 3, 4)):
            words = steps * pages
            ctx.set(dut.run_start, 1)
            await ctx.tick()
            ctx.set(dut.run_start, 0)
            ctx.set(dut.dense, dense)
            ctx.set(dut.pages, pages)
            ctx.set(dut.words, words)
            seen = []
            for _ in range(nodes):
                for left in reversed(range(words + rng.randrange(4))):
                    ctx.set(dut.running, 1)
                    ctx.set(dut.left, left)
                    page = ctx.get(dut.page)
                    await ctx.tick()
                    if dense and left < words:
                        seen.append((ctx.get(dut.x), page))
                    else:
                        assert ctx.get(dut.x) == 0
                for _ in range(rng.randrange(3)):
                    ctx.set(dut.running, 0)
                    await ctx.tick()
                    assert ctx.get(dut.x) == 0
            assert seen == (FeatureMemory.model(memory, nodes, words, pages) if dense else [])

    simulate(dut, bench)
