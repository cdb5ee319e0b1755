"""The whole harness on a stand-in accelerator: compile, load, run, store, compare, decode errors."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from standin import write_design, write_run

import sim
from sim.errors import SimError

pytestmark = pytest.mark.verilator

CODES = np.random.default_rng(0).integers(0, 16, (62, 16))


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    folder = tmp_path_factory.mktemp("standin")
    write_design(folder)
    write_run(folder, CODES)
    return folder


@pytest.fixture
def run(build, tmp_path):
    """A run folder of its own, to be spoilt."""
    write_run(tmp_path, CODES)
    return tmp_path


def change(path, **arrays):
    with np.load(path) as old:
        np.savez(path, **{**old, **arrays})


def test_equal(build, tmp_path):
    told = []
    result = sim.run(build, progress=told.append, work=tmp_path)  # compiled here and now
    assert result.ok, result.mismatch
    assert result.mismatch is None
    assert (result.rows_compared, result.codes_compared) == (3 * 62, 2 * 62 * 16 + 62 * 4)
    assert np.array_equal(result.logits, np.load(build / "vectors" / "logits.npy"))
    assert result.pass_cycles == (31, 31, 31)
    assert result.cycles == result.counters["CYCLES"] == 96
    assert result.counters["PASS"] == 3
    assert told[-1] == "simulating"
    assert 0 < result.peak_bytes < 3e9
    again = sim.run(build, work=tmp_path)
    assert again.compile_s == 0 < result.compile_s
    assert again.to_dict() | {"simulate_s": 0, "compile_s": 0, "peak_bytes": 0} == result.to_dict() | {
        "simulate_s": 0, "compile_s": 0, "peak_bytes": 0}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stalls_slow_the_bus_and_change_nothing_else(build, seed):
    free, stalled = sim.run(build), sim.run(build, stalls=seed)
    assert stalled.ok, stalled.mismatch
    assert stalled.cycles == free.cycles


@pytest.mark.parametrize("index", [0, 1, 2])
def test_wrong_code_is_named(build, run, index):
    path = run / "vectors" / f"pass{index}.npz"
    codes = np.load(path)["codes"]
    codes[17, 3] ^= 1
    change(path, codes=codes)
    wrong = sim.run(build, images=run).mismatch
    assert (wrong.kind, wrong.pass_name, wrong.node, wrong.channel) == ("code", f"pass{index}", 17, 3)
    assert (wrong.expected, wrong.got) == (codes[17, 3], codes[17, 3] ^ 1)
    assert 31 * index < wrong.cycle < 31 * index + 50


def test_row_in_another_place(build, run):
    path = run / "vectors" / "pass1.npz"
    address = np.load(path)["address"]
    address[40] += 100
    change(path, address=address)
    wrong = sim.run(build, images=run).mismatch
    assert (wrong.kind, wrong.pass_name) == ("unexpected", "pass1")


def test_row_too_many_expected(build, run):
    path = run / "vectors" / "pass0.npz"
    old = dict(np.load(path))
    change(path, **{key: np.concatenate([value, value[-1:]]) for key, value in old.items()} | {
        "address": np.append(old["address"], 99), "node": np.append(old["node"], 62)})
    result = sim.run(build, images=run)
    assert not result.ok
    assert (result.mismatch.kind, result.mismatch.pass_name, result.mismatch.node) == ("missing", "pass0", 62)


def test_results_are_read_back_from_memory(build, run):
    layout = json.loads((run / "images" / "layout.json").read_text())
    layout["word"][5], layout["word"][9] = layout["word"][9], layout["word"][5]
    (run / "images" / "layout.json").write_text(json.dumps(layout))
    wrong = sim.run(build, images=run).mismatch
    assert (wrong.kind, wrong.node, wrong.channel) == ("result", 5, 0)


def test_stuck_design_is_decoded(build, run):
    write_run(run, CODES, hang=True)
    wrong = sim.run(build, images=run).mismatch
    assert (wrong.kind, wrong.pass_name, wrong.node) == ("stuck", "pass0", 0)
    assert "WATCHDOG: stage GATHER stood still in pass 0" in wrong.detail


def test_deadline(build):
    wrong = sim.run(build, deadline=40).mismatch
    assert wrong.kind == "stuck"
    assert "not finished" in wrong.detail


def test_truncated_load_image(build, run):
    path = run / "images" / "load.bin"
    path.write_bytes(path.read_bytes()[:-16])
    wrong = sim.run(build, images=run).mismatch
    assert (wrong.kind, wrong.pass_name) == ("stuck", "(load)")
    assert "NO_END" in wrong.detail


@pytest.mark.slow
def test_vcd_trace(build):
    result = sim.run(build, trace="vcd")
    assert result.ok
    text = Path(result.trace).read_text()
    assert "$enddefinitions" in text
    assert "row_address" in text


def test_unknown_trace(build):
    with pytest.raises(SimError, match="no such trace format: 'pdf'"):
        sim.run(build, trace="pdf")


def test_design_that_does_not_compile(build, tmp_path):
    shutil.copytree(build, tmp_path / "copy", ignore=shutil.ignore_patterns("sim"))
    with (tmp_path / "copy" / "design.v").open("a") as file:
        file.write("module broken(input a; endmodule\n")
    with pytest.raises(SimError, match="Error") as error:
        sim.run(tmp_path / "copy", work=tmp_path / "work")
    assert error.value.where == "verilator"
    assert not list((tmp_path / "work").iterdir())


@pytest.mark.parametrize(("missing", "what"), [
    ("design.v", "Verilog is missing"), ("design.json", "cannot be read"), ("images/load.bin", "a file of the run"),
    ("images/layout.json", "cannot be read"), ("vectors/pass1.npz", "codes of a pass"),
    ("vectors/logits.npy", "a file of the run"),
])
def test_incomplete_folder(build, tmp_path, missing, what):
    shutil.copytree(build, tmp_path / "copy", ignore=shutil.ignore_patterns("sim"))
    (tmp_path / "copy" / missing).unlink()
    with pytest.raises(SimError, match=what) as error:
        sim.run(tmp_path / "copy")
    assert error.value.where.endswith(missing)


def test_design_json_of_another_version(build, tmp_path):
    shutil.copytree(build, tmp_path / "copy", ignore=shutil.ignore_patterns("sim"))
    (tmp_path / "copy" / "design.json").write_text('{"top": "x"}')
    with pytest.raises(SimError, match="unexpected content"):
        sim.run(tmp_path / "copy")
