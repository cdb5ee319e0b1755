"""What leaves the repository: a wheel holds every module, board and template, an sdist the tests as well."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PACKAGES = ("hwgen", "rtl_templates", "sim", "boards")
DATA = {".py", ".toml", ".typed", ".j2", ".html", ".css", ".cpp", ".c", ".h", ".v", ".tcl", ".json"}


def build(kind: str, out: Path) -> Path:
    """Build without isolation: the environment's own hatchling, no network."""
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    [path] = out.iterdir()
    return path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


def test_wheel_holds_every_file_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        have = {name for name in archive.namelist() if ".dist-info/" not in name}
    want = {path.relative_to(ROOT).as_posix() for top in PACKAGES for path in (ROOT / top).rglob("*")
            if path.suffix in DATA and "__pycache__" not in path.parts}
    assert want - have == set()
    assert {name for name in have if name.split("/")[0] not in PACKAGES} == set()
    assert {f"{top}/py.typed" for top in PACKAGES} <= have
    assert "boards/ultra96.toml" in have
    assert "hwgen/report/report.html.j2" in have


@pytest.mark.slow
def test_installed_wheel_runs_from_elsewhere(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = ("import boards, hwgen, sim, rtl_templates; from importlib.metadata import version;"
            "print(boards.load('zcu104').part, boards.__file__, sim.__file__, hwgen.__version__)")
    environment = {"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}

    def run(*arguments: str) -> str:
        return subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment, check=True, text=True,
                              capture_output=True).stdout

    part, boards_file, sim_file, version = run("-c", code).split()
    assert part == "xczu7ev-ffvc1156-2-e"
    assert boards_file.startswith(str(site))
    assert sim_file.startswith(str(site))  # "sim" is a general name: it must be ours
    assert f"hwgen-{version}-" in wheel.name
    assert "alveo-u50" in run("-m", "hwgen", "boards")


@pytest.mark.slow
def test_sdist_holds_the_tests_and_the_makefile(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"Makefile", "README.md", "LICENSE", "CHANGELOG.md", "tests/test_packaging.py",
            "docs/architecture.md", "boards/kv260.toml"} <= names
    assert not {name for name in names if name.startswith((".venv", "build/", ".ci"))}


def test_editable_install_sees_this_checkout() -> None:
    import hwgen

    assert Path(hwgen.__file__).parent == ROOT / "hwgen"


def test_wheel_build_is_reproducible(wheel: Path, tmp_path: Path) -> None:
    assert build("wheel", tmp_path).read_bytes() == wheel.read_bytes()


def test_constraints_name_a_version_that_is_asked_for_of_every_dependency() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    tried = dict(line.split("==") for line in lines if not line.startswith("#"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = map(Requirement, [*project["dependencies"], *chain(*project["optional-dependencies"].values())])
    names = {name.replace("_", "-").lower(): version for name, version in tried.items()}
    for each in asked:
        version = names.get(each.name.replace("_", "-").lower())
        assert version is not None, f"{each.name}: make constraints"
        assert each.specifier.contains(version), f"{each.name} {version}: make constraints"
