"""What is free of a target: everything that the search of a build tries, and each choice is a design."""

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from models import random_graph_model
from network_samples import sample_of
from networks import gin_network

from hwgen.errors import HwgenError
from hwgen.flow.wishes import Wishes
from hwgen.network.network import Network
from hwgen.network.sample import Sample
from hwgen.targets import OPTIONS, TARGETS, find_target
from hwgen.targets.target import Space

GCN = random_graph_model(1, 60, 40, 8, 4, density=0.3).parts
WIDE = random_graph_model(2, 30, 70, 8, 4, input_bits=4).parts  # features that may go through the MAC array
GIN = gin_network(0, hidden=8)
CASES = [("banked", *GCN), ("lists", *GCN), ("banked", *WIDE), ("lists", *WIDE),
         ("lists", GIN, sample_of(GIN, 1, graphs=9))]


def points(space: Space, **fixed: int) -> list[Mapping[str, int]]:
    values = {name: [fixed[name]] if name in fixed else every for name, every in space.choices.items()}
    return [dict(zip(values, point, strict=True)) for point in itertools.product(*values.values())]


def told(candidate: Any) -> tuple[Any, float]:
    return candidate.hardware, candidate.cycles


@pytest.mark.slow
@pytest.mark.parametrize(("target", "network", "sample"), CASES)
def test_everything_that_a_build_tries_is_a_choice(target: str, network: Network, sample: Sample) -> None:
    wishes = Wishes(windows=False)
    space = find_target(target).explored(network, sample, wishes)
    tried = {told(each) for each in find_target(target).candidates(network, sample, wishes, lambda area: True)
             if each.rank == 0}
    found = set()
    fixed = {"graphs": min(8, sample.batch.graphs)} if "graphs" in space.choices else {}
    for point in points(space, **fixed):
        try:
            found.add(told(space.candidate(point)))
        except HwgenError:
            continue
    assert tried <= found


@pytest.mark.slow
@pytest.mark.parametrize(("target", "network", "sample"), CASES)
def test_a_choice_is_a_design_that_holds_the_sample(target: str, network: Network, sample: Sample) -> None:
    space = find_target(target).explored(network, sample, Wishes())
    for place in (0, -1):
        point = {name: values[place] for name, values in space.choices.items()}
        point["requant_lanes"] = 4  # one takes more beats than a task word counts; many need not divide the others
        candidate = space.candidate(point)
        design = candidate.design()
        known = {**design.capacity, **design.hardware.to_dict()}
        assert {name: known[name] for name in point if name in known} == {
            name: value for name, value in point.items() if name in known}
        assert candidate.longest is not None
        assert 0 < candidate.longest <= candidate.cycles


@pytest.mark.parametrize("target", TARGETS)
def test_names_of_options_have_values_of_options(target: str) -> None:
    space = find_target(target).explored(*GCN, Wishes())
    offered = {each.name: each for each in OPTIONS if target in each.targets}
    named = [name for name in space.choices if name in offered]
    assert {"requant_lanes"} < set(named)
    for name in named:
        assert not offered[name].values or set(space.choices[name]) <= set(offered[name].values), name
    others = set(space.choices) - set(offered)
    assert not others & set(find_target(target).parameters)  # a hardware parameter of the same name is another thing


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_wished_for_is_no_choice(target: str) -> None:
    space = find_target(target).explored(*GCN, Wishes(hardware={"requant_lanes": 2}))
    assert space.choices["requant_lanes"] == (2,)
    wrong = Wishes(limits={"max_nodes": 5})
    with pytest.raises(HwgenError, match="max_nodes is 5, and the model's own graphs have 60"):
        find_target(target).explored(*GCN, wrong)


def test_larger_batches_have_longer_runs_and_fewer_cycles() -> None:
    sample = sample_of(GIN, 1, graphs=9)
    space = find_target("lists").explored(GIN, sample, Wishes())
    assert space.choices["graphs"] == (1, 2, 4, 8)
    every = [space.candidate({**{name: values[0] for name, values in space.choices.items()}, "graphs": graphs})
             for graphs in space.choices["graphs"]]
    longest, cycles = [each.longest for each in every], [each.cycles for each in every]
    assert longest == sorted(longest)
    assert cycles == sorted(cycles, reverse=True)
    assert dataclasses.replace(every[0], longest=None).longest is None
