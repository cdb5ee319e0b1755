# amaranth: UnusedElaboratable=no
"""The processing element: exact sums for every digit size, flags, wrapping, freezing."""

import random

import pytest
from amaranth.sim import Simulator
from integers import signed

from rtl_templates.banked.lane import ProcessingElement

LANES = 3


def cut(codes, code_bits, digit):
    """Signed codes of a row to its words, least significant digit first."""
    return [sum((code >> k * digit & ((1 << digit) - 1)) << lane * digit for lane, code in enumerate(codes))
            for k in range(code_bits // digit)]


def draw(rng, code_bits, count):
    """Random slots, (codes, add, last); the extremes often, so that sums wrap."""
    low, high = -1 << (code_bits - 1), (1 << (code_bits - 1)) - 1
    return [([rng.choice((low, high, rng.randint(low, high))) for _ in range(LANES)],
             rng.random() < 0.8, rng.random() < 0.3) for _ in range(count)]


@pytest.mark.parametrize("digit", [1, 2, 4])
def test_model_adds_signed_codes(digit):
    slots = draw(random.Random(digit), 4, 200)
    want, acc = [], [0] * LANES
    for codes, add, last in slots:
        acc = [a + c * add for a, c in zip(acc, codes, strict=True)]
        if last:
            want.append([signed(a, 6) for a in acc])
            acc = [0] * LANES
    words = [(cut(codes, 4, digit), add, last) for codes, add, last in slots]
    assert ProcessingElement.model(words, lanes=LANES, code_bits=4, digit=digit, acc_bits=6) == want


@pytest.mark.parametrize(("code_bits", "digit", "acc_bits"),
                         [(4, 1, 6), (4, 2, 7), (4, 4, 12), (4, 4, 4), (8, 1, 9), (8, 4, 12), (8, 8, 12)])
@pytest.mark.parametrize("reader", [1.0, 0.3])
@pytest.mark.parametrize("raised", [None, -127, 5, 128])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_sums(code_bits, digit, acc_bits, reader, raised, depth):
    rng = random.Random(code_bits * 100 + digit * 10 + int(reader))
    shape = {"lanes": LANES, "code_bits": code_bits, "digit": digit, "acc_bits": acc_bits}
    dut = ProcessingElement(**shape, hold_depth=depth, zero_points=raised is not None)
    digits = code_bits // digit
    slots = [(cut(codes, code_bits, digit), add, last) for codes, add, last in draw(rng, code_bits, 150)]
    work = [(1 << k, word, add, last) for words, add, last in slots for k, word in enumerate(words)]
    sums = []

    async def bench(ctx):
        if raised is not None:
            ctx.set(dut.raised, raised)
        pending, enable, finished = list(work), 1, []
        for cycle in range(20 * len(work)):
            if not pending and cycle > 10 and len(sums) == len(want):
                break
            gap = not pending or rng.random() < 0.1
            step, word, add, last = (0, rng.getrandbits(LANES * digit), 1, 1) if gap else pending[0]
            for port, value in ((dut.step, step), (dut.word, word), (dut.add, add), (dut.last, last)):
                ctx.set(port, value)
            ctx.set(dut.enable, enable)
            ack = ctx.get(dut.hold.valid) and rng.random() < reader
            ctx.set(dut.ack, ack)
            if ack:
                data = ctx.get(dut.hold.data)
                sums.append([signed(data >> lane * acc_bits, acc_bits) for lane in range(LANES)])
            if finished and cycle == finished[0] + 1 + depth and not stalled[0]:
                assert ctx.get(dut.hold.valid)
            if enable and not gap:
                if last and step >> (digits - 1):
                    finished[:], stalled[:] = [cycle], [False]
                pending = pending[1:]
            blocks = ctx.get(dut.blocks)
            stalled[0] |= bool(blocks)
            enable = not blocks
            await ctx.tick()

    stalled = [False]
    want = ProcessingElement.model(slots, **shape, raised=raised or 0)
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert sums == want
    assert len(want) > 20


def test_clear_forgets_an_unfinished_sum():
    dut = ProcessingElement(lanes=1, code_bits=4, digit=4, acc_bits=8, hold_depth=1)

    async def bench(ctx):
        async def cycle(**values):
            for port in ("enable", "clear", "step", "add", "last", "word"):
                ctx.set(getattr(dut, port), values.get(port, port == "enable"))
            await ctx.tick()

        await cycle(step=1, add=1, word=5)
        await cycle()
        await cycle(clear=1)
        await cycle(step=1, add=1, last=1, word=3)
        await cycle()
        assert ctx.get(dut.hold.valid)
        assert ctx.get(dut.hold.data) == 3

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize(("digit", "acc_bits"), [(3, 8), (4, 3)])
def test_refuses_shapes(digit, acc_bits):
    with pytest.raises(ValueError, match="no digits of"):
        ProcessingElement(lanes=1, code_bits=4, digit=digit, acc_bits=acc_bits)


def test_refuses_a_queue_without_registers():
    with pytest.raises(ValueError, match="a queue of 0 registers keeps no sum"):
        ProcessingElement(lanes=1, code_bits=4, digit=4, acc_bits=8, hold_depth=0)
