# amaranth: UnusedElaboratable=no
"""Activation planes against the bits of random codes, nodes without a pause."""

import random

import pytest
from axi_models import simulate

from rtl_templates.banked.requantize import CODE_BITS
from rtl_templates.banked.requantize_timing import REQUANT_CODE, REQUANT_MULTIPLIER
from rtl_templates.banked.server.planes import ActivationPlanes
from rtl_templates.banked.server.timing import SERVER_MAC, SERVER_PLANE
from rtl_templates.cells.primitives import TWINS

LANES, CHUNK = 8, 4


@pytest.mark.parametrize(("planes", "seed"), [(1, 0), (2, 1)])
def test_planes_of_nodes_in_a_row(planes, seed):
    """Node after node; its occupation may be longer than its codes have planes, and its chunks fewer than there are."""
    rng = random.Random(seed)
    dut = ActivationPlanes(lanes=LANES, planes=planes, requant_lanes=CHUNK, occupation_bits=4, primitives=TWINS)
    slot, drive, want, held = 1, {}, {}, {}
    for _ in range(30):
        chunks = rng.randint(1, LANES // CHUNK)
        codes = [rng.getrandbits(CODE_BITS) for _ in range(chunks * CHUNK)]
        occupation = max(chunks, rng.randint(1, 11))
        for chunk in range(chunks):
            word = sum(code << CODE_BITS * lane for lane, code in enumerate(codes[chunk * CHUNK:][:CHUNK]))
            drive.setdefault(slot + chunk + REQUANT_CODE, {}).update(take=1, chunk=chunk, code=word)
        last = slot + chunks - 1
        drive.setdefault(last + REQUANT_MULTIPLIER, {}).update(begin=1, occupation=occupation)
        codes += [0] * (LANES - len(codes))
        held[last + SERVER_MAC] = sum(code << CODE_BITS * lane for lane, code in enumerate(codes))
        for step, x in enumerate(ActivationPlanes.model(codes, occupation, planes)):
            want[last + SERVER_MAC + SERVER_PLANE + step] = x, step == occupation - 1
        slot = max(slot + chunks, last + occupation - rng.randint(0, 1) * (chunks - 1))
        slot = max(slot, last + occupation - (LANES // CHUNK - 1) + rng.randint(1, 3))

    async def bench(ctx):
        for cycle in range(max(want) + 4):
            now = drive.get(cycle, {})
            for name in ("take", "chunk", "code", "begin", "occupation"):
                ctx.set(getattr(dut, name), now.get(name, rng.getrandbits(2) if name in ("chunk", "occupation") else 0))
            assert (cycle in held) == ctx.get(dut.act_valid), cycle
            if cycle in held:
                assert ctx.get(dut.act_data) == held[cycle], cycle
            assert ctx.get(dut.enable) == (cycle in want), cycle
            x, ends = want.get(cycle, (0, False))
            assert (ctx.get(dut.x), ctx.get(dut.last)) == (x, ends), cycle
            await ctx.tick()

        ctx.set(dut.dense, 1)  # a node of features finds the codes of the last one still held
        for name in ("take", "begin"):
            ctx.set(getattr(dut, name), 0)
        for occupation in (3, 5):
            ctx.set(dut.begin, 1)
            ctx.set(dut.occupation, occupation)
            for cycle in range(SERVER_MAC + SERVER_PLANE - REQUANT_MULTIPLIER + occupation + 2):
                assert (ctx.get(dut.act_valid), ctx.get(dut.x)) == (0, 0), cycle
                first = SERVER_MAC + SERVER_PLANE - REQUANT_MULTIPLIER
                assert ctx.get(dut.enable) == (first <= cycle < first + occupation)
                assert ctx.get(dut.last) == (cycle == first + occupation - 1)
                await ctx.tick()
                ctx.set(dut.begin, 0)
        assert ctx.get(dut.act_data)

    simulate(dut, bench)
