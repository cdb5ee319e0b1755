"""Imports point one way (docs/architecture.md), and no gateware postpones its annotations."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

HEAVY = {"torch", "torch_geometric", "sklearn", "amaranth", "cocotb", "cocotb_tools", "cocotbext", "pyosys",
         "click", "rich", "jinja2", "matplotlib"}
CORE = {"hwgen.errors", "hwgen.numeric", "hwgen.cache", "hwgen.files", "hwgen.version"}
FORMATS = {f"rtl_templates.{name}" for name in (
    "banked.formats", "banked.timing", "banked.server.timing", "lists.formats", "lists.timing")}
BUILD = CORE | {"hwgen.network", "hwgen.flow", "boards"}
TARGETS = BUILD | FORMATS | {"hwgen.targets"}

#: Folder or module -> what it may import: prefixes of our own modules, and which heavy packages.
MAY: dict[str, tuple[set[str], set[str]]] = {
    "hwgen/errors.py": (set(), set()),
    "hwgen/cache.py": (set(), set()),
    "hwgen/version.py": (set(), set()),
    "hwgen/numeric.py": (set(), set()),
    "hwgen/files.py": (CORE, set()),
    "hwgen/network": (CORE | {"hwgen.network"}, set()),
    "hwgen/frontend": (CORE | {"hwgen.network", "hwgen.frontend"},
                       {"torch", "torch_geometric", "sklearn"}),
    "hwgen/flow": (BUILD | {"rtl_templates"}, {"amaranth", "pyosys"}),
    "hwgen/targets": (TARGETS | {"hwgen.report", "hwgen.checking", "sim"}, set()),
    "hwgen/targets/banked/verilog.py": (TARGETS | {"rtl_templates"}, {"amaranth", "pyosys"}),
    "hwgen/targets/lists/verilog.py": (TARGETS | {"rtl_templates"}, {"amaranth", "pyosys"}),
    "hwgen/report": (TARGETS | {"hwgen.report"}, {"jinja2", "matplotlib", "rich"}),
    "hwgen/checking.py": (CORE | {"hwgen.flow", "hwgen.report", "sim"}, set()),
    "hwgen/runtime": (TARGETS | {"hwgen.runtime"}, set()),
    "hwgen/api.py": ({"hwgen", "sim"}, set()),
    "hwgen/cli": ({"hwgen", "sim", "boards"}, {"click", "rich"}),
    "hwgen/__main__.py": ({"hwgen.cli"}, set()),
    "hwgen/__init__.py": ({"hwgen"}, set()),
    "rtl_templates": ({"rtl_templates"}, {"amaranth"}),
    "sim": ({"sim"}, {"cocotb", "cocotb_tools", "cocotbext"}),
    "boards": ({"boards"}, set()),
}
OURS = ("hwgen", "rtl_templates", "sim", "boards")
FILES = sorted(path for top in OURS for path in (ROOT / top).rglob("*.py"))


def rule(path: Path) -> tuple[set[str], set[str]]:
    name = path.relative_to(ROOT).as_posix()
    keys = [key for key in MAY if name == key or name.startswith((key + "/", key + ".py"))]
    assert keys, f"{name} has no rule: add its folder to MAY"
    return MAY[max(keys, key=len)]


def imports(path: Path) -> set[str]:
    """Absolute names of the modules a file imports anywhere, including inside functions."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            for alias in node.names:  # "from .. import numeric" imports the module numeric
                child = ROOT.joinpath(*module.split("."), alias.name)
                is_module = child.with_suffix(".py").exists() or child.is_dir()
                found.add(f"{module}.{alias.name}" if is_module else module)
    return found


def allowed(name: str, ours: set[str]) -> bool:
    return any(name == prefix or (name.startswith(prefix + ".") and prefix != "hwgen") for prefix in ours)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    ours, heavy = rule(path)
    # these may import all of hwgen
    last = ("hwgen/cli", "hwgen/api", "hwgen/__init__")
    everything = path.relative_to(ROOT).as_posix().startswith(last)
    for name in imports(path):
        top = name.split(".")[0]
        if top in OURS:
            good = allowed(name, ours) or (everything and top == "hwgen" and "hwgen" in ours)
            assert good, f"{path} imports {name}; it may import only {sorted(ours)}"
        elif top in HEAVY:
            assert top in heavy, f"{path} imports {name}; it may import only {sorted(heavy)}"


@pytest.mark.parametrize("path", [p for p in FILES if p.relative_to(ROOT).parts[0] == "rtl_templates"],
                         ids=lambda path: path.name)
def test_gateware_does_not_postpone_annotations(path: Path) -> None:
    # Amaranth reads annotations when the class is made: postponed ones empty a data.Struct silently.
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.ImportFrom) and node.module == "__future__"), path


def test_shared_numbers_need_no_amaranth() -> None:
    for name in FORMATS:
        path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
        assert not {n.split(".")[0] for n in imports(path)} & HEAVY


def test_a_wrong_arrow_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    wrong = tmp_path / "hwgen" / "network" / "network.py"
    wrong.parent.mkdir(parents=True)
    (tmp_path / "hwgen" / "numeric.py").touch()
    for line in ("import torch", "from ..targets import words", "from sim import run", "import hwgen.cli"):
        wrong.write_text(line)
        with pytest.raises(AssertionError, match="may import only"):
            test_imports_point_one_way(wrong)
    wrong.write_text("from ..errors import HwgenError\nfrom .. import numeric\nimport numpy")
    test_imports_point_one_way(wrong)
