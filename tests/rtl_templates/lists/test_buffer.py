# amaranth: UnusedElaboratable=no
"""The node buffer: loads in pieces of 128 bits, rows with their entries, and when a write is read."""

import random

import pytest
from amaranth.sim import Simulator
from operand_cases import drive

from rtl_templates.lists.buffer import NodeBuffer
from rtl_templates.lists.formats import ENTRY_BITS, Target
from rtl_templates.lists.gather_timing import BUFFER_READ

DEPTH = 12


@pytest.mark.parametrize(("lanes", "code_bits"), [(8, 4), (16, 8), (40, 8)])
def test_loads_writes_and_reads_against_the_model(lanes, code_bits):
    rng = random.Random(lanes)
    dut = NodeBuffer(lanes=lanes, code_bits=code_bits, depth=DEPTH)
    bits = lanes * code_bits
    writes = [(rng.randrange(DEPTH), rng.getrandbits(bits), rng.getrandbits(ENTRY_BITS)) for _ in range(10)]
    loads = [(chunk, address, rng.getrandbits(128)) for chunk in range(-(-bits // 128)) for address in range(DEPTH)]
    again = [(chunk, address, rng.getrandbits(128)) for chunk, address, _ in rng.sample(loads, 3)]
    rng.shuffle(loads)

    async def bench(ctx):
        async def load(chunk, address, beat, target=Target.ROWS):
            drive(ctx, dut.load, valid=1, target=target, unit=chunk, address=address, data=beat)
            await ctx.tick()
            ctx.set(dut.load.valid, 0)

        async def write(address, word, entry):
            drive(ctx, dut.write, enable=1, address=address, data=word, entry=entry)
            await ctx.tick()
            ctx.set(dut.write.enable, 0)

        async def compare(words, entries):
            await ctx.tick()
            order = [rng.randrange(DEPTH) for _ in range(60)]
            for k in range(len(order) + BUFFER_READ):
                if k >= BUFFER_READ:
                    place = order[k - BUFFER_READ]
                    assert ctx.get(dut.data) == words[place], (k, place)
                    assert ctx.get(dut.entry) == entries[place], (k, place)
                ctx.set(dut.address, order[k] if k < len(order) else 0)
                await ctx.tick()

        for row in range(DEPTH):
            await write(row, rng.getrandbits(bits), 7)
        for item in loads:
            await load(*item)
            await load(0, rng.randrange(DEPTH), 5, Target.LIST)  # somebody else's
        await compare(*dut.model(loads, []))
        for item in writes:
            await write(*item)
        await compare(*dut.model(loads, writes))
        for item in again:  # a load over a row that a pass wrote takes its entry away
            await load(*item)
        words, entries = dut.model(loads, writes)
        for chunk, address, beat in again:
            one, _ = dut.model([(chunk, address, beat)], [])
            mask = dut.model([(chunk, address, (1 << 128) - 1)], [])[0][address]
            words[address] = words[address] & ~mask | one[address]
            entries[address] = 0
        await compare(words, entries)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_a_write_is_read_two_cycles_later():
    dut = NodeBuffer(lanes=8, code_bits=4, depth=4)

    async def bench(ctx):
        ctx.set(dut.address, 3)
        drive(ctx, dut.write, enable=1, address=3, data=9, entry=2)
        await ctx.tick()
        drive(ctx, dut.write, enable=0, address=3, data=11, entry=4)
        await ctx.tick()
        ctx.set(dut.address, 3)
        await ctx.tick()
        ctx.set(dut.address, 0)
        await ctx.tick()
        assert (ctx.get(dut.data), ctx.get(dut.entry)) == (9, 2)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
