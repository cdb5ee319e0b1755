# amaranth: UnusedElaboratable=no
"""The requantizer of a unit: values and cycles under random pauses, and its model."""

import random
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pytest
from integers import signed
from shared_simulator import Together, simulator_of

from hwgen.targets.lists import arithmetic
from rtl_templates.cells.formats import Kind
from rtl_templates.lists.formats import BIAS_HALF, MID_SHIFTS, PARAM, Q_SHIFT, SLOPE_ONE, V_SHIFT, Select, Target
from rtl_templates.lists.requantize import Beat, Requantizer
from rtl_templates.lists.requantize_timing import RequantizeTiming
from rtl_templates.shell.words import pack

SHAPE = {"lanes": 8, "requant_lanes": 4, "chunks": 2, "column_depth": 8, "param_depth": 64, "levels": 3, "tables": 2,
         "leaky": 0, "joined": 1, "maxima": 1, "number": 0}
SELF = 1 << 16  # C, and R: with a shift of 12, V is x
V_MAX = (1 << 23) - 1


@dataclass
class Row:
    """One row as the stage in front sends it; ``tokens``: column entry, bias entry and row address of each beat."""

    beats: list[Beat] = field(default_factory=list)
    tokens: list[tuple[int, int, int]] = field(default_factory=list)
    degree: int = 0
    node: int = 0
    entry: int = 0


class Case:
    """Random tables and rows for one pass. Values V reach 24 bits; many are ties or close to the limits of a code."""

    def __init__(self, seed, *, rows=12, beats=3, kind=Kind.SIGNED, select=Select.NEAREST, join_max=False,
                 negative=True, **shape):
        rng = self.rng = random.Random(seed)
        self.shape = SHAPE | shape
        lanes, depth = self.shape["lanes"], self.shape["column_depth"]
        self.kind, self.select, self.join_max = kind, select, join_max
        self.columns = [[rng.choice((1 << 16, rng.randint(-1 << 17, (1 << 17) - 1))) for _ in range(lanes)]
                        for _ in range(depth)]
        self.biases = [[0 if join_max else rng.choice((0, rng.randint(-1 << 12, 1 << 12))) for _ in range(lanes)]
                       for _ in range(depth)]
        self.params = [(rng.choice((1 << 16, 1 << 14, rng.randrange(1 << 17), 0)), rng.randrange(9))
                       for _ in range(self.shape["param_depth"])]
        count = (1 << self.shape["levels"]) - 1
        self.thresholds = [sorted(rng.randrange(1 << rng.choice((4, 12, 23))) for _ in range(count))
                           for _ in range(self.shape["tables"])]
        slopes = [0, SLOPE_ONE] + ([1, 41, 1 << 11] if self.shape["leaky"] else [])
        self.word = {"slope": rng.choice(slopes), "kind": kind, "select": select, "base": 8, "limit": 9,
                     "table": rng.randrange(self.shape["tables"])}
        self.rows = [self.row(beats if self.shape["joined"] else 1) for _ in range(rows)]

    def row(self, most):
        rng, row = self.rng, Row()
        row.degree, row.node, row.entry = rng.randrange(16), rng.randrange(16), rng.randrange(16)
        largest = 1 << rng.choice((2, 8, 14, 19))
        for _ in range(rng.randint(1, self.shape["chunks"])):
            beats, bias = rng.randint(1, most), rng.randrange(self.shape["column_depth"])
            for k in range(beats):
                column, address = rng.randrange(self.shape["column_depth"]), rng.randrange(len(self.params))
                x = [rng.choice((0, rng.randint(-largest, largest), rng.randint(-9, 9)))
                     for _ in range(self.shape["lanes"])]
                row.beats.append(Beat(x, self.columns[column], self.biases[bias], rng.choice((1, 3, 3, 2)),
                                      self.params[address][0], k == 0, k == beats - 1, self.join_max))
                row.tokens.append((column, bias, address))
        return row if self.fits(row) else self.row(most)

    def fits(self, row):
        """Inside what the lowering proves: mid of 27 bits, V of 24."""
        totals = np.zeros(self.shape["lanes"], dtype=object)
        for beat in row.beats:
            mid = [x * c >> MID_SHIFTS[beat.mid] for x, c in zip(beat.x, beat.column, strict=True)]
            if max(map(abs, mid)) >= 1 << 26:
                return False
            totals = totals * (not beat.first) + np.array([v * beat.multiplier for v in mid], dtype=object)
            totals = totals + np.array([b << 16 for b in beat.bias], dtype=object) * beat.first
            if max(map(abs, totals)) >= V_MAX << V_SHIFT:
                return False
            if beat.join_max and max(abs(v) * beat.multiplier for v in mid) >= V_MAX << V_SHIFT:
                return False
        return True

    def want(self, row):
        return Requantizer.model(
            row.beats, self.params, self.thresholds[self.word["table"]], degree=row.degree, node=row.node,
            entry=row.entry, **{name: self.word[name] for name in ("slope", "kind", "select", "base", "limit")})

    def loads(self):
        """(target, unit, address, data) of every table, and of the other requantizer's, which must not matter."""
        number, lanes = self.shape["number"], self.shape["lanes"]
        rounding = [[bias + BIAS_HALF for bias in entry] for entry in self.biases]
        for target, bits, table in ((Target.COLUMN, 18, self.columns), (Target.BIAS, 27, rounding)):
            for entry, values in enumerate(table):
                for word in range(lanes // 4):
                    data = sum((v % (1 << bits)) << k * bits for k, v in enumerate(values[4 * word:4 * word + 4]))
                    yield target, 16 * number + word, entry, data
                    yield target, 16 * (1 - number) + word, entry, ~data % (1 << 128)
        for entry, (multiplier, bits) in enumerate(self.params):
            yield Target.PARAM, number, entry, pack(PARAM, multiplier=multiplier, bits=bits)
            yield Target.PARAM, 1 - number, entry, 12345
        levels = self.shape["levels"]
        for table, thresholds in enumerate(self.thresholds):
            for level in range(levels):
                for prefix in range(1 << level):
                    value = thresholds[(prefix << levels - level) + (1 << levels - level - 1) - 1]
                    yield Target.THRESHOLD, 16 * number + level, table << level | prefix, value
                    yield Target.THRESHOLD, 16 * (1 - number) + level, table << level | prefix, 77


def simulate(case, *, give=1.0, take=1.0, earlier=()):
    """Run all rows; returns rows of (chunks, bits, entry, degree, node) and the cycles of everything.

    ``earlier`` rows run before in a pass of their own, which looks nothing up.
    """
    simulator, rng = simulator_of(Requantizer, **case.shape), random.Random(f"{give}{take}")
    dut = simulator.dut
    lanes, prefix = case.shape["lanes"], ("q1_", "q2_")[case.shape["number"]]
    flat = [(row, k) for row in case.rows for k in range(len(row.beats))]
    cycles = {"arrival": [], "ready": [], "valid": [], "taken": [], "working": 0, "waiting": 0, "busy": []}
    rows, total = [], sum(beat.last for row in case.rows for beat in row.beats)

    def token(row, k):
        beat, (column, bias, address) = row.beats[k], row.tokens[k]
        return {"x": sum((v % (1 << 24)) << 24 * lane for lane, v in enumerate(beat.x)), "column": column,
                "bias": bias, "mid": beat.mid, "join_max": beat.join_max, "first": beat.first, "last": beat.last,
                "end": k == len(row.beats) - 1, "row": address,
                "context": {"degree": row.degree, "node": row.node, "entry": row.entry}}

    async def bench(ctx):
        for name, value in case.word.items():
            ctx.set(dut.task[prefix + name], value)
        ctx.set(dut.load.valid, 1)
        load = Together(dut.load.target, dut.load.unit, dut.load.address, dut.load.data)
        for values in case.loads():
            load.set(ctx, *values)
            await ctx.tick()
        ctx.set(dut.load.valid, 0)
        await ctx.tick()
        ctx.set(dut.task[prefix + "select"], Select.CONSTANT)
        ctx.set(dut.o.ready, 1)
        for row in earlier:
            for k in range(len(row.beats)):
                ctx.set(dut.i.payload, token(row, k))
                ctx.set(dut.i.valid, 1)
                await ctx.tick().until(dut.i.ready)
        ctx.set(dut.i.valid, 0)
        while ctx.get(dut.busy):
            await ctx.tick()
        ctx.set(dut.task[prefix + "select"], case.word["select"])
        sent, shown, waits, chunks = 0, False, True, []
        wires = Together(dut.i.valid, dut.o.ready)
        for cycle in range(400 * len(flat) + 2000):
            if sent < len(flat) and not shown and rng.random() < give:
                shown = True
                cycles["arrival"].append(cycle)
                ctx.set(dut.i.payload, token(*flat[sent]))
            take_now = rng.random() < take
            wires.set(ctx, shown, take_now)
            valid, ready = ctx.get(dut.o.valid), ctx.get(dut.i.ready)
            cycles["working"] += ctx.get(dut.working)
            cycles["waiting"] += ctx.get(dut.waiting)
            cycles["busy"].append(ctx.get(dut.busy))
            if valid and waits:
                cycles["valid"].append(cycle)
                waits = False
            if valid and take_now:
                cycles["taken"].append(cycle)
                payload, waits = ctx.get(dut.o.payload), True
                chunks.append([signed(payload.data >> 16 * lane & 0xFFFF, 16) for lane in range(lanes)])
                if payload.end:
                    rows.append((chunks, payload.bits, payload.context.entry, payload.context.degree,
                                 payload.context.node))
                    chunks = []
                if len(cycles["taken"]) == total:
                    await ctx.tick()
                    cycles["busy"].append(ctx.get(dut.busy))
                    return
            if shown and ready:
                cycles["ready"].append(cycle)
                sent, shown = sent + 1, False
            await ctx.tick()
            if not shown:  # what lies at the input without valid must not matter
                ctx.set(dut.i.payload, token(*flat[cycle % len(flat)]))

    simulator.run(bench)
    return rows, cycles


def predict(case, cycles):
    """What the recurrences say, given the arrivals and the consumer's cycles."""
    names = ("lanes", "requant_lanes", "chunks", "levels", "leaky")
    timing = RequantizeTiming(**{name: case.shape[name] for name in names}, nearest=case.select == Select.NEAREST)
    arrival, taken = iter(cycles["arrival"]), iter(cycles["taken"])
    steps = case.shape["lanes"] // case.shape["requant_lanes"]
    ready, valid = [], []
    for row in case.rows:
        for k, beat in enumerate(row.beats):
            begin = timing.beat(next(arrival), last=beat.last, end=k == len(row.beats) - 1)
            ready.append(begin + steps - 1)
        for _ in range(sum(beat.last for beat in row.beats)):
            valid.append(timing.chunk())
            timing.take(next(taken))
    return ready, valid, timing


def check(case, **pauses):
    rows, cycles = simulate(case, **pauses)
    want = [(*case.want(row), row.degree, row.node) for row in case.rows]
    for have, wanted in zip(rows, want, strict=True):
        assert have == wanted
    ready, valid, timing = predict(case, cycles)
    assert cycles["ready"] == ready
    assert cycles["valid"] == valid
    assert (cycles["working"], cycles["waiting"]) == (timing.run, timing.waited)
    first = cycles["arrival"][0]
    assert not any(cycles["busy"][:first])
    assert all(cycles["busy"][ready[0]:-1]) or pauses.get("give", 1) < 1
    assert not cycles["busy"][-1]
    return rows, cycles


PAUSES = [{}, {"give": 0.15}, {"take": 0.04}, {"give": 0.3, "take": 0.2}]


@pytest.mark.slow
@pytest.mark.parametrize("pauses", range(len(PAUSES)))
@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("select", list(Select))
def test_rows(kind, select, pauses):
    case = Case(f"{kind}{select}{pauses}", kind=kind, select=select, number=pauses % 2, leaky=pauses == 3,
                join_max=(joined := (kind + select + pauses) % 3 == 0), maxima=joined or pauses % 2)
    check(case, **PAUSES[pauses])


@pytest.mark.slow
@pytest.mark.parametrize(("lanes", "requant_lanes", "chunks", "levels", "leaky", "column_depth"), [
    (8, 8, 1, 0, 0, 8), (8, 1, 3, 2, 1, 3), (8, 2, 4, 4, 0, 8), (24, 3, 2, 1, 0, 5), (24, 6, 1, 3, 0, 4),
    (16, 16, 2, 5, 1, 8), (24, 8, 3, 3, 0, 16), (64, 32, 2, 2, 0, 8), (16, 8, 1, 6, 0, 8), (40, 20, 2, 1, 1, 2),
])
def test_shapes(lanes, requant_lanes, chunks, levels, leaky, column_depth):
    for k, pauses in enumerate(({"take": 0.3}, {"give": 0.5, "take": 0.1}, {"give": 0.5})):
        case = Case(f"{lanes}{requant_lanes}{levels}{k}", rows=10 if k else 5, lanes=lanes, requant_lanes=requant_lanes,
                    chunks=chunks, levels=levels, leaky=leaky, column_depth=column_depth, join_max=k == 1,
                    joined=int(k > 0), select=Select.NEAREST, kind=Kind(k))
        check(case, **pauses)


@pytest.mark.slow
def test_a_slow_reader_fills_every_buffer_and_nothing_is_lost():
    case = Case("slow", rows=50, beats=1, levels=0, select=Select.CONSTANT)
    _, cycles = check(case, take=0.05)
    assert cycles["waiting"] > 100


@pytest.mark.slow
def test_no_search_outlives_its_pass():
    """Codes of a constant entry are out before a search would be; the next pass must not take its end for its own."""
    case = Case("outlives", rows=3, levels=8, requant_lanes=8, tables=1, param_depth=300)
    check(case, earlier=[case.row(1) for _ in range(3)])


@pytest.mark.slow
@pytest.mark.parametrize(("beats", "chunks", "levels"), [(1, 1, 3), (2, 2, 3), (3, 2, 6), (1, 2, 0)])
def test_full_rate(beats, chunks, levels):
    """Beats without a pause, and chunks too where each has one beat."""
    case = Case(beats, rows=0, levels=levels, chunks=chunks, select=Select.NEAREST)
    while len(case.rows) < 40:
        row = case.row(beats)
        if len(row.beats) == beats * chunks:
            case.rows.append(row)
    _, cycles = check(case)
    assert set(np.diff(cycles["ready"])) == {2}
    if beats == chunks == 1:
        assert set(np.diff(cycles["taken"])) == {2}


def test_model_is_the_numeric_contract():
    """The same integers as the oracle: rounding, activation, widths, limits."""
    widths, codes = set(), set()
    for seed, kind in enumerate([Kind.UNSIGNED, Kind.SIGNED] * 20):
        case = Case(seed, kind=kind, select=Select.CONSTANT, rows=10, leaky=1)
        case.word["base"] = seed
        multiplier, bits = case.params[seed]
        for row in case.rows:
            have, width, entry = case.want(row)
            totals, k = np.zeros(8, np.int64), 0
            for beat in row.beats:
                mid = np.array(beat.x) * np.array(beat.column) >> MID_SHIFTS[beat.mid]
                totals = mid * beat.multiplier + (np.array(beat.bias) << 16 if beat.first else totals)
                if beat.last:
                    value = arithmetic.activate(arithmetic.round_value(totals), case.word["slope"])
                    want = arithmetic.encode(value[None], np.array([multiplier]), np.array([bits]),
                                          signed=kind == Kind.SIGNED)[0]
                    assert have[k] == want.tolist()
                    codes |= set(have[k])
                    k += 1
            assert (width, entry) == (bits, 0)
            widths.add(width)
    assert widths == set(range(9))
    assert {-127, 255} & codes


def plain(case, values, address):
    """Rows of one beat whose V are ``values``, with the row parameters of ``address``."""
    case.columns[0], case.biases[0], case.params[0] = [SELF] * 8, [0] * 8, (SELF, 0)
    case.rows = []
    for k in range(0, len(values), 8):
        x = (values[k:k + 8] + [0] * 8)[:8]
        case.rows.append(Row([Beat(x, case.columns[0], case.biases[0], MID_SHIFTS.index(12), SELF, True, True)],
                             [(0, 0, 0)], degree=address))


@pytest.mark.parametrize("bits", [0, 8, *(pytest.param(bits, marks=pytest.mark.slow) for bits in range(1, 8))])
@pytest.mark.parametrize("kind", [Kind.UNSIGNED, Kind.SIGNED])
def test_every_code(kind, bits):
    """Every V around every limit of a code: exact, on both sides of each tie, and far beyond."""
    case = Case(bits, kind=kind, select=Select.DEGREE)
    case.word |= {"slope": SLOPE_ONE, "base": 0, "limit": 1 << 13}
    values = [*range(-300, 301), 1 - (1 << 22), (1 << 22) - 1, -600, 600, 4097, -4097, 1 << 16, -1 << 16]
    case.params[5] = (1 << Q_SHIFT - 7, bits)  # V / 128: ties at odd multiples of 64
    spread = [64 * v + d for v in range(-2 * 131, 2 * 131 + 1, 3) for d in (-1, 0, 1)] if bits in (0, 1, 7, 8) else []
    edge = [side * (((1 << width) - 1) * 128 + 64) + d for width in (bits, bits - 1) if width >= 0
            for side in (-1, 1) for d in (-1, 0, 1)]  # where rounding leaves the range
    plain(case, [v * 8 for v in values[:601:7]] + values[601:] + spread + edge, 5)
    rows, _ = check(case)
    top = max(0, (1 << max(0, bits - (kind == Kind.SIGNED))) - 1)
    seen = {code for row in rows for chunk in row[0] for code in chunk}
    assert {top, -top if kind == Kind.SIGNED else 0} <= seen


#: Accumulators and columns, with a shift of 12, whose value between the multipliers lies at an end of its 27 bits.
ENDS = [((1 << 23) - 1, 1 << 15), (-(1 << 23), 1 << 15), (1 << 21, (1 << 17) - 1), (1 << 21, -(1 << 17)),
        (-(1 << 21), (1 << 17) - 1), ((1 << 23) - 1, -(1 << 15)), (0, -(1 << 17)), (-1, 1)]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("join_max", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("leaky", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_extremes(kind, join_max, leaky):
    """The largest and smallest values of every port at once: what the widths of all products and sums are made for."""
    case = Case("extremes", kind=kind, select=Select.DEGREE, levels=0, leaky=leaky, requant_lanes=8, join_max=join_max,
                maxima=int(join_max))
    case.word |= {"slope": 41 if leaky else SLOPE_ONE, "base": 0, "limit": 1 << 13}
    top, most = (1 << 17) - 1, (1 << 26) - 1
    case.params[:6] = [(top, 8), (top, 1), (1, 8), (0, 8), (1 << 16, 7), (0, 0)]
    turned = [min(-column, top) + (column == 1 << 15) for _, column in ENDS]
    case.columns = [[column for _, column in ENDS], turned, [0] * 8]
    ends = [value for value, _ in ENDS]
    case.biases = [[0] * 8, [0 if join_max else (-1) ** lane * (most - BIAS_HALF) for lane in range(8)]]
    case.rows = []
    for degree, (first, second, bias) in product(range(6), [
            ((0, 0), None, 0), ((0, 1), None, 0), ((0, 0), (1, 1), 0), ((1, 0), (0, 2), 0), ((2, 0), (0, 1), 0),
            ((2, 3), None, 1), ((0, 5), (1, 5), 1), ((2, 3), (0, 4), 0)]):
        beats = [beat for beat in (first, second) if beat is not None]
        row = Row(degree=degree)
        for k, (column, address) in enumerate(beats):
            row.beats.append(Beat(ends, case.columns[column], case.biases[bias], MID_SHIFTS.index(12),
                                  case.params[address][0], k == 0, k == len(beats) - 1, join_max))
            row.tokens.append((column, bias, address))
        case.rows.append(row)
    check(case)


@pytest.mark.slow
@pytest.mark.parametrize("slope", [0, SLOPE_ONE])
def test_raw_results_are_the_low_bits(slope):
    case = Case(slope, kind=Kind.RAW, select=Select.CONSTANT)
    case.word["slope"] = slope
    plain(case, [-(1 << 15), (1 << 15) - 1, -1, 0, 1, 1 << 15, -(1 << 15) - 1, 70000], 0)
    rows, _ = check(case)
    low = -(1 << 15)
    assert rows[0][0][0] == ([low, 32767, -1, 0, 1, low, 32767, 4464] if slope else [0, 32767, 0, 0, 1, low, 0, 4464])
    assert rows[0][1] == 0


def test_constructor_refuses_what_does_not_divide():
    with pytest.raises(ValueError, match="do not divide"):
        Requantizer(**SHAPE | {"requant_lanes": 3})
