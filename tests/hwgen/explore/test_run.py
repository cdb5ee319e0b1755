"""Explorations that are killed or shared end as one that was left alone; fronts are configurations that build."""

import dataclasses
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, get_args

import explore_worker
import optuna
import pytest
from cli_runs import facts, run
from designs import counted_as
from explore_worker import explored
from models import random_graph_model
from network_samples import sample_of
from networks import gin_network
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

import boards
from hwgen.cli import cli
from hwgen.cli.explore import explore as command
from hwgen.errors import CapacityError, HwgenError
from hwgen.explore.confirm import Confirm
from hwgen.explore.measure import Objective
from hwgen.explore.propose import SAMPLERS
from hwgen.explore.run import explore
from hwgen.flow import resources
from hwgen.flow.config import load_config
from hwgen.flow.wishes import Wishes
from hwgen.frontend.checkpoint import save_network

TRIALS = 56  # the first 48 are drawn, the others descend from them


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GCN, which both targets run."""
    path = tmp_path_factory.mktemp("models") / "gcn.pt"
    save_network(*random_graph_model(1, 60, 40, 8, 4, density=0.3).parts, path)
    return path


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GIN of many graphs."""
    path = tmp_path_factory.mktemp("models") / "gin.pt"
    network = gin_network(0, hidden=8)
    save_network(network, sample_of(network, 1, graphs=9), path)
    return path


def begin(model: Path, folder: Path, pause: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, explore_worker.__file__, str(model), str(folder), str(TRIALS), str(pause)])


def measured(folder: Path) -> int:
    log = folder / "study.log"
    return log.read_bytes().count(b"\n") if log.exists() else 0


@pytest.mark.slow
def test_killed_and_shared_by_two_it_ends_as_one_that_was_left_alone(model: Path, tmp_path: Path) -> None:
    alone = explored(model, tmp_path / "alone", TRIALS)
    folder = tmp_path / "killed"
    first = begin(model, folder, 0.02)
    while measured(folder) < 70:
        assert first.poll() is None
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    left = measured(folder)
    second = begin(model, folder, 0.02)
    while measured(folder) == left:  # it takes part from here on, as this process does
        assert second.poll() is None
        time.sleep(0.05)
    shared = explored(model, folder, TRIALS)
    assert second.wait(300) == 0
    assert shared.done == alone.done
    again = explored(model, folder, TRIALS)
    assert again.done == alone.done
    assert again.rate == 0
    for name in ("points", "default", "chosen", "balanced"):
        assert getattr(again, name) == getattr(alone, name)
    assert {each.name: each.read_bytes() for each in (folder / "front").iterdir()} == {
        each.name: each.read_bytes() for each in (tmp_path / "alone" / "front").iterdir()}


@pytest.mark.slow
def test_the_journal_is_optunas_own(model: Path, tmp_path: Path) -> None:
    """What `optuna-dashboard STUDY/study.log` does."""
    found = explored(model, tmp_path, TRIALS, points=200)
    study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(str(tmp_path / "study.log"))))
    assert len(study.trials) == TRIALS
    assert {tuple(each.constraints) for each in study.get_trials(states=(TrialState.COMPLETE,))} == {("0",)}  # a list
    best = {tuple(each.values) for each in study.best_trials}
    assert best == {(each.guess, each.lut) for each in found.points}
    assert {each.params.keys() == found.done[0].assignment.keys() for each in study.trials} == {True, False}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "ends"), [("model", [-1]), ("graphs", [0, -1])])
def test_a_point_of_the_front_builds_as_it_is(name: str, ends: list[int], request: pytest.FixtureRequest,
                                              tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path: Path = request.getfixturevalue(name)
    study = tmp_path / "study"
    found = facts("explore", path, "--trials", "40", "--study", study, "--points", "4", "-q")
    assert (study / "front.svg").read_text().startswith("<svg")
    assert [each["number"] for each in found["front"]] == list(range(1, 1 + len(found["front"])))
    assert {found["chosen"], found["balanced"]} <= {each["number"] for each in found["front"]}
    assert found["chosen"] == 1
    monkeypatch.setattr(resources, "estimate", counted_as(all={"lut": 6_000, "ff": 9_000, "bram36": 9.5, "dsp": 24}))
    for point in (found["front"][end] for end in ends):
        config = study / "front" / f"{point['number']}.json"
        out = tmp_path / f"build-{point['number']}"
        built = facts("build", path, "--config", config, "-o", out, "--no-verify", "-q")
        assert json.loads((out / "config.json").read_text()) == json.loads(config.read_text())
        assert built["cycles"]["per_graph"] == point["cycles"]
    assert load_config(out).board == "ultra96"


@pytest.mark.slow
def test_what_each_objective_counts_and_chooses(graphs: Path, tmp_path: Path) -> None:
    every = {name: explored(graphs, tmp_path / name, 30, objective=name, confirm="cycles")
             for name in get_args(Objective)}
    for name, found in every.items():
        ends = found.points[-1] if name == "area" else found.points[0]
        assert found.chosen is ends
        assert found.balanced.product == min(each.product for each in found.points)
        cycles = [each.cycles for each in found.points]
        assert cycles == sorted(cycles)
        assert all(0.4 < each.guess / each.cycles < 1.6 for each in found.points if each.cycles)
    one = {name: explored(graphs, tmp_path / f"one-{name}", 4, objective=name, confirm="cycles",
                          wishes=Wishes(graphs=9, target="lists", hardware={"units": 1, "lanes": 8}))
           for name in ("latency", "throughput")}
    shared = {each.slot: each.cycles for each in one["throughput"].points}
    for each in one["latency"].points:  # all nine graphs are one run
        assert each.cycles == pytest.approx(9 * shared[each.slot])


@pytest.mark.slow
def test_what_is_fixed_stays(graphs: Path, tmp_path: Path) -> None:
    found = explored(graphs, tmp_path, 40, wishes=Wishes(hardware={"units": 2, "lanes": 8}, graphs=4))
    assert {each.config.hardware["units"] for each in found.points} == {2}
    assert {each.config.capacity["graphs"] for each in found.points} == {4}
    assert not {"units", "lanes", "graphs"} & found.points[0].parameters.keys()


@pytest.mark.slow
def test_yosys_and_simulation_confirm_what_is_asked_for(graphs: Path, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "estimate", counted_as(all={"lut": 6_001, "ff": 9_000, "bram36": 9.5, "dsp": 24}))
    found = explored(graphs, tmp_path, 40, confirm="synth", counts=2, points=5)
    counted = [each for each in found.points if each.counted]
    assert len(counted) == 2
    assert {found.chosen.number, found.balanced.number} <= {each.number for each in counted}
    assert all(each.counted and each.counted.resources.total["lut"] == 6_001 for each in counted)


@pytest.mark.slow
def test_another_models_study_is_refused(model: Path, graphs: Path, tmp_path: Path) -> None:
    explored(model, tmp_path, 1, wishes=Wishes(target="lists"))
    with pytest.raises(HwgenError, match=r"^model is gin.pt, the study was begun with gcn.pt"):
        explored(graphs, tmp_path, 1, wishes=Wishes(target="lists"))
    with pytest.raises(HwgenError, match=r"^objective is area, the study was begun with throughput"):
        explored(model, tmp_path, 1, wishes=Wishes(target="lists"), objective="area")


@pytest.mark.parametrize(("options", "what"), [
    ({"trials": 0}, "trials is 0"), ({"points": 2}, "points is 2"), ({"counts": 0}, "counts is 0"),
    ({"wishes": Wishes(windows=True)}, "windows are not explored"),
    ({"wishes": Wishes(hardware={"depth": 1})}, "no parameter is called depth")])
def test_wrong_options_are_refused_before_anything_is_written(options: dict[str, Any], what: str, model: Path,
                                                              tmp_path: Path) -> None:
    with pytest.raises(HwgenError, match=f"^{what}"):
        explored(model, tmp_path / "study", options.pop("trials", 4), **options)
    assert not (tmp_path / "study").exists()


@pytest.mark.slow
def test_a_board_that_holds_nothing(tmp_path: Path) -> None:
    board = boards.load("ultra96")
    tiny = dataclasses.replace(board, resources=dataclasses.replace(board.resources, lut=500))
    network = gin_network(0, hidden=8)
    with pytest.raises(CapacityError, match=r"^none of 4 designs fits .*; the nearest takes [\d.]+ times") as caught:
        explore(network, sample_of(network, 1), tiny, study=tmp_path, trials=4)
    assert caught.value.where == "board ultra96"
    assert not (tmp_path / "front").exists()


def test_words_that_the_command_line_does_not_have(model: Path) -> None:
    assert "'speed' is not one of 'latency', 'throughput', 'area'" in run_wrong("--objective", "speed", model=model)
    with pytest.raises(HwgenError, match="ultra97"):
        cli(["explore", str(model), "--board", "ultra97"], standalone_mode=False)
    assert "hwgen build model.pt --config" in run("explore", "--help")


def run_wrong(*arguments: str, model: Path) -> str:
    from click.testing import CliRunner

    found = CliRunner().invoke(cli, ["explore", str(model), *arguments])
    assert found.exit_code == 2
    return found.output


@pytest.mark.parametrize(("name", "known"), [
    ("objective", get_args(Objective)), ("sampler", SAMPLERS), ("confirm", get_args(Confirm))])
def test_the_command_line_has_every_choice(name: str, known: tuple[str, ...]) -> None:
    option = next(each for each in command.params if each.name == name)
    assert tuple(option.type.choices) == known
