"""A search from the command line to a checkpoint that builds: all objectives, continued studies, what cannot be."""

import json
from pathlib import Path
from typing import Any

import pytest
from training_graphs import small_data

import hwgen
from hwgen.bit_search.run import Outcome, search_bits
from hwgen.cli import cli
from hwgen.errors import HwgenError
from hwgen.frontend.data.own_files import save_graphs


def searched(folder: Path, **options: Any) -> Outcome:
    given = {"trials": 10, "epochs": 2, "drop": 0.1} | options
    return search_bits("gcn", small_data(), "uniform", study=folder, **given)


@pytest.mark.slow
def test_what_is_chosen_reaches_the_floor_and_costs_least(tmp_path: Path) -> None:
    found = searched(tmp_path)
    enough = [each for each in found.measured if each.accuracy >= found.floor]
    ranked = sorted(enough, key=lambda each: each.cost)
    assert found.validation >= found.floor
    assert found.best in ranked[:6]
    assert len(found.measured) == 10
    network = found.model.export()
    widths = {value.name: int(value.quantizer.bits.max()) for value in network.values if value.quantizer is not None}
    assert widths == {"convs.0.message": found.best.assignment["convs.0: aggregate"],
                      "convs.0": found.best.assignment["convs.0: combine"],
                      "convs.1.message": found.best.assignment["convs.1: aggregate"]}
    nodes = small_data().num_nodes
    widest = found.measured[0]
    assert set(widest.assignment.values()) == {8}
    assert widest.cost == pytest.approx(8 * nodes * sum(value.width for value in network.values[:-1]) / 8 / 1024)


@pytest.mark.slow
def test_a_study_that_is_continued_ends_as_one_that_was_not(tmp_path: Path) -> None:
    searched(tmp_path / "parts", trials=3)
    parts, whole = searched(tmp_path / "parts", trials=7), searched(tmp_path / "whole", trials=7)
    assert parts.measured == whole.measured
    assert parts.test == whole.test


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["cycles", "luts"])
def test_hardware_is_what_is_counted(objective: str, tmp_path: Path) -> None:
    found = searched(tmp_path, objective=objective, trials=3, granularity="uniform")
    costs = {each.assignment["all"]: each.cost for each in found.measured}
    assert all(cost == int(cost) > 0 for cost in costs.values())
    assert len(costs) < 2 or len(set(costs.values())) > 1


def test_real_labels_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    data = small_data()
    data.y = data.y + 0.5
    with pytest.raises(HwgenError, match=r"^real labels, and the search compares accuracies\n  at data\.y"):
        search_bits("gcn", data, "uniform", study=tmp_path / "s")
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(("options", "what"), [
    ({"trials": 0}, "0 trials"), ({"drop": 1.5}, "drop is 1.5"), ({"epochs": 0}, "0 epochs")])
def test_wrong_options_are_refused(options: dict[str, Any], what: str, tmp_path: Path) -> None:
    with pytest.raises(HwgenError, match=what):
        searched(tmp_path, **options)


@pytest.mark.slow
def test_the_command_line_writes_a_checkpoint_and_a_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, output, study = tmp_path / "own.pt", tmp_path / "best.pt", tmp_path / "study"
    save_graphs([small_data()], data)
    cli(["search-bits", "--data", str(data), "--trials", "3", "--epochs", "2", "--study", str(study), "-o", str(output),
         "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert [each["trial"] for each in found["measured"]] == [0, 1, 2]
    assert found["best"] in found["measured"]
    assert (study / "pareto.svg").read_text().startswith("<svg")
    assert hwgen.load(output)[0].values
