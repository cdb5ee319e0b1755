"""Which designs are tried, in which order, how few graphs a batch may have, and how good the guess of cycles is."""

import dataclasses

import pytest
from network_samples import sample_of
from networks import gin_network, node_gcn_network, sage_network

from hwgen.errors import CapacityError
from hwgen.flow.wishes import Wishes
from hwgen.network.network import Network
from hwgen.network.sample import Limits, Sample, single
from hwgen.targets import find_target
from hwgen.targets.target import Candidate

NETWORK = gin_network(0, hidden=8)
FIXED = {"lanes": 8, "units": 1, "requant_lanes": 2}


@pytest.fixture
def sample() -> Sample:
    return dataclasses.replace(sample_of(NETWORK, 1), limits=Limits(
        nodes=900, edges=3000, entries=900, degree=40, features=8, mean_nodes=400, mean_edges=1200, mean_entries=400))


def tried(sample: Sample, network: Network = NETWORK, **wishes: object) -> list[Candidate]:
    """Those that walk lists of features; dense ones may also be rows."""
    every = find_target("lists").candidates(network, sample, Wishes(windows=False, **wishes), lambda area: True)
    return [each for each in every if "nonzeros" in each.design().capacity]


@pytest.mark.slow
def test_fewer_graphs_come_last(sample: Sample) -> None:
    found = tried(sample, graphs=8, hardware=FIXED)
    assert [each.rank for each in found] == [0, 1, 2, 3, 4, 5]  # for each number, room for larger graphs before none
    rooms = [each.design().capacity for each in found]
    assert [room["graphs"] for room in rooms] == [8, 8, 4, 4, 2, 2]  # one graph needs what two of mean size need
    assert [room["nodes"] for room in rooms] == [3200, 3200, 1600, 1600, 1350, 900]  # the largest always has room
    assert [room["edges"] for room in rooms] == [9600, 9600, 4800, 4800, 4500, 3000]
    some = tried(sample, graphs=8)
    assert len({each.hardware for each in some}) == len(some)
    assert [each.rank for each in some] == sorted(each.rank for each in some)
    assert {each.hardware.units for each in some if each.rank == 0} == {1, 2, 4}


@pytest.mark.slow
def test_one_graph_alone_gets_room_for_one() -> None:
    network = node_gcn_network(0)
    only = sample_of(network, 1, graphs=1)
    assert tried(only, network)[0].design().capacity["graphs"] == 1
    assert tried(sample_of(network, 1, graphs=3), network)[0].design().capacity["graphs"] == 3
    assert tried(only, network, graphs=2)[0].design().capacity["graphs"] == 2


@pytest.mark.slow
def test_windows_come_behind_whole_graphs(sample: Sample) -> None:
    found = list(find_target("lists").candidates(NETWORK, sample, Wishes(), lambda area: True))
    kinds = [each.runs for each in found]
    assert kinds == sorted(kinds)  # "batch" before "window"
    assert {"batch", "window"} == set(kinds)
    assert [each.rank for each in found] == sorted(each.rank for each in found)
    only = list(find_target("lists").candidates(NETWORK, sample, Wishes(windows=True), lambda area: True))
    assert {each.runs for each in only} == {"window"}


def test_a_wish_that_is_too_small_is_named(sample: Sample) -> None:
    with pytest.raises(CapacityError, match="buffer_depth"):
        tried(sample, hardware={"buffer_depth": 2})


@pytest.mark.slow
@pytest.mark.parametrize("network", [gin_network(0, hidden=32), sage_network(1), node_gcn_network(2)],
                         ids=lambda network: network.name)
def test_guessed_cycles_rank_designs_as_exact_ones_do(network: Network) -> None:
    sample = sample_of(network, 3, graphs=8, nodes=60)
    found = tried(sample, network, hardware={"lanes": 16})
    exact = []
    for candidate in found[:9]:
        design = candidate.design()
        exact.append(sum(sum(step.cycles for step in run.ran.passes) for batch in design.deal(single(sample.batch))
                         for run in design.session(batch).next_runs()))
    assert all(0.7 * have <= each.cycles <= 1.15 * have for each, have in zip(found, exact, strict=False))
    fastest = min(found[:9], key=lambda each: each.cycles)
    assert exact[found.index(fastest)] <= 1.05 * min(exact)
