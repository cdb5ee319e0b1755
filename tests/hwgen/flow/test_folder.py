"""Build folders are complete or absent, and unchanged files keep their time stamps."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hwgen import scratch
from hwgen.errors import HwgenError
from hwgen.flow.folder import BuildFolder, to_json, write_if_changed
from hwgen.flow.manifest import check_build


def age(path):
    """Make a file look old and return its stamp."""
    os.utime(path, ns=(10**18, 10**18))
    return path.stat().st_mtime_ns


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def build(target, **files):
    with BuildFolder(target) as folder:
        folder.write("manifest.json", "{}")
        for name, content in files.items():
            folder.write(f"sub/{name}", content)


def test_write_if_changed(tmp_path):
    path = tmp_path / "deep" / "file"
    assert write_if_changed(path, "one")
    stamp = age(path)
    assert not write_if_changed(path, b"one")
    assert path.stat().st_mtime_ns == stamp
    assert write_if_changed(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_mtime_ns != stamp
    assert names(path.parent) == ["file"]


def test_build_appears_at_the_end_only(tmp_path):
    target = tmp_path / "a" / "build"
    with BuildFolder(target) as folder:
        folder.write("manifest.json", "{}")
        (folder.path / "direct").write_text("made by another tool")
        assert not target.exists()
    assert names(target) == ["direct", "manifest.json"]
    assert names(tmp_path / "a") == ["build"]
    assert target.stat().st_mode & 0o777 == 0o755


def test_a_failure_leaves_the_old_build(tmp_path):
    target = tmp_path / "build"
    build(target, one="1")

    def fail():
        with BuildFolder(target) as folder:
            folder.write("manifest.json", "other")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail()
    assert (target / "manifest.json").read_text() == "{}"
    assert names(tmp_path) == ["build"]


def test_a_failure_of_the_first_build_leaves_nothing(tmp_path):
    def interrupted():
        with BuildFolder(tmp_path / "build") as folder:
            folder.write("manifest.json", "{}")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == []


def test_unchanged_files_keep_their_stamps_and_old_ones_go(tmp_path):
    target = tmp_path / "build"
    build(target, same="s", other="1", gone="g")
    stamps = {name: age(target / "sub" / name) for name in ("same", "other")}
    build(target, same="s", other="2")
    assert names(target / "sub") == ["other", "same"]
    assert (target / "sub" / "same").stat().st_mtime_ns == stamps["same"]
    assert (target / "sub" / "other").stat().st_mtime_ns != stamps["other"]
    assert (target / "sub" / "other").read_text() == "2"
    assert names(tmp_path) == ["build"]


def test_a_folder_that_is_no_build_is_refused(tmp_path):
    target = tmp_path / "home"
    target.mkdir()
    (target / "thesis.tex").write_text("years of work")
    with pytest.raises(HwgenError, match="no build"), BuildFolder(target):
        pass
    assert (target / "thesis.tex").exists()
    assert names(tmp_path) == ["home"]


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "build").write_text("")
    with pytest.raises(HwgenError, match="is a file"), BuildFolder(tmp_path / "build"):
        pass


def test_an_unwritable_place_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HwgenError, match="cannot write there"), BuildFolder(tmp_path / "file" / "build"):
        pass


def test_json_is_deterministic_and_strict():
    text = to_json({"b": 1, "a": [1.5]})
    assert text == to_json({"a": [1.5], "b": 1})
    assert json.loads(text) == {"a": [1.5], "b": 1}
    assert text.endswith("}\n")
    with pytest.raises(ValueError, match="JSON"):
        to_json(float("nan"))


WRITER = """
import sys
from pathlib import Path
from hwgen.flow.folder import BuildFolder, write_folder
from hwgen.flow.manifest import manifest_text
out = Path(sys.argv[1])
for number in range(10**6):
    facts = {"hwgen": "", "model": str(number), "board": "", "target": "", "inputs": {}, "capacities": {}, "cycles": []}
    with BuildFolder(out / "b") as folder:
        for name in range(20):
            folder.write(f"images/{name}", f"{number} {name}" * 1000)
        folder.write("manifest.json", manifest_text(folder.path, facts))
    write_folder(out / "b" / "runs" / "r", {f"{name}": f"{number}" for name in range(20)})
    print(number, flush=True)
"""


@pytest.mark.slow
def test_kill_9_at_any_moment_leaves_a_whole_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(0)
    for _ in range(12):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(draw.random() * 0.15)
        writer.kill()
        writer.communicate()
        check_build(tmp_path / "b")
        assert len({path.read_text() for path in tmp_path.glob("b/runs/r/*")}) <= 1
    monkeypatch.setattr(scratch, "YOUNG_S", -1.0)
    with BuildFolder(tmp_path / "b") as folder:
        folder.write("manifest.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
