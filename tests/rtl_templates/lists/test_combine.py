# amaranth: UnusedElaboratable=no
"""The combine stage against integer dot products and, cycle by cycle, against its timing file."""

import random

import pytest
from amaranth.sim import Simulator
from weight_tables import loaded_tables

from rtl_templates.cells.formats import Kind
from rtl_templates.lists.combine import Combine, Route
from rtl_templates.lists.combine_timing import QUEUE, CombineTiming, combine_cycles
from rtl_templates.lists.formats import Select, Target
from rtl_templates.lists.signatures import coded_layout

PAUSES = {"full rate": (0, 1.0), "slow input": (9, 1.0), "slow output": (0, 0.02), "both": (4, 0.4)}


def draw_rows(rng, count, *, width, signed, bits):
    """Rows as (codes, bits, context)."""
    rows = []
    for _ in range(count):
        b = rng.choice(bits)
        top = max((1 << max(b - signed, 0)) - 1, 0)
        codes = [rng.choice((top, -top if signed else 0, rng.randint(-top if signed else 0, top)))
                 for _ in range(width)]
        rows.append((codes, b, {"degree": rng.choice((rng.randrange(9), 0xFFFF)), "node": rng.randrange(16000),
                                "entry": rng.randrange(1 << 12)}))
    return rows


def row_address(task, context):
    """What the requantizer looks a row up with."""
    return task["row_base"] + {Select.CONSTANT: 0, Select.DEGREE: min(context["degree"], task["row_limit"]),
                               Select.NODE: context["node"], Select.ENTRY: context["entry"]}[task["row_select"]]


def run(dut, task, tables, rows, *, lanes, seed, gap, rate):
    """Give the rows; (cycles in which chunks came, were taken), (token, cycle valid, cycle taken) of each output."""
    rng = random.Random(seed)
    arrived, taken, out = [], [], []
    ins = []
    for codes, bits, context in rows:
        count = len(codes) // lanes
        ins += [(codes[c * lanes:(c + 1) * lanes], bits, context, c == count - 1) for c in range(count)]
    outputs = len(rows) * task["out_chunks"]
    activity = {"working": 0, "waiting": 0}

    async def bench(ctx):
        for (unit, address), word in tables.items():
            for signal, value in ((dut.load.valid, 1), (dut.load.target, Target.TABLE), (dut.load.unit, unit),
                                  (dut.load.address, address), (dut.load.data, word)):
                ctx.set(signal, value)
            await ctx.tick()
        ctx.set(dut.load.valid, 0)
        for name, value in task.items():
            ctx.set(dut.task[name], value)
        await ctx.tick()
        assert not ctx.get(dut.busy)
        cycle = wait = 0
        shown = False
        since = None
        while len(out) < outputs:
            assert cycle < 200_000
            here = len(taken) < len(ins) and wait == 0
            if here and not shown:
                codes, bits, context, end = ins[len(taken)]
                word = sum((code & 0xFFFF) << 16 * lane for lane, code in enumerate(codes))
                ctx.set(dut.i.payload, {"data": word, "bits": bits, "end": end, "context": context})
                arrived.append(cycle)
            elif not here:
                ctx.set(dut.i.payload.data, rng.getrandbits(16 * lanes))
            shown = here
            wait = max(wait - 1, 0)
            ready = rng.random() < rate
            ctx.set(dut.i.valid, here)
            inside = len(taken) * task["out_chunks"] != len(out) * task["in_chunks"]
            ctx.set(dut.o.ready, ready)
            if here and ctx.get(dut.i.ready):
                taken.append(cycle)
                shown, wait = False, rng.randint(0, gap)
            if ctx.get(dut.o.valid):
                since = cycle if since is None else since
                if ready:
                    out.append((ctx.get(dut.o.payload), since, cycle))
                    since = None
            for name in activity:
                activity[name] += ctx.get(getattr(dut, name))
            assert ctx.get(dut.busy) == inside
            await ctx.tick()
            cycle += 1
        assert not ctx.get(dut.busy)
        assert not ctx.get(dut.o.valid)

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(bench)
    sim.run()
    return arrived, taken, out, activity


def load(weight, *, lanes, task, plan):
    """Load data of a weight matrix [in][out], a page for every pair of chunks."""
    pages = [[[0] * lanes] * lanes] * task["page"]
    for o in range(task["out_chunks"]):
        for c in range(task["in_chunks"]):
            pages.append([row[o * lanes:(o + 1) * lanes] for row in weight[c * lanes:(c + 1) * lanes]])
    return {(unit, address): word for unit, words in loaded_tables(pages, plan) for address, word in enumerate(words)}


@pytest.mark.slow
@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize(("lanes", "chunks", "weight_bits", "ins", "outs", "signed", "bits", "select"), [
    (8, 1, 4, 1, 1, False, (0, 1, 1, 2), Select.CONSTANT), (8, 4, 4, 3, 2, False, range(9), Select.DEGREE),
    (8, 2, 2, 1, 2, True, range(9), Select.NODE), (16, 3, 8, 2, 3, True, (8, 3), Select.ENTRY),
])
def test_rows(lanes, chunks, weight_bits, ins, outs, signed, bits, select, pauses):
    rng = random.Random(f"{lanes}{ins}{outs}{pauses}")
    top = (1 << weight_bits - 1) - 1
    task = {"combine": 1, "q1_kind": Kind.SIGNED if signed else Kind.UNSIGNED, "page": rng.randrange(3),
            "in_chunks": ins, "out_chunks": outs, "column": rng.randrange(1000), "bias": rng.randrange(1000),
            "mid": rng.randrange(4), "row_select": select, "row_base": rng.randrange(100), "row_limit": 7}
    weight = [[rng.choice((-top, top, rng.randint(-top, top))) for _ in range(outs * lanes)]
              for _ in range(ins * lanes)]
    rows = draw_rows(rng, 60 if ins * outs == 1 else 12, width=ins * lanes, signed=signed, bits=bits)
    dut = Combine(lanes=lanes, chunks=chunks, weight_bits=weight_bits, pages=ins * outs + 2)
    gap, rate = PAUSES[pauses]
    arrived, taken, out, activity = run(dut, task, load(weight, lanes=lanes, task=task, plan=dut.mac.plan),
                                        rows, lanes=lanes, seed=1, gap=gap, rate=rate)

    clock, chunk, token = CombineTiming(lanes), 0, 0
    for codes, width, context in rows:
        for c in range(ins):
            assert clock.collect(arrived[chunk], end=c == ins - 1) == taken[chunk]
            chunk += 1
        sums = Combine.model(codes, weight)
        for o in range(outs):
            have, valid, gone = out[token]
            assert valid == max(clock.produce(combine_cycles(ins, width), end=o == outs - 1),
                                out[token - 1][2] + 1 if token else 0)
            clock.taken(gone)
            assert have.x == sum((value & 0xFFFFFF) << 24 * lane
                                 for lane, value in enumerate(sums[o * lanes:(o + 1) * lanes]))
            assert (have.column, have.bias, have.mid) == (task["column"] + o, task["bias"] + o, task["mid"])
            assert (have.first, have.last, have.join_max, have.end) == (1, 1, 0, o == outs - 1)
            assert have.row == row_address(task, context)
            assert {name: have.context[name] for name in context} == context
            token += 1
    assert activity == {"working": clock.run, "waiting": clock.waited}
    assert clock.run == sum(ins * outs * max(width, 1) for _, width, _ in rows)
    assert pauses != "full rate" or not activity["waiting"]
    assert pauses != "slow output" or activity["waiting"]


@pytest.mark.slow
def test_rows_follow_each_other_without_a_gap():
    """Also of one plane each, in the widest array: a chunk a cycle, more of them than the queue has places."""
    lanes, count = 64, 3 * QUEUE
    task = {"combine": 1, "page": 0, "in_chunks": 1, "out_chunks": 1}
    rows = draw_rows(random.Random(1), count, width=lanes, signed=False, bits=(1,))
    arrived, taken, out, _ = run(Combine(lanes=lanes, chunks=1, weight_bits=2, pages=1), task, {}, rows, lanes=lanes,
                                 seed=1, gap=0, rate=1.0)
    assert taken == arrived == list(range(count))
    assert [cycle for _, _, cycle in out] == list(range(out[0][2], out[0][2] + count))


@pytest.mark.parametrize("combine", [0, 1])
def test_route(combine):
    """A pass that combines goes through the stage and Q2, another one past them; nothing goes both ways."""
    rng, dut = random.Random(combine), Route(lanes=8)
    layout = coded_layout(8)

    async def bench(ctx):
        ctx.set(dut.task.combine, combine)
        for _ in range(100):
            tokens = [rng.getrandbits(layout.size) for _ in range(2)]
            valid, ready = [rng.getrandbits(1) for _ in range(2)], [rng.getrandbits(1) for _ in range(2)]
            for k, source in enumerate((dut.i, dut.combined)):
                ctx.set(source.payload.as_value(), tokens[k])
                ctx.set(source.valid, valid[k])
            for k, target in enumerate((dut.to_combine, dut.o)):
                ctx.set(target.ready, ready[k])
            await ctx.delay(1e-9)
            near, far = (dut.to_combine, dut.o) if combine else (dut.o, dut.to_combine)
            assert ctx.get(near.valid) == valid[0]
            assert ctx.get(near.payload.as_value()) == tokens[0]
            assert ctx.get(dut.i.ready) == ready[0 if combine else 1]
            assert ctx.get(far.valid) == (valid[1] if combine else 0)
            assert ctx.get(dut.combined.ready) == (ready[1] if combine else 0)
            if combine:
                assert ctx.get(far.payload.as_value()) == tokens[1]

    sim = Simulator(dut)
    sim.add_testbench(bench)
    sim.run()
