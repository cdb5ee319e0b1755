"""Hardware is as small as the need and takes every batch within its capacity; wanted parameters are kept or refused."""

from dataclasses import replace

import numpy as np
import pytest
from list_builds import build, compare, random_build
from networks import gin_network, node_gcn_network, random_batch, residual_gcn_network, sage_network
from refusals import accepted
from scipy.sparse import csr_array

from hwgen.errors import CapacityError, HwgenError
from hwgen.network.batch import Batch
from hwgen.targets.lists.batch import union
from hwgen.targets.lists.choose import ROUND, Capacity, choose, hardware_for
from hwgen.targets.lists.hardware import Hardware
from hwgen.targets.lists.images import batch_image
from hwgen.targets.lists.placement import place
from hwgen.targets.lists.sizes import needs


@pytest.mark.parametrize("seed", range(6))
def test_every_parameter_is_what_is_needed(seed):
    built = random_build(seed)
    hardware = built.hardware.to_dict()
    for name, (_, value) in needs(built.layout).items():
        step = ROUND.get(name, 1)
        if name == "weight_bits":
            assert hardware[name] == (max(2, value) if value else 0)
        elif name in ("levels", "leaky", "joined", "maxima"):
            assert hardware[name] == value
        else:
            assert value <= hardware[name] < max(1, value) + step, name


@pytest.mark.parametrize(("make", "options", "lanes"), [
    (gin_network, {"features": 7, "hidden": 16}, 16),
    (gin_network, {"features": 7, "hidden": 64}, 64),
    (gin_network, {"features": 3, "hidden": 6}, 8),
    (gin_network, {"features": 7, "hidden": 70}, 40),  # two words of 40, not of 64
    (sage_network, {"hidden": 24}, 24),
    (node_gcn_network, {"hidden": 33}, 40),
])
def test_lanes_follow_the_widths(make, options, lanes):
    assert build(make(0, **options)).hardware.lanes == lanes


def test_wanted_parameters_are_kept():
    network = gin_network(0)
    wanted = {"units": 2, "lanes": 24, "requant_lanes": 4, "buffer_depth": 5000, "code_bits": 8, "levels": 9,
              "leaky": 1, "param_depth": 700, "acc_bits": 24, "weight_bits": 7, "chunks": 6}
    built = build(network, wanted=wanted)
    for name, value in wanted.items():
        assert getattr(built.hardware, name) == value
    compare(built)
    everything = build(network, wanted=built.hardware.to_dict())
    assert everything.hardware == built.hardware


@pytest.mark.parametrize(("wanted", "message"), [
    ({"units": 3}, "units is 3"), ({"lanes": 12}, "lanes is 12"), ({"lanes": 72}, "lanes is 72"),
    ({"code_bits": 6}, "code_bits is 6"),
    ({"levels": 11}, "levels is 11"), ({"buffer_depth": 0}, "buffer_depth is 0"), ({"passes": 65}, "passes is 65"),
    ({"lanes": 24, "requant_lanes": 16}, "16 requantizer lanes do not divide 24 lanes"),
])
def test_parameters_that_no_template_has(wanted, message):
    with pytest.raises(HwgenError, match=message) as error:
        build(gin_network(0), wanted=wanted)
    assert error.value.where.startswith("hardware.")


@pytest.mark.parametrize("name", ["buffer_depth", "list_depth", "descriptor_depth", "param_depth", "passes", "beats",
                                  "column_depth", "pages", "tables", "result_depth"])
def test_wanted_parameters_too_small_are_refused_by_name(name):
    network = gin_network(0)
    batch = random_batch(0, network, graphs=30)
    with pytest.raises(CapacityError, match=rf"need {name} \d+; the design has 2, \d+ too few") as error:
        build(network, batch, wanted={name: 2})
    assert error.value.where.endswith(f"hardware.{name}")


def test_codes_are_stored_as_wide_as_they_are():
    assert build(residual_gcn_network(0, bits=(1, 4))).hardware.code_bits == 4
    assert build(residual_gcn_network(0, bits=(5, 6))).hardware.code_bits == 8
    assert build(gin_network(0, by="per_tensor")).hardware.levels == 0


@pytest.mark.parametrize("units", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_any_batch_within_the_capacity_packs(units, seed):
    """Graphs that the design was not chosen for, as many as its capacity takes."""
    network = residual_gcn_network(seed) if seed else gin_network(seed)
    graphs = [random_batch(100 * seed + k, network, graphs=1, nodes=20) for k in range(60)]
    built = build(network, union(graphs[:12]), *graphs[12:], wanted={"units": units})
    packed = 0
    for first in range(12, 53):
        batch = union(graphs[first : first + 7])
        most = Capacity.of([batch], 1)
        if all(getattr(most, name) <= getattr(built.capacity, name) for name in ("nodes", "edges", "features")):
            batch_image(built.layout, batch)
            packed += 1
    assert packed > 5


def dealt(total, most, rows):
    """So many in each of some rows, the first ones full: int64 [rows]."""
    return np.clip(total - most * np.arange(rows), 0, most)


@pytest.mark.parametrize("units", [1, 2, 4])
def test_a_batch_of_exactly_the_stated_capacity_packs(units):
    """As many nodes, graphs, edges and features at once as are promised, in lists as long as they may be."""
    network = gin_network(0, features=7)
    built = build(network, *(random_batch(seed, network, graphs=8, nodes=20) for seed in range(3)),
                  wanted={"units": units})
    room, program = built.capacity, built.program
    degree = dealt(room.edges, program.max_degree, room.nodes)
    filled = dealt(room.features, program.max_features, room.nodes)
    sizes = dealt(room.nodes, program.max_members, room.graphs)
    assert (degree.sum(), filled.sum(), sizes.sum()) == (room.edges, room.features, room.nodes)
    target = np.repeat(np.arange(room.nodes), degree)
    batch = Batch(features=csr_array((np.arange(7) < filled[:, None]).astype(np.int64)), graphs=room.graphs,
                  edges=np.stack([target, target]), graph=np.repeat(np.arange(room.graphs), sizes),
                  node=np.zeros(room.nodes, dtype=np.int64))
    assert Capacity.of([batch], 1) == room
    with accepted():
        compare(replace(built, batches=(batch,)))


@pytest.mark.parametrize("units", [2, 4])
def test_a_hub_and_its_graph_may_lie_in_one_unit(units):
    """One graph, a star: the unit that has the hub's list has the list of members too."""
    nodes = 2000
    star = Batch(features=csr_array(np.ones((nodes, 1), dtype=np.int64)), graphs=1,
                 edges=np.stack([np.arange(1, nodes), np.zeros(nodes - 1, dtype=np.int64)]),
                 graph=np.zeros(nodes, dtype=np.int64), node=np.zeros(nodes, dtype=np.int64))
    with accepted():
        built = build(gin_network(0, features=1), star, wanted={"units": units})
        batch_image(built.layout, star)


def test_an_odd_number_of_rows_has_room_for_its_last_descriptor():
    """Two descriptors a word: 129 nodes take 65 words of each set, and a graph takes one."""
    nodes = 129
    chain = Batch(features=csr_array(np.ones((nodes, 1), dtype=np.int64)), graphs=1,
                  edges=np.stack([np.arange(nodes - 1), np.arange(1, nodes)]), graph=np.zeros(nodes, dtype=np.int64),
                  node=np.zeros(nodes, dtype=np.int64))
    with accepted():
        built = build(gin_network(0, features=1), chain, wanted={"units": 1})
        batch_image(built.layout, chain)
    assert built.hardware.descriptor_depth == 192


def test_batches_too_large_for_any_design():
    built = build(gin_network(0))
    with pytest.raises(CapacityError, match="batches of 40000 nodes"):
        choose(built.program, replace(built.capacity, nodes=40000))


def test_capacity_is_the_most_of_each():
    network = gin_network(0, features=4)
    batches = [random_batch(k, network, graphs=k + 1) for k in range(4)]
    capacity = Capacity.of(batches, 1)
    assert capacity.nodes == max(batch.num_nodes for batch in batches)
    assert capacity.edges == max(batch.edges.shape[1] for batch in batches)
    assert capacity.graphs == 4
    assert capacity.features == max(batch.features.nnz for batch in batches)


@pytest.mark.slow
def test_the_largest_design_comes_first():
    built = build(gin_network(0, hidden=32))
    every = list(hardware_for(built.program, built.capacity, {}))
    assert len({tuple(each.to_dict().values()) for each in every}) == len(every) == 3 * (5 + 3 * 4 + 3 * 3)
    assert every[0].units == 4
    assert every[0].lanes == 32
    assert every[0].requant_lanes == 32
    assert [each.lut_inputs for each in every if each.lanes == 16][:3] == [0, 6, 10]
    assert (every[-1].units, every[-1].lanes, every[-1].requant_lanes) == (1, 8, 2)
    for each in every:
        layout = place(built.program, each, nodes=built.capacity.nodes, graphs=built.capacity.graphs)
        compare(replace(built, hardware=each, layout=layout)) if each.lanes == 8 and each.requant_lanes == 2 else None
    tables = hardware_for(built.program, built.capacity, {"lanes": 16, "lut_inputs": 4})
    assert {each.lut_inputs for each in tables} == {4}
    fixed = list(hardware_for(built.program, built.capacity, {"units": 2, "lanes": 16}))
    assert {(each.units, each.lanes) for each in fixed} == {(2, 16)}
    assert [each.requant_lanes for each in fixed] == [each for each in (16, 8, 4, 2) for _ in range(3)]


@pytest.mark.parametrize(("network", "joined", "maxima"), [
    (gin_network(0, epsilon=0.0), 0, 0), (gin_network(0), 1, 0), (sage_network(0, op="max"), 0, 1),
    (residual_gcn_network(0), 1, 1)])
def test_requantizers_are_as_large_as_the_operands_ask_for(network, joined, maxima):
    """Sums of operands take a memory and an adder, maxima a comparison: designs have them where programs do."""
    hardware = build(network).hardware
    assert (hardware.joined, hardware.maxima) == (joined, maxima)


def test_a_second_model_on_the_same_design():
    """Only images differ."""
    first = build(gin_network(0, hidden=16), wanted={"units": 2})
    wanted = first.hardware.to_dict() | {"column_depth": 32, "levels": 7, "tables": 8, "param_depth": 512, "pages": 12}
    hardware = Hardware(**wanted)
    for network in (gin_network(5, hidden=16), gin_network(6, hidden=12, features=5)):
        program = build(network, random_batch(9, network, graphs=2, nodes=4)).program
        batch = random_batch(9, network, graphs=2, nodes=4)
        capacity = Capacity.of([batch], 1)
        assert choose(program, capacity, wanted) == hardware
        layout = place(program, hardware, nodes=capacity.nodes, graphs=capacity.graphs)
        compare(replace(first, network=network, program=program, layout=layout, batches=(batch,), hardware=hardware))


def test_sums_have_the_width_that_was_proved():
    built = build(sage_network(0, op="sum"))
    widest = max(operand.x.signed_bits for step in built.program.passes for block in step.blocks
                 for operand in block.operands)
    assert built.hardware.acc_bits == max(widest, 9)
    assert np.log2(built.program.max_degree) < built.hardware.acc_bits
