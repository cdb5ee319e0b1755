"""Programs against the real-valued equations of hwgen.targets.banked.chain, in float64."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from agreement import Agreement
from hypothesis import given, settings
from hypothesis import strategies as st
from integers import half_away
from models import ChainModel, program_of, random_graph_data, random_graph_model
from networks import node_gcn_network, random_batch
from refusals import accepted

from hwgen.errors import CapacityError, HwgenError
from hwgen.network.batch import Batch
from hwgen.network.execute import run_network
from hwgen.network.granularity import Granularity
from hwgen.network.sample import Sample
from hwgen.numeric import IntRange
from hwgen.targets.banked import network_to_program
from hwgen.targets.banked.execute import Trace, run
from hwgen.targets.banked.fixed_point import fold
from hwgen.targets.banked.network_to_program import lower

NEAR = 0.05  #: A code may differ from the rounded real value only this near to the boundary between two codes.


def degree_norm(data: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Dense adjacency and d^-1/2, edge by edge."""
    adjacency = np.eye(data.num_nodes)
    for source, target in data.edges.T:
        if source != target:
            adjacency[target, source] += 1
    return adjacency, adjacency.sum(axis=1, keepdims=True) ** -0.5


def real_stages(graph: ChainModel, data: Batch, trace: Trace | None) -> Iterator[tuple[str, int, np.ndarray]]:
    """Codes before rounding: (stage, pass, values). With a trace every stage starts from the trace's own codes."""
    adjacency, norm = degree_norm(data)
    x = data.features.toarray() * graph.input_scale
    for index, layer in enumerate(graph.layers):
        zero, limit = layer.message_zero, 2 ** (layer.message_bits - 1) - 1
        low, high = (-limit, limit) if zero is None else (-zero, 2 ** layer.message_bits - 1 - zero)
        sent = x @ (layer.weight * layer.weight_step) + (0.0 if layer.prompt is None else layer.prompt)
        real = np.clip(norm * sent / layer.message_step, low, high)
        yield "message", index, real
        codes = message_codes(graph, index, real) if trace is None else trace.passes[index].rows
        z = norm * (adjacency @ (codes * layer.message_step)) + (0.0 if layer.bias is None else layer.bias)
        if layer.row is None:
            yield "logits", index + 1, z
            return
        step = layer.row.step[data.node][:, None]
        top = 2.0 ** layer.row.bits[data.node][:, None] - 1
        real = np.clip(np.maximum(z, 0.0) / step, 0, top)
        yield "row", index + 1, real
        x = (half_away(real) if trace is None else trace.passes[index + 1].activations) * step


def message_codes(graph: ChainModel, index: int, real: np.ndarray) -> np.ndarray:
    """Rounded half away from zero, once a zero point is added."""
    zero = graph.layers[index].message_zero or 0
    return half_away(real + zero) - zero


def check_stages(graph: ChainModel, sample: Sample) -> int:
    """Every code rounds its stage's real value, or is a near-tie; returns how many near-ties went wrong."""
    program = program_of(graph, sample)
    trace, wrong = run(program), 0
    for stage, index, real in real_stages(graph, sample.batch, trace):
        step = trace.passes[index]
        if stage == "logits":
            assert np.abs(step.rows - real / program.passes[index].out.scale).max() <= 1.0
            continue
        codes = step.rows if stage == "message" else step.activations
        assert np.abs(codes - real).max() <= 0.5 + NEAR, f"{stage} of pass {index}"
        wrong += int((np.abs(codes - real) > 0.5 + 1e-9).sum())
    return wrong


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000), nodes=st.integers(1, 60), layers=st.integers(1, 3), hidden=st.integers(1, 20),
    input_bits=st.sampled_from([1, 1, 2, 8]), message_bits=st.integers(2, 8), weight_bits=st.integers(2, 8),
    bits=st.tuples(st.integers(0, 8), st.integers(0, 8)), bias=st.booleans(), degree=st.floats(0.0, 8.0),
    zero_points=st.booleans(),
)
def test_every_stage_rounds_the_real_value(seed, nodes, bits, **options):
    graph = random_graph_model(seed, nodes, features=17, classes=5, min_bits=min(bits), max_bits=max(bits), **options)
    check_stages(graph, graph.sample)


def test_a_bias_is_exact_where_all_sums_are_zero():
    graph = random_graph_model(0, 1, features=17, classes=5, layers=2, hidden=1, input_bits=1, message_bits=2,
                               weight_bits=2, min_bits=0, max_bits=0, bias=True, degree=0.0, zero_points=False)
    assert program_of(graph).passes[-1].out.x == IntRange(low=0, high=0)
    check_stages(graph, graph.sample)


def test_few_near_ties_go_wrong():
    wrong = total = 0
    for seed in range(10):
        graph = random_graph_model(seed, 150, features=60, hidden=16, classes=7)
        wrong += check_stages(graph, graph.sample)
        total += 150 * (16 + 16 + 7)
    assert wrong <= total * 3e-4


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"layers": 1}, {"layers": 3, "bias": False}, {"input_bits": 4},
                                     {"min_bits": 1, "max_bits": 1}, {"message_bits": 2, "weight_bits": 2},
                                     {"prompt": True}, {"prompt": True, "input_bits": 3}, {"zero_points": True},
                                     {"zero_points": True, "message_bits": 5, "prompt": True}])
def test_without_wrong_ties_the_classes_are_the_models(options):
    compared = 0
    for seed in range(12):
        graph = random_graph_model(seed, 40, **options)
        trace = run(program_of(graph))
        *codes, (_, _, logits) = list(real_stages(graph, graph.sample.batch, None))
        same = all(
            np.array_equal(message_codes(graph, index, real), trace.passes[index].rows) if stage == "message"
            else np.array_equal(half_away(real), trace.passes[index].activations)
            for stage, index, real in codes)
        if same:
            compared += 1
            result = Agreement.of(trace.logits, program_of(graph).passes[-1].out.scale, logits)
            assert result.largest <= 1
            top = np.sort(logits, axis=1)[:, -2:] / program_of(graph).passes[-1].out.scale[0]
            assert result.disagreeing <= (top[:, 1] - top[:, 0] < 2).sum()
    assert compared >= 6


def test_neighbours_are_pygs():
    torch = pytest.importorskip("torch")
    gcn_norm = pytest.importorskip("torch_geometric.nn.conv.gcn_conv").gcn_norm
    data = random_graph_data(5, nodes=30, features=4, trained=30).batch
    index, weight = gcn_norm(torch.from_numpy(data.edges), num_nodes=30, dtype=torch.float64)
    dense = np.zeros((30, 30))
    np.add.at(dense, (index[1].numpy(), index[0].numpy()), weight.numpy())
    counts = data.lists("looped")
    counts.sum_duplicates()
    norm = counts.sum(axis=1) ** -0.5
    np.testing.assert_allclose(counts.toarray() * norm[:, None] * norm[None, :], dense, rtol=1e-12)
    assert counts.toarray().max() > 1
    assert (np.diag(counts.toarray()) == 1).all()


@pytest.mark.parametrize("times", [255, 256, 300, 1000])
def test_an_edge_counts_as_often_as_it_is_there(times):
    """However often: a count is no byte."""
    graph = random_graph_model(5, 12, degree=1.0, layers=1)
    batch = graph.sample.batch
    edges = np.concatenate([batch.edges, np.tile([[7], [9]], times)], axis=1)
    sample = dataclasses.replace(graph.sample, batch=dataclasses.replace(batch, edges=edges))
    adjacency, _ = degree_norm(sample.batch)
    assert adjacency[9, 7] >= times
    neighbours = program_of(graph, sample).neighbours
    assert np.array_equal(neighbours.toarray(), adjacency)
    assert np.array_equal(neighbours @ np.eye(12, dtype=np.int64), adjacency)


def test_nodes_without_bits_have_zero_rows_and_constants():
    graph = random_graph_model(4, 50)
    row = graph.layers[0].row
    assert row is not None
    none = row.bits == 0
    assert none.any()
    program = program_of(graph)
    step = program.passes[1]
    assert not run(program).passes[1].activations[none].any()
    assert not run(program).passes[1].rows[none].any()
    assert step.q1 is not None
    assert not step.q1.row[none].any()
    assert step.q2 is not None
    assert not step.q2.row[none].any()


def test_sums_of_features_are_bounded_in_any_order():
    graph = random_graph_model(6, 40)
    step = program_of(graph).passes[0]
    features, weight = graph.sample.batch.features.toarray(), graph.layers[0].weight
    assert step.accumulate.high == (features @ np.maximum(weight, 0)).max()
    assert step.accumulate.low == (features @ np.minimum(weight, 0)).min()


def test_ranges_are_tighter_than_degree_times_largest_code():
    graph = random_graph_model(6, 40, max_bits=1)
    program = program_of(graph)
    degree = int(program.neighbours.sum(axis=1).max())
    limit = 2 ** (graph.layers[1].message_bits - 1) - 1
    last = program.passes[-1].accumulate
    assert max(last.high, -last.low) < degree * limit


def test_a_bias_has_a_class_for_each_degree():
    program = program_of(random_graph_model(0, bias=True))
    degree = program.neighbours.sum(axis=1)
    for step in program.passes[1:]:
        shared = ~step.q1.pairs & (step.q1.row > 0)
        both = np.unique(np.stack((degree[shared], step.q1.bias_class[shared])), axis=1)
        assert len(np.unique(both[0])) == len(np.unique(both[1])) == both.shape[1] > 1
    assert not program_of(random_graph_model(0, bias=False)).passes[1].q1.bias.any()


def test_another_graph_takes_the_steps_of_its_trained_nodes():
    graph = random_graph_model(7, 50, features=20)
    other = random_graph_data(8, nodes=30, features=20, trained=50)
    check_stages(graph, other)
    program = program_of(graph, other)
    assert program.num_nodes == 30
    assert np.array_equal(program.passes[1].q1.row_bits, graph.layers[0].row.bits[other.batch.node])


def test_a_graph_with_other_features_is_refused():
    graph = random_graph_model(7, 50, features=20)
    with pytest.raises(HwgenError, match=r"^nodes have 21 features, the model takes 20"):
        program_of(graph, random_graph_data(8, nodes=30, features=21, trained=50))


def test_steps_too_far_apart_are_refused_by_layer():
    graph = random_graph_model(7, 50)
    layer = graph.layers[0]
    step = layer.message_step.copy()
    step[0] *= 1e7
    broken = dataclasses.replace(graph, layers=(dataclasses.replace(layer, message_step=step), graph.layers[1]))
    with pytest.raises(HwgenError, match="scales span too much") as caught:
        program_of(broken)
    assert caught.value.where == "convs.0"


def test_a_row_step_of_almost_nothing_spoils_only_its_own_row():
    graph = random_graph_model(9, 60, min_bits=1)
    layer = graph.layers[0]
    assert layer.row is not None
    step = layer.row.step.copy()
    step[10] = 1e-6
    tiny = dataclasses.replace(graph, layers=(
        dataclasses.replace(layer, row=dataclasses.replace(layer.row, step=step)), graph.layers[1]))
    before, after = run(program_of(graph)).passes[1].activations, run(program_of(tiny)).passes[1].activations
    others = np.arange(60) != 10
    assert (before[others] != after[others]).mean() < 0.01
    z = list(real_stages(graph, graph.sample.batch, None))[1][2][10]
    assert ((after[10] > 0) <= (z > 0)).all()


@pytest.mark.parametrize(("key", "value", "what"), [
    ("weight_step", np.nan, "step is not positive"), ("message_step", np.inf, "step is not positive"),
    ("message_step", -1.0, "step is not positive"), ("bias", np.nan, "bias is not finite")])
def test_values_that_are_no_scale_are_refused_by_layer(key, value, what):
    graph = random_graph_model(7, 50)
    layer = graph.layers[1]
    vector = getattr(layer, key).copy()
    vector[2] = value
    broken = dataclasses.replace(graph, layers=(graph.layers[0], dataclasses.replace(layer, **{key: vector})))
    with pytest.raises(HwgenError, match=what) as caught:
        program_of(broken)
    assert caught.value.where.startswith("convs.1 ")


@pytest.mark.parametrize("messages", ["per_channel", "per_tensor"])
@pytest.mark.parametrize("by", ["per_tensor", "per_degree", "per_node"])
@pytest.mark.parametrize("seed", range(3))
def test_rows_of_every_granularity_are_node_tables(seed, by, messages):
    """Codes are the float oracle's, but for ties that fixed point takes the other way."""
    network = node_gcn_network(seed, by=by)
    if messages == "per_tensor":
        network = dataclasses.replace(network, values=tuple(
            value if value.quantizer is None or not value.quantizer.signed else dataclasses.replace(
                value, quantizer=dataclasses.replace(value.quantizer, granularity=Granularity.PER_TENSOR,
                                                     step=value.quantizer.step.max(keepdims=True)))
            for value in network.values))
    batch = random_batch(seed, network, graphs=1, nodes=40, hub=30)
    trace, real = run(lower(network, batch)), run_network(network, batch)
    message, row, later, result = (real[value.name] for value in network.values)
    for have, want in ((trace.passes[0].rows, message.codes), (trace.passes[1].activations, row.codes),
                       (trace.passes[1].rows, later.codes)):
        assert np.mean(have == want) > 0.9
        assert np.abs(have - want).max() <= 2
    assert np.mean(trace.logits.argmax(1) == result.real.argmax(1)) > 0.9


WIDE = {"hidden": 40, "min_bits": 8, "weight_bits": 8, "message_bits": 8, "one_step": True}


def test_sums_beyond_18_bits_have_factors_of_17():
    graph = random_graph_model(3, **WIDE)
    with accepted():
        program = program_of(graph)
    assert program.sum_bits == 24
    assert max(stage.x.signed_bits for step in program.passes for stage in (step.q1, step.q2) if stage) in range(19, 25)
    assert max(int(stage.column.max()) for step in program.passes for stage in (step.q1, step.q2) if stage) < 1 << 17
    check_stages(graph, graph.sample)
    with pytest.raises(CapacityError, match="need sum_bits 24; the design has 18"):
        lower(graph.network, graph.sample.batch, 18)
    narrow = random_graph_model(3, one_step=True)
    assert program_of(narrow).sum_bits == 18
    wide = lower(narrow.network, narrow.sample.batch, 24)  # as a design of another graph wants it
    assert wide.sum_bits == 24
    assert max(int(stage.column.max()) for step in wide.passes for stage in (step.q1, step.q2) if stage) < 1 << 17


@pytest.mark.parametrize("seed", range(3))
def test_results_that_round_beyond_16_bits_get_a_coarser_scale(seed, monkeypatch):
    """As constants do that are rounded up: here by a hundredth."""
    graph = random_graph_model(seed)
    plain = program_of(graph)

    def fold_up(factors, *, kind, **rest):
        more = dataclasses.replace(factors, row=factors.row * 1.01) if kind == "raw" else factors
        return fold(more, kind=kind, **rest)

    monkeypatch.setattr(network_to_program, "fold", fold_up)
    with accepted():
        program = program_of(graph)
    assert program.passes[-1].out.scale[0] > plain.passes[-1].out.scale[0]
    assert np.abs(run(program).logits).max() < 1 << 15
