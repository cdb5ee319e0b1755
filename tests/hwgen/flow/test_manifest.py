"""A build is what was written: whatever is changed, gone or added is named."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hwgen.errors import HwgenError
from hwgen.flow.manifest import MANIFEST, check_build, manifest_text, read_manifest
from hwgen.seals import sealed

FACTS = {"hwgen": "1", "model": "m", "board": "b", "target": "t", "inputs": {}, "capacities": {"max_nodes": 3},
         "cycles": [7]}


@pytest.fixture
def build(tmp_path: Path) -> Path:
    for name in ("design.v", "images/model.bin", "report/report.html", "runs/r/0000/batch.bin", "sim/log"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / MANIFEST).write_text(manifest_text(tmp_path, FACTS))
    check_build(tmp_path)
    return tmp_path


def edit(change: Callable[[dict[str, object]], object], *, seal: bool = False) -> Callable[[Path], None]:
    def apply(build: Path) -> None:
        facts = json.loads((build / MANIFEST).read_text())
        change(facts)
        (build / MANIFEST).write_text(json.dumps(sealed(facts) if seal else facts))
    return apply


def test_what_is_listed(build: Path) -> None:
    assert sorted(read_manifest(build)["files"]) == ["design.v", "images/model.bin"]


@pytest.mark.parametrize(("damage", "what", "where"), [
    (lambda build: (build / "design.v").write_text("Design.v"), "the file is damaged", "design.v"),
    (lambda build: (build / "images" / "model.bin").write_bytes(b""), "the file is damaged", "images/model.bin"),
    (lambda build: (build / "design.v").unlink(), "is missing", "design.v"),
    (lambda build: (build / "images" / "more").touch(), "does not belong to the build", "images/more"),
    (lambda build: (build / MANIFEST).unlink(), "cannot be read", MANIFEST),
    (edit(lambda facts: facts.update(cycles=[8])), "was changed since", MANIFEST),
    (edit(lambda facts: facts.update(capacities={})), "was changed since", MANIFEST),
    (edit(lambda facts: facts.update(sha256="0" * 64)), "was changed since", MANIFEST),
    (edit(lambda facts: facts.pop("sha256")), "key sha256 is missing", MANIFEST),
    (edit(lambda facts: facts.update(cycles=[-1]), seal=True), r"cycles\[0\] is -1", f"{MANIFEST}: cycles[0]"),
    (edit(lambda facts: facts["files"].update({"../x": ""}), seal=True), "file '../x' lies elsewhere", MANIFEST),
    (edit(lambda facts: facts["files"].update({"/etc/passwd": ""}), seal=True), "lies elsewhere", MANIFEST),
    (edit(lambda facts: facts.update(more=1), seal=True), "unknown key more", MANIFEST),
])
def test_damage_is_named(damage: Callable[[Path], object], what: str, where: str, build: Path) -> None:
    damage(build)
    for _ in range(2):
        with pytest.raises(HwgenError, match=what) as caught:
            check_build(build)
        file, *key = where.split(": ")
        assert caught.value.where == ": ".join([str(build / file), *key])


def test_other_white_space_and_what_comes_later_are_no_damage(build: Path) -> None:
    edit(lambda facts: None)(build)
    for name in ("report/report.html", "runs/r/0000/batch.bin", "sim/log", "notes.txt"):
        (build / name).write_text("changed")
    check_build(build)
