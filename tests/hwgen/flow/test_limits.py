"""Room for graphs that come later: by default, as asked for, and as an edited config.json says."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from designs import design_of
from models import random_graph_model
from network_samples import sample_of
from networks import gin_network, node_gcn_network, random_batch

from hwgen.errors import CapacityError, HwgenError
from hwgen.flow.config import Config, wishes_of
from hwgen.flow.misfit import misfit
from hwgen.flow.wishes import Wishes, limits_of
from hwgen.network.limit_names import LIMITS
from hwgen.network.sample import Limits
from hwgen.targets import OPTIONS, find_target
from hwgen.targets.lists.design import program_for

GIN = gin_network(0, hidden=8)
MANY, ONE = sample_of(GIN, 1, graphs=9), sample_of(GIN, 1, graphs=1)


def candidates(sample: Any, target: str = "lists", network: Any = GIN, **wishes: Any) -> list[Any]:
    return list(find_target(target).candidates(network, sample, Wishes(**wishes), lambda area: True))


def test_a_set_has_room_for_larger_graphs_and_a_single_graph_none() -> None:
    most, room = MANY.limits, limits_of(MANY, Wishes())
    assert room == (most.enlarged(1.5), most)
    assert (room[0].nodes, room[0].degree) == (int(np.ceil(1.5 * most.nodes)), int(np.ceil(1.5 * most.degree)))
    assert (room[0].features, room[0].mean_nodes) == (most.features, most.mean_nodes)
    assert limits_of(ONE, Wishes()) == (ONE.limits,)


@pytest.mark.slow
def test_for_each_number_of_graphs_room_comes_first() -> None:
    found = candidates(MANY, windows=False)
    order = [(each.limits == MANY.room, each.design().capacity["graphs"]) for each in found]
    assert order[0] == (True, 8)
    ranks = [each.rank for each in found]
    assert ranks == sorted(ranks)
    assert [each.limits for each in found if each.rank == 1] == [MANY.limits] * ranks.count(1)
    program = found[0].design().program
    assert (program.max_degree, program.max_members) == (MANY.room.degree, MANY.room.nodes)


def lowers(limits: Limits) -> bool:
    try:
        program_for(GIN, limits)
    except HwgenError:
        return False
    return True


@pytest.mark.slow
def test_room_that_no_accumulator_has_is_left_out() -> None:
    degrees = (dataclasses.replace(MANY.limits, degree=int(1.2**power)) for power in range(40, 120))
    huge = next(limits for limits in degrees if lowers(limits) and not lowers(limits.enlarged(1.5)))
    assert {each.limits for each in candidates(dataclasses.replace(MANY, limits=huge), windows=True)} == {huge}


@pytest.mark.slow
def test_what_was_asked_for_is_reserved() -> None:
    asked = {"max_nodes": 200, "max_edges": 900, "max_degree": 77}
    for sample in (MANY, ONE):
        (limits, *_) = {each.limits for each in candidates(sample, limits=asked, windows=False)}
        assert (limits.nodes, limits.edges, limits.degree) == (200, 900, 77)
        capacities = candidates(sample, limits=asked, graphs=1, windows=False)[0].design().capacities
        assert {name: capacities[name] for name in asked} == asked
    more = limits_of(ONE, Wishes(limits={"max_nodes": 10 * ONE.limits.nodes}))[0]
    assert (more.edges, more.entries) == (10 * ONE.limits.edges, 10 * ONE.limits.entries)


def test_options_and_files_have_the_same_names() -> None:
    assert {each.name for each in OPTIONS} & set(LIMITS) == {"max_nodes", "max_edges", "max_degree"}
    assert Limits.from_dict(MANY.limits.to_dict()) == MANY.limits
    assert {name for name in design_of("lists", GIN, MANY).capacities if name in LIMITS} == {
        name for name in LIMITS if name.startswith("max_") and not name.startswith("max_edge_")}  # no edge weighs


@pytest.mark.parametrize(("limits", "what"), [
    ({"nodez": 5}, "no limit is called nodez"),
    ({"max_nodes": 1}, r"max_nodes is 1, and the model's own graphs have \d+"),
    ({"max_degree": 2}, r"max_degree is 2, and"),
])
def test_limits_that_cannot_be_are_refused(limits: dict[str, int], what: str) -> None:
    with pytest.raises(HwgenError, match=what) as caught:
        candidates(MANY, limits=limits)
    assert caught.value.where == f"limits.{next(iter(limits))}"


def test_banked_designs_reserve_nothing() -> None:
    network, sample = random_graph_model(1, 60).parts
    assert candidates(sample, "banked", network, limits=sample.limits.to_dict())
    with pytest.raises(CapacityError, match="room for graphs that are larger") as caught:
        candidates(sample, "banked", network, limits={"max_nodes": 61})
    assert "--target lists" in caught.value.fix


@pytest.mark.slow
def test_an_edited_configuration_is_obeyed_or_refused(tmp_path: Path) -> None:
    design = candidates(MANY, graphs=2, windows=False)[0].design()
    path = tmp_path / "config.json"
    path.write_text(Config(board="ultra96", target="lists", runs="batch", hardware=design.hardware.to_dict(),
                           capacity=design.capacity, limits=MANY.room).to_text())
    again = wishes_of(path)
    assert limits_of(MANY, again) == (MANY.room,)
    assert candidates(MANY, **dataclasses.asdict(again))[0].design().hardware == design.hardware
    content = json.loads(path.read_text())
    content["limits"]["max_nodes"] += 3000
    path.write_text(json.dumps(content))
    with pytest.raises(CapacityError, match="the design has"):  # all its memories are fixed
        candidates(MANY, **dataclasses.asdict(wishes_of(path)) | {"windows": False})
    path.write_text(json.dumps({**content, "hardware": {}}))
    found = candidates(MANY, **dataclasses.asdict(wishes_of(path)) | {"windows": False})
    assert found[0].design().capacities["max_nodes"] == MANY.room.nodes + 3000
    for limits in (5, {"max_nodes": 1.5}, {"mean_nodes": "x"}):
        path.write_text(json.dumps({**content, "limits": limits}))
        with pytest.raises(HwgenError, match=r"limits is 5|max_nodes is 1\.5|mean_nodes is"):
            wishes_of(path)


def test_the_graph_that_does_not_fit_is_named() -> None:
    design = design_of("lists", GIN, MANY, graphs=2)
    large = random_batch(3, GIN, graphs=1, nodes=300)
    with pytest.raises(CapacityError) as caught:
        design.session(large)
    found = misfit(design, large, 7, caught.value)
    assert found.what.startswith(f"graph 7 needs max_nodes {large.num_nodes}, and the design takes ")
    assert f"--max-nodes {large.num_nodes}" in found.fix
    assert "leave the graph out" in found.fix


def test_so_many_graphs_as_results_have_a_place() -> None:
    """2,000 nodes of 40 classes: the results of eight such graphs have no place in any design."""
    network = node_gcn_network(0, classes=40, by="nearest")
    large = {"nodes": 2000, "edges": 6000, "entries": 9000}
    large |= {f"mean_{name}": value for name, value in large.items()}
    for graphs, most in ((1, 1), (9, 4)):
        sample = sample_of(network, 1, graphs=graphs)
        sample = dataclasses.replace(sample, limits=dataclasses.replace(sample.limits, **large))
        fixed = {"units": 1, "lanes": 8}
        assert candidates(sample, network=network, windows=False, hardware=fixed)[0].design().capacity["graphs"] == most
