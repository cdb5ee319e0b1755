"""Both oracles, against the equations of docs/lists.md and of the network's docstring written as plain loops."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from agreement import Agreement
from networks import capacities, gin_network, random_batch, random_network, sage_network

from hwgen.network.activation import IDENTITY, RELU
from hwgen.network.edges import CODED, edge_values
from hwgen.network.execute import run_network
from hwgen.numeric import IntRange
from hwgen.targets.lists.arithmetic import encode
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.network_to_program import lower
from rtl_templates.lists.formats import BIAS_SHIFT, MID_SHIFTS, Q_SHIFT, V_SHIFT


def slope(activation):
    """What negative values are multiplied by."""
    return {IDENTITY: 1.0, RELU: 0.0}[activation] if activation in (IDENTITY, RELU) else activation.negative_slope


def members(edges, batch, name, i):
    """List i of a set, from the edges; of rows by edge their numbers."""
    if name == "incoming":
        return [row for row, (_, target, _) in enumerate(entries(edges, batch)) if target == i]
    if name == "members":
        return [int(j) for j in np.flatnonzero(batch.graph == i)]
    pairs = [(int(s), int(t)) for s, t in batch.edges.T]
    if name in ("edges", "closed"):
        return [s for s, t in pairs if t == i] + [i] * (name == "closed")
    return [s for s, t in pairs if t == i and s != t] + [i]


def codes(edges, batch, name, i):
    """Codes of the edges of list i, with the members that they are of."""
    if name == "sources":
        source, _, code = entries(edges, batch)[i]
        return [(source, code)]
    source, target, values = edge_values(name, batch.edges, batch.weight, batch.num_nodes)
    return [(int(j), int(edges[name].codes(np.array([value]))[0]))
            for j, t, value in zip(source, target, values, strict=True) if t == i]


def entries(edges, batch):
    """Source, target and code of each row by edge: node by node, in the order of the node's list."""
    [(kind, coder)] = edges.items()
    source, target, values = edge_values(kind, batch.edges, batch.weight if coder.given else None, batch.num_nodes)
    found = [(int(s), int(t), int(coder.codes(np.array([v]))[0]))
             for s, t, v in zip(source, target, values, strict=True)]
    return [each for i in range(batch.num_nodes) for each in found if each[1] == i]


def count_of(edges, batch, domain):
    if domain == "edges":
        return len(entries(edges, batch))
    return batch.num_nodes if domain == "nodes" else batch.graphs


def length(edges, batch, name, i):
    return len(members(edges, batch, name, i))


class Loops:
    """A stream program in plain Python integers, a row at a time."""

    def __init__(self, program, batch):
        self.program, self.batch, self.stored = program, batch, {}
        self.features, self.peaks = batch.features.toarray(), []

    def run(self):
        for step in self.program.passes:
            made = [self.row(step, i) for i in range(count_of(self.program.edges, self.batch, step.domain))]
            self.stored[step.target] = made
        return [codes for codes, _ in made]

    def row(self, step, i):
        entry, sums = 0, []
        for block in step.blocks:
            for k in range(block.width):
                terms = []
                for operand in block.operands:
                    x, entry = self.accumulate(operand, i, k, entry)
                    mid = x * int(operand.column[k]) >> MID_SHIFTS[operand.mid]
                    terms.append(mid * self.multiplier(operand.row, i, entry))
                sums.append(max(terms) if block.join == "max" else sum(terms) + (int(block.bias[k]) << BIAS_SHIFT))
        codes, entry = self.final(step.final, sums, i, entry)
        if step.combine is None:
            return codes, entry
        combine = step.combine
        r = self.multiplier(combine.row, i, entry)
        sums = [(sum(c * int(w) for c, w in zip(codes, combine.weight[:, o], strict=True)) * int(combine.column[o])
                 >> MID_SHIFTS[combine.mid]) * r + (int(combine.bias[o]) << BIAS_SHIFT)
                for o in range(combine.weight.shape[1])]
        return self.final(combine.final, sums, i, entry)

    def accumulate(self, operand, i, k, entry):
        if operand.kind == "one":
            return 1, entry
        tensor, at = self.program.tensors[operand.source], operand.start + k
        if tensor.rows is not None:
            return sum(int(x) * int(w) for x, w in zip(self.features[i], tensor.rows[:, at], strict=True)), entry
        rows = self.stored[operand.source]
        if operand.kind == "self":
            return rows[i][0][at], rows[i][1]
        if operand.via in CODED:
            return sum(n * rows[j][0][at] for j, n in codes(self.program.edges, self.batch, operand.via, i)), entry
        found = [rows[j][0][at] for j in members(self.program.edges, self.batch, operand.via, i)]
        return (sum(found) if operand.op == "sum" else max(found, default=0)), entry

    def multiplier(self, row, i, entry):
        index = {"constant": 0, "entry": entry, "node": self.batch.node[i] if row.select == "node" else 0,
                 "degree": min(self.length(row.of, i), len(row.table) - 1) if row.select == "degree" else 0}
        return int(row.table[index[row.select]])

    def length(self, name, i):
        return length(self.program.edges, self.batch, name, i)

    def final(self, final, sums, i, entry):
        values = [total + (1 << V_SHIFT - 1) >> V_SHIFT for total in sums]
        values = [v if v >= 0 else v * round(slope(final.activation) * 4096) >> 12 for v in values]
        if final.kind == "raw":
            return values, 0
        if final.select == "nearest":
            self.peaks.append(max(abs(v) for v in values))
            entry = sum(int(t) < self.peaks[-1] for t in final.thresholds)
        elif final.select == "degree":
            entry = min(self.length(final.of, i), len(final.bits) - 1)
        elif final.select == "node":
            entry = int(self.batch.node[i])
        elif final.select == "constant":
            entry = 0
        q, bits = int(final.multiplier[entry]), int(final.bits[entry])
        top = max(0, (1 << max(0, bits - (final.kind == "signed"))) - 1)
        exact = [v * q / (1 << Q_SHIFT) for v in values]  # of 41 bits: exact in float64
        away = [int(abs(e) + 0.5) * (1 if e >= 0 else -1) for e in exact]
        return [min(max(code, -top if final.kind == "signed" else 0), top) for code in away], entry


SMALL = {"max_width": 6, "features": 5, "depth": 3}
#: Seeds whose networks go over edges that weigh, where edges have bits.
WEIGHING = (1, 2, 3, 5, 7)
CASES = [*((seed, None, False) for seed in range(0, 40, 4)),
         *((seed, 1 + seed % 8, rows) for seed in WEIGHING for rows in (False, True))]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "edge_bits", "edge_rows"), CASES)
def test_the_integer_oracle_equals_plain_loops(seed, edge_bits, edge_rows):
    network = random_network(seed, graph_level=seed % 8 == 0, edge_bits=edge_bits, edge_rows=edge_rows, **SMALL)
    batch = random_batch(seed, network, graphs=3, nodes=5, hub=9)
    program = lower(network, **asdict(capacities(batch, edges=network.edges)))
    assert run(program, batch).results.tolist() == Loops(program, batch).run()


def test_a_value_on_a_threshold_takes_the_lower_entry():
    network = gin_network(4)
    batch = random_batch(7, network, graphs=3)
    program = lower(network, **asdict(capacities(batch)))
    at = next(index for index, step in enumerate(program.passes) if step.final.select == "nearest")
    step = replace(program.passes[at], combine=None)
    alone = replace(program, passes=(*program.passes[: at], step))
    peaks = Loops(alone, batch)
    peaks.run()
    reached = np.unique(peaks.peaks)
    final = replace(step.final, thresholds=reached, multiplier=np.full(len(reached) + 1, 1000),
                    bits=np.full(len(reached) + 1, 5))
    entries = run(replace(alone, passes=(*alone.passes[:-1], replace(step, final=final))), batch)
    assert (entries.passes[-1].entry == np.searchsorted(reached, peaks.peaks)).all()


def test_codes_round_half_away_from_zero():
    half = np.array([1 << (Q_SHIFT - 1)])
    values = np.array([[0, 1, 2, 3, 5, -1, -2, -3, -5]])
    assert encode(values, half, np.array([8]), signed=True).tolist() == [[0, 1, 1, 2, 3, -1, -1, -2, -3]]
    assert encode(values, half, np.array([2]), signed=False).tolist() == [[0, 1, 1, 2, 3, 0, 0, 0, 0]]
    assert encode(values, half, np.array([2]), signed=True).tolist() == [[0, 1, 1, 1, 1, -1, -1, -1, -1]]


def real_rows(network, value, batch, stored, features):
    """A value in plain Python floats."""
    def factor(kind, of, i):
        d = length(network.edges, batch, of, i) if kind != "one" else 0
        return {"one": 1.0, "mean": 1 / d if d else 0.0, "rsqrt": d**-0.5 if d else 0.0}[kind]

    for i in range(count_of(network.edges, batch, value.domain)):
        out = [[] for _ in range(value.width)]
        for term in value.terms:
            if term.via == "features":
                acc = features[i] * network.input.unit @ (term.weight.codes * term.weight.step)
            elif term.source is None:
                acc = np.full(len(term.gain), 1.0 if term.via == "self" else
                              length(network.edges, batch, term.via, i))
            elif term.weight is not None:
                acc = stored[term.source][i] @ (term.weight.codes * term.weight.step)
            elif term.via == "self":
                acc = stored[term.source][i]
            elif term.via in CODED:
                pairs = codes(network.edges, batch, term.via, i)
                coder = network.edges[term.via] if term.via in network.edges else next(iter(network.edges.values()))
                acc = coder.step * sum((n * stored[term.source][j] for j, n in pairs),
                                 np.zeros(stored[term.source].shape[1]))
            else:
                found = [stored[term.source][j] for j in members(network.edges, batch, term.via, i)]
                acc = np.zeros(stored[term.source].shape[1]) if not found else np.array(found)
                acc = acc if not found else acc.sum(axis=0) if term.op == "sum" else acc.max(axis=0)
            gain = 1.0 if term.gain is None else term.gain
            for k, each in enumerate(acc * gain * factor(term.factor, term.of, i)):
                out[term.offset + k].append(each)
        v = np.array([sum(each) if value.join == "sum" else max(each) for each in out])
        v = v + (0.0 if value.bias is None else value.bias)
        yield np.where(v < 0, v * slope(value.activation), v) * factor(value.factor, value.of, i)


@pytest.mark.parametrize(("seed", "edge_bits", "edge_rows"), CASES)
def test_the_float_oracle_equals_plain_loops(seed, edge_bits, edge_rows):
    network = random_network(seed, edge_bits=edge_bits, edge_rows=edge_rows, **SMALL)
    batch = random_batch(seed, network, graphs=3, nodes=5, hub=9)
    computed, stored = run_network(network, batch), {}
    for value in network.values:
        have = computed[value.name]
        want = np.array(list(real_rows(network, value, batch, stored, batch.features.toarray())))
        np.testing.assert_allclose(have.real, want.reshape(have.real.shape), rtol=1e-9, atol=1e-12)
        stored[value.name] = have.stored


def test_results_have_a_scale_and_classes():
    network = gin_network(2)
    batch = random_batch(7, network, graphs=12)
    program = lower(network, **asdict(capacities(batch)))
    trace, results = run(program, batch), run_network(network, batch)[network.values[-1].name].real
    assert trace.results.shape == (12, 3)
    same = Agreement.of(trace.results, program.scale, trace.results * program.passes[-1].out.scale)
    assert (same.argmax, same.disagreeing, same.largest) == (1.0, 0, 0)
    moved = results.copy()
    moved[0, (np.argmax(trace.results[0]) + 1) % 3] = moved.max() + 1
    assert Agreement.of(trace.results, program.scale, moved).disagreeing >= 1
    assert Agreement.of(trace.results, program.scale, moved).largest > 100


def test_a_batch_without_graphs_and_one_without_nodes():
    for network in (gin_network(2), sage_network(2)):
        for graphs in (0, 1):
            batch = replace(random_batch(0, network, graphs=0), graphs=graphs)
            program = lower(network, max_degree=5, max_members=5, max_features=5)
            trace = run(program, batch)
            assert trace.results.shape[0] == (graphs if program.passes[-1].domain == "graphs" else 0)
            assert Agreement.of(trace.results, program.scale, trace.results.astype(float)).argmax == 1.0


def test_leaving_a_proved_range_is_an_overflow():
    network = sage_network(2)
    batch = random_batch(7, network, graphs=4)
    program = lower(network, **asdict(capacities(batch)))
    first = program.passes[0]
    narrow = replace(first, final=replace(first.final, v=IntRange(0, 1)))
    with pytest.raises(OverflowError, match=r"lin .*: V spans"):
        run(replace(program, passes=(narrow, *program.passes[1:])), batch)
    operand = replace(first.blocks[0].operands[0], x=IntRange(0, 0))
    narrow = replace(first, blocks=(replace(first.blocks[0], operands=(operand,)),))
    with pytest.raises(OverflowError, match="accumulator spans"):
        run(replace(program, passes=(narrow, *program.passes[1:])), batch)


def test_rows_say_how_many_planes_they_have():
    network = sage_network(2)
    batch = random_batch(7, network, graphs=4)
    program = lower(network, **asdict(capacities(batch)))
    for step, each in zip(program.passes, run(program, batch).passes, strict=True):
        top = (1 << each.bits[:, None]) - 1
        assert (np.abs(each.codes) <= top).all()
        if step.final.select == "degree":
            degrees = np.diff(batch.lists(step.final.of).indptr)
            assert (each.entry == np.minimum(degrees, len(step.final.bits) - 1)).all()
            assert (each.bits == step.final.bits[each.entry]).all()
