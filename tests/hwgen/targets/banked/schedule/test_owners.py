"""One owner map: complete, within capacity, balanced."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import program_of, random_graph_model
from scipy.sparse import csr_array

from hwgen.errors import CapacityError
from hwgen.targets.banked.schedule.balance import STEEP, refine, relative, spread
from hwgen.targets.banked.schedule.owners import assign, edge_list
from hwgen.targets.banked.schedule.place_sources import place_sources
from hwgen.targets.banked.sizes import choose


def program_and_owners(nodes, groups, seed=0, **model):
    program = program_of(random_graph_model(seed, nodes=nodes, **model))
    hardware = choose(program, groups=groups, servers=16, slots=4096)
    return program, hardware, assign(program, hardware)


@pytest.mark.parametrize("groups", [1, 2, 3, 4])
@pytest.mark.parametrize("nodes", [1, 5, 16, 17, 100])
def test_rows_are_distinct_and_banks_even(nodes, groups):
    _, hardware, owners = program_and_owners(nodes, groups)
    assert len(set(zip(owners.unit.tolist(), owners.row.tolist(), strict=True))) == nodes
    assert owners.unit.min() >= 0
    assert owners.unit.max() < 16
    assert owners.group.min() >= 0
    assert owners.group.max() < groups
    assert np.bincount(owners.unit).max() <= -(-nodes // 16)
    assert owners.row.max() < min(hardware.bank_depth // 2, -(-nodes // 16))


@pytest.mark.parametrize("groups", [1, 2])
def test_loads_are_balanced(groups):
    program, hardware, owners = program_and_owners(600, groups, density=0.2, features=60, degree=4.0)
    element = owners.group * 16 + owners.unit
    for gather in program.schedules:
        node, source = edge_list(gather.reads)
        heaviest = np.bincount(node).max()  # a hub of 158 reads
        loads = [np.bincount(element[node], minlength=16 * groups)]
        if gather.kind == "gather":
            loads.append(np.bincount(owners.group[node] * 16 + owners.unit[source], minlength=16 * groups))
        for load in loads:
            assert load.max() <= 1.08 * max(load.mean(), heaviest) + 2
    step = program.passes[1]
    beats = sum(-(-len(stage.column) // hardware.requant_lanes) for stage in (step.q1, step.q2))
    beats += -(-len(step.q1.column) // hardware.requant_lanes) * step.q1.pairs
    work = np.maximum(-(-step.q1.row_bits // hardware.planes), beats) * program.rows_of(1)
    occupied = np.bincount(owners.unit, work)
    assert occupied.max() <= 1.1 * occupied.mean() + 2


def test_too_many_nodes_are_refused_with_the_depth_that_takes_them():
    program, hardware, _ = program_and_owners(100, 1)
    small = type(hardware)(**{**hardware.to_dict(), "bank_depth": 8})
    with pytest.raises(CapacityError, match=r"100 nodes need 7 rows .* has 4: 3 too many") as error:
        assign(program, small)
    assert "--bank-depth 16" in error.value.fix
    assign(program, type(hardware)(**{**hardware.to_dict(), "bank_depth": 16}))


def test_edge_list_repeats_by_value():
    node, source = edge_list(csr_array(np.array([[0, 3], [0, 0], [1, 1]])))
    assert node.tolist() == [0, 0, 0, 2, 2]
    assert source.tolist() == [1, 1, 1, 0, 1]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 8))
def test_spread_respects_the_limit(seed, items, bins):
    rng = np.random.default_rng(seed)
    limit = -(-items // bins)
    where = spread(relative(rng.integers(0, 9, (items, 3))), rng.permutation(items), bins, limit)
    assert np.bincount(where, minlength=bins).max() <= limit
    assert where.max() < bins


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 60), st.integers(1, 8))
def test_refine_keeps_counts_and_lowers_the_price(seed, items, bins):
    rng = np.random.default_rng(seed)
    demand, before = relative(rng.integers(0, 9, (items, 3))), rng.integers(0, bins, items)
    after = refine(demand, before, bins)
    np.testing.assert_array_equal(np.bincount(after, minlength=bins), np.bincount(before, minlength=bins))
    fair = np.maximum(1 / bins, demand.max(0))

    def price(where):
        load = np.zeros((bins, 3))
        np.add.at(load, where, demand)
        return np.exp(2 * STEEP * (load / fair - 1)).sum()

    assert price(after) <= price(before) * (1 + 1e-9)


def test_refine_leaves_alone_what_no_swap_betters():
    """Bins of 5 and 1, 4 and 2: every swap of items of two bins would make one fuller."""
    demand = relative(np.array([[5.0], [1.0], [4.0], [2.0]]))
    where = np.array([0, 0, 1, 1])
    for seed in range(20):
        assert refine(demand, where, 2, seed=seed).tolist() == where.tolist()


def test_refine_mends_a_bad_start():
    demand = relative(np.random.default_rng(0).integers(1, 20, (160, 2)))
    start = np.argsort(np.argsort(demand[:, 0])) // 20  # equal counts, all heavy items together
    load = np.zeros((8, 2))
    np.add.at(load, refine(demand, start, 8), demand)
    assert (load * 8).max() < 1.04


@pytest.mark.parametrize("groups", [1, 4])
def test_source_rows_lie_where_no_row_of_a_node_is_written(groups):
    program, hardware, _ = program_and_owners(40, groups, features=300, density=0.05)
    tight = type(hardware)(**{**hardware.to_dict(), "bank_depth": 32})
    owners = assign(program, tight)
    sources = place_sources(program, tight, owners)
    assert sorted(sources.source) == sorted(np.unique(edge_list(program.schedules[0].reads)[1]))
    assert len(set(zip(sources.bank.tolist(), sources.row.tolist(), strict=True))) == len(sources.source)
    assert sources.row.max() < 32
    assert (sources.row >= 16).any()  # both halves are used
    for half, written in enumerate(program.written):
        rows = set(zip(owners.unit[written].tolist(), (owners.row[written] + 16 * half).tolist(), strict=True))
        assert rows
        assert not rows & set(zip(sources.bank.tolist(), sources.row.tolist(), strict=True))
    with pytest.raises(CapacityError, match=r"need \d+ rows a bank, which has 16: \d+ too many"):
        place_sources(program, type(hardware)(**{**hardware.to_dict(), "bank_depth": 16}), owners)
