"""The verbs: what they print, that help is quick, and the whole way once on a small model."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from click.testing import CliRunner
from models import random_graph_data, random_graph_model
from reseal import reseal

import boards
from hwgen.cli import cli
from hwgen.cli.doctor import examine
from hwgen.errors import HwgenError
from hwgen.flow import choose_runs, resources
from hwgen.flow.build import build
from hwgen.flow.config import wishes_of
from hwgen.flow.resources import Component, Resources, Usage
from hwgen.flow.wishes import Wishes
from hwgen.network.sample_store import save_sample
from hwgen.targets import find_target

#: With the model they make the design that tests/hwgen/test_api.py simulates: it is compiled once.
WISHES = Wishes(target="banked", hardware={"groups": 1, "servers": 4, "digit": 2, "requant_lanes": 2, "lane_sets": 1})


def counted(path: Path, parts: object, family: object) -> Resources:
    """Stands for Yosys, which has tests of its own."""
    assert "module accelerator" in path.read_text()
    return Resources(components=(Component(name="group", count=1, one=Usage(lut=5_000, ff=9_000, bram36=29.5)),
                                 Component(name="server", count=4, one=Usage(lut=2_000, ff=2_000, dsp=16)),
                                 Component(name="shell", count=1, one=Usage(lut=2_000, ff=2_000))))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small design, built but not simulated."""
    out = tmp_path_factory.mktemp("build") / "small"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "estimate", counted)
        build(*random_graph_model(0).parts, boards.load("ultra96"), out, WISHES)
    return out


def test_help_needs_no_torch_and_names_every_verb() -> None:
    code = ("import sys; from hwgen.cli import cli; from click.testing import CliRunner;"
            "r = CliRunner().invoke(cli, ['--help']); print(r.output);"
            "heavy = {'torch', 'amaranth', 'cocotb', 'matplotlib', 'scipy'} & set(sys.modules);"
            "assert not heavy, heavy")
    text = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    for verb in ("train", "inspect", "build", "verify", "pack", "estimate", "report", "boards", "doctor", "demo"):
        assert f"\n  {verb} " in text
    assert "Exit codes" in text


@pytest.mark.parametrize("verb", sorted(cli.commands))
def test_every_verb_explains_itself(verb: str) -> None:
    text = run(verb, "--help")
    assert {"--quiet", "--verbose", "--json"} <= set(text.replace(",", " ").split())
    assert "Traceback" not in text


def test_boards_as_json() -> None:
    facts = json.loads(run("boards", "--json"))
    assert facts["ultra96"]["resources"]["dsp"] == 360
    assert sorted(facts) == boards.names()


def test_doctor_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert {check.tool for check in examine()} >= {"python", "verilator", "pyosys", "amaranth", "torch"}
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    facts = json.loads(run("doctor", "--json", code=2))
    assert not facts["ok"]
    missing = {tool["tool"]: tool["fix"] for tool in facts["tools"] if not tool["found"]}
    assert any("apt-get install" in fix for fix in missing.values())
    assert any("no C++ compiler" in tool["version"] for tool in facts["tools"])


@pytest.mark.slow
def test_build_folder_is_complete(built: Path) -> None:
    names = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert {"manifest.json", "config.json", "design.v", "design.json", "design_xcup.v", "images/layout.json",
            "batches/0000/batch.bin", "batches/0000/layout.json", "batches/0000/golden.npz", "model/network.json",
            "model/sample.npz", "report/report.json", "report/report.html",
            "report/estimate_layer_cycles.json"} <= names
    assert [path.name for path in built.parent.iterdir()] == ["small"]
    facts = json.loads((built / "manifest.json").read_text())
    assert facts["capacities"]["max_nodes"] >= 40
    assert facts["cycles"] == [json.loads((built / "batches" / "0000" / "layout.json").read_text())["cycles"]]


@pytest.mark.slow
def test_the_same_input_gives_the_same_bytes_and_keeps_time_stamps(built: Path, tmp_path: Path) -> None:
    config = built / "config.json"
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in built.rglob("*") if path.is_file()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "estimate", counted)
        target = type(find_target("banked"))
        patch.setattr(target, "emit", target.emit.__wrapped__)  # made anew, not what tests/hwgen/conftest.py kept
        build(*random_graph_model(0).parts, boards.load("ultra96"), tmp_path / "again", wishes_of(config))
        build(*random_graph_model(0).parts, boards.load("ultra96"), built, WISHES)
    for path, (stamp, content) in before.items():
        assert (tmp_path / "again" / path.relative_to(built)).read_bytes() == content, path
        assert path.read_bytes() == content
        assert path.stat().st_mtime_ns == stamp, path


@pytest.mark.slow
def test_report_prints_and_is_self_contained(built: Path) -> None:
    text = run("report", str(built))
    assert "not simulated" in text
    assert "assumed, not a result" in text
    page = (built / "report" / "report.html").read_text()
    assert page.count("<svg") == 5
    for outside in ("http://", "https://", "<script", "src="):
        assert outside not in page.replace("http://www.w3.org", "").replace("http://creativecommons.org", "").replace(
            "http://purl.org", "").replace("https://matplotlib.org", ""), outside
    facts = json.loads(run("report", str(built), "--json"))
    total = facts["resources"]["total"]
    assert total["lut"] == 5_000 + 4 * 2_000 + 2_000
    assert facts["performance"]["latency_us"] == facts["cycles"]["total"] / 250
    assert sum(step["cycles"] for step in facts["cycles"]["passes"]) == facts["cycles"]["total"]


@pytest.mark.slow
def test_finn_names_and_keys(built: Path) -> None:
    report = built / "report"
    speed = json.loads((report / "estimate_network_performance.json").read_text())
    assert {"critical_path_cycles", "max_cycles", "max_cycles_node_name", "estimated_throughput_fps",
            "estimated_latency_ns"} <= set(speed)
    total = json.loads((report / "estimate_layer_resources.json").read_text())["total"]
    assert total == {"BRAM_18K": 59.0, "LUT": 15_000, "FF": 19_000, "URAM": 0, "DSP": 64}
    cycles: dict[str, Any] = json.loads((report / "estimate_layer_cycles.json").read_text())
    assert speed["max_cycles"] == cycles[speed["max_cycles_node_name"]] == max(cycles.values())


@pytest.mark.slow
def test_another_graph_is_packed_for_the_same_design(built: Path, tmp_path: Path) -> None:
    graph = tmp_path / "other.npz"
    save_sample(random_graph_data(5, nodes=30, features=24, trained=40), graph)
    facts = json.loads(run("pack", str(built), str(graph), "--json"))
    folder = Path(facts["run"])
    assert folder == built / "runs" / "other"
    assert facts["batches"] == [str(folder / "0000")]
    assert np.load(folder / "0000" / "golden.npz")["results"].shape == (30, 4)
    assert not (folder / "design.v").exists()


@pytest.mark.slow
def test_a_large_graph_is_verified_in_part(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A neighbourhood of it, where the whole takes long or where a part is asked for."""
    whole = choose_runs.choose_runs(built)
    assert whole.folders == choose_runs.choose_runs(built, part=False).folders == [built / "batches" / "0000"]
    monkeypatch.setattr(choose_runs, "SAMPLE_NODES", 16)
    part = choose_runs.choose_runs(built, part=True)
    assert (part.what, part.of, part.own) == ("16 nodes of the sample", 1, True)
    assert part.folders == [built / "runs" / "part" / "0000"]
    assert np.load(part.folders[0] / "golden.npz")["results"].shape == (16, 4)
    monkeypatch.setattr(choose_runs, "FULL_WORK", 1)
    assert choose_runs.choose_runs(built).folders == part.folders
    assert choose_runs.choose_runs(built, part=False).folders == whole.folders


@pytest.mark.slow
@pytest.mark.verilator
def test_verify_passes_and_sees_a_wrong_code(built: Path) -> None:
    facts = json.loads(run("verify", str(built), "--stalls", "3", "--json"))
    assert facts["verification"]["bit_exact"]
    models = {each["model"]: each for each in facts["figures"]["models"]}
    assert list(models) == ["quantized", "integer", "hardware"]  # the model was drawn, so that there is no FP32
    assert {**models["hardware"], "model": "integer"} == models["integer"]  # they are equal, code by code
    assert models["hardware"]["to_quantized"]["same"] > 0.9
    facts = json.loads(run("verify", str(built), "--json"))
    assert facts["verification"]["estimated_cycles"] == facts["verification"]["cycles"]
    performance = json.loads((built / "report" / "rtlsim_performance.json").read_text())
    assert performance["cycles"] == facts["verification"]["cycles"]
    cycles = json.loads((built / "report" / "report.json").read_text())["cycles"]
    for key in ("load", "store"):
        assert facts["verification"][f"{key}_cycles"] == cycles[key]
    path = built / "batches" / "0000" / "golden.npz"
    content = path.read_bytes()
    with np.load(path) as arrays:
        wrong = dict(arrays)
    wrong["p1_data"][7, 1] ^= 1
    node = int(wrong["p1_row"][7])  # rows that are zero are not written: row 7 is not of node 7
    np.savez(path, **wrong)
    fails = CliRunner().invoke(cli, ["verify", str(built)])  # damage is not a difference of the hardware
    assert isinstance(fails.exception, HwgenError)
    assert fails.exception.where == str(path)
    reseal(built)
    try:
        mismatch = json.loads(run("verify", str(built), "--json", code=1))["verification"]["mismatch"]
    finally:
        path.write_bytes(content)
        reseal(built)
    assert (mismatch["node"], mismatch["channel"], mismatch["kind"]) == (node, 2, "code")
    assert mismatch["got"] ^ mismatch["expected"] == 1
