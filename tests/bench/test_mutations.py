"""The deliberate faults still apply, and the script that plants them tells a caught fault from any other failure."""

import ast
import importlib
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench"))
faults, mutations, verdicts = map(importlib.import_module, ("faults", "mutations", "verdicts"))


@pytest.mark.slow
@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.name)
def test_fault_applies(fault, tmp_path):
    """Its old text occurs once, a Python file is still one with another meaning, and the test that it names exists."""
    target = tmp_path / fault.file
    target.parent.mkdir(parents=True)
    shutil.copyfile(ROOT / fault.file, target)
    assert mutations.plant(tmp_path, fault) == ""
    before, after = (path.read_text() for path in (ROOT / fault.file, target))
    if fault.file.endswith(".py"):
        before, after = (ast.dump(ast.parse(text)) for text in (before, after))
    assert before != after
    path, _, function = fault.test.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert not function or function.partition("[")[0] in names


def test_named_tests_are_there(request):
    """With their parameters, where this run collects the whole of their files."""
    options = request.config.option
    if options.keyword or options.markexpr or any("::" in each for each in request.config.args):
        pytest.skip("a part of the tests was collected")
    there = {item.nodeid for item in request.session.items}
    there |= {nodeid.partition("[")[0] for nodeid in there}
    files = {nodeid.partition("::")[0] for nodeid in there}
    assert [fault.name for fault in faults.FAULTS
            if fault.test.partition("::")[0] in files and fault.test not in there | files] == []


#: Files that only name things: layouts, codes and signals whose every change is one of both sides of a wire.
NAMES = {"__init__.py", "structure.py", "rtl_templates/shell/signatures.py", "rtl_templates/shell/status.py"}


def test_every_file_of_hardware_has_a_fault():
    assert len({fault.name for fault in faults.FAULTS}) == len(faults.FAULTS)
    hardware = {path.relative_to(ROOT).as_posix() for path in (ROOT / "rtl_templates").rglob("*.py")
                if path.name not in NAMES} - NAMES
    assert not hardware - {fault.file for fault in faults.FAULTS}
    for area in faults.AREAS:
        assert sum(fault.area == area and not fault.same for fault in faults.FAULTS) >= 2, area


def test_a_verdict_stands_until_its_row_or_a_file_changes(tmp_path):
    (tmp_path / "tests").mkdir()
    files = {name: tmp_path / name for name in ("a.py", "tests/test_a.py")}
    for path in files.values():
        path.write_text("a = 1")
    fault, kept = faults.Fault("x", "a.py", "1", "2", "", "tests/test_a.py::test"), tmp_path / "kept.jsonl"
    good, lost = (verdicts.Verdict(fault, outcome, "t", "m", 1.5) for outcome in ("caught", "survived"))
    verdicts.Kept(kept, tmp_path).add(lost)
    assert verdicts.Kept(kept, tmp_path).find(fault) is None, "what survived is tried again"
    verdicts.Kept(kept, tmp_path).add(good)
    assert verdicts.Kept(kept, tmp_path).find(fault) == good
    assert verdicts.Kept(kept, tmp_path).find(fault._replace(new="3")) is None
    for path in files.values():
        path.write_text("a = 1  # other")
        assert verdicts.Kept(kept, tmp_path).find(fault) is None
        path.write_text("a = 1")
    assert verdicts.Kept(None, tmp_path).find(fault) is None
    verdicts.Kept(kept, tmp_path).keep_only([lost])
    assert verdicts.Kept(kept, tmp_path).find(fault) is None


@pytest.mark.parametrize(("text", "times"), [("a = 2", 0), ("a = 1\na = 1", 2)])
def test_a_stale_fault_is_not_planted(text, times, tmp_path):
    (tmp_path / "a.py").write_text(text)
    said = mutations.plant(tmp_path, faults.Fault("x", "a.py", "a = 1", "a = 3", "", ""))
    assert said == f"stale: its old text occurs {times} times"
    assert (tmp_path / "a.py").read_text() == text


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A tree with packages of the names under test, and one test of each way to end."""
    tree = tmp_path_factory.mktemp("stubs") / "tree"
    for name in ("hwgen", "rtl_templates", "sim", "boards"):
        (tree / name).mkdir(parents=True)
        (tree / name / "__init__.py").touch()
    (tree / "bench").mkdir()
    shutil.copyfile(ROOT / "bench" / "witness.py", tree / "bench" / "witness.py")
    (tree / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (tree / "test_ends.py").write_text("""
import pytest

@pytest.fixture
def broken():
    assert False

def test_passes(): pass
def test_asserts(): assert 1 == 2, "row 3"
def test_does_not_raise():
    with pytest.raises(KeyError):
        pass
def test_crashes(): None.kind
def test_mixes(): raise ExceptionGroup("both", [AssertionError(), KeyError()])
def test_has_no_setup(broken): pass
""")
    return tree


@pytest.fixture(scope="module")
def found(tree):
    """What the witness says of all of them."""
    return mutations.witness(tree, ["test_ends.py"])


@pytest.mark.slow
@pytest.mark.parametrize(("test", "outcome", "message"), [
    ("asserts", "caught", "row 3: assert 1 == 2"),
    ("does_not_raise", "caught", "DID NOT RAISE"),
    ("crashes", "broke: AttributeError", "no attribute 'kind'"),
    ("mixes", "broke: assertion, KeyError", "both"),
    ("has_no_setup", "broke: assertion", "assert False"),
])
def test_only_an_assertion_counts(found, test, outcome, message):
    name = f"test_ends.py::test_{test}"
    [failure] = [entry for entry in found["failed"] if entry["test"] == name]
    said, where, words = mutations.judge(found | {"failed": [failure]}, {name})
    assert said == outcome
    assert where.startswith(name)
    assert message in words
    if outcome == "caught":
        assert mutations.judge(found | {"failed": [failure]}, set())[0] == "broke: not green without the fault"


@pytest.mark.slow
def test_what_passes_has_survived(tree, found):
    assert found["passed"] == ["test_ends.py::test_passes"]
    passing = mutations.witness(tree, found["passed"])
    assert mutations.judge(passing, set(found["passed"]))[0] == "survived"


@pytest.mark.slow
def test_a_test_that_is_gone_catches_nothing(tree):
    gone = mutations.judge(mutations.witness(tree, ["test_ends.py::test_gone"]), set())
    assert gone[0] == "broke: no test failed"
    assert "not found: " in gone[2]


@pytest.mark.slow
def test_code_of_another_tree_is_refused(tree, tmp_path, monkeypatch):
    shutil.copytree(tree, tmp_path / "tree")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "tree" / "boards").rename(elsewhere / "boards")
    monkeypatch.setenv("PYTHONPATH", str(elsewhere))
    found = mutations.witness(tmp_path / "tree", ["test_ends.py"])
    assert f"boards would be imported from {elsewhere}" in found["status"]
