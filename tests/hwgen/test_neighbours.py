"""A user's own sim and boards: theirs for their code, ours for hwgen, or one error that names both files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hwgen.frontend import their_modules
from hwgen.frontend.their_modules import note_folder
from hwgen.frontend.their_modules import their_modules as swapped
from hwgen.neighbours import ROOT, check_neighbours

KINDS = ("sim/__init__.py", "sim.py", "boards/__init__.py", "boards.py")


def python(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *words], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
                          capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_script_beside_its_own(kind: str, tmp_path: Path) -> None:
    (tmp_path / kind).parent.mkdir(exist_ok=True)
    (tmp_path / kind).write_text("")
    (tmp_path / "deploy.py").write_text("import hwgen; hwgen.build")
    found = python(tmp_path, "deploy.py")
    assert found.returncode == 1
    name = kind.split("/")[0].removesuffix(".py")
    both = f"import {name} finds {tmp_path / kind}, not hwgen's own {ROOT / name / '__init__.py'}"
    assert f"HwgenError: {both}" in found.stderr
    assert python(tmp_path, "-m", "hwgen", "boards").returncode == 0


def test_the_users_code_gets_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import boards as ours

    monkeypatch.setattr(their_modules, "_folders", {})
    monkeypatch.setattr(their_modules, "_theirs", {})
    (tmp_path / "boards.py").write_text("PARTS = 3\n")
    before = list(sys.path)
    note_folder(tmp_path)
    for _ in range(2):
        with swapped():
            import boards

            assert boards.PARTS == 3
        assert sys.modules["boards"] is ours
        assert sys.path == before
    check_neighbours()
    note_folder(ROOT)
    assert list(their_modules._folders) == ["boards"]
