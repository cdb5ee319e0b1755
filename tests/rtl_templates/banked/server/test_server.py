# amaranth: UnusedElaboratable=no
"""A server end to end: values, order, writes, results, dense passes, and its timing model, cycle by cycle."""

import random
from itertools import chain, pairwise, product

import pytest
from shared_simulator import Together, simulator_of
from weight_tables import loaded_tables

from rtl_templates.banked.formats import AFFINE, PARAM, TASK, Target, weight_plan
from rtl_templates.banked.server.server import Server
from rtl_templates.banked.server.timing import Entry, ServerTiming, server_q2_delay, server_q2_wait
from rtl_templates.cells.formats import Kind
from rtl_templates.shell.words import pack

BASE = {
    "servers": 16, "ports": 4, "lanes": 16, "code_bits": 4, "digit": 4, "acc_bits": 12, "bank_depth": 64,
    "param_depth": 256, "result_depth": 512, "feature_depth": 64, "requant_lanes": 8, "mac_columns": 8,
    "weight_bits": 4, "planes": 1, "pages": 1, "column_depth": 16, "bias_depth": 32, "sum_bits": 18,
    "zero_points": 0, "lane_sets": 1,
}
ENTRIES, INDEX = 16, 3


class Case:
    """Random tables and passes for one shape of server."""

    def __init__(self, seed, passes, nodes=10, arrival=0.3, even=False, max_bits=8, **shape):
        self.rng = rng = random.Random(seed)
        self.shape = shape = {**BASE, **shape}
        self.arrival, self.even, self.max_bits = arrival, even, max_bits
        self.lanes, self.rq, self.ports = shape["lanes"], shape["requant_lanes"], shape["ports"]
        self.digits = shape["code_bits"] // shape["digit"]
        factor = 1 << (17 if shape["sum_bits"] == 18 else 14)  # times a sum it has 27 bits, once it is shifted
        self.columns = [[rng.randrange(factor) for _ in range(ENTRIES)] for _ in range(self.rq)]
        self.biases = [[rng.randint(-1 << 20, 1 << 20) for _ in range(2 * ENTRIES)] for _ in range(self.rq)]
        low = -(1 << shape["weight_bits"] - 1) + 1
        self.weights = [[[rng.randint(low, -low) for _ in range(shape["mac_columns"])] for _ in range(self.lanes)]
                        for _ in range(shape["pages"])]
        self.order = [[] for _ in range(self.ports)]  # PARAM entries
        self.features, self.passes, self.want = [], [], []
        self.results = 0
        for kwargs in passes:
            self._pass(nodes, **kwargs)

    def _task(self, **fields):
        rng, chunks = self.rng, self.lanes // self.rq
        task = dict.fromkeys(TASK, 0) | {
            "q1_chunks": rng.randint(1, chunks), "q2_chunks": -(-self.shape["mac_columns"] // self.rq),
            "q1_half_up": rng.randint(0, 1), "q2_half_up": rng.randint(0, 1), "signed_max": 7,
        } | fields
        task["q1_column"] = rng.randrange(ENTRIES - task["q1_chunks"])
        task["q2_column"] = rng.randrange(ENTRIES - task["q2_chunks"])
        for stage in ("q1", "q2"):
            task[f"{stage}_bias"] = rng.randrange(2 * ENTRIES - task[f"{stage}_chunks"])
        if task["combine"]:
            least = max(0, task["q1_chunks"] + 1 - server_q2_delay(self.lanes, self.shape["planes"]))
            task["q2_wait"] = fields.get("q2_wait", rng.randint(least, task["q1_chunks"]))
            if self.shape["lane_sets"] > 1:
                task["q2_wait"] = 0
        if task["combine"] or task["dense"]:
            task["page"] = rng.randrange(self.shape["pages"] - max(0, task["dense_pages"] - 1))
        return task

    def _param(self, task, pairs, final, nothing=False, result_words=0):
        rng, shape = self.rng, self.shape
        factors = {name: rng.randrange(1 << rng.randint(10, 17)) for name in ("row_r", "bias_r", "q2_r")}
        pair = int(rng.random() < pairs)
        if not pair:
            factors["bias_r"] = rng.randrange(2 * ENTRIES - task["q1_chunks"])
        entry = {**factors, "bits": rng.randint(0, self.max_bits), "final": int(final), "pair": pair,
                 "row": rng.randrange(shape["bank_depth"]), "bank": rng.randrange(16 // shape["servers"])}
        if nothing:
            entry["bank"] = 15
        if result_words:
            entry |= {"bank": 0, "row": self.results}
            self.results += result_words
        return entry

    def _pass(self, nodes, nothing=False, pairs=0.0, **fields):
        rng, task = self.rng, self._task(**fields)
        out = "q2" if task["combine"] or task["dense"] else "q1"
        task[f"{out}_kind"] = Kind.RAW if task["to_result"] else fields.get(f"{out}_kind", Kind.SIGNED)
        words = task[f"{out}_chunks"] if task["to_result"] else 0
        inputs = [[] for _ in range(self.ports)]
        weight = list(chain(*self.weights[task["page"]:task["page"] + max(1, task["dense_pages"])]))
        for port in range(1 if task["dense"] else self.ports):
            count = nodes if task["dense"] or self.even else rng.randint(0, nodes)
            for k in range(count):
                param = self._param(task, pairs, task["dense"] and k == count - 1, nothing, words)
                limit = 1 << self.shape["acc_bits"] - 1
                x = [rng.choice((-limit, limit - 1, rng.randrange(-limit, limit))) for _ in range(self.lanes)]
                if task["dense"]:
                    x = self._features(task)
                value = Server.model(x, task=task, param=param, columns=self.columns, biases=self.biases, weight=weight,
                                     lanes=self.lanes, code_bits=self.shape["code_bits"])
                inputs[port].append((x, param, value))
                self.order[port].append(param)
        self.passes.append((task, inputs))

    def _features(self, task):
        planes, pages = self.shape["planes"], task["dense_pages"]
        codes = [self.rng.randrange(1 << task["dense_steps"] * planes) for _ in range(pages * self.lanes)]
        for step in reversed(range(task["dense_steps"])):
            for page in range(pages):
                part = codes[page * self.lanes:(page + 1) * self.lanes]
                self.features.append(sum((code >> step * planes + plane & 1) << plane * self.lanes + lane
                                         for lane, code in enumerate(part) for plane in range(planes)))
        return codes

    def loads(self):
        """(target, unit, address, data) of everything but banks."""
        index = INDEX
        first = 5
        for port, entries in enumerate(self.order):
            yield Target.SETUP, index, port, first
            yield Target.SETUP, index ^ 1, port, 77
            for k, entry in enumerate(entries):
                yield Target.PARAM, index, first + k, pack(PARAM, **entry)
                yield Target.PARAM, index ^ 1, first + k, (1 << sum(PARAM.values())) - 1
            first += len(entries)
        for lane, table in enumerate(self.columns):
            for entry, column in enumerate(table):
                yield Target.COLUMN, lane, entry, column
            for entry, bias in enumerate(self.biases[lane]):
                yield Target.BIAS, lane, entry, bias & (1 << 26) - 1
        for unit, words in loaded_tables(self.weights, weight_plan(self.shape)):
            for address, beat in enumerate(words):
                yield Target.TABLE, unit, address, beat
        for address, word in enumerate(self.features):
            yield Target.FEATURE, index, address, word
            yield Target.FEATURE, index ^ 1, address, 0

    def row(self, codes):
        bits = self.shape["code_bits"]
        return sum((code % (1 << bits)) << lane * bits for lane, code in enumerate(codes))


def run(case, busy_limit=40000):
    """Simulate; returns (cycle, port) of the acks, pass by pass."""
    shape, rng = case.shape, random.Random(case.arrival)
    simulator = simulator_of(Server, **shape)
    dut = simulator.dut
    acks, seen = [], {"writes": [], "rows": [], "acts": 0}
    lanes, digits, rq = case.lanes, case.digits, case.rq

    async def bench(ctx):
        ctx.set(dut.index, INDEX)
        load = Together(dut.load.valid, dut.load.target, dut.load.unit, dut.load.address, dut.load.data)
        for values in case.loads():
            load.set(ctx, 1, *values)
            await ctx.tick()
        ctx.set(dut.load.valid, 0)
        await ctx.tick().repeat(3)
        ctx.set(dut.run_start, 1)
        await ctx.tick()
        ctx.set(dut.run_start, 0)
        timing = ServerTiming(ports=case.ports, lanes=lanes, digits=digits, planes=shape["planes"],
                              lane_sets=shape["lane_sets"],
                              entries=[[Entry(entry["bits"], bool(entry["pair"])) for entry in order]
                                       for order in case.order])
        wires = Together(dut.start, *(hold.valid for hold in dut.hold), *(hold.data for hold in dut.hold))
        holds = [0] * case.ports
        for task, inputs in case.passes:
            ctx.set(dut.task.as_value(), pack(TASK, **{name: task[name] for name in TASK}))
            if shape["zero_points"]:
                ctx.set(dut.zero, task.get("zero", 0))
            ctx.set(dut.start, 1)
            timing.begin(task, nodes=len(inputs[0]))
            waiting = [[x for x, _, _ in port] for port in inputs] if not task["dense"] else [[]] * case.ports
            valid, times, quiet = 0, [], 0
            for cycle in range(busy_limit):
                ack = sum(ctx.get(dut.ack[p]) << p for p in range(case.ports))
                have = (ack, ctx.get(dut.busy), ctx.get(dut.working), ctx.get(dut.waiting))
                want = (timing.ack, timing.busy, timing.working, not timing.busy and not valid)
                assert have == want, (cycle, task, have, want)
                assert ack & ~valid == 0
                if ack:
                    times.append((cycle, ack.bit_length() - 1))
                for k, port in enumerate(dut.write):
                    if ctx.get(port.enable):
                        seen["writes"].append((k, ctx.get(port.address), ctx.get(port.data)))
                if ctx.get(dut.row_valid):
                    seen["rows"].append((ctx.get(dut.row_bank), ctx.get(dut.row_address), ctx.get(dut.row_data)))
                seen["acts"] += ctx.get(dut.act_valid)
                timing.step(valid)
                await ctx.tick()
                valid &= ~ack
                for p in range(case.ports):
                    # In the cycle after the ack at the earliest: the register may be loaded while it is read.
                    if waiting[p] and not valid >> p & 1 and cycle > 2 and rng.random() < case.arrival:
                        mask = (1 << shape["acc_bits"]) - 1
                        holds[p] = sum(
                            (value & mask) << lane * shape["acc_bits"] for lane, value in enumerate(waiting[p].pop(0)))
                        valid |= 1 << p
                    if not valid >> p & 1:
                        holds[p] = rng.getrandbits(lanes * shape["acc_bits"])
                wires.set(ctx, 0, *(valid >> p & 1 for p in range(case.ports)), *holds)
                quiet = 0 if valid or any(waiting) or timing.busy else quiet + 1
                if quiet > 8:
                    break
            assert quiet > 8, "the pass did not end"
            acks.append(times)
        for address in range(case.results):
            word, parts = 0, -(-rq * 16 // 128)
            for part in range(parts):
                ctx.set(dut.result_address, parts * address + part)
                await ctx.tick().repeat(2)
                word |= ctx.get(dut.result_data) << 128 * part
            seen.setdefault("results", {})[address] = word

    simulator.run(bench)
    check(case, seen)
    return acks


def check(case, seen):
    shape, results, rows, acts = case.shape, {}, [], 0
    for task, inputs in case.passes:
        acts += sum(map(len, inputs)) * bool(task["combine"])
        for _, param, codes in chain(*inputs):
            if param["bank"] == 15:
                continue
            if task["to_result"]:
                for k in range(0, len(codes), case.rq):
                    results[param["row"] + k // case.rq] = sum(
                        (code & 0xffff) << 16 * lane for lane, code in enumerate(codes[k:k + case.rq]))
            else:
                rows.append((param["bank"], param["row"], case.row(codes)))
    words = [(0, address, word) for address, word in results.items()]
    assert sorted(seen["rows"]) == sorted(rows + words)
    assert seen.get("results", {}) == results
    assert seen["acts"] == acts
    want = []
    for bank, row, code in rows:
        for k in range(case.digits):
            word = 0
            for lane in range(case.lanes):
                word |= (code >> lane * shape["code_bits"] + k * shape["digit"] & (1 << shape["digit"]) - 1) \
                    << lane * shape["digit"]
            want.append((bank, row * case.digits + k, word))
    assert sorted(seen["writes"]) == sorted(want)


GATHER = {}
PAIRS = {"pairs": 0.4, "q1_kind": Kind.UNSIGNED}
COMBINE = {"combine": 1, "q1_kind": Kind.UNSIGNED}
DENSE = {"dense": 1, "dense_steps": 3, "dense_pages": 1, "q1_chunks": 0}
RESULT = {"to_result": 1}


@pytest.mark.slow
@pytest.mark.parametrize("shape", [
    {}, {"digit": 2, "planes": 2}, {"digit": 1, "lanes": 8}, {"ports": 1, "requant_lanes": 4},
    {"requant_lanes": 1, "ports": 2, "mac_columns": 6, "lanes": 8, "planes": 2},
    {"servers": 4, "ports": 8, "digit": 1, "lanes": 8},
    {"code_bits": 8, "digit": 4, "lanes": 8, "mac_columns": 8, "weight_bits": 6, "ports": 3},
    {"mac_columns": 16, "lanes": 40, "digit": 2}, {"requant_lanes": 16},
    {"requant_lanes": 2, "ports": 1, "digit": 1, "lanes": 8}, {"feature_depth": 0, "pages": 2, "lanes": 8},
    {"lane_sets": 2}, {"lane_sets": 2, "requant_lanes": 16, "ports": 16, "param_depth": 1024},
    {"lane_sets": 2, "requant_lanes": 4, "mac_columns": 16, "digit": 1},
], ids=lambda shape: "-".join(f"{key}{value}" for key, value in shape.items()) or "base")
@pytest.mark.parametrize("arrival", [1.0, 0.15])
def test_passes(shape, arrival):
    passes = [GATHER, COMBINE, PAIRS, COMBINE | PAIRS, RESULT | PAIRS, COMBINE | RESULT]
    run(Case(len(str(shape)) + int(arrival), passes, arrival=arrival, nodes=6 if arrival == 1 else 3, **shape))


@pytest.mark.slow
@pytest.mark.parametrize("shape", [{}, {"planes": 2}, {"ports": 1, "digit": 1}, {"requant_lanes": 1, "digit": 2},
                                   {"lane_sets": 2}], ids=["base", "planes2", "port1", "lane1", "sets2"])
def test_dense(shape):
    passes = [DENSE, COMBINE, DENSE | {"dense_pages": 2, "dense_steps": 2}, GATHER, DENSE | {"dense_steps": 1},
              DENSE | RESULT]
    run(Case(7, passes, nodes=5, feature_depth=128, pages=3, **shape))


@pytest.mark.slow
def test_sums_beyond_18_bits():
    passes = [COMBINE | RESULT, COMBINE]
    run(Case(10, passes, nodes=6, sum_bits=24, weight_bits=8, acc_bits=20))


@pytest.mark.slow
@pytest.mark.parametrize("shape", [{"code_bits": 4, "digit": 2}, {"code_bits": 8, "lanes": 8, "digit": 4}],
                         ids=["4-bit", "8-bit"])
def test_codes_with_a_zero_point(shape):
    """Of either stage, after passes that write others; what a pass's rows lose is not added to its neighbours."""
    top = (1 << shape["code_bits"]) - 1
    first, second = ({"signed_max": top, "zero": top // 3, f"{stage}_kind": AFFINE} for stage in ("q1", "q2"))
    passes = [GATHER | first, COMBINE, COMBINE | second, PAIRS, DENSE | second, RESULT,
              COMBINE | second | {"signed_max": top // 2, "zero": 0}]
    run(Case(9, passes, nodes=4, feature_depth=128, zero_points=1, **shape))


@pytest.mark.slow
def test_a_dense_pass_without_nodes_writes_nothing():
    run(Case(8, [DENSE | {"nothing": True}, RESULT | DENSE | {"nothing": True}, GATHER], nodes=1))


@pytest.mark.slow
@pytest.mark.parametrize(("fields", "interval"), [
    ({"q1_chunks": 2}, 2), ({"q1_chunks": 1}, 1), ({"q1_chunks": 2, "pairs": 1}, 4),
    ({"q1_chunks": 1, "to_result": 1, "pairs": 1}, 2),
])
def test_full_rate(fields, interval):
    """Holds that are always valid are served one every ``interval`` cycles, in turn."""
    [acks] = run(Case(5, [GATHER | fields], nodes=4, arrival=1.0, even=True, ports=8, servers=4))
    steady = acks[4:24]
    assert {b - a for (a, _), (b, _) in pairwise(steady)} == {interval}
    assert [port for _, port in acks[:8]] == [1, 2, 3, 4, 5, 6, 7, 0]


@pytest.mark.parametrize("fields", [pytest.param({"q1_chunks": 2}, marks=pytest.mark.slow), {"q1_chunks": 1}])
def test_full_rate_of_a_combination(fields):
    """With the right wait, Q1 and Q2 beats of nodes that never pause fill the lanes without a gap."""
    q1, q2 = fields["q1_chunks"], 1
    wait = server_q2_wait(BASE["lanes"], BASE["planes"], q1, q2)
    case = Case(5, [COMBINE | fields | {"q2_wait": wait}], nodes=12, arrival=1.0, even=True, max_bits=q1 + q2)
    [acks] = run(case)
    assert {b - a for (a, _), (b, _) in pairwise(acks[12:40])} == {q1 + q2}


@pytest.mark.slow
def test_full_rate_of_a_combination_in_two_sets_of_lanes():
    """A node a cycle; as many are in flight as the queues are deep for."""
    case = Case(5, [COMBINE | {"q1_chunks": 1}], nodes=6, arrival=1.0, even=True, max_bits=1, ports=8, servers=4,
                lane_sets=2)
    [acks] = run(case)
    assert {b - a for (a, _), (b, _) in pairwise(acks[8:])} == {1}


@pytest.mark.slow
def test_combination_takes_its_planes():
    """A node with b bits takes b cycles of the MAC array, and never fewer than its beats and writes."""
    case = Case(6, [COMBINE | {"q1_chunks": 1}], nodes=12, arrival=1.0, even=True)
    [acks] = run(case)
    places, need = [0] * 4, 0
    for _, port in acks[:-1]:
        need += max(1, case.order[port][places[port]]["bits"])
        places[port] += 1
    assert need <= acks[-1][0] - acks[0][0] <= need + 2 * len(acks)  # a issue yields to Q2 beats now and then


@pytest.mark.parametrize("wait", [8, *(pytest.param(wait, marks=pytest.mark.slow) for wait in range(9, 16))])
def test_any_wait_before_the_second_stage(wait):
    """Up to the largest that the task word holds: no bit of it is lost on the way."""
    run(Case(wait, [COMBINE | PAIRS | {"q1_chunks": 15, "q2_wait": wait}], nodes=3, arrival=1.0, lanes=30,
             requant_lanes=2))


def test_every_wait_is_one_that_a_task_word_can_say():
    longest = 0
    for lanes, planes in product(range(1, 129), (1, 2)):
        for q1, q2 in product(range(1, min(lanes, 15) + 1), range(1, min(lanes, 15) + 1)):
            delay = server_q2_delay(lanes, planes)
            wait, least = server_q2_wait(lanes, planes, q1, q2), max(0, q1 + 1 - delay)
            assert least <= wait <= q1
            assert (wait + delay) % (q1 + q2) == 0 or wait == least
            longest = max(longest, wait)
    assert longest == (1 << TASK["q2_wait"]) - 1


@pytest.mark.slow
def test_full_rate_of_a_combination_with_a_long_wait():
    wait = server_q2_wait(30, 1, 15, 8)
    assert wait > 7
    case = Case(5, [COMBINE | {"q1_chunks": 15, "q2_wait": wait}], nodes=6, arrival=1.0, even=True, lanes=30,
                requant_lanes=2, mac_columns=16)
    [acks] = run(case)
    assert {b - a for (a, _), (b, _) in pairwise(acks[8:20])} == {23}


@pytest.mark.slow
@pytest.mark.parametrize(("lanes", "requant_lanes"), [(24, 2), (15, 1), (28, 2)])
def test_the_most_beats_that_a_node_can_have(lanes, requant_lanes):
    """Two for every chunk of the first stage, with a bias, and one for every chunk of the second."""
    chunks = lanes // requant_lanes
    fields = {"q1_chunks": chunks, "q2_wait": min(15, server_q2_wait(lanes, 1, chunks, chunks))}
    run(Case(chunks, [COMBINE | PAIRS | fields, PAIRS | RESULT | fields, COMBINE | PAIRS | RESULT | fields], nodes=3,
             arrival=1.0, lanes=lanes, requant_lanes=requant_lanes, mac_columns=lanes))
