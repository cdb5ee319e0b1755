"""The harness of the graph-level organisation on a stand-in: many batches, one simulator, every kind of difference."""

import json
import shutil

import numpy as np
import pytest
from standin import write_batch, write_design, write_model

import sim.lists
from sim.errors import SimError

pytestmark = pytest.mark.verilator

CODES = [np.random.default_rng(n).integers(0, 16, (n, 16)) for n in (62, 8, 2, 40)]


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    folder = tmp_path_factory.mktemp("standin")
    write_design(folder, stream=True)
    return folder


@pytest.fixture
def batches(tmp_path):
    """Batches to be spoilt."""
    folders = [tmp_path / f"batch{index}" for index in range(len(CODES))]
    for folder, codes in zip(folders, CODES, strict=True):
        write_batch(folder, codes)
    return folders


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


@pytest.mark.parametrize("stalls", [None, 1, 2])
def test_batches_follow_each_other(build, batches, stalls):
    result = sim.lists.run(build, batches, stalls=stalls)
    assert result.ok, result
    assert list(result.batches) == [batch.name for batch in batches]
    for codes, one in zip(CODES, result.batches.values(), strict=True):
        n = len(codes)
        assert (one.rows_compared, one.codes_compared) == (2 * n, 2 * n * 16)
        assert (one.cycles, one.pass_cycles) == (3 * n // 2 + 3, (n // 2,) * 3)
        assert one.logits.shape == (n, 4)
    assert "4 batches, 224 buffer words" in str(result)


def at(index, value):
    def change(array):
        array[index] += value
        return array
    return change


@pytest.mark.slow
@pytest.mark.parametrize(("name", "index", "kind", "node", "channel"), [
    ("p0_data", (5, 3), "code", 5, 6), ("p1_data", (7, 7), "code", 7, 14), ("p1_entry", 3, "entry", 3, -1),
    ("p0_address", 2, "unexpected", -1, -1), ("p1_row", 4, "unexpected", 5, -1), ("results", (6, 2), "result", 6, 2),
])
def test_a_difference_is_named(build, batches, name, index, kind, node, channel):
    golden(batches[1], **{name: at(index, 1000 if name == "p0_address" else 1)})
    wrong = first(sim.lists.run(build, batches))
    assert (wrong.kind, wrong.node, wrong.channel) == (kind, node, channel)
    assert wrong.pass_name == {"p0": "pass0", "p1": "pass1", "re": "pass2"}[name[:2]]
    assert wrong.domain == ("node" if name[:2] == "p0" else "graph")


def test_a_word_that_never_comes(build, batches):
    for name, more in (("address", 999), ("row", 9), ("chunk", 1), ("entry", 0)):
        golden(batches[1], **{f"p1_{name}": lambda array, more=more: np.append(array, more)})
    golden(batches[1], p1_data=lambda array: np.concatenate([array, array[:1]]))
    wrong = first(sim.lists.run(build, batches))
    assert (wrong.kind, wrong.pass_name, wrong.node) == ("missing", "pass1", 9)


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "pass_name", "expected", "got"), [
    ({"cycles": 16}, "(run)", 16, 15), ({"pass_cycles": [4, 5, 4]}, "pass1", 5, 4),
    ({"counters": {"PASS": 4}}, "(run)", 4, 3),
])
def test_cycles_and_counters_are_compared(build, batches, changes, pass_name, expected, got):
    layout(batches[1], **changes)
    wrong = first(sim.lists.run(build, batches))
    assert (wrong.kind, wrong.pass_name, wrong.expected, wrong.got) == ("counter", pass_name, expected, got)


def test_an_estimate_is_not_needed(build, batches):
    layout(batches[0], cycles=None, pass_cycles=None)
    assert sim.lists.run(build, batches[:1]).ok


def test_passes_that_a_batch_brings_along(build, batches):
    passes = [{"name": f"own{index}", "to_result": index == 2, "domain": "graphs"} for index in range(3)]
    layout(batches[1], passes=passes, pass_cycles=[4, 4, 5])
    wrong = first(sim.lists.run(build, batches))
    assert (wrong.kind, wrong.pass_name) == ("counter", "own2")


def test_stuck_design_is_decoded(build, batches, tmp_path):
    shutil.copytree(build, tmp_path / "copy")
    write_model(tmp_path / "copy", hang=True)
    wrong = first(sim.lists.run(tmp_path / "copy", batches), 0)
    assert (wrong.kind, wrong.pass_name, wrong.node) == ("stuck", "pass0", 0)
    assert "WATCHDOG: stage GATHER stood still in pass 0" in wrong.detail


def test_deadline(build, batches):
    wrong = first(sim.lists.run(build, batches, deadline=40), 0)
    assert wrong.kind == "stuck"
    assert "not finished" in wrong.detail


def test_model_that_does_not_load(build, batches, tmp_path):
    shutil.copytree(build, tmp_path / "copy")
    path = tmp_path / "copy" / "images" / "model.bin"
    path.write_bytes(path.read_bytes()[:-16])
    result = sim.lists.run(tmp_path / "copy", batches)
    assert (result.mismatch.kind, result.mismatch.pass_name, result.batches) == ("stuck", "(load)", {})
    assert "NO_END" in str(result)


@pytest.mark.slow
def test_trace(build, batches):
    result = sim.lists.run(build, batches[1:3], trace="vcd")
    assert result.ok
    assert result.trace.endswith("trace.vcd")


@pytest.mark.parametrize(("spoil", "what"), [
    (lambda batch: (batch / "batch.bin").unlink(), "a load stream is missing"),
    (lambda batch: (batch / "batch.bin").write_bytes(b"123"), "3 bytes are no load stream"),
    (lambda batch: (batch / "golden.npz").unlink(), "expected codes are missing"),
    (lambda batch: (batch / "golden.npz").write_bytes(b"x"), "unexpected content"),
    (lambda batch: (batch / "layout.json").unlink(), "cannot be read"),
    (lambda batch: layout(batch, result_words="x"), "unexpected content"),
    (lambda batch: layout(batch, result_words=1), "8 rows of 4 results do not fit 1 words"),
    (lambda batch: layout(batch, pass_cycles=[1]), "cycles of 1 passes, not of 3"),
    (lambda batch: layout(batch, counters={"NONE": 1}), "no counter NONE"),
    (lambda batch: golden(batch, p0_data=lambda a: a[:, 1:]), "not 8 bytes each"),
    (lambda batch: golden(batch, p0_address=lambda a: 0 * a), "writes a word twice"),
])
def test_folder_that_is_no_batch(build, batches, spoil, what):
    spoil(batches[1])
    with pytest.raises(SimError, match=what) as error:
        sim.lists.run(build, batches)
    assert str(batches[1]) in error.value.where


def test_two_batches_of_a_name(build, batches):
    with pytest.raises(SimError, match="two batches are called batch0"):
        sim.lists.run(build, [batches[0], batches[0]])


def test_build_of_the_other_organisation(build, batches, tmp_path):
    shutil.copytree(build, tmp_path / "copy", ignore=shutil.ignore_patterns("sim"))
    facts = json.loads((build / "design.json").read_text())
    (tmp_path / "copy" / "design.json").write_text(json.dumps({**facts, "organisation": "node"}))
    with pytest.raises(SimError, match="does not stream"):
        sim.lists.run(tmp_path / "copy", batches)


@pytest.mark.parametrize(("missing", "what"), [("images/model.bin", "a load stream is missing"),
                                               ("images/layout.json", "cannot be read")])
def test_build_without_a_model(build, batches, tmp_path, missing, what):
    shutil.copytree(build, tmp_path / "copy", ignore=shutil.ignore_patterns("sim"))
    (tmp_path / "copy" / missing).unlink()
    with pytest.raises(SimError, match=what):
        sim.lists.run(tmp_path / "copy", batches)
