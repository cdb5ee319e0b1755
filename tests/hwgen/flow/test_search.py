"""Which design is chosen: of both targets, by cycles, with room for the router; and what the user is told of it."""

import dataclasses
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from models import random_graph_model
from network_samples import sample_of
from networks import gin_network, random_batch

import boards
from boards import Board
from hwgen.errors import CapacityError, HwgenError
from hwgen.flow import resources
from hwgen.flow.build import build, estimate
from hwgen.flow.preference import COMFORT, WORTH, order
from hwgen.flow.resources import Resources
from hwgen.flow.search import Found, search
from hwgen.flow.wanted import candidate_targets
from hwgen.flow.wishes import Wishes
from hwgen.network.network import Network
from hwgen.network.sample import Limits, Sample
from hwgen.progress import SILENT, Expected
from hwgen.targets import TARGETS, find_target
from hwgen.targets.costs import errors

GIN = gin_network(0, hidden=8)
BOARD = boards.load("ultra96")


@pytest.fixture
def many() -> Sample:
    """Graphs of which eight are large."""
    return dataclasses.replace(sample_of(GIN, 1), limits=Limits(
        nodes=900, edges=3000, entries=900, degree=40, features=8, mean_nodes=400, mean_edges=1200, mean_entries=400))


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Instead of RTL and Yosys: guesses; holds the hardware that was counted."""
    done: list[Any] = []

    def guess(path: Path, parts: object, family: object) -> Resources:
        name = "banked" if "group" in parts else "lists"
        module = __import__(f"hwgen.targets.{name}.area", fromlist=["guess_resources"])
        return module.guess_resources(done[-1])

    for name in TARGETS:
        def emit(hardware: Any, *, primitives: object = None) -> tuple[str, dict[str, Any]]:
            done.append(hardware)
            return "", {}

        monkeypatch.setattr(find_target(name), "emit", emit, raising=False)
    monkeypatch.setattr(resources, "estimate", guess)
    return done


def board_with(**amounts: int) -> Board:
    return dataclasses.replace(BOARD, resources=dataclasses.replace(BOARD.resources, **amounts))


def cycles_of(found: Found) -> int:
    return sum(step.cycles for ran in found.packed.runs for step in ran.passes)


def found(network: Network, sample: Sample, board: Board = BOARD, **wishes: Any) -> Found:
    return search(network, sample, board, Wishes(**wishes), SILENT)


@pytest.mark.slow
def test_the_cycle_model_decides_between_targets() -> None:
    network, sample = random_graph_model(1, 70, 60, 16, 7, density=0.4).parts
    every = {name: found(network, sample, target=name) for name in TARGETS}
    cycles = {name: cycles_of(each) for name, each in every.items()}
    assert cycles["banked"] < cycles["lists"]
    chosen = found(network, sample)
    assert chosen.target.name == "banked"
    assert chosen.design.hardware == every["banked"].design.hardware
    assert re.search(r"target banked: the fastest of \d+ designs that fits", chosen.choice)
    assert found(GIN, sample_of(GIN, 1)).target.name == "lists"


@pytest.mark.slow
def test_a_chosen_design_leaves_room_for_the_router(counted: list[Any]) -> None:
    network, sample = random_graph_model(1, 70, 60, 16, 7, density=0.4).parts
    fastest = found(network, sample, target="banked")
    largest = fastest.resources
    for name, limit in COMFORT.items():
        used = dataclasses.asdict(largest.total)[name]
        if used:
            board = board_with(**{name: int(used / limit) - 1})
            smaller = found(network, sample, board, target="banked")
            assert smaller.resources.fullest(board, COMFORT)[1] <= 1, name
            assert smaller.resources.total != largest.total
            fits = board_with(**{name: int(1.1 * used / limit) + 1})  # what estimates may be wrong by is left free
            assert cycles_of(found(network, sample, fits, target="banked")) <= WORTH * cycles_of(fastest)


@pytest.mark.slow
def test_what_the_user_fixed_comes_before_comfort() -> None:
    network, sample = random_graph_model(1, 70, 60, 16, 7, density=0.4).parts
    wished = {"groups": 4, "servers": 16, "requant_lanes": 8, "lane_sets": 1, "digit": 4}
    lut = found(network, sample, hardware=wished).resources.total.lut
    tight = found(network, sample, board_with(lut=lut), hardware=wished)
    assert tight.resources.total.lut == lut
    given = "--groups 4 --servers 16 --requant-lanes 8 --lane-sets 1 --digit 4"
    assert tight.choice == f"target banked: as asked for: {given}"
    assert found(network, sample, board_with(lut=lut)).resources.total.lut < 0.85 * lut
    partly = found(network, sample, hardware={"groups": 1})
    assert "with --groups 1 as asked for" in partly.choice


@pytest.mark.slow
def test_yosys_has_the_last_word(monkeypatch: pytest.MonkeyPatch, counted: list[Any]) -> None:
    network, sample = random_graph_model(1, 110, 100, 16, 7, density=0.4).parts
    guess = resources.estimate

    def large(path: Path, parts: object, family: object) -> Resources:
        found = guess(path, parts, family)
        many = tuple(dataclasses.replace(part, count=100 * part.count) for part in found.components)
        return found if len(counted) > 2 else dataclasses.replace(found, components=many)

    monkeypatch.setattr(resources, "estimate", large)
    chosen = found(network, sample, target="banked")
    assert len(counted) == 3
    assert "that fits, 2 faster ones do not" in chosen.choice


@pytest.mark.slow
def test_a_small_board_gets_smaller_batches(many: Sample, counted: list[Any]) -> None:
    fixed = {"lanes": 8, "units": 1, "requant_lanes": 2}
    wishes = Wishes(graphs=8, hardware=fixed, windows=False)
    tried = [each for each in find_target("lists").candidates(GIN, many, wishes, lambda area: True)
             if each.limits == many.room]
    half = [each.area.total.bram36 for each in tried if each.rank == tried[0].rank + 2]  # without room comes between
    shown = estimate(GIN, many, board_with(bram36=int(min(half) / COMFORT["bram36"]) + 1), wishes, synth=True)
    assert shown.report.capacities["max_graphs"] == 4
    assert shown.choice.endswith("batches of up to 4 graphs, with room for 8 none fits")
    assert len(counted) == 1  # what is too large by far was not synthesized


@pytest.mark.slow
def test_where_nothing_fits_the_smallest_is_refused(many: Sample, counted: list[Any], tmp_path: Path) -> None:
    board = board_with(bram36=1)
    with pytest.raises(CapacityError, match=r"BRAM36, .* too many, by formulas"):
        build(GIN, many, board, tmp_path / "build", Wishes(windows=False))
    assert not (tmp_path / "build").exists()
    shown = estimate(GIN, many, board, Wishes(windows=False), synth=True).report
    assert shown.resources.utilisation["bram36"].share > 1
    assert shown.resources.method.startswith("formulas fitted to Yosys's counts")
    assert counted == []  # what is too large by far was not synthesized
    least = find_target("lists").candidates(GIN, many, Wishes(windows=False), lambda area: True)
    luts = min(each.area.total.lut for each in least)
    for lut, synthesized in ((luts / (1 + errors("xcup")["lut"]) + 1, 1), (luts / (1 + errors("xcup")["lut"]) - 1, 0)):
        counted.clear()
        with pytest.raises(CapacityError, match="LUT"):
            build(GIN, many, board_with(lut=int(lut)), tmp_path / "build", Wishes(windows=False))
        assert [each.units for each in counted] == [1] * synthesized  # an estimate errs so far, and no farther


@pytest.mark.slow
def test_one_count_corrects_the_next_guess(monkeypatch: pytest.MonkeyPatch, counted: list[Any]) -> None:
    """Designs are 15 % larger than guessed: after the first, those within 15 % of the limit are not synthesized.

    The graph is large enough that several designs lie there.
    """
    network, sample = random_graph_model(1, 300, 60, 16, 7, density=0.3).parts
    guess = resources.estimate

    def larger(path: Path, parts: object, family: object) -> Resources:
        found = guess(path, parts, family)
        return dataclasses.replace(found, components=tuple(
            dataclasses.replace(each, one=dataclasses.replace(each.one, lut=each.one.lut * 115 // 100))
            for each in found.components))

    first = found(network, sample, target="banked").resources.total.lut
    counted.clear()
    monkeypatch.setattr(resources, "estimate", larger)
    board = board_with(lut=int(first / COMFORT["lut"]) + 1)  # it seems to fit
    chosen = found(network, sample, board, target="banked")
    assert chosen.resources.fullest(board, COMFORT)[1] <= 1
    assert len(counted) == 2  # the first, and the one that was chosen


def test_the_estimate_is_said_before_anything_is_synthesized(counted: list[Any]) -> None:
    said: list[str] = []

    class Listener:
        def step(self, text: str, expected: Expected | None = None) -> Any:
            said.append(f"{text} {expected and expected.seconds > 1 and expected.megabytes > 100}")
            return nullcontext()

        def note(self, text: str) -> None:
            said.append(text)

        def bar(self, text: str, total: int) -> Any:
            raise AssertionError

    search(GIN, sample_of(GIN, 1), BOARD, Wishes(), Listener())
    (note,) = (text for text in said if "by formulas" in text)
    assert re.search(r"target lists, .*: about [\d,]+ cycles, \d+% of [A-Z0-9]+, \d+% of [A-Z0-9]+ by formulas$", note)
    assert said.index(note) < said.index("counting resources with Yosys True")


def test_a_value_that_one_target_has_chooses_it() -> None:
    network, sample = random_graph_model(1, 40, 20, hidden=32).parts
    assert found(network, sample, hardware={"requant_lanes": 32}).target.name == "lists"
    assert found(network, sample, hardware={"requant_lanes": 5}).target.name == "lists"


@pytest.mark.parametrize(("target", "hardware", "message"), [
    (None, {"requant_lanes": 0}, "requant_lanes is 0"), ("lists", {"requant_lanes": 0}, "requant_lanes is 0"),
    ("lists", {"requant_lanes": 9}, "9 requantizer lanes do not divide"), ("banked", {"groups": 0}, "groups is 0"),
    ("banked", {"servers": 0}, "servers is 0"), ("banked", {"planes": 0}, "planes is 0"),
    ("banked", {"digit": 0}, "digit is 0"), ("banked", {"slots": 0}, "slots is 0"),
    ("banked", {"bank_depth": 0}, "bank_depth is 0"), ("banked", {"lane_sets": 0}, "lane_sets is 0"),
    ("lists", {"lanes": 8, "lut_inputs": 1, "pages": 64}, "no tables of 8 lanes have 1 inputs"),
])
def test_values_that_no_template_has_are_refused(target: str | None, hardware: dict[str, int], message: str) -> None:
    network, sample = random_graph_model(1, 40, 20, hidden=32).parts
    with pytest.raises(HwgenError, match=f"^{message}"):
        found(network, sample, target=target, hardware=hardware)


@pytest.mark.slow
def test_windows_where_nothing_holds_the_graph(counted: list[Any]) -> None:
    network = gin_network(0, features=5, hidden=8, layers=1)
    sample = sample_of(network, 1, graphs=9, nodes=12)
    tiny = {"units": 1, "lanes": 8, "requant_lanes": 1, "buffer_depth": 64, "list_depth": 8, "descriptor_depth": 12,
            "result_depth": 16}
    chosen = found(network, sample, hardware=tiny)
    assert chosen.design.runs == "window"
    assert f"by windows, no design that holds the graphs whole fits: {len(chosen.packed.runs)} windows" in chosen.choice
    assert "as asked for" in found(network, sample, hardware=tiny, windows=True).choice
    with pytest.raises(CapacityError, match="need list_depth 14; the design has 8"):
        found(network, sample, hardware=tiny, windows=False)
    large = dataclasses.replace(sample, batch=random_batch(2, network, graphs=9, nodes=12, hub=200))
    with pytest.raises(CapacityError):
        found(network, dataclasses.replace(large, limits=Limits.of(large.batch, 1)), hardware=tiny)


@pytest.mark.parametrize(("wishes", "what", "where", "fix"), [
    ({"hardware": {"groups": 2, "units": 1}}, "--groups is an option of target banked, --units one of target lists",
     "--groups", "leave one of them out"),
    ({"target": "lists", "hardware": {"groups": 2}}, "--groups is an option of target banked, and the target is lists",
     "--groups", "leave it out, or use --target banked"),
    ({"target": "banked", "graphs": 2}, "--graphs is an option of target lists, and the target is banked", "--graphs",
     "leave it out, or use --target lists"),
    ({"hardware": {"depth": 2}}, "no parameter is called depth", "hardware.depth", "use "),
    ({"target": "boxed"}, "no target is called 'boxed'", "--target", "use banked or lists"),
])
def test_wishes_that_no_target_has(wishes: dict[str, Any], what: str, where: str, fix: str) -> None:
    with pytest.raises(HwgenError) as caught:
        candidate_targets(*random_graph_model(0).parts, Wishes(**wishes))
    assert (caught.value.what, caught.value.where) == (what, where)
    assert caught.value.fix.startswith(fix)


def test_networks_that_a_target_does_not_run() -> None:
    sample = sample_of(GIN, 1, graphs=1)
    with pytest.raises(HwgenError, match="is no part of a chain of GCN layers") as caught:
        candidate_targets(GIN, sample, Wishes(target="banked"))
    assert "--target lists" in caught.value.fix
    with pytest.raises(HwgenError, match="--groups is an option of target banked, which does not run this") as caught:
        candidate_targets(GIN, sample, Wishes(hardware={"groups": 1}))
    assert caught.value.fix == "leave --groups out"
    assert [each.name for each in candidate_targets(GIN, sample, Wishes())] == ["lists"]
    chain = random_graph_model(0).parts
    assert [each.name for each in candidate_targets(*chain, Wishes(windows=False))] == list(TARGETS)
    assert [each.name for each in candidate_targets(*chain, Wishes(graphs=1))] == ["lists"]


def test_area_is_estimated_for_the_boards_family(monkeypatch: pytest.MonkeyPatch) -> None:
    families = []

    def noted(candidates: Any, *rest: Any) -> Any:
        families.extend(each.family for each in candidates)
        assert [each.area for each in candidates] == [
            each.target.area(each.hardware, "ecp5") for each in candidates]
        return order(candidates, *rest)

    monkeypatch.setattr("hwgen.flow.search.order", noted)
    found(GIN, sample_of(GIN, 1), boards.load("ulx3s-85f"), target="lists")
    assert set(families) == {"ecp5"}
