# amaranth: UnusedElaboratable=no
"""Requantizer lanes and their model against the numeric contract: extremes, ties, rank-1 pairs, every kind."""

import random
from itertools import product

import numpy as np
import pytest
from amaranth.sim import Simulator

from hwgen.targets.banked import arithmetic
from rtl_templates.banked.formats import AFFINE, MID_SHIFT, RAW_SHIFT, SHIFT, Target
from rtl_templates.banked.requantize import Requantizer
from rtl_templates.banked.requantize_timing import REQUANT_CODE, REQUANT_MULTIPLIER
from rtl_templates.cells.formats import Kind

KINDS = (*Kind, AFFINE)
X = (-(1 << 17), (1 << 17) - 1)


def draw(rng, kind, rank1):
    """(x, column, bias, row_r, bias_r) within the ranges the lowering proves; ties and range limits often."""
    shift = RAW_SHIFT if kind == Kind.RAW else SHIFT
    style = rng.randrange(4)
    if style == 0:  # extremes of every port
        x, column = rng.choice((*X, 0, -1)), rng.choice((0, 1, (1 << 16) - 1))
        return x, column, rng.choice((-1 << 25, (1 << 25) - 1, 0)), rng.choice((0, (1 << 17) - 1)), (1 << 17) - 1
    if style == 1:  # exact ties: mid * 2^k = (2n + 1) * 2^(shift - 1)
        row = 12
        mid = (2 * rng.randint(-9, 9) + 1) << shift - 1 - row
        low, high = -(1 << 25), (1 << 25) - 1
        return 0, 5, min(max(mid, low), high), 1 << row, 1 << row
    if style == 2:  # around the clipping limits
        code, row = rng.randint(-260, 260), 1 << 16
        mid = min(max((code << shift) // row + rng.randint(-3, 3), -(1 << 26)), (1 << 26) - 1)
        x = mid >> 10
        return x, 1 << MID_SHIFT + 10, (mid - (x << 10)) * (not rank1), row, rng.randrange(1 << 10)
    return (rng.randint(*X), rng.randrange(1 << 15), rng.randint(-1 << 24, 1 << 24),
            rng.randrange(1 << rng.randint(1, 17)), rng.randrange(1 << 17))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rank1", [False, True])
@pytest.mark.parametrize("half_up", [False, True])
def test_model_is_the_numeric_contract(kind, rank1, half_up):
    rng = random.Random(f"{kind}{rank1}{half_up}")
    codes = set()
    for _ in range(1500):
        x, column, bias, row, bias_row = draw(rng, kind, rank1)
        bits, top = rng.randrange(9), (1 << rng.randint(1, 7)) - 1
        zero = rng.choice((0, top, rng.randint(0, top))) if kind == AFFINE else 0
        low, high = {Kind.UNSIGNED: (0, (1 << bits) - 1), Kind.SIGNED: (-top, top),
                     Kind.RAW: (-(1 << 15), (1 << 15) - 1), AFFINE: (-zero, top - zero)}[kind]
        want = int(arithmetic.requantize(
            np.array([[x]]), np.array([column]), np.array([[bias]]), np.array([row]), np.array([0]),
            np.array([bias_row]) if rank1 else None, -(1 << 40) if kind == Kind.RAW else low,
            1 << 40 if kind == Kind.RAW else high, shift=RAW_SHIFT if kind == Kind.RAW else SHIFT,
            half_up=half_up)[0, 0])
        have = Requantizer.model(x, column, bias, row, bias_row if rank1 else None, kind=kind, half_up=half_up,
                                 bits=bits, signed_max=top, zero=zero) - zero
        if kind != Kind.RAW or low <= want <= high:
            assert have == want
        codes.add(have)
    assert len(codes) > 8


def drive(dut, rng, entries, beats, want, zero=0, **task):
    """Load ``entries`` [lane][entry] of (x, column, bias, ...), send a beat a cycle and compare what comes.

    ``beats`` are (q2, pair, b, entry, x of all lanes, row, bias_row, bits); ``want`` has (kind, values) by number
    of beat. The bias table runs the other way than the column table, so that no index serves for both.
    """
    lanes, last = dut.lanes, dut.bias_depth - 1

    async def load(ctx, target, lane, address, word):
        for name, value in (("valid", 1), ("target", target), ("unit", lane), ("address", address), ("data", word)):
            ctx.set(getattr(dut.load, name), value)
        await ctx.tick()

    async def bench(ctx):
        for lane, table in enumerate(entries):
            for entry, (_, column, bias, *_) in enumerate(table):
                await load(ctx, Target.COLUMN, lane, entry, column)
                await load(ctx, Target.BIAS, lane, last - entry, bias & (1 << 26) - 1)
        ctx.set(dut.load.valid, 0)
        if dut.zero_points:
            ctx.set(dut.zero, zero)
        for name, value in task.items():
            ctx.set(dut.task[name], value)
        for cycle in range(len(beats) + REQUANT_CODE + 1):
            if cycle < len(beats):
                q2, pair, b, entry, x, *_ = beats[cycle]
                wide = dut.sum_bits if q2 else dut.in_bits
                word = sum((value & (1 << wide) - 1) << wide * lane for lane, value in enumerate(x))
                noise = rng.getrandbits((dut.in_bits if q2 else dut.sum_bits) * lanes)
                ctx.set(dut.beat.q2, q2)
                ctx.set(dut.beat.pair, pair)
                ctx.set(dut.beat.b, b)
                ctx.set(dut.beat.column, entry)
                ctx.set(dut.beat.bias, last - entry)
                ctx.set(dut.q1_x, noise if q2 else word)
                ctx.set(dut.q2_x, word if q2 else noise)
            if 0 <= cycle - REQUANT_MULTIPLIER < len(beats):
                q2, _, _, _, _, row, bias_row, bits = beats[cycle - REQUANT_MULTIPLIER]
                ctx.set(dut.row_r, rng.getrandbits(17) if q2 else row)
                ctx.set(dut.bias_r, bias_row)
                ctx.set(dut.q2_r, row if q2 else rng.getrandbits(17))
                ctx.set(dut.q1_bits, rng.getrandbits(4) if q2 else bits)
                ctx.set(dut.q2_bits, bits if q2 else rng.getrandbits(4))
            if cycle - REQUANT_CODE in want:
                used, values = want[cycle - REQUANT_CODE]
                width, port = (16, dut.raw) if used == Kind.RAW else (8, dut.code)
                have = ctx.get(port)
                assert [have >> width * lane & (1 << width) - 1 for lane in range(lanes)] == [
                    value & (1 << width) - 1 for value in values], (cycle, used, values)
            await ctx.tick()

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(bench)
    sim.run()


@pytest.mark.slow
@pytest.mark.parametrize("primitive_free_lanes", [2])
@pytest.mark.parametrize(("kind", "half_up", "signed_max"), [
    (Kind.UNSIGNED, 0, 7), (Kind.UNSIGNED, 1, 7), (Kind.SIGNED, 0, 7), (Kind.SIGNED, 1, 127), (Kind.SIGNED, 0, 1),
    (Kind.RAW, 0, 7), (Kind.RAW, 1, 7), (AFFINE, 1, 15), (AFFINE, 1, 255), (AFFINE, 0, 1),
])
def test_lanes(primitive_free_lanes, kind, half_up, signed_max):
    """A random mix of Q1 and Q2 beats and rank-1 pairs, one beat a cycle."""
    lanes, rng, depth = primitive_free_lanes, random.Random(f"{kind}{half_up}{signed_max}"), 32
    affine = kind == AFFINE
    dut = Requantizer(lanes=lanes, in_bits=18, column_depth=2 * depth, bias_depth=2 * depth, zero_points=affine)
    q2_kind, zero = rng.choice(list(Kind)), rng.randint(0, signed_max)
    entries = [[draw(rng, kind, pair) for pair in [False] * depth + [True] * depth] for _ in range(lanes)]
    nodes = [(rng.random() < 0.3, rng.random() < 0.5, rng.randrange(depth), rng.randrange(1 << rng.randint(1, 17)),
              rng.randrange(1 << 17), rng.randrange(9)) for _ in range(400)]
    beats, want = [], {}
    for q2, pair, entry, row, bias_row, bits in nodes:
        own = rng.random() < 0.7  # the row that goes with the drawn column
        pair = pair and not q2
        entry += depth * pair
        row = entries[0][entry][3] if own else row
        x = [entries[lane][entry][0] for lane in range(lanes)]
        beats += [(q2, pair, b, entry, x, row, bias_row, bits) for b in range(1 + pair)]
        used = q2_kind if q2 else kind
        want[len(beats) - 1] = used, [
            Requantizer.model(x[lane], *entries[lane][entry][1:3], row, bias_row if pair else None,
                              kind=used, half_up=half_up and not q2, bits=bits, signed_max=signed_max, zero=zero)
            for lane in range(lanes)]
    drive(dut, rng, entries, beats, want, zero, q1_kind=kind, q1_half_up=half_up, q2_kind=q2_kind,
          signed_max=signed_max)


#: Accumulators, columns and biases whose value between the multipliers lies at an end of its 27 bits, or at 0 and -1.
ENDS = [(-(1 << 17), 1 << 17, 0), ((1 << 17) - 1, 1 << 17, 511), (1023, (1 << 24) - 1, 0), (-1024, (1 << 24) - 1, 0),
        (-(1 << 16), 1 << 17, -(1 << 25)), (1 << 16, 1 << 17, (1 << 25) - 1), (0, 0, 0), (-1, 1, 0),
        (0, 0, (1 << 25) - 1), (0, 0, -(1 << 25))]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pairs", [0, 1])
def test_extremes(kind, pairs):
    """The largest and smallest values of every port at once: what the widths of all products and sums are made for."""
    rows, rng = (0, 1, 1 << 16, (1 << 17) - 1), random.Random(f"{kind}{pairs}")
    dut = Requantizer(lanes=2, in_bits=18, column_depth=len(ENDS), bias_depth=len(ENDS), zero_points=kind == AFFINE)
    entries, beats, want = [ENDS, ENDS[::-1]], [], {}
    for entry, q2, row, bias_row, bits in product(range(len(ENDS)), (0, 1), rows, rows if pairs else (0,), (0, 1, 8)):
        x = [table[entry][0] for table in entries]
        pair = pairs and not q2
        beats += [(q2, pair, b, entry, x, row, bias_row, bits) for b in range(1 + pair)]
        want[len(beats) - 1] = kind, [
            Requantizer.model(*table[entry], row, bias_row if pair else None, kind=kind, half_up=not q2,
                              bits=bits, signed_max=127, zero=101) for table in entries]
    drive(dut, rng, entries, beats, want, 101, q1_kind=kind, q1_half_up=1, q2_kind=kind, signed_max=127)


#: The same of wide sums, whose factors have 17 bits.
WIDE_ENDS = [(-(1 << 23), 1 << 11, 0), ((1 << 23) - 1, 1 << 11, 7), (1 << 17, (1 << 17) - 1, 0),
             (-(1 << 17), (1 << 17) - 1, 0), (-(1 << 22), 1 << 11, -(1 << 25)), (-1, 1, 0), (0, 0, (1 << 25) - 1)]


@pytest.mark.parametrize("in_bits", [12, 24])
def test_wide_sums(in_bits):
    rng = random.Random(in_bits)
    dut = Requantizer(lanes=2, in_bits=in_bits, column_depth=len(WIDE_ENDS), bias_depth=len(WIDE_ENDS), sum_bits=24)
    entries, beats, want = [WIDE_ENDS, WIDE_ENDS[::-1]], [], {}
    for entry, q2, row in product(range(len(WIDE_ENDS)), (0, 1), (1, 1 << 16, (1 << 17) - 1)):
        low = 1 << (in_bits if not q2 else 24) - 1
        x = [min(max(table[entry][0], -low), low - 1) for table in entries]
        beats.append((q2, 0, 0, entry, x, row, 0, 8))
        want[len(beats) - 1] = Kind.SIGNED, [
            Requantizer.model(value, *table[entry][1:], row, None, kind=Kind.SIGNED, half_up=not q2, bits=8,
                              signed_max=127) for value, table in zip(x, entries, strict=True)]
    drive(dut, rng, entries, beats, want, q1_kind=Kind.SIGNED, q1_half_up=1, q2_kind=Kind.SIGNED, signed_max=127)
