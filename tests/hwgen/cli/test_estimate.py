"""``hwgen estimate``: formulas and the fast scheduler alone, or Yosys's counts beside them."""

from pathlib import Path
from typing import Any

import pytest
from cli_runs import facts, run
from designs import counted_as
from models import random_graph_model

from hwgen.flow import resources
from hwgen.frontend.checkpoint import save_network
from hwgen.targets import find_target
from hwgen.targets.banked.hardware import Hardware

DESIGN = ("--groups", "1", "--servers", "4", "--requant-lanes", "4", "--lane-sets", "1")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "gcn.pt"
    save_network(*random_graph_model(0).parts, path)
    return path


@pytest.fixture
def no_yosys(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("nothing is to be synthesized")

    monkeypatch.setattr(resources, "estimate", refuse)


def test_an_estimate_synthesizes_nothing_and_says_whose_cycles_it_has(model: Path, no_yosys: None) -> None:
    text = run("estimate", model, *DESIGN)
    assert "cycles: by the fast scheduler; a build's schedule is some percent faster" in text
    assert "formulas fitted to Yosys's counts" in text
    found = facts("estimate", model, *DESIGN)
    assert found["schedule"] == "fast"
    total = find_target("banked").area(Hardware(**found["hardware"])).total
    assert found["resources"]["total"]["lut"] == found["formulas"]["lut"] == total.lut
    assert found["cycles"]["total"] > 0


def test_each_family_has_its_own(model: Path, no_yosys: None) -> None:
    boards = ("ultra96", "ulx3s-85f", "gatemate-a2")
    found = {board: facts("estimate", model, *DESIGN, "--board", board) for board in boards}
    assert found["ulx3s-85f"]["formulas"]["lut"] > 1.5 * found["ultra96"]["formulas"]["lut"]
    assert found["ulx3s-85f"]["formulas"]["dsp"] == 2 * found["ultra96"]["formulas"]["dsp"]
    assert "rough factors of GateMate" in found["gatemate-a2"]["resources"]["method"]


def test_edge_lists_have_one_schedule(model: Path, no_yosys: None) -> None:
    assert facts("estimate", model, "--target", "lists", "--lanes", "8")["schedule"] == "build"
    assert "fast scheduler" not in run("estimate", model, "--target", "lists", "--lanes", "8")


@pytest.mark.slow
def test_synth_prints_both(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_target("banked"), "emit", lambda hardware, **options: ("", {}), raising=False)
    monkeypatch.setattr(resources, "estimate", counted_as(
        group={"lut": 3_000, "ff": 9_000, "bram36": 9.5}, server={"lut": 1_000, "dsp": 8}))
    text = run("estimate", model, *DESIGN, "--synth")
    assert "Formulas beside " in text
    assert "fast scheduler" not in text
    found = facts("estimate", model, *DESIGN, "--synth")
    assert found["schedule"] == "build"
    counted, guess = found["resources"]["total"]["lut"], found["formulas"]["lut"]
    assert counted != guess
    assert f"{guess / counted - 1:+.1%}" in text
