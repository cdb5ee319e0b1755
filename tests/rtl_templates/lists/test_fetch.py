# amaranth: UnusedElaboratable=no
"""The fetch stage: every command of a pass, in order, and in which cycle."""

import random

import pytest
from amaranth.sim import Simulator
from operand_cases import drive

from rtl_templates.lists.fetch import Fetch, meta_layout
from rtl_templates.lists.formats import BEAT, DESCRIPTOR, PASS, SETUP, Operand, Select, Set, Target
from rtl_templates.lists.gather_timing import FETCH_FIRST
from rtl_templates.shell.words import pack

SHAPE = {"list_depth": 20000, "descriptor_depth": 64, "beats": 32}


def draw_beat(rng):
    """A beat of random fields; a descriptor is read for its degree by LIST and SKIP only."""
    beat = {name: rng.getrandbits(bits) for name, bits in BEAT.items()}
    beat["set"] = rng.randrange(len(Set))
    beat["row_kind"] = rng.choice(list(Select)[:4])
    beat["row_limit"] = rng.choice((0, 3, 9, (1 << 14) - 1))
    if beat["operand"] not in (Operand.LIST, Operand.SKIP):
        beat["degree"] = 0
    return beat


def draw_descriptor(rng):
    return {"start": rng.randrange(160000), "count": rng.choice((0, 1, 2, 5, 300, 65535, 65536, 70000)),
            "node": rng.getrandbits(16)}


def simulate(dut, index, loads, passes, ready):
    """Commands of all passes as (cycle since start in which it appeared, cycle taken, fields)."""
    seen = []

    async def bench(ctx):
        ctx.set(dut.index, index)
        for target, unit, address, word in loads:
            drive(ctx, dut.load, valid=1, target=target, unit=unit, address=address, data=word)
            await ctx.tick()
        ctx.set(dut.load.valid, 0)
        await ctx.tick().repeat(2)
        for task, count in passes:
            got, appeared = [], None
            ctx.set(dut.task.as_value(), pack(PASS, **task))
            ctx.set(dut.start, 1)
            for cycle in range(8 * count + 40):
                take = ready()
                ctx.set(dut.o.ready, take)
                valid = ctx.get(dut.o.valid)
                assert ctx.get(dut.busy) == (count > 0 and cycle > 0 and len(got) < count), cycle
                if valid and appeared is None:
                    appeared = cycle
                if valid and take:
                    payload = dut.o.payload
                    fields = {name: ctx.get(getattr(payload, name)) for name, _ in payload.shape() if name != "meta"}
                    fields |= {name: ctx.get(getattr(payload.meta, name)) for name, _ in meta_layout}
                    got.append((appeared, cycle, fields))
                    appeared = None
                await ctx.tick()
                ctx.set(dut.start, 0)
            seen.append(got)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


@pytest.mark.parametrize(("units", "rate"), [(1, 1.0), (2, 0.3), (4, 0.7)])
def test_commands_and_cycles(units, rate):
    rng = random.Random(units)
    index = units - 1
    dut = Fetch(units=units, **SHAPE)
    beats = [draw_beat(rng) for _ in range(SHAPE["beats"])]
    descriptors = [draw_descriptor(rng) for _ in range(2 * SHAPE["descriptor_depth"])]
    setup = {name: rng.randrange(50) for name in SETUP} | {"nodes": 7, "graphs": 3}
    other = dict.fromkeys(SETUP, 77)
    tasks = [dict.fromkeys(PASS, 0) | {"graphs": k % 2, "beat_start": start, "beat_count": count, "page": 3}
             for k, (start, count) in enumerate([(4, 5), (0, 1), (9, 23), (31, 1)])]
    loads = [(Target.BEAT, 0, k, pack(BEAT, **beat)) for k, beat in enumerate(beats)]
    for k in range(SHAPE["descriptor_depth"]):
        low, high = (pack(DESCRIPTOR, **descriptors[2 * k + half]) for half in (0, 1))
        loads += [(Target.DESCRIPTOR, index, k, low | high << 64), (Target.DESCRIPTOR, index ^ 1, k, 1 << 70)]
    loads += [(Target.SETUP, index, 0, pack(SETUP, **setup)), (Target.SETUP, index ^ 1, 0, pack(SETUP, **other))]
    want = [list(Fetch.model(task, beats, setup, descriptors, units=units, index=index)) for task in tasks]
    seen = simulate(dut, index, loads, [(task, len(items)) for task, items in zip(tasks, want, strict=True)],
                    lambda: rng.random() < rate)
    for got, items in zip(seen, want, strict=True):
        for (_, _, fields), item in zip(got, items, strict=True):
            assert {**fields, "place": 0} == {**item, "place": 0}
            if item["list"] or item["reads"]:
                assert fields["place"] == item["place"]
        free = FETCH_FIRST
        for appeared, taken, _ in got:
            assert appeared == free
            free = taken + 1
    assert sum(map(len, want)) > 100


def test_a_unit_without_rows_does_nothing():
    dut = Fetch(units=2, **SHAPE)
    loads = [(Target.BEAT, 0, 0, pack(BEAT)), (Target.SETUP, 1, 0, pack(SETUP, graphs=3))]
    assert simulate(dut, 1, loads, [(dict.fromkeys(PASS, 0) | {"beat_count": 1}, 0)], lambda: True) == [[]]
