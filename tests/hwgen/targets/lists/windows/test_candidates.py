"""Hardware for windows: the rule, and that what it gives takes the graph."""

from dataclasses import replace

import numpy as np
import pytest
from networks import capacities, gin_network, node_gcn_network, random_batch

from hwgen.errors import HwgenError
from hwgen.network.batch import Batch
from hwgen.targets.lists.area import guess_resources
from hwgen.targets.lists.choose import Capacity
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.network_to_program import lower
from hwgen.targets.lists.windows.candidates import ENOUGH, window_candidates
from hwgen.targets.lists.windows.layout import plan_windows
from hwgen.targets.lists.windows.run import WindowedRun

CAPACITY = Capacity(nodes=200_000, graphs=1, edges=900_000, features=900_000)


@pytest.fixture(scope="module")
def batch() -> Batch:
    return random_batch(7, node_gcn_network(1), graphs=4, nodes=12, hub=30)


@pytest.fixture(scope="module")
def program(batch: Batch):
    return lower(node_gcn_network(1), **vars(capacities(batch)))


def brams(most: float):
    return lambda hardware: guess_resources(hardware).total.bram36 <= most


def test_units_come_first_then_requantizer_lanes_then_depth(program) -> None:
    first = next(window_candidates(program, CAPACITY, {}, lambda hardware: True))
    assert (first.units, first.requant_lanes, first.buffer_depth) == (4, 8, 1 << 15)
    found = [*window_candidates(program, CAPACITY, {}, brams(216))][:9]
    assert [(each.units, each.requant_lanes) for each in found] == [
        (units, lanes) for units in (4, 2, 1) for lanes in (8, 4, 2)]
    for each in found:
        assert brams(216)(each)
        wanted = {"units": each.units, "requant_lanes": each.requant_lanes, "lanes": each.lanes,
                  "buffer_depth": each.buffer_depth + 1024}
        deeper = next(window_candidates(program, CAPACITY, wanted, brams(0)))
        assert not brams(216)(deeper)


def test_the_last_are_the_smallest(program) -> None:
    last = list(window_candidates(program, CAPACITY, {}, brams(0)))
    assert [each.buffer_depth for each in last] == [4096, 2048, 1024, 512, 256]
    assert {(each.units, each.lanes, each.requant_lanes) for each in last} == {(1, 8, 2)}


def test_no_unit_is_bought_with_a_shallow_buffer(program) -> None:
    four = next(window_candidates(program, CAPACITY, {"units": 4, "buffer_depth": ENOUGH}, lambda hardware: True))
    room = guess_resources(four).total.bram36
    assert next(window_candidates(program, CAPACITY, {}, brams(room))).units == 4
    fewer = next(window_candidates(program, CAPACITY, {}, brams(room - 8)))
    assert fewer.units == 2
    assert fewer.buffer_depth >= ENOUGH


def test_memories_go_with_the_buffer_and_the_longest_list_has_room(program) -> None:
    hub = replace(program, max_degree=20_000)
    for units in (1, 2, 4):
        each = next(window_candidates(program, CAPACITY, {"units": units, "buffer_depth": 8192}, lambda hardware: True))
        assert 8 * each.list_depth * units == 4 * 8192
        assert 2 * each.descriptor_depth * units == 8192 // 2
        assert each.result_depth * units == 8192 // 2
        long = next(window_candidates(hub, CAPACITY, {"units": units, "buffer_depth": 8192}, lambda hardware: True))
        assert 8 * long.list_depth >= 20_000
    small = next(window_candidates(program, replace(CAPACITY, nodes=200), {}, lambda hardware: True))
    assert small.buffer_depth == 448  # two tensors of nodes, and 40 rows of weights


def test_narrow_lanes_are_left_out_where_rows_are_too_long_for_them() -> None:
    network = gin_network(3, hidden=200, layers=1)
    program = lower(network, **vars(capacities(random_batch(7, network, graphs=6))))
    lanes = [each.lanes for each in window_candidates(program, CAPACITY, {}, brams(0))]
    assert set(lanes) == {16}  # eight would take 25 chunks, fifteen are most


def test_lanes_are_left_out_that_the_requantizer_does_not_divide(program) -> None:
    found = [*window_candidates(program, CAPACITY, {"requant_lanes": 16}, brams(0))]
    assert found
    for each in found:
        each.verify()
        assert each.lanes % 16 == 0


def test_wishes_are_kept(program) -> None:
    wanted = {"units": 2, "lanes": 24, "requant_lanes": 4, "buffer_depth": 300, "list_depth": 77, "param_depth": 500}
    for each in window_candidates(program, CAPACITY, wanted, lambda hardware: True):
        assert {name: getattr(each, name) for name in wanted} == wanted
    for wrong, words in (({"lanes": 12}, "lanes is 12"), ({"units": 3}, "units is 3")):
        with pytest.raises(HwgenError, match=words):
            next(window_candidates(program, CAPACITY, wrong, lambda hardware: True))


@pytest.mark.parametrize("network", [node_gcn_network(1), gin_network(3, layers=2)], ids=lambda network: network.name)
def test_what_the_rule_gives_takes_the_graph(network) -> None:
    batch = random_batch(7, network, graphs=6, nodes=40, hub=30)
    program = lower(network, **vars(capacities(batch)))
    last = [*window_candidates(program, Capacity.of([batch], network.input_bits), {}, brams(0))][-1]
    assert (last.units, last.buffer_depth) == (1, 256)
    trace, running, windows = run(program, batch), WindowedRun(plan_windows(program, last), batch), 0
    while some := running.next_pass():
        windows += len(some)
        for window in some:
            done = window.expected(trace.passes[window.index])[-1]
            running.feed(window, done.written[window.rows])
    np.testing.assert_array_equal(running.results, trace.results)
    assert windows > len(program.passes)
