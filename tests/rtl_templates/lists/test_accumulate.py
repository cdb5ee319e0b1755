# amaranth: UnusedElaboratable=no
"""The accumulators: sums, doubled sums, maxima, signs and wrapping, token after token without a gap."""

import random

import pytest
from amaranth.sim import Simulator

from rtl_templates.lists.accumulate import Accumulator

LANES, CODE_BITS = 3, 4


def draw(rng):
    """A token: (signed, maximum, one, steps), a step being (word or None, double, turn)."""
    sign, maximum = rng.random() < 0.5, rng.random() < 0.4
    if rng.random() < 0.1:
        return sign, maximum, True, [(None, False, False)]
    if rng.random() < 0.1:  # an empty list
        return sign, maximum, False, [(None, False, False)]
    steps = []
    for _ in range(rng.randint(1, 9)):
        word = rng.choice((rng.getrandbits(12), 0xfff, 0x888, 0x777))
        if maximum or rng.random() < 0.6:
            steps.append((word, False if maximum else rng.random() < 0.5, False))
        else:
            turn = rng.random() < 0.5
            steps.append((None, not turn, turn))
    return sign, maximum, False, steps


@pytest.mark.parametrize("acc_bits", [5, 8, 24])
@pytest.mark.parametrize("gaps", [0.0, 0.5])
def test_against_the_model(acc_bits, gaps):
    rng = random.Random(acc_bits)
    shape = {"lanes": LANES, "code_bits": CODE_BITS, "acc_bits": acc_bits}
    dut = Accumulator(**shape)
    tokens = [draw(rng) for _ in range(300)]
    want, slots = [], []
    for sign, maximum, one, steps in tokens:
        rows = [(None if turn else word or 0, double) for word, double, turn in steps
                if not maximum or word is not None]
        want.append([1] * LANES if one else Accumulator.model(rows, **shape, signed=sign, maximum=maximum))
        for k, (word, double, turn) in enumerate(steps):
            slots.append({"word": rng.getrandbits(12) if word is None else word, "read": word is not None, "one": one,
                          "signed": sign, "maximum": maximum, "first": k == 0, "double": double, "turn": turn,
                          "finish": k == len(steps) - 1})
            if not maximum and k < len(steps) - 1 and rng.random() < gaps:  # a sum may pause
                slots.append(dict.fromkeys(slots[-1], 0) | {"word": rng.getrandbits(12), "maximum": 1})
        while rng.random() < gaps:  # whatever is at idle inputs does no harm
            slots.append({"word": rng.getrandbits(12), "read": 0, "one": 0, "signed": 1, "maximum": rng.randint(0, 1),
                          "first": 0, "double": rng.randint(0, 1), "turn": rng.randint(0, 1), "finish": 0})
    got = []

    async def bench(ctx):
        late = {"double": 0, "finish": 0}
        for slot in [*slots, dict.fromkeys(slots[0], 0)]:
            for name, value in {**slot, **late}.items():
                ctx.set(getattr(dut, name), value)
            late = {name: slot[name] for name in late}
            if ctx.get(dut.finish):
                total = ctx.get(dut.total)
                fields = [total >> acc_bits * lane & (1 << acc_bits) - 1 for lane in range(LANES)]
                got.append([x - (x >> acc_bits - 1 << acc_bits) for x in fields])
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert got == want


def test_maximum_of_negative_rows_and_of_none():
    rows = [(0x8c, False), (0xfb, False)]
    shape = {"lanes": 2, "code_bits": 4, "acc_bits": 9}
    assert Accumulator.model(rows, **shape, signed=True, maximum=True) == [-4, -1]
    assert Accumulator.model(rows, **shape, signed=False, maximum=True) == [12, 15]
    assert Accumulator.model([], **shape, signed=True, maximum=True) == [0, 0]
    assert Accumulator.model([(0x17, False), (0x21, True)], **shape, signed=True, maximum=False) == [15, 4]
    assert Accumulator.model([(0x17, False), (None, False), (0x21, True)], **shape, signed=True,
                             maximum=False) == [-13, 0]
    assert Accumulator.model([(0x77, True)] * 8, **shape, signed=True, maximum=False) == [249, 249]
    assert Accumulator.model([(0x77, True)] * 9, **shape, signed=True, maximum=False) == [-7, -7]


def test_refuses_sums_narrower_than_codes():
    with pytest.raises(ValueError, match="sums of 4 bits hold no codes of 4 bits"):
        Accumulator(lanes=2, code_bits=4, acc_bits=4)
