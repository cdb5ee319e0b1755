"""The reference against plain Python integers, written from the numeric contract's text alone."""

import dataclasses

import numpy as np
import pytest
from agreement import Agreement
from hypothesis import given, settings
from hypothesis import strategies as st
from models import program_of, random_graph_model
from scipy.sparse import csr_array

from hwgen.numeric import IntRange
from hwgen.targets.banked.execute import run
from hwgen.targets.banked.program import Pass, Program, Requant


def plain_requantize(value: int, stage: Requant, node: int, column: int) -> int:
    factor, which = int(stage.column[column]), int(stage.bias_class[node])
    bias = int(stage.bias[which, column])
    row = int(stage.row[node])
    mid = value * factor // 256
    if stage.bias_row is None or which > 0:
        mid += bias
        product = mid * row
    else:
        product = mid * row + bias * int(stage.bias_row[node])
    shift = {"raw": 20, "signed": 23, "unsigned": 23}[stage.kind]
    half = 2 ** (shift - 1)
    if stage.half_up or mid >= 0:
        code = (product + half) // 2**shift
    else:
        code = -((-product + half) // 2**shift)
    if stage.kind == "raw":
        return max(-(2**15), min(2**15 - 1, code))
    if stage.kind == "signed":
        return max(-(2 ** (stage.bits - 1)) + 1, min(2 ** (stage.bits - 1) - 1, code))
    assert stage.row_bits is not None
    return max(0, min(2 ** int(stage.row_bits[node]) - 1, code))


def plain_run(program: Program) -> list[tuple[list[list[int]], list[list[int]] | None]]:
    features = program.features.toarray().tolist()
    counts = program.neighbours.toarray().tolist()
    nodes, rows, out = range(program.num_nodes), [], []
    for step in program.passes:
        codes, activations = [], None
        for node in nodes:
            if step.kind == "dense":
                codes.append(features[node])
                continue
            weights = features[node] if step.kind == "gather_features" else counts[node]
            table = step.source.tolist() if step.kind == "gather_features" else rows
            sums = [sum(w * line[k] for w, line in zip(weights, table, strict=True) if w)
                    for k in range(len(table[0]))]
            codes.append([plain_requantize(value, step.q1, node, k) for k, value in enumerate(sums)])
        if step.combine is not None:
            activations = None if step.kind == "dense" else codes
            weight = step.combine.tolist()
            codes = [[plain_requantize(sum(a * line[k] for a, line in zip(codes[node], weight, strict=True)),
                                       step.q2, node, k) for k in range(len(weight[0]))] for node in nodes]
        rows = codes
        out.append((rows, activations))
    return out


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000), nodes=st.integers(1, 24), layers=st.integers(1, 3),
    input_bits=st.sampled_from([1, 1, 3, 8]), message_bits=st.integers(2, 8), weight_bits=st.integers(2, 8),
    max_bits=st.integers(0, 8), bias=st.booleans(),
)
def test_every_code_of_every_pass_equals_plain_integers(seed, nodes, bias, **options):
    graph = random_graph_model(seed, nodes, features=9, hidden=5, classes=3, bias=bias, **options)
    program = program_of(graph)
    for got, (rows, activations) in zip(run(program).passes, plain_run(program), strict=True):
        assert got.rows.tolist() == rows
        assert (got.activations is None) == (activations is None)
        if activations is not None:
            assert got.activations.tolist() == activations


def test_trace_names_passes_and_shapes():
    trace = run(program_of(random_graph_model(3, 30, layers=3)))
    assert [step.name for step in trace.passes] == [
        "convs.0.combine", "convs.0.aggregate", "convs.1.aggregate", "convs.2.aggregate"]
    assert [step.rows.shape for step in trace.passes] == [(30, 8), (30, 8), (30, 4), (30, 4)]
    assert [step.activations is None for step in trace.passes] == [True, False, False, True]
    assert all(step.rows.dtype == np.int64 for step in trace.passes)


def test_agreement_counts_nodes_and_measures_codes():
    graph = random_graph_model(1, 30)
    program = program_of(graph)
    trace = run(program)
    scale = program.passes[-1].out.scale
    same = Agreement.of(trace.logits, scale, trace.logits * scale)
    assert (same.argmax, same.disagreeing, same.largest) == (1.0, 0, 0)
    moved = trace.logits * scale
    winner = trace.logits[4].argmax()
    moved[4, winner] -= 70_000 * scale[0]
    assert Agreement.of(trace.logits, scale, moved).disagreeing == 1
    assert Agreement.of(trace.logits, scale, moved).largest == 70_000


@pytest.mark.parametrize(("half_up", "codes"), [(True, [0, 1, 1]), (False, [-1, 1, 1])])
def test_ties_of_results_round_as_their_stage_says(half_up, codes):
    """Values of -1/2, 1/2 and 1 code: column 1, row half of a result's code."""
    weight = np.array([[-1], [1], [2]])
    raw = Requant(kind="raw", bits=16, row_bits=None, column=np.array([256]), bias=np.array([[0]]),
                  row=np.full(3, 1 << 19), bias_class=np.zeros(3, dtype=np.int64), bias_row=None, half_up=half_up,
                  x=IntRange(-2, 2), scale=np.ones(1))
    step = Pass(name="tie", kind="gather_features", source=weight, accumulate=IntRange(-2, 2), q1=raw, combine=None,
                q2=None)
    eye = csr_array(np.eye(3, dtype=np.int64))
    program = Program(name="tie", features=eye, input_bits=1, neighbours=eye, passes=(step,))
    assert run(program).logits.ravel().tolist() == codes


@pytest.mark.parametrize("stage", ["accumulate", "q1", "q2"])
def test_a_sum_beyond_its_proved_range_is_a_defect(stage):
    program = program_of(random_graph_model(2, 40))
    step = program.passes[1]
    narrow = IntRange(0, 1)
    wrong = (dataclasses.replace(step, accumulate=narrow) if stage == "accumulate" else
             dataclasses.replace(step, **{stage: dataclasses.replace(getattr(step, stage), x=narrow)}))
    broken = dataclasses.replace(program, passes=(program.passes[0], wrong, *program.passes[2:]))
    with pytest.raises(OverflowError, match=r"^convs\.0\.aggregate: .* proved \[0, 1\]$"):
        run(broken)
