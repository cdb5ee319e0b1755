# amaranth: UnusedElaboratable=no
"""A bank: two-cycle reads that freeze, writes that do not, and when a write is seen."""

import random

import pytest
from amaranth.sim import Simulator

from rtl_templates.cells.bank import Bank
from rtl_templates.cells.timing import BANK_READ, BANK_WRITE


def test_reads_and_writes_against_the_model():
    rng = random.Random(2)
    dut = Bank(depth=12, word_bits=10)
    history = [[0] * 12]  # contents that a read addressed in cycle t sees

    async def bench(ctx):
        pipe = []  # words under way, oldest first
        writes = []
        for cycle in range(1500):
            write = (rng.randrange(12), rng.getrandbits(10)) if rng.random() < 0.5 else None
            enable = rng.random() < 0.7
            written = {w[0] for w in writes[-1:] if w} | ({write[0]} if write else set())
            # What is being written may be either; the group never reads it, and neither does this test.
            address = rng.choice([a for a in range(12) if a not in written])
            ctx.set(dut.enable, enable)
            ctx.set(dut.address, address)
            ctx.set(dut.write.enable, write is not None)
            ctx.set(dut.write.address, write[0] if write else rng.randrange(12))
            ctx.set(dut.write.data, write[1] if write else rng.getrandbits(10))
            if len(pipe) == BANK_READ:
                assert ctx.get(dut.data) == pipe[0], cycle
            if enable:
                pipe = [*pipe[-BANK_READ + 1:], dut.model(history[-1], [], address)]
            writes.append(write)
            # BANK_WRITE cycles after it was presented, a write is seen.
            due = writes[cycle + 1 - BANK_WRITE] if cycle + 1 >= BANK_WRITE else None
            now = list(history[-1])
            if due:
                now[due[0]] = due[1]
            history.append(now)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert len(history) == 1501


def test_model_takes_the_last_write():
    assert Bank(depth=4, word_bits=8).model([1, 2, 3, 4], [(2, 9), (2, 7)], 2) == 7


@pytest.mark.parametrize(("depth", "bits"), [(1, 8), (8, 0)])
def test_refuses_empty_banks(depth, bits):
    with pytest.raises(ValueError, match="a bank needs"):
        Bank(depth=depth, word_bits=bits)
