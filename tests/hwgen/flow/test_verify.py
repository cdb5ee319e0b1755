"""Which runs are simulated, and what that found, on folders made by hand."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from network_samples import sample_of
from networks import gin_network

import sim
from hwgen.errors import HwgenError
from hwgen.flow import choose_runs, verify
from hwgen.network.figures import Figures, ModelFigures, Nearness, Score, figures_of
from hwgen.network.sample import Sample
from sim import BatchResult, Mismatch

RESULTS = {"0000": np.array([[7, 0, 1], [0, 9, 2], [3, 3, 8]]), "0001": np.array([[1, 5, 0], [4, 0, 1]])}


@dataclass(frozen=True)
class Facts:
    """Stands for those of a build."""

    model: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(head=""))
    verification: Any = None
    figures: Any = None

    def measured(self, figures: object) -> "Facts":
        return replace(self, figures=figures)


@pytest.fixture(autouse=True)
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "read_report", lambda build: Facts())


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """Two batches, of three graphs and of two, of a sample of six."""
    files = {"images/layout.json": {"model_beats": 0, "passes": [{
        "name": "p", "domain": "graphs", "to_result": True, "code_bits": 16, "word_codes": 8, "channels": 3,
        "signed": True}]}}
    for name, rows in RESULTS.items():
        files[f"batches/{name}/layout.json"] = {
            "graphs": len(rows), "load_beats": 10, "store_beats": 2, "cycles": 100, "scale": [0.5, 0.5, 0.5]}
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    return tmp_path


@pytest.fixture
def sample() -> Sample:
    given = sample_of(gin_network(0, classes=3), 1, graphs=6)
    integer = np.concatenate([*RESULTS.values(), [[1, 0, 0]]]) * 0.5
    logits = integer.copy()
    logits[3] = [0.5, 0, 2.5]  # PyTorch says otherwise
    return replace(given, logits=logits, integer=integer, labels=np.array([0, 1, 2, 1, 1, 0]),
                   mask=np.array([True, True, True, True, False, True]))


def chosen(build: Path, sample: Sample, of: int = 2) -> choose_runs.Chosen:
    folders = sorted((build / "batches").iterdir())
    return choose_runs.Chosen(folders=folders, of=of, sample=sample, what="the sample", own=True)


def result(mismatch: Mismatch | None = None, cycles: int = 100) -> sim.Result:
    batches = {}
    for name, rows in RESULTS.items():
        batches[name] = BatchResult(
            mismatch=None, cycles=cycles, load_cycles=12, store_cycles=5, logits=rows, pass_cycles=(cycles,),
            counters={"GATHER_RUN": 3}, rows_compared=4, codes_compared=32)
    return sim.Result(mismatch=mismatch, batches=batches, model_load_cycles=50)


def test_results_are_held_against_their_graphs(build: Path, sample: Sample) -> None:
    facts = verify.outcome(build, chosen(build, sample, 3), result())
    assert (facts.verification.what, facts.verification.of) == (
        "the sample: the first 5 of 6 graphs in 2 batches", 3)
    assert facts.verification.bit_exact
    # a part of the graphs ran: the hardware's figures are of the five that did, the others' of all six
    assert [(each.model, each.rows) for each in facts.figures.models] == [
        ("quantized", 6), ("integer", 6), ("hardware", 5)]
    hardware = facts.figures["hardware"]
    assert hardware.score == Score(accuracy=1.0, right=4, decided=4)
    assert (hardware.to_quantized.differing, hardware.to_quantized.decided) == (1, 5)
    assert facts.figures["integer"] == ModelFigures(
        model="integer", rows=6, score=Score(accuracy=1.0, right=5, decided=5), to_fp32=None,
        to_quantized=Nearness(same=pytest.approx(5 / 6), differing=1, decided=6, largest=2.5 / 4.5, median=0.0))
    assert facts.figures.accuracy("quantized") == 4 / 5


def test_the_hardware_has_figures_of_what_ran_without_a_difference(build: Path, sample: Sample) -> None:
    batch = replace(sample.batch, graphs=5)
    five = replace(sample, batch=batch, labels=sample.labels[:5], mask=sample.mask[:5], logits=sample.logits[:5],
                   integer=sample.integer[:5])
    found = verify.outcome(build, chosen(build, five), result()).figures
    assert [each.model for each in found.models] == ["quantized", "integer", "hardware"]
    assert {**vars(found["hardware"]), "model": "integer"} == vars(found["integer"])
    wrong = Mismatch(kind="code", pass_name="p", node=1, channel=0, expected=1, got=2, cycle=3, time_ns=4, detail="")
    assert verify.outcome(build, chosen(build, five), result(wrong)).figures["hardware"] is None


@pytest.mark.parametrize("channels", [3, 5])
def test_rows_of_windows_are_no_results(build: Path, sample: Sample, channels: int) -> None:
    for place, name in enumerate(RESULTS):
        (build / "batches" / name / "layout.json").write_text(json.dumps({
            "window": place, "pass": 0, "rows": 3, "load_beats": 10, "store_beats": 2, "cycles": 100,
            "scale": [0.5] * (3 if place else channels)}))
    done = result()
    done = replace(done, batches={**done.batches, "0000": replace(
        done.batches["0000"], logits=np.zeros((3, channels), dtype=np.int64))})
    found = verify.outcome(build, chosen(build, sample), done)
    assert [each.model for each in found.figures.models] == ["quantized", "integer"]
    assert found.verification.what == "the sample: all 2 windows"


def test_figures_of_a_part_are_those_of_the_whole_sample(build: Path, sample: Sample,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "read_sample", lambda folder: sample)
    part = replace(chosen(build, replace(sample, integer=None, labels=None)), what="2 nodes of the sample")
    found: Figures = verify.outcome(build, part, result()).figures
    assert (part.data, found) == ("the sample", figures_of(sample, data="the sample", of="graphs"))
    assert replace(chosen(build, sample), what="other.npz").data == "other.npz"


def test_of_one_graph_there_is_no_first_one(build: Path, sample: Sample) -> None:
    def what(graphs: int) -> str:
        (build / "batches" / "0000" / "layout.json").write_text(json.dumps(
            {"graphs": graphs, "load_beats": 10, "store_beats": 2, "cycles": 100, "scale": [0.5, 0.5, 0.5]}))
        some = replace(chosen(build, sample), folders=[build / "batches" / "0000"])
        done = result()
        return verify.outcome(build, some, replace(done, batches={"0000": replace(
            done.batches["0000"], logits=RESULTS["0000"][:graphs])})).verification.what

    assert what(1) == "the sample: the first of 6 graphs"
    assert what(3) == "the sample: the first 3 of 6 graphs in 1 batch"


def test_differences_are_told(build: Path, sample: Sample) -> None:
    found = verify.outcome(build, chosen(build, sample), result(cycles=101)).verification
    assert not found.bit_exact
    assert [run.difference for run in found.runs] == [-1, -1]
    wrong = Mismatch(kind="code", pass_name="p", node=1, channel=0, expected=1, got=2, cycle=3, time_ns=4, detail="")
    facts = verify.outcome(build, chosen(build, sample), result(wrong))
    assert facts.verification.mismatch["got"] == 2
    assert facts.figures["hardware"] is None


def test_samples_without_logits_and_old_batches(build: Path, sample: Sample) -> None:
    folders = sorted((build / "batches").iterdir())
    silent = replace(sample, logits=None)
    assert [each.model for each in verify.outcome(build, chosen(build, silent), result()).figures.models] == [
        "integer", "hardware"]
    (folders[1] / "layout.json").write_text(json.dumps({"cycles": 1}))
    with pytest.raises(HwgenError, match=r"\w+ is missing"):
        choose_runs.quick(folders)
    with pytest.raises(HwgenError, match=r"nothing to simulate"):
        verify.simulate(build, [])


def test_a_part_is_simulated_where_all_takes_long(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = sorted((build / "batches").iterdir())
    assert choose_runs.quick(folders) == folders
    monkeypatch.setattr(choose_runs, "FULL_WORK", 1)
    assert choose_runs.quick(folders) == folders[:1]
    assert list(verify._parts(folders)) == [folders]
    monkeypatch.setattr(verify, "AT_ONCE", 1)
    assert list(verify._parts(folders)) == [[folder] for folder in folders]


def test_parts_are_compiled_for_all_that_is_simulated(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int | None] = []

    def run(build: Path, folders: list[Path], options: sim.SimOptions) -> sim.Result:
        told.append(options.cycles)
        return sim.Result(mismatch=None, batches={}, model_load_cycles=0, compile_s=0.0, simulate_s=0.0, peak_bytes=0)

    monkeypatch.setattr(sim, "run", run)
    folders = sorted((build / "batches").iterdir())
    for at_once, parts in ((verify.AT_ONCE, 1), (1, len(folders))):
        monkeypatch.setattr(verify, "AT_ONCE", at_once)
        told.clear()
        verify.simulate(build, folders)
        assert told == [sum(map(choose_runs.work_of, folders))] * parts


def test_windows_that_stand_for_all(build: Path) -> None:
    folders = []
    for number, (step, entries) in enumerate([(0, 4), (0, 9), (0, 2), (0, 5), (1, 3), (1, 3)]):
        folder = build / "runs" / f"{number:04d}"
        folder.mkdir(parents=True)
        (folder / "layout.json").write_text(json.dumps({"window": number, "pass": step, "entries": entries, "cycles": 1,
                                                        "load_beats": 1, "store_beats": 1, "scale": None}))
        folders.append(folder)
    assert [folder.name for folder in choose_runs._some(folders, "window", None)] == [
        "0000", "0001", "0003", "0004", "0005"]
    assert choose_runs._some(folders, "window", True) == folders[:1]
    assert choose_runs._some(folders, "window", False) == folders
