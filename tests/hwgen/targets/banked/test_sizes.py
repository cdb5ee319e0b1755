"""Chosen parameters fit and are the smallest; what does not fit is refused by name."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import program_of, random_graph_data, random_graph_model
from refusals import accepted
from scipy.sparse import csr_array

from hwgen.errors import CapacityError, HwgenError
from hwgen.targets.banked.schedule.schedule import schedule
from hwgen.targets.banked.sizes import capacity, check_capacity, choose, needs


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000), nodes=st.integers(1, 80), layers=st.integers(1, 3), hidden=st.integers(1, 24),
    input_bits=st.sampled_from([1, 5]), groups=st.integers(1, 4), servers=st.sampled_from([4, 8, 16]),
    requant_lanes=st.sampled_from([1, 2, 4, 8]), planes=st.sampled_from([1, 2]), digit=st.sampled_from([1, 2, 4]),
)
def test_what_is_chosen_fits(seed, nodes, layers, hidden, input_bits, **options):
    program = program_of(random_graph_model(seed, nodes, 20, hidden, 3, layers=layers, input_bits=input_bits))
    hardware = choose(program, **options)
    hardware.verify()
    check_capacity(program, hardware)
    limit = capacity(program, hardware)
    assert limit["nodes"] >= nodes
    assert limit["edges"] >= program.neighbours.sum()
    assert limit["nonzeros"] >= program.features.nnz
    assert all(type(value) is int for value in [*hardware.to_dict().values(), *limit.values()])


@pytest.fixture(scope="module")
def sparse():
    return program_of(random_graph_model(1, 600, 100, 16, 7, min_bits=1, max_bits=3))


@pytest.fixture(scope="module")
def dense():
    return program_of(random_graph_model(1, 300, 40, 16, 10, input_bits=5))


def test_parameters_of_a_sparse_program(sparse):
    hardware = choose(sparse, groups=2, servers=8)
    assert (hardware.lanes, hardware.code_bits, hardware.weight_bits) == (16, 4, 4)
    assert hardware.mac_columns == 8
    assert hardware.pages == 1
    assert hardware.column_depth == 2 + 2 + 1 + 1
    assert hardware.bank_depth == 512
    assert hardware.feature_depth == 0
    assert hardware.param_depth == 3 * 38 * 2 + 28
    assert hardware.result_depth == 128
    bounds = [step.accumulate for step in sparse.passes]
    assert hardware.acc_bits == max(bound.signed_bits for bound in bounds)


def test_parameters_of_a_dense_program(dense):
    hardware = choose(dense, groups=1, servers=4, planes=2)
    assert hardware.pages == 3 + 1
    assert hardware.feature_depth >= 19 * 4 * 3 * 3 > hardware.feature_depth - 64
    assert hardware.column_depth == 2 + 2 + 2 + 2
    assert hardware.mac_columns == 16


@pytest.mark.parametrize(("message_bits", "code_bits"), [(2, 4), (4, 4), (5, 8), (8, 8)])
def test_codes_are_stored_as_wide_as_they_are(message_bits, code_bits):
    assert choose(program_of(random_graph_model(1, message_bits=message_bits))).code_bits == code_bits


def test_every_channel_fits_a_row(sparse):
    for step in sparse.passes:
        assert step.width <= choose(sparse).lanes


def test_bank_depth_holds_both_halves_and_the_source_rows():
    program = program_of(random_graph_model(2, 40, 9000, 4, 2, density=0.001))
    rows = int(program.written.sum()) + 9000
    assert needs(program, groups=1, servers=4, requant_lanes=8, planes=1)["bank_depth"] == -(-rows // 16) <= 2 * 3 + 563
    assert choose(program).bank_depth == 1024


def test_a_large_busy_graph_gets_four_groups_and_a_small_one_does_not(sparse):
    assert (choose(sparse).groups, choose(sparse).servers) == (1, 16)
    busy = program_of(random_graph_model(1, 600, 100, 16, 7, density=0.2, min_bits=1))
    assert (choose(busy).groups, choose(busy).servers) == (4, 16)
    assert choose(program_of(random_graph_model(1))).servers == 4


@pytest.mark.parametrize("field", ["bank_depth", "slots", "param_depth", "result_depth", "acc_bits", "lanes",
                                   "mac_columns", "weight_bits", "pages", "column_depth", "code_bits"])
def test_each_capacity_is_refused_by_name(sparse, field):
    hardware = choose(sparse, groups=2)
    need = needs(sparse, groups=2, servers=hardware.servers, requant_lanes=8, planes=1)
    exact = dataclasses.replace(hardware, **{field: need[field]})
    check_capacity(sparse, exact)
    short = dataclasses.replace(hardware, **{field: need[field] - 1})
    with pytest.raises(CapacityError, match=rf"need {field} {need[field]}; .* 1 too few") as caught:
        check_capacity(sparse, short)
    assert caught.value.where.endswith(f"hardware.{field}")


@pytest.mark.parametrize("requant_lanes", [1, 2])
def test_more_beats_than_a_task_word_counts_are_refused(sparse, requant_lanes):
    """Fifteen beats a row are the most that a task word can say."""
    hardware = dataclasses.replace(choose(sparse), requant_lanes=requant_lanes, digit=1, mac_columns=8)
    dataclasses.replace(hardware, lanes=15 * requant_lanes).verify()
    with pytest.raises(HwgenError, match=rf"{16 * requant_lanes} lanes take 16 beats .* counts to 15"):
        dataclasses.replace(hardware, lanes=16 * requant_lanes).verify()


def test_dense_input_memory_is_a_capacity(dense):
    hardware = choose(dense)
    with pytest.raises(CapacityError, match="feature_depth"):
        check_capacity(dense, dataclasses.replace(hardware, feature_depth=10))


def test_a_parameter_given_too_small_is_refused(sparse):
    with pytest.raises(CapacityError, match="need half_rows 38; the design has 32, 6 too few"):
        choose(sparse, bank_depth=64)
    with pytest.raises(CapacityError, match="slots"):
        choose(sparse, slots=8)
    with pytest.raises(HwgenError, match="requant_lanes is 3"):
        choose(sparse, requant_lanes=3)
    assert choose(sparse, slots=1000).slots == 1000


def test_another_graph_of_the_stated_capacity_fits_and_one_node_more_does_not():
    graph = random_graph_model(3, 100, 30)
    hardware = choose(program_of(graph))
    most = capacity(program_of(graph), hardware)["nodes"]
    fits = program_of(graph, random_graph_data(4, nodes=most, features=30, trained=100, degree=0.2, density=0.02))
    with accepted():
        check_capacity(fits, dataclasses.replace(hardware, acc_bits=12))
    more = program_of(graph, random_graph_data(4, nodes=most + 1, features=30, trained=100, degree=0.2, density=0.02))
    with pytest.raises(CapacityError, match=rf"{most + 1} nodes \(max_nodes {most}\)"):
        check_capacity(more, dataclasses.replace(hardware, acc_bits=12))


@pytest.mark.parametrize("acc_bits", [5, 8, 12, 18])
@pytest.mark.parametrize("message_bits", [2, 4, 5])
def test_the_stated_degree_is_what_the_accumulator_holds(acc_bits, message_bits):
    program = program_of(random_graph_model(3, 30, message_bits=message_bits))
    degree = capacity(program, dataclasses.replace(choose(program), acc_bits=acc_bits))["degree"]
    code, most = (1 << message_bits - 1) - 1, (1 << acc_bits - 1) - 1
    assert degree * code <= most < (degree + 1) * code


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "slots"), [(1, 128), (2, 128), (1, 256)])
def test_a_graph_of_exactly_the_stated_edges_and_features_is_scheduled(groups, slots):
    """What is promised is what the scheduler reaches, not what the memory could hold."""
    graph = random_graph_model(3, 96, 60, degree=4.0)
    hardware = dataclasses.replace(choose(program_of(graph), groups=groups, slots=slots), acc_bits=12)
    limit = capacity(program_of(graph), hardware)
    rng = np.random.default_rng(slots)
    pairs = rng.permutation(96 * 95)[:limit["edges"] - 96]  # no edge twice, no self loop: one is added to every node
    source, target = pairs // 95, pairs % 95
    cells = rng.permutation(96 * 60)[:limit["nonzeros"]]
    features = np.zeros((96, 60), dtype=np.int64)
    features[cells // 60, cells % 60] = 1
    batch = dataclasses.replace(graph.sample.batch, features=csr_array(features),
                                edges=np.stack([source, target + (target >= source)]))
    program = program_of(graph, dataclasses.replace(graph.sample, batch=batch))
    assert (program.neighbours.sum(), program.features.nnz) == (limit["edges"], limit["nonzeros"])
    with accepted():
        schedule(program, hardware)


def test_any_node_of_the_stated_degree_fits():
    graph = random_graph_model(3, 200, 30)
    hardware = choose(program_of(graph))
    degree = capacity(program_of(graph), hardware)["degree"]
    assert degree < 200
    edges = np.stack([np.arange(1, degree), np.zeros(degree - 1, np.int64)])
    batch = dataclasses.replace(graph.sample.batch, edges=edges)
    program = program_of(graph, dataclasses.replace(graph.sample, batch=batch))
    assert max(step.accumulate.signed_bits for step in program.passes[1:]) <= hardware.acc_bits


def test_a_prompt_needs_no_more_biases_than_a_message_without() -> None:
    """It is one class on every graph."""
    depths = [needs(program_of(random_graph_model(0, prompt=prompt)), groups=1, servers=4, requant_lanes=8,
                    planes=1)["bias_depth"] for prompt in (False, True)]
    assert depths[0] == depths[1]
