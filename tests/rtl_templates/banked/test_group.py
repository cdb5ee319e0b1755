# amaranth: UnusedElaboratable=no
"""A group: exact sums, cycle-exact flow, loading, banks written while a pass reads the other half."""

import random

import pytest
from amaranth.sim import Simulator

from rtl_templates.banked.formats import HOLD_DEPTH, TASK, Target
from rtl_templates.banked.group import Group
from rtl_templates.banked.group_timing import GROUP_FIRST_HOLD, GROUP_ISSUE, GROUP_SCHEDULE, GroupTiming
from rtl_templates.cells.timing import BANK_WRITE
from rtl_templates.shell.words import pack

LANES, DEPTH, SLOTS, INDEX = 2, 8, 20, 2


def build(code_bits, digit, acc_bits=10, zero_points=False, depth=HOLD_DEPTH):
    return Group(lanes=LANES, code_bits=code_bits, digit=digit, acc_bits=acc_bits, bank_depth=DEPTH,
                 slots=SLOTS, hold_depth=depth, zero_points=zero_points)


class Bench:
    """Drives a group through loads and passes; in every cycle compares its flow with the timing model.

    The first half of the schedule reads rows of both halves, the second half only of the half that a pass reads.
    """

    def __init__(self, dut, seed):
        self.dut, self.rng = dut, random.Random(seed)
        self.timing = GroupTiming(dut.digits, dut.hold_depth)
        self.banks = [[self.rng.getrandbits(dut.word_bits) for _ in range(DEPTH * dut.digits)] for _ in range(16)]
        top = sum(1 << c * dut.column_bits + dut.row_bits - 1 for c in range(16))
        words = [self.rng.getrandbits(16 * dut.column_bits) for _ in range(SLOTS)]
        self.schedule = [word if n < SLOTS // 2 else word & ~top for n, word in enumerate(words)]
        self.sums: list[list] = [[] for _ in range(16)]
        self.expected: list[list] = [[] for _ in range(16)]
        self.reader = 0.5
        self.writing = None  # half that random writes go to
        self.stalls = self.cycle = 0

    def finish(self, start, count):
        """Elements that finish in every slot of a pass, for the timing model."""
        bits, last = self.dut.column_bits, self.dut.row_bits + 6
        return [sum((word >> (c * bits + last) & 1) << c for c in range(16))
                for word in self.schedule[start:start + count]]

    async def tick(self, ctx):
        """One cycle: compare, read some finished sums, write some words."""
        dut, rng, timing = self.dut, self.rng, self.timing
        valid = sum(ctx.get(hold.valid) << p for p, hold in enumerate(dut.hold))
        flow = (valid, ctx.get(dut.stalled), ctx.get(dut.active), ctx.get(dut.issuing))
        assert flow == (timing.valid, timing.stalled, timing.active, timing.issuing), self.cycle
        self.stalls += timing.stalled
        acks = 0
        for p in range(16):
            ack = valid >> p & 1 and rng.random() < self.reader
            ctx.set(dut.ack[p], ack)
            if ack:
                acks |= 1 << p
                data, bits = ctx.get(dut.hold[p].data), dut.acc_bits
                values = [data >> lane * bits & ((1 << bits) - 1) for lane in range(LANES)]
                self.sums[p].append([v - (v >> (bits - 1) << bits) for v in values])
        half = DEPTH * dut.digits // 2
        for port, bank in zip(dut.write, self.banks, strict=True):
            enable = self.writing is not None and rng.random() < 0.3
            address, word = rng.randrange(half) + half * (self.writing or 0), rng.getrandbits(dut.word_bits)
            ctx.set(port.enable, enable)
            ctx.set(port.address, address)
            ctx.set(port.data, word)
            if enable:
                bank[address] = word
        await ctx.tick()
        timing.step(acks)
        self.cycle += 1
        ctx.set(dut.start, 0)

    async def fill(self, ctx):
        """Write all banks; load the schedule in any order, among beats that are for others."""
        dut, rng = self.dut, self.rng
        for address in range(len(self.banks[0])):
            for port, bank in zip(dut.write, self.banks, strict=True):
                ctx.set(port.enable, 1)
                ctx.set(port.address, address)
                ctx.set(port.data, bank[address])
            await ctx.tick()
        chunks = -(-16 * dut.column_bits // 128)
        ctx.set(dut.index, INDEX)
        unit = INDEX * 16
        beats = [(1, Target.SCHEDULE, unit + chunk, slot, word >> 128 * chunk & ((1 << 128) - 1))
                 for chunk in range(chunks) for slot, word in enumerate(self.schedule)]
        rng.shuffle(beats)
        for beat in beats:
            others = [(0, Target.SCHEDULE, unit), (1, Target.BANK, unit), (1, Target.SCHEDULE, unit + 16),
                      (1, Target.SCHEDULE, unit - 16), (1, Target.SCHEDULE, unit + chunks)]
            for values in (beat, (*rng.choice(others), rng.randrange(SLOTS), rng.getrandbits(128))):
                for name, value in zip(("valid", "target", "unit", "address", "data"), values, strict=True):
                    ctx.set(getattr(dut.load, name), int(value))
                await ctx.tick()
        ctx.set(dut.load.valid, 0)
        await ctx.tick()

    async def run(self, ctx, start, count, half, *, dense=0, reader=0.5, write=False, zero=0):
        """Run a pass to the end of activity, starting in the present cycle; returns its cycles.

        With ``write``, words of the half that the pass reads are written up to the cycle after ``start``, then
        words of the other half.
        """
        self.reader, began = reader, self.cycle
        task = pack(TASK, dense=dense, read_half=half, slot_start=start, slot_count=count, dense_pages=zero & 255)
        ctx.set(self.dut.task.as_value(), task)
        ctx.set(self.dut.start, 1)
        self.timing.begin([] if dense else self.finish(start, count))
        self.writing = half if write else None
        for _ in range(GROUP_ISSUE + GROUP_SCHEDULE - BANK_WRITE + 1):
            await self.tick(ctx)
        if not dense:
            for done, more in zip(self.expected, self.dut.model(
                    self.schedule[start:start + count], self.banks, half, zero), strict=True):
                done += more
        self.writing = 1 - half if write else None
        for _ in range(4000):
            if not self.timing.active:
                return self.cycle - began
            await self.tick(ctx)
        pytest.fail("the pass did not end")

    async def drain(self, ctx):
        """Read the sums that still wait, and compare all sums so far."""
        self.writing = None
        for _ in range(200):
            await self.tick(ctx)
        assert self.timing.valid == 0
        assert self.sums == self.expected


def simulate(dut, process):
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()


@pytest.mark.slow
@pytest.mark.parametrize(("code_bits", "digit", "acc_bits", "depth"), [
    (4, 4, 10, 1), (4, 4, 10, 2), (4, 2, 6, 3), (4, 1, 10, 2), (8, 1, 12, 1), (8, 4, 9, 4), (8, 8, 12, 2)])
def test_passes(code_bits, digit, acc_bits, depth):
    dut = build(code_bits, digit, acc_bits, depth=depth)
    bench = Bench(dut, code_bits * 10 + digit)

    async def process(ctx):
        await bench.fill(ctx)
        await bench.run(ctx, 0, SLOTS, 0)
        await bench.run(ctx, 0, SLOTS // 2, 1)
        await bench.drain(ctx)
        # No pause between passes: sums of one wait while the next begins, and writes of the
        # next's rows go on as long as they may.
        for n, reader in enumerate((0.04, 0.9, 0.3, 1, 0.5)):
            await bench.run(ctx, SLOTS // 2 + n, SLOTS // 2 - 2 * n, n & 1, write=True, reader=reader)
        await bench.drain(ctx)

    simulate(dut, process)
    assert bench.stalls > 20
    assert min(map(len, bench.sums)) > 10


@pytest.mark.slow
@pytest.mark.parametrize(("code_bits", "digit", "acc_bits"), [(4, 4, 10), (8, 4, 12)])
def test_zero_points_are_those_of_the_pass(code_bits, digit, acc_bits):
    bench = Bench(build(code_bits, digit, acc_bits, zero_points=True), 8)

    async def process(ctx):
        await bench.fill(ctx)
        for zero in (0, -128, 127, 3):
            await bench.run(ctx, SLOTS // 2, 6, 0, zero=zero)
            await bench.drain(ctx)

    simulate(bench.dut, process)
    assert min(map(len, bench.sums)) > 3


@pytest.mark.slow
def test_nothing_happens_in_dense_and_empty_passes():
    bench = Bench(build(4, 2), 5)

    async def process(ctx):
        await bench.fill(ctx)
        for dense, count in ((1, SLOTS), (0, 0), (1, 0)):
            for _ in range(3):
                await bench.run(ctx, 0, count, 0, dense=dense)
            for _ in range(20):
                await bench.tick(ctx)
        assert bench.sums == [[] for _ in range(16)]
        await bench.run(ctx, 2, 3, 0)
        await bench.drain(ctx)

    simulate(bench.dut, process)


@pytest.mark.parametrize("digit", [1, *(pytest.param(digit, marks=pytest.mark.slow) for digit in (2, 4))])
@pytest.mark.parametrize("depth", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_latency_and_rate(digit, depth):
    """Without waiting readers: the first sum after GROUP_FIRST_HOLD + digits and an empty queue, then one a slot."""
    bench = Bench(build(4, digit, depth=depth), 6)
    dut, digits = bench.dut, 4 // digit
    # Element 3 finishes in slots 0, 2, 4 ... only; nobody else does.
    last = sum(1 << c * dut.column_bits + dut.row_bits + 6 for c in range(16))
    mine = 1 << 3 * dut.column_bits + dut.row_bits + 6
    bench.schedule = [word & ~last | (mine if n % 2 == 0 else 0) for n, word in enumerate(bench.schedule)]
    rises = []

    async def process(ctx):
        await bench.fill(ctx)
        bench.reader = 1.0
        ctx.set(dut.task.as_value(), pack(TASK, slot_start=1, slot_count=9))
        bench.schedule = bench.schedule[1:] + bench.schedule[:1]
        bench.timing.begin(bench.finish(0, 9))
        ctx.set(dut.start, 1)
        for cycle in range(100):
            if ctx.get(dut.hold[3].valid):
                rises.append(cycle)
            await bench.tick(ctx)

    simulate(dut, process)
    assert bench.stalls == 0
    assert rises == [GROUP_FIRST_HOLD + (slot + 1) * digits + depth - 1 for slot in (1, 3, 5, 7)]


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_queue_gives_what_it_has_without_a_gap(depth):
    """A group whose sums nobody reads freezes with ``depth`` of them; they are then read one a cycle."""
    timing = GroupTiming(1, depth)
    timing.begin([1] * (depth + 1))
    for _ in range(60):
        timing.step()
    assert timing.stalled
    for _ in range(depth):
        assert timing.valid
        timing.step(1)


def test_timing_model_refuses_a_second_pass():
    timing = GroupTiming(4, HOLD_DEPTH)
    timing.begin([1])
    timing.step()
    with pytest.raises(ValueError, match="still active"):
        timing.begin([1])


def test_refuses_banks_without_halves():
    with pytest.raises(ValueError, match="no halves"):
        Group(lanes=1, code_bits=4, digit=4, acc_bits=8, bank_depth=12, slots=8)
