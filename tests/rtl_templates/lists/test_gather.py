# amaranth: UnusedElaboratable=no
"""A unit's operand fetch end to end: tokens and their cycles under random pauses, reads at full rate."""

import pytest
from amaranth import ResetInserter, Signal
from amaranth.sim import Simulator
from integers import signed
from operand_cases import ROWS, Case, drive

from rtl_templates.lists.fetch import Fetch
from rtl_templates.lists.formats import ACC_BITS, BEAT, ENTRY_BITS, NULL_INDEX, PASS, Operand
from rtl_templates.lists.gather import Gather
from rtl_templates.lists.gather_timing import FETCH_FIRST, GATHER, READ_DELAY, SLOTS, GatherTiming
from rtl_templates.lists.operand_fetch import OperandFetch
from rtl_templates.shell.words import pack


def run(case, ready, *, rewrite=True, abort=0):
    """Simulate all passes against model and timing; returns the cycles of buffer reads, and tokens, of each pass.

    ``abort``: the first pass is begun once before, and reset after so many cycles.
    """
    shape, lanes = case.shape, case.shape["lanes"]
    dut, timing = OperandFetch(**shape), GatherTiming()
    results, reset = [], Signal()

    async def bench(ctx):
        ctx.set(dut.index, case.index)
        for target, unit, address, word in case.loads():
            drive(ctx, dut.load, valid=1, target=target, unit=unit, address=address, data=word)
            await ctx.tick()
        ctx.set(dut.load.valid, 0)
        if abort:
            ctx.set(dut.task.as_value(), pack(PASS, **case.passes[0]))
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            for _ in range(abort):
                ctx.set(dut.o.ready, ready(0))
                await ctx.tick()
            assert ctx.get(dut.busy)
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)
            assert not ctx.get(dut.busy)
        now = 0
        for task in case.passes:
            for k in range(40 if rewrite else 0):
                case.words[k], case.entries[k] = case.rng.getrandbits(lanes * shape["code_bits"]), case.rng.getrandbits(
                    ENTRY_BITS)
                drive(ctx, dut.write, enable=1, address=k, data=case.words[k], entry=case.entries[k])
                await ctx.tick()
            ctx.set(dut.write.enable, 0)
            if rewrite:
                await ctx.tick().repeat(2)
            memories = (task, case.beats, case.setup, case.descriptors)
            commands = list(Fetch.model(*memories, units=case.units, index=case.index))
            want = dut.model(*memories, case.lists, case.words, case.entries, index=case.index)
            ctx.set(dut.task.as_value(), pack(PASS, **task))
            ctx.set(dut.start, 1)
            start, tokens, appeared, took, reads, waits = now, 0, [], [], [], 0
            deadline = start + 400 + 30 * sum(max(1, c["count"]) for c in commands)
            while now == start or ctx.get(dut.busy):
                assert now < deadline
                valid, take = ctx.get(dut.o.valid), ready(now)
                ctx.set(dut.o.ready, take)
                if valid and len(appeared) == tokens:
                    appeared.append(now)
                if valid and take:
                    assert read_token(ctx, dut.o.payload, lanes) == want[tokens], tokens
                    took.append(now)
                    tokens += 1
                if ctx.get(dut.working):
                    reads.append(now)
                waits += ctx.get(dut.waiting)
                await ctx.tick()
                ctx.set(dut.start, 0)
                now += 1
            assert tokens == len(want)
            assert now == (took[-1] + 1 if took else start + 1)
            expect = predict(case, timing, start, commands, took)
            assert (appeared, reads, waits) == expect
            results.append((reads, appeared, took))
            now += 42 * rewrite

    simulator = Simulator(ResetInserter(reset)(dut))
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return results


def read_token(ctx, token, lanes):
    names = [name for name, _ in token.shape() if name not in ("x", "context")]
    x = ctx.get(token.x)
    return {name: ctx.get(getattr(token, name)) for name in names} | {
        name: ctx.get(getattr(token.context, name)) for name in ("degree", "node", "entry")} | {
        "x": [signed(x >> ACC_BITS * lane, ACC_BITS) for lane in range(lanes)]}


def predict(case, timing, start, commands, took):
    """When tokens are at the output, when the buffer is read, how many cycles wait for a slot."""
    appeared, reads, left = [], [], list(took)
    run, waited = timing.run, timing.waited
    timing.begin(start)
    for command in commands:
        if command["skip"]:
            timing.skip()
            continue
        places = range(command["place"], command["place"] + command["count"])
        null = [command["list"] and case.lists[k] & NULL_INDEX == NULL_INDEX for k in places]
        appeared.append(timing.arrive(len(null), sum(null)))
        first = timing.free - max(1, len(null)) + READ_DELAY
        reads += [first + k for k, nothing in enumerate(null) if not nothing]
        timing.taken(left.pop(0))
    assert timing.run - run == len(reads)
    return appeared, reads, timing.waited - waited


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "rate", "shape"), [
    (1, 1.0, {}), pytest.param(2, 0.1, {"units": 1, "code_bits": 8}, marks=pytest.mark.slow),
    pytest.param(3, 0.5, {"units": 4, "lanes": 24, "code_bits": 8}, marks=pytest.mark.slow),
    (4, 0.3, {"lanes": 16, "acc_bits": 7, "longest": 40}),
    pytest.param(5, 0.03, {"longest": 2}, marks=pytest.mark.slow),
])
def test_tokens_and_cycles(seed, rate, shape):
    case = Case(seed, **shape)
    for graphs, start, count in ((0, 0, 9), (1, 9, 5), (0, 14, 1), (0, 3, 12)):
        case.add(graphs=graphs, beat_start=start, beat_count=count)
    results = run(case, lambda now: case.rng.random() < rate)
    assert sum(len(tokens) for _, tokens, _ in results) > 80


@pytest.mark.parametrize("operand", [Operand.SELF, Operand.LIST])
def test_a_buffer_read_every_cycle(operand):
    case = Case(7, longest=4)
    for k in range(ROWS):  # lists of one to three rows, none empty
        case.descriptors[k] |= {"count": 1 + k % 3, "start": 8 + 3 * k}
    case.lists = [5] * 64
    case.beats[:8] = [dict.fromkeys(BEAT, 0) | {"operand": operand, "stride": 1} for _ in range(8)]
    case.add(beat_start=0, beat_count=8)
    reads, appeared, took = run(case, lambda now: True)[0]
    assert len(reads) == (8 * ROWS if operand == Operand.SELF else 8 * 12)
    assert reads == list(range(reads[0], reads[0] + len(reads)))
    assert appeared == took
    assert took[0] == FETCH_FIRST + 1 + GATHER


def test_a_full_queue_waits_and_loses_nothing():
    case = Case(8, longest=3)
    case.add(beat_start=0, beat_count=12)
    _, appeared, took = run(case, lambda now: now > 300 and now % 3 == 0)[0]
    assert took[0] > 300
    assert appeared[0] < 60
    assert len(took) > SLOTS


@pytest.mark.parametrize("cycles", [13, 40, *(pytest.param(cycles, marks=pytest.mark.slow)
                                              for cycles in (9, 11, 15, 17, 19, 21, 60))])
def test_a_reset_forgets_a_pass(cycles):
    case = Case(cycles)
    case.add(beat_start=0, beat_count=20)
    assert run(case, lambda now: case.rng.random() < 0.5, rewrite=False, abort=cycles)[0][0]


def test_passes_one_after_another():
    case = Case(10)
    for k in range(4):
        case.add(beat_start=k, beat_count=6)
    assert all(reads for reads, _, _ in run(case, lambda now: case.rng.random() < 0.8, rewrite=False))


def test_a_row_whose_number_is_that_of_no_row_and_entries_that_end_with_their_pass():
    """Only lists name NULL_INDEX for nothing: a row of that number is read. A pass begins without an entry."""
    dut = Gather(lanes=2, code_bits=4, acc_bits=8, buffer_depth=16, list_depth=4)

    async def token(ctx, **command):
        for name in ("reads", "short", "one", "place", "count", "stride", "entry"):
            ctx.set(getattr(dut.i.payload, name), command.get(name, 0))
        ctx.set(dut.i.payload.meta.by_entry, 1)
        ctx.set(dut.i.valid, 1)
        await ctx.tick().until(dut.i.ready)
        ctx.set(dut.i.valid, 0)
        await ctx.tick().repeat(GATHER + 2)
        assert ctx.get(dut.o.valid)
        payload = ctx.get(dut.o.payload)
        ctx.set(dut.o.ready, 1)
        await ctx.tick()
        ctx.set(dut.o.ready, 0)
        lanes = [signed(payload.x >> lane * ACC_BITS, ACC_BITS) for lane in range(2)]
        return lanes, payload.row, payload.context.entry

    async def bench(ctx):
        ctx.set(dut.data, 0x21)
        ctx.set(dut.entry, 9)
        own = {"reads": 1, "short": 1, "place": NULL_INDEX, "count": 1, "stride": 1, "entry": 1}
        assert await token(ctx, **own) == ([1, 2], 9, 9)
        assert await token(ctx, one=1, short=1) == ([1, 1], 9, 9), "the last row's entry stays within its pass"
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        assert await token(ctx, one=1, short=1) == ([1, 1], 0, 0)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_a_unit_without_rows():
    case = Case(9)
    case.setup["graphs"] = 0
    case.add(graphs=1, beat_start=0, beat_count=4)
    case.add(graphs=0, beat_start=0, beat_count=4)
    results = run(case, lambda now: True)
    assert results[0] == ([], [], [])
    assert results[1][1]


@pytest.mark.parametrize("acc_bits", [4, 25])
def test_refuses_widths(acc_bits):
    with pytest.raises(ValueError, match="sums have 5 to 24 bits"):
        Gather(lanes=8, code_bits=4, acc_bits=acc_bits, buffer_depth=16, list_depth=4)
