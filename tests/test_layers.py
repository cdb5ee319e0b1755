"""Imports point one way, no file imports in a circle, and no gateware postpones its annotations.

``python tests/test_layers.py --write`` writes the table of docs/architecture.md anew.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

HEAVY = {"torch", "torch_geometric", "sklearn", "amaranth", "cocotb", "cocotb_tools", "cocotbext", "pyosys",
         "click", "rich", "jinja2", "matplotlib", "optuna"}
CORE = {f"hwgen.{name}" for name in (
    "errors", "numeric", "cache", "documents", "files", "kinds", "native", "neighbours", "progress", "scratch", "seals",
    "version", "workshop")}
FORMATS = {f"rtl_templates.{name}" for name in ("shell.checksum", "shell.words", "shell.timing", "cells.formats",
                                                  "cells.mac_plan", "cells.primitives", "cells.timing")}
#: What a target may know of its own RTL without Amaranth.
OWN = {"banked": {f"rtl_templates.banked.{name}" for name in (
           "formats", "group_timing", "requantize_timing", "server.timing")},
       "lists": {f"rtl_templates.lists.{name}" for name in (
           "combine_timing", "formats", "gather_timing", "requantize_timing", "timing")}}
#: Parts of the flow that know no target: targets and reports may use them.
PARTS = ("config", "convert", "families", "folder", "manifest", "memories", "resources", "verilog", "wishes", "yosys")
BUILD = CORE | {"hwgen.network", "boards", *(f"hwgen.flow.{name}" for name in PARTS)}
REPORT = BUILD | {"hwgen.report", "hwgen.driver.table", "rtl_templates.shell.timing"}
TARGETS = REPORT | FORMATS | {"hwgen.targets"}
FLOW = REPORT | {"hwgen.deliver", "hwgen.flow", "hwgen.targets"}

#: Folder or module -> what it may import: prefixes of our own modules, and which heavy packages.
MAY: dict[str, tuple[set[str], set[str]]] = {
    "hwgen/errors.py": (set(), set()),
    "hwgen/cache.py": (set(), set()),
    "hwgen/version.py": (set(), set()),
    "hwgen/numeric.py": (set(), set()),
    "hwgen/documents.py": (CORE, set()),
    "hwgen/kinds.py": (CORE, set()),
    "hwgen/files.py": (CORE, set()),
    "hwgen/native.py": (CORE, set()),
    "hwgen/neighbours.py": (CORE, set()),
    "hwgen/progress.py": (set(), set()),
    "hwgen/scratch.py": (set(), set()),
    "hwgen/seals.py": (set(), set()),
    "hwgen/workshop.py": (CORE, set()),
    "hwgen/network": (CORE | {"hwgen.network"}, set()),
    "hwgen/schemes": (CORE | {"hwgen.network.granularity", "hwgen.schemes"}, set()),
    "hwgen/frontend": (CORE | {"hwgen.network", "hwgen.schemes", "hwgen.frontend", "hwgen.targets"},
                       {"torch", "torch_geometric", "sklearn"}),
    **{f"hwgen/flow/{name}.py": (BUILD, set()) for name in PARTS},
    "hwgen/flow/families.py": (BUILD | {"rtl_templates.cells.primitives"}, set()),
    "hwgen/flow/convert.py": (set(), {"pyosys"}),
    "hwgen/flow/verilog.py": (BUILD | {"rtl_templates.shell", "rtl_templates.cells.primitives"}, {"amaranth"}),
    "hwgen/flow/bitstream": (FLOW, set()),
    "hwgen/flow/bitstream/top.py": (FLOW | {"rtl_templates.serial"}, set()),
    "hwgen/flow": (FLOW, set()),
    "hwgen/targets": (TARGETS, set()),
    **{f"hwgen/targets/{name}": (TARGETS | own, set()) for name, own in OWN.items()},
    **{f"hwgen/targets/{name}/verilog.py": (
        TARGETS | {f"rtl_templates.{folder}" for folder in (name, "shell")}, {"amaranth"}) for name in OWN},
    "hwgen/studies": (CORE | {"hwgen.studies"}, {"optuna"}),
    "hwgen/bit_search": (FLOW | {"hwgen.schemes", "hwgen.frontend", "hwgen.studies", "hwgen.bit_search"},
                         {"torch", "torch_geometric", "sklearn"}),
    "hwgen/explore": (FLOW | {"hwgen.studies", "hwgen.explore"}, set()),
    "hwgen/report": (REPORT, {"jinja2", "matplotlib"}),
    **{f"hwgen/flow/{name}.py": (FLOW | {"sim"}, set()) for name in ("choose_runs", "netlist", "verify")},
    "hwgen/driver": ({"hwgen.errors", "hwgen.driver"}, set()),
    "hwgen/deliver": (CORE | {"boards", "hwgen.driver", "hwgen.deliver", "rtl_templates.shell.registers"}, set()),
    "hwgen/runtime": (FLOW | {"hwgen.driver", "hwgen.runtime", "sim"}, set()),
    "hwgen/api.py": ({"hwgen", "sim", "boards"}, set()),
    "hwgen/cli": ({"hwgen", "sim", "boards"}, {"click", "rich"}),
    "hwgen/__main__.py": ({"hwgen.cli"}, set()),
    "hwgen/__init__.py": ({"hwgen"}, set()),
    "rtl_templates": (set(), set()),
    "rtl_templates/shell": ({"rtl_templates.shell", "rtl_templates.cells"}, {"amaranth"}),
    "rtl_templates/cells": ({"rtl_templates.cells", "rtl_templates.shell"}, {"amaranth"}),
    "rtl_templates/serial": ({"rtl_templates.serial", "rtl_templates.cells", "rtl_templates.shell"}, {"amaranth"}),
    "rtl_templates/banked": ({"rtl_templates.banked", "rtl_templates.cells", "rtl_templates.shell"}, {"amaranth"}),
    "rtl_templates/lists": ({"rtl_templates.lists", "rtl_templates.cells", "rtl_templates.shell"}, {"amaranth"}),
    "sim": (CORE | {"hwgen.driver.results", "sim"}, {"cocotb", "cocotb_tools", "cocotbext"}),
    "boards": (CORE | {"boards"}, set()),
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
    for name in FORMATS.union(*OWN.values()):
        path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
        assert not {n.split(".")[0] for n in imports(path)} & HEAVY


def names_a_target(path: Path) -> list[str]:
    """What in a file names a target: an import, an identifier, or a text, where "lists" is an ordinary word too."""
    found = [name for name in imports(path)
             if name.startswith(tuple(f"{top}.{target}" for top in ("hwgen.targets", "rtl_templates", "sim")
                                      for target in OWN))]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [getattr(node, key, None) for key in ("id", "attr", "name", "arg")]
        found += [name for name in names if isinstance(name, str) and re.search("banked", name, re.IGNORECASE)]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            found += [text] if text == "lists" or re.search(r"\bbanked\b|--target lists", text) else []
    return found


@pytest.mark.parametrize("path", [path for path in FILES if path.relative_to(ROOT).parts[:2] != ("hwgen", "targets")
                                  and path.relative_to(ROOT).parts[0] != "rtl_templates"],
                         ids=lambda path: path.relative_to(ROOT).as_posix())
def test_targets_are_named_by_their_folders_and_the_registry_alone(path: Path) -> None:
    assert not names_a_target(path), path


def test_a_named_target_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    wrong = tmp_path / "wrong.py"
    for line in ("from hwgen.targets.banked import area", "import rtl_templates.lists.timing", "is_banked = True",
                 "use('lists')", "print('a banked design')"):
        wrong.write_text(line)
        assert names_a_target(wrong), line
    wrong.write_text("from hwgen.targets import find_target\nprint('edge lists of a graph', find_target(name))")
    assert not names_a_target(wrong)


def mine_of(name: str) -> str:
    """The module or package of a row."""
    return name.removesuffix(".py").replace("/", ".")


def table() -> str:
    """The rules as docs/architecture.md shows them, a row for each of MAY."""
    rows = []
    for name, (ours, heavy) in MAY.items():
        path = ROOT / name
        text = ast.get_docstring(ast.parse((path / "__init__.py" if path.is_dir() else path).read_text("utf-8"))) or ""
        core = {"the core"} if ours >= CORE else set()
        widths = {"widths and latencies of the RTL"} if ours >= FORMATS else set()
        parts = {f"hwgen.flow.{each}" for each in PARTS}
        flow = {"`hwgen.flow` but for what knows targets"} if ours >= parts - {mine_of(name)} else set()
        mine = mine_of(name)
        named = {f"`{each}`" for each in ours - (CORE if core else set()) - (FORMATS if widths else set())
                 - (parts if flow else set()) - {mine}}
        first = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text.split("\n\n")[0].replace("\n", " "))
        may = ", ".join([*sorted(core), *sorted(widths), *sorted(flow), *sorted(named), *sorted(heavy)])
        rows.append(f"| `{name}` | {first} | {may} |")
    core = ", ".join(f"`{name}`" for name in sorted(CORE))
    return "\n".join(["| folder or file | holds | may import |", "|---|---|---|", *rows, "", f"The core: {core}."])


def page() -> tuple[str, str]:
    """docs/architecture.md as it is, and as it is to be."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    begin, end = "<!-- layers -->\n", "<!-- end of layers -->"
    before, rest = text.split(begin)
    return text, f"{before}{begin}{table()}\n{end}{rest.split(end)[1]}"


def test_the_documented_table_is_the_enforced_one() -> None:
    there, wanted = page()
    assert there == wanted, "python tests/test_layers.py --write"


def circles(arrows: dict[str, set[str]]) -> Iterator[set[str]]:
    """Sets of files that reach one another: Tarjan's strongly connected components of more than one file."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(name: str) -> Iterator[set[str]]:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in arrows[name]:
            if other not in index:
                yield from visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            found = set(stack[(at := stack.index(name)):])
            del stack[at:]
            if len(found) > 1:
                yield found

    for name in arrows:
        if name not in index:
            yield from visit(name)


def arrows() -> dict[str, set[str]]:
    """Which file imports which; imports for types alone, and those inside functions, count too."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}
    return {name: imports(path) & set(names) - {name} for name, path in names.items()}


def test_no_file_imports_in_a_circle() -> None:
    assert list(circles(arrows())) == []


def test_no_name_of_the_front_end_hides_a_module() -> None:
    """``package.execute`` is the module, not a function of that name which the package imported."""
    for path in (ROOT / "hwgen" / "frontend").rglob("__init__.py"):
        modules = {each.stem for each in path.parent.glob("*.py")} | {each.name for each in path.parent.iterdir()}
        names = {alias.asname or alias.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                 if isinstance(node, ast.ImportFrom) and node.module for alias in node.names}
        assert not names & modules, path


def test_a_circle_is_seen() -> None:
    assert list(circles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()})) == [{"b", "c"}]


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


if __name__ == "__main__" and "--write" in sys.argv:
    (ROOT / "docs" / "architecture.md").write_text(page()[1], encoding="utf-8")
