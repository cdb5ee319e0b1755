# amaranth: UnusedElaboratable=no
"""The MAC array against integer dot products: plane counts, pages, widths, back to back."""

import random
from itertools import chain, product

import pytest
from amaranth.sim import Simulator
from weight_tables import loaded_tables

from rtl_templates.banked.formats import Target
from rtl_templates.cells.mac import MacArray
from rtl_templates.cells.mac_plan import mac_plan, mac_tree
from rtl_templates.cells.timing import mac_latency


def test_the_tree_has_a_level_for_every_factor_of_three():
    """Tables of five inputs, of which the last joins at the accumulator."""
    assert [mac_tree(lanes) for lanes in (1, 10, 11, 20, 21, 50, 51, 64, 128)] == [0, 0, 1, 1, 2, 2, 3, 3, 3]
    assert [mac_tree(lanes, 2) for lanes in (1, 5, 6, 10, 16, 32, 64)] == [0, 0, 1, 1, 2, 2, 3]


def test_a_plan_keeps_to_the_levels_of_its_lanes():
    for lanes, pages, signed, words in product((5, 16, 20, 32, 48, 50, 64), (1, 2, 7), (False, True), (32, 16)):
        plan = mac_plan(lanes=lanes, columns=8, weight_bits=4, pages=pages, signed=signed, words=words)
        assert max(root.levels for root in plan.roots) <= mac_tree(lanes)
        assert sum(table.inputs for table in plan.tables) == lanes


@pytest.mark.parametrize(("lanes", "options", "inputs"), [
    (16, {}, [4, 4, 4, 4]), (32, {}, [6, 6, 5, 5, 5, 5]), (64, {}, [5] * 12 + [4]), (16, {"pages": 2}, [4, 4, 4, 4]),
    (16, {"pages": 2, "signed": True}, [5, 4, 4, 3]), (64, {"pages": 2, "signed": True}, [5, *[4] * 14, 3]),
    (32, {"pages": 8, "signed": True, "block": 32}, [6, 6, 5, 5, 5, 5]),
    (32, {"pages": 16, "signed": True, "block": 32}, [5, 5, 5, 5, 4, 4, 4]),
    (32, {"pages": 9, "signed": True, "block": 20}, [3, 3, 3, 3, 6, 5, 5, 4]),
    (32, {"words": 16}, [4] * 8), (64, {"words": 16}, [4] * 16), (32, {"words": 16, "signed": True}, [4] * 5 + [3] * 4),
    (48, {"words": 16}, [5] * 8 + [4] * 2),  # no more tables: the tree would have a level more
])
def test_tables_are_those_that_take_the_fewest_luts(lanes, options, inputs):
    """Of 32 or 16 entries where these are in look-up tables, of 512 in block memories: of 64 where pages are many."""
    plan = mac_plan(lanes=lanes, columns=lanes, weight_bits=4, **options)
    assert [table.inputs for table in plan.tables] == inputs
    assert sum(table.inputs for table in plan.tables if table.block) == options.get("block", 0)


def test_model():
    assert MacArray.model([3, 0, 5], [[1, -2], [7, 7], [-1, 3]]) == [-2, 9]


def test_signed_codes_come_a_plane_a_cycle():
    with pytest.raises(ValueError, match="one plane"):
        MacArray(lanes=6, columns=1, weight_bits=2, planes=2, x_bits=18, target=Target.TABLE, signed=True)


def cycles(dut, codes, first, steps, negative):
    """The cycles of a dot product: (x, page, last, hold, negate)."""
    used = len(codes) // dut.lanes
    for step in reversed(range(steps)):
        for page in range(used):
            part = codes[page * dut.lanes:(page + 1) * dut.lanes]
            x = sum((code >> step * dut.planes + plane & 1) << plane * dut.lanes + lane
                    for lane, code in enumerate(part) for plane in range(dut.planes))
            yield x, first + page, step == 0 and page == used - 1, page > 0, negative and step == steps - 1


def drive(dut, rng, weights, work, want):
    """Load ``weights`` [page][lane][column] and compare what comes of ``work``, idle where it has None."""
    lanes, columns, planes = dut.lanes, dut.columns, dut.planes
    mask = (1 << dut.x_bits) - 1

    async def bench(ctx):
        for unit, words in loaded_tables(weights, dut.plan):
            for address, beat in enumerate(words):
                ctx.set(dut.load.valid, 1)
                ctx.set(dut.load.target, dut.target)
                ctx.set(dut.load.unit, unit)
                ctx.set(dut.load.address, address)
                ctx.set(dut.load.data, beat)
                await ctx.tick()
        ctx.set(dut.load.valid, 0)
        await ctx.tick().repeat(8)
        delay, stands = mac_latency(lanes, planes), None
        for cycle in range(len(work) + delay + 1):
            stands = want.get(cycle - delay, stands)  # until the next one arrives
            if stands is not None:
                have = [ctx.get(dut.result) >> dut.x_bits * k & mask for k in range(columns)]
                assert have == [value & mask for value in stands], cycle
            item = work[cycle] if cycle < len(work) else None
            x, page, last, hold, negate = item or (rng.getrandbits(planes * lanes), 0, 0, 0, rng.getrandbits(1))
            part = rng.getrandbits(planes * lanes)
            ctx.set(dut.x, x & part)
            ctx.set(dut.other, x & ~part)
            ctx.set(dut.page, page)
            ctx.set(dut.last, last)
            ctx.set(dut.hold, hold)
            ctx.set(dut.negate, negate)
            ctx.set(dut.enable, item is not None)
            await ctx.tick()

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(bench)
    sim.run()


#: Inputs by lanes and pages whose tables lie in block memories, of the arrays that have some: all, or a part.
BLOCK = {(6, 3): 6, (7, 9): 7, (16, 9): 10, (64, 3): 40}


@pytest.mark.slow
@pytest.mark.parametrize(("lanes", "columns", "weight_bits", "planes", "pages", "x_bits", "signed"), [
    (16, 8, 4, 1, 1, 18, False), (16, 8, 4, 2, 2, 18, False), (6, 3, 2, 1, 3, 18, False), (7, 1, 4, 2, 9, 18, False),
    (16, 8, 4, 1, 1, 24, True), (7, 3, 2, 1, 2, 18, True),
    (16, 3, 4, 1, 9, 24, True), *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        (20, 2, 8, 2, 1, 18, False), (7, 20, 4, 1, 2, 18, False), (64, 2, 4, 2, 1, 18, False),
        (6, 2, 4, 1, 70, 18, False), (64, 2, 8, 1, 3, 24, True), (64, 2, 8, 1, 4, 24, False)))])
def test_dot_products(lanes, columns, weight_bits, planes, pages, x_bits, signed):
    """Signed or not, each dot product of an array for signed codes says for itself."""
    rng = random.Random(lanes * columns)
    dut = MacArray(lanes=lanes, columns=columns, weight_bits=weight_bits, planes=planes, pages=pages, x_bits=x_bits,
                   signed=signed, target=Target.TABLE + signed, block=BLOCK.get((lanes, pages), 0))
    top = (1 << weight_bits - 1) - 1
    weights = [[[rng.choice((-top, top, rng.randint(-top, top))) for _ in range(columns)] for _ in range(lanes)]
               for _ in range(pages)]
    work, want = [], {}  # (x, page, last, hold, negate) or idle
    for _ in range(40):
        if rng.random() < 0.3:
            work += [None] * rng.randint(1, 3)
        first = rng.randrange(pages)
        used = rng.randint(1, pages - first)
        bits = rng.randint(1, 8 if used * lanes * top * 255 < 1 << x_bits - 1 else 4)
        negative = signed and rng.random() < 0.6
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if negative else (0, (1 << bits) - 1)
        codes = [rng.choice((low, high, rng.randint(low, high))) for _ in range(used * lanes)]
        steps = bits if negative else -(-bits // planes) + rng.randrange(2)
        work += cycles(dut, codes, first, steps, negative)
        want[len(work) - 1] = MacArray.model(codes, list(chain(*weights[first:first + used])))
    drive(dut, rng, weights, work, want)


@pytest.mark.parametrize("lanes", [1, 8, *(pytest.param(lanes, marks=pytest.mark.slow) for lanes in (7, 12, 18, 24, 40,
                                                                                                     64))])
@pytest.mark.parametrize(("weight_bits", "planes", "pages", "signed"), [
    (2, 1, 1, False), (4, 2, 1, False), (8, 1, 2, False), (8, 2, 1, False), (4, 1, 1, True), (8, 1, 2, True),
])
def test_extremes(lanes, weight_bits, planes, pages, signed):
    """All weights at an end and all codes at an end: the sums that adder tree and accumulators are as wide as."""
    dut = MacArray(lanes=lanes, columns=3, weight_bits=weight_bits, planes=planes, pages=pages, x_bits=24,
                   signed=signed, target=Target.TABLE)
    top = (1 << weight_bits - 1) - 1
    weights = [[[top, -top, (top, -top)[lane % 2]] for lane in range(lanes)] for _ in range(pages)]
    work, want = [], {}
    for code, negative in ((255, False), (1, False), (85, False), *(((-128, True), (-1, True)) if signed else ())):
        codes = [code] * (lanes * pages)
        work += [*cycles(dut, codes, 0, 8 // planes, negative), None]
        want[len(work) - 2] = MacArray.model(codes, list(chain(*weights)))
        alone = [0] * (lanes * pages - 1) + [code]  # at the tree's end
        work += cycles(dut, alone, 0, 8 // planes, negative)
        want[len(work) - 1] = MacArray.model(alone, list(chain(*weights)))
    drive(dut, random.Random(lanes), weights, work, want)


def test_top_bits_in_two():
    """Three terms whose sum has a bit more than each: the carry makes it, or the last majority."""
    rng = random.Random(1)
    dut = MacArray(lanes=64, columns=2, weight_bits=4, x_bits=18, target=Target.TABLE)
    assert dut.plan.roots[0].levels == 3
    weights = [[[7, -7] for _ in range(64)]]
    work, want = [], {}
    for codes in ([255] * 64, [0] * 64, *([rng.choice((0, 255)) for _ in range(64)] for _ in range(20))):
        work += cycles(dut, codes, 0, 8, False)
        want[len(work) - 1] = MacArray.model(codes, weights[0])
    drive(dut, rng, weights, work, want)


def test_an_accumulator_is_as_wide_as_a_result_at_most():
    for x_bits in (12, 18, 24):
        dut = MacArray(lanes=64, columns=1, weight_bits=8, pages=4, x_bits=x_bits, target=Target.TABLE)
        assert dut.acc_bits == min(x_bits, 24)
    assert MacArray(lanes=8, columns=1, weight_bits=4, x_bits=18, target=Target.TABLE).acc_bits == 15
