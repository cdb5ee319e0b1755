"""The whole harness on a stand-in accelerator: compile, load, run, store, compare, decode errors; several batches."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from standin import Fault, write_batch, write_design, write_images

import sim
from hwgen.errors import HwgenError
from sim import SimOptions
from sim.errors import SimError

pytestmark = pytest.mark.verilator

CODES = [np.random.default_rng(n).integers(0, 16, (n, 16)) for n in (62, 8, 2, 40)]


@pytest.fixture(scope="module", params=["banks", "lists"])
def build(request, tmp_path_factory):
    """A build whose batches bring everything along, and one with a model to load; each holds the first batch."""
    folder = tmp_path_factory.mktemp("standin")
    lists = request.param == "lists"
    write_design(folder, lists=lists)
    write_batch(folder / "batches" / "0000", CODES[0], lists=lists)
    return folder


@pytest.fixture
def lists(build):
    """Whether results are not probed, and there is a model."""
    return (build / "images" / "model.bin").is_file()


@pytest.fixture
def batches(tmp_path, lists):
    """Batches to be spoilt."""
    folders = [tmp_path / f"batch{index}" for index in range(len(CODES))]
    for folder, codes in zip(folders, CODES, strict=True):
        write_batch(folder, codes, lists=lists)
    return folders


@pytest.fixture
def copy(build, tmp_path):
    """The build, to be spoilt."""
    return Path(shutil.copytree(build, tmp_path / "copy", ignore=shutil.ignore_patterns("sim")))


def golden(batch, **changes):
    """Change arrays of a batch: name=function of the array."""
    with np.load(batch / "golden.npz") as old:
        arrays = dict(old)
    for name, change in changes.items():
        arrays[name] = change(arrays[name].copy())
    np.savez(batch / "golden.npz", **arrays)


def layout(batch, **changes):
    path = batch / "layout.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def first(result, index=1):
    """The difference, which is one of batch ``index``: what comes after it does not run."""
    assert not result.ok
    assert list(result.batches) == [f"batch{n}" for n in range(index + 1)]
    assert [entry.ok for entry in result.batches.values()] == [True] * index + [False]
    assert str(result).startswith(f"batch batch{index}: ")
    return result.mismatch


@pytest.mark.slow
def test_vcd_trace(build, batches):
    """The first, for what can trace also runs without: the design is compiled once for all that follow."""
    result = sim.run(build, batches[1:3], SimOptions(trace="vcd"))
    assert result.ok
    text = Path(result.trace).read_text()
    assert "$enddefinitions" in text
    assert "row_address" in text


def test_the_batches_of_a_build(build, lists, tmp_path):
    told, options = [], SimOptions(work=tmp_path)  # compiled here and now
    result = sim.run(build, options=options, progress=told.append)
    assert result.ok, result
    assert list(result.batches) == ["0000"]
    one = result.batches["0000"]
    assert (one.rows_compared, one.codes_compared) == (
        (2 * 62, 2 * 62 * 16) if lists else (3 * 62, 2 * 62 * 16 + 62 * 4))
    with np.load(build / "batches" / "0000" / "golden.npz") as arrays:
        assert np.array_equal(one.logits, arrays["results"])
    assert one.pass_cycles == (31, 31, 31)
    assert result.cycles == one.cycles == one.counters["CYCLES"] == 96
    assert one.counters["PASS"] == 3
    assert told[-1] == "simulating"
    assert 0 < result.peak_bytes < 3e9
    again = sim.run(build, options=options)
    assert again.compile_s == 0 < result.compile_s
    assert {name: each.to_dict() for name, each in again.batches.items()} == {"0000": one.to_dict()}


@pytest.mark.parametrize("stalls", [None, 1, 2])
def test_batches_follow_each_other(build, batches, lists, stalls):
    result = sim.run(build, batches, SimOptions(stalls=stalls))
    assert result.ok, result
    assert list(result.batches) == [batch.name for batch in batches]
    for codes, one in zip(CODES, result.batches.values(), strict=True):
        n = len(codes)
        assert (one.rows_compared, one.codes_compared) == ((2 * n, 2 * n * 16) if lists else (3 * n, 36 * n))
        assert (one.cycles, one.pass_cycles) == (3 * n // 2 + 3, (n // 2,) * 3)
        assert one.logits.shape == (n, 4)
    assert f"4 batches, {224 if lists else 336} words" in str(result)


def at(index, value):
    def change(array):
        array[index] += value
        return array
    return change


@pytest.mark.slow
@pytest.mark.parametrize(("name", "index", "kind", "node", "channel"), [
    ("p0_data", (5, 3), "code", 5, 6), ("p1_data", (7, 7), "code", 7, 14), ("p1_entry", 3, "entry", 3, -1),
    ("p2_data", (1, 4), "code", 1, 2), ("p1_address", 2, "unexpected", -1, -1), ("p1_unit", 4, "unexpected", 4, -1),
    ("results", (6, 2), "result", 6, 2),
])
def test_a_difference_is_named(build, batches, lists, name, index, kind, node, channel):
    if name in (["p2_data"] if lists else ["p1_entry", "p1_unit"]):
        return  # results that are not probed; rows without an entry, in banks that every unit has
    golden(batches[1], **{name: at(index, 1000 if name == "p1_address" else 1)})
    wrong = first(sim.run(build, batches))
    assert (wrong.kind, wrong.node, wrong.channel) == (kind, node, channel)
    assert wrong.pass_name == {"p0": "pass0", "p1": "pass1"}.get(name[:2], "pass2")
    assert wrong.domain == ("graph" if lists and name[:2] != "p0" else "node")


def test_the_cycle_of_a_difference(build, batches):
    golden(batches[0], p1_data=at((17, 1), 1))
    wrong = first(sim.run(build, batches), 0)
    assert (wrong.node, wrong.channel) == (17, 2)
    assert abs(wrong.expected - wrong.got) == 1
    assert 31 < wrong.cycle < 31 + 50


@pytest.mark.slow
def test_a_word_that_never_comes(build, batches, lists):
    own = (("address", 999), ("entry", 0)) if lists else (("address", 99), ("bank", 0))
    for name, more in (*own, ("unit", 1), ("row", 9), ("chunk", 0)):
        golden(batches[1], **{f"p1_{name}": lambda array, more=more: np.append(array, more)})
    golden(batches[1], p1_data=lambda array: np.concatenate([array, array[:1]]))
    wrong = first(sim.run(build, batches))
    assert (wrong.kind, wrong.pass_name, wrong.node) == ("missing", "pass1", 9)


@pytest.mark.slow
def test_results_are_read_back_from_memory(build, batches):
    def swapped(array):
        array[[5, 6]] = array[[6, 5]]
        return array

    golden(batches[1], results_word=swapped)
    wrong = first(sim.run(build, batches))
    assert (wrong.kind, wrong.node, wrong.channel) == ("result", 5, 0)


@pytest.mark.slow
def test_results_come_by_the_number_of_their_row(build, batches):
    golden(batches[1], results_row=lambda array: array[::-1], results_column=lambda array: array[[2, 0]])
    result = sim.run(build, batches[1:2])
    with np.load(batches[1] / "golden.npz") as arrays:
        assert np.array_equal(result.batches["batch1"].logits, arrays["results"][::-1, [2, 0]])


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "pass_name", "expected", "got"), [
    ({"cycles": 16}, "(run)", 16, 15), ({"pass_cycles": [4, 5, 4]}, "pass1", 5, 4),
    ({"counters": {"PASS": 4}}, "(run)", 4, 3),
])
def test_cycles_and_counters_are_compared(build, batches, changes, pass_name, expected, got):
    layout(batches[1], **changes)
    wrong = first(sim.run(build, batches))
    assert (wrong.kind, wrong.pass_name, wrong.expected, wrong.got) == ("counter", pass_name, expected, got)


@pytest.mark.slow
def test_an_estimate_is_not_needed(build, batches, monkeypatch):
    monkeypatch.setattr(sys.modules["sim.run"], "_UNKNOWN", 10_000)  # else for so many C++ is optimised
    layout(batches[0], cycles=None, pass_cycles=None)
    assert sim.run(build, batches[:1]).ok


def test_c_plus_plus_is_optimised_for_all_that_is_to_be_simulated(build, batches, lists, monkeypatch):
    class Told(Exception):
        pass

    def compile_model(design, work, *, trace, cycles, progress):
        raise Told(cycles)

    monkeypatch.setattr(sys.modules["sim.run"], "compile_model", compile_model)
    model = len((build / "images" / "model.bin").read_bytes()) // 16 if lists else 0
    loads = [len((batch / "batch.bin").read_bytes()) // 16 for batch in batches]
    for options, cycles in ((SimOptions(), model + sum(loads) + sum(3 * len(codes) // 2 + 3 for codes in CODES)),
                            (SimOptions(cycles=10**6), 10**6)):
        with pytest.raises(Told) as told:
            sim.run(build, batches, options)
        assert told.value.args == (cycles,)


@pytest.mark.slow
def test_passes_that_a_batch_brings_along(build, batches):
    passes = json.loads((build / "images" / "layout.json").read_text())["passes"]
    layout(batches[1], passes=[{**step, "name": f"own{index}"} for index, step in enumerate(passes)],
           pass_cycles=[4, 4, 5])
    wrong = first(sim.run(build, batches))
    assert (wrong.kind, wrong.pass_name) == ("counter", "own2")


@pytest.mark.slow
def test_stuck_design_is_decoded(batches, copy, lists):
    write_images(copy, lists=lists, fault=Fault.HANG)
    write_batch(batches[0], CODES[0], lists=lists, fault=Fault.HANG)
    wrong = first(sim.run(copy, batches), 0)
    assert (wrong.kind, wrong.pass_name, wrong.node) == ("stuck", "pass0", 0)
    assert "WATCHDOG: stage GATHER stood still in pass 0" in wrong.detail


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "kind", "where", "said"), [
    (Fault.STORE_MORE, "stuck", "(store)", "error WRITE"), (Fault.LOAD_MORE, "stuck", "(load)", "error READ"),
    (Fault.STORE_FEWER, "result", "pass2", "in memory after the store"),
])
def test_stray_and_missing_accesses_to_memory(batches, copy, lists, fault, kind, where, said):
    """A word too many, a beat too many, a word that is left out where a zero is expected: none of it passes."""
    write_images(copy, lists=lists, fault=fault)
    for folder in batches[:2]:
        write_batch(folder, np.zeros((4, 16), dtype=np.int64), lists=lists, fault=fault)
    result = sim.run(copy, batches[:2])
    assert not result.ok
    assert (result.mismatch.kind, result.mismatch.pass_name) == (kind, where)
    assert said in result.mismatch.detail


@pytest.mark.slow
def test_deadline(build, batches):
    wrong = first(sim.run(build, batches, SimOptions(deadline=40)), 0)
    assert wrong.kind == "stuck"
    assert "not finished" in wrong.detail


@pytest.mark.slow
def test_truncated_load_stream(build, batches):
    path = batches[0] / "batch.bin"
    path.write_bytes(path.read_bytes()[:-16])
    wrong = first(sim.run(build, batches), 0)
    assert (wrong.kind, wrong.pass_name) == ("stuck", "(load)")
    assert "NO_END" in wrong.detail


def test_model_that_does_not_load(batches, copy, lists):
    if not lists:
        return  # there is no model
    path = copy / "images" / "model.bin"
    path.write_bytes(path.read_bytes()[:-16])
    result = sim.run(copy, batches)
    assert (result.mismatch.kind, result.mismatch.pass_name, result.batches) == ("stuck", "(load)", {})
    assert "NO_END" in str(result)


def test_unknown_trace(build):
    with pytest.raises(SimError, match="no such trace format: 'pdf'"):
        sim.run(build, options=SimOptions(trace="pdf"))


def test_design_that_does_not_compile(copy):
    with (copy / "design.v").open("a") as file:
        file.write("module broken(input a; endmodule\n")
    with pytest.raises(SimError, match="Error") as error:
        sim.run(copy, options=SimOptions(work=copy / "work"))
    assert error.value.where == "verilator"
    assert not list((copy / "work").iterdir())


@pytest.mark.parametrize(("spoil", "what"), [
    (lambda batch: (batch / "batch.bin").unlink(), "a load stream is missing"),
    (lambda batch: (batch / "batch.bin").write_bytes(b"123"), "3 bytes are no load stream"),
    (lambda batch: (batch / "golden.npz").unlink(), "expected codes are missing"),
    (lambda batch: (batch / "golden.npz").write_bytes(b"x"), "unexpected content"),
    (lambda batch: (batch / "layout.json").unlink(), "cannot be read"),
    (lambda batch: layout(batch, result_words="x"), "result_words is 'x'"),
    (lambda batch: layout(batch, result_words=1), "8 rows of 4 results do not fit 1 words"),
    (lambda batch: layout(batch, pass_cycles=[1]), "cycles of 1 passes, not of 3"),
    (lambda batch: layout(batch, counters={"NONE": 1}), "no counter NONE"),
    (lambda batch: golden(batch, p0_data=lambda a: a[:, 1:]), "not 8 bytes each"),
    (lambda batch: golden(batch, p0_address=lambda a: 0 * a), "writes a word twice"),
])
def test_folder_that_is_no_batch(build, batches, spoil, what):
    spoil(batches[1])
    with pytest.raises(HwgenError, match=what) as error:
        sim.run(build, batches)
    assert str(batches[1]) in error.value.where


def test_two_batches_of_a_name(build, batches):
    with pytest.raises(SimError, match="two batches are called batch0"):
        sim.run(build, [batches[0], batches[0]])


@pytest.mark.parametrize(("missing", "what"), [
    ("design.v", "Verilog is missing"), ("design.json", "cannot be read"), ("images/layout.json", "cannot be read"),
    ("images/model.bin", "a load stream is missing"), ("batches/0000/batch.bin", "no batches"),
])
def test_incomplete_folder(copy, missing, what):
    if not (copy / missing).is_file():
        return  # a build without a model
    (copy / missing).unlink()
    with pytest.raises(HwgenError, match=what):
        sim.run(copy)


@pytest.mark.parametrize(("content", "what"), [
    ('{"top": "x"}', "key ports is missing"), ('{"top": 1, "rows": ["address"]}', "top is 1"),
    ("[" * 100_000, "nested too deep|not JSON"),
])
def test_design_json_of_another_version(copy, content, what):
    (copy / "design.json").write_text(content)
    with pytest.raises(HwgenError, match=what):
        sim.run(copy)
