"""Cells that Yosys maps a design to, component by component.

A design is synthesized out of context in three parts: one group, one server, and the shell around them. Yosys runs
as a library in a process of its own, and results are cached by the content of the Verilog.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ..errors import ToolError

__all__ = ["METHOD", "PARTS", "Cells", "cache_folder", "modules", "synthesize"]

METHOD = "Yosys synth_xilinx -family xcup -abc9, out of context, flattened"

#: Repeated components by the last part of their instance path; what is left is the shell.
PARTS = {"group": re.compile(r"(?:^|\.)group_?\d+$"), "server": re.compile(r"(?:^|\.)server_?\d+$")}

#: Takes a script file; prints nothing but what goes wrong.
WORKER = "import sys; from pyosys import libyosys as ys; ys.run_pass('script ' + sys.argv[1], ys.Design())"

Cells = Mapping[str, int]


@dataclass(frozen=True)
class Modules:
    """A design's modules: the top, and the instances of each part."""

    top: str
    parts: Mapping[str, tuple[str, ...]]


def modules(verilog: str) -> Modules:
    """Find the top module, groups and servers in Verilog whose modules are named by their path, as Amaranth does.

    Raises
    ------
    ToolError
        The text has no group or no server, or not the module that holds them.
    """
    names = re.findall(r"^module (\\\S+|\w+)", verilog, flags=re.MULTILINE)
    parts = {part: tuple(name for name in names if pattern.search(name.lstrip("\\")))
             for part, pattern in PARTS.items()}
    tops = {name.lstrip("\\").split(".")[0] for found in parts.values() for name in found}
    if not all(parts.values()) or len(tops & set(names)) != 1:
        raise ToolError(f"the design has {', '.join(f'{len(found)} {part}s' for part, found in parts.items())}",
                        "design.v", "build again; the design was not written by this version of hwgen")
    return Modules(tops.pop(), parts)


def synthesize(path: Path) -> dict[str, tuple[int, Cells]]:
    """Map the parts of a design to UltraScale+ cells.

    Parameters
    ----------
    path : Path
        ``design.v`` of a build folder.

    Returns
    -------
    dict of str to (count, cells)
        For ``group``, ``server`` and ``shell``: how often the design has it, and the cells of one.
    """
    text = path.read_text(encoding="utf-8")
    found = modules(text)
    boxes = tuple(name for names in found.parts.values() for name in names)
    jobs: dict[str, tuple[int, str, tuple[str, ...]]] = {
        part: (len(names), names[0], ()) for part, names in found.parts.items()}
    jobs["shell"] = 1, found.top, boxes
    with ThreadPoolExecutor(max_workers=min(len(jobs), os.cpu_count() or 1)) as pool:
        cells = {part: pool.submit(_cells, path, text, top, hidden) for part, (_, top, hidden) in jobs.items()}
        return {part: (count, cells[part].result()) for part, (count, _, _) in jobs.items()}


def cache_folder() -> Path:
    """``HWGEN_CACHE``, or ``hwgen`` in the user's cache folder."""
    if (own := os.environ.get("HWGEN_CACHE")):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hwgen"


def _cells(path: Path, text: str, top: str, boxes: tuple[str, ...]) -> Cells:
    script = [f"read_verilog {path.resolve()}", *(f"blackbox {name}" for name in boxes),
              f"hierarchy -top {top}", f"synth_xilinx -family xcup -abc9 -flatten -noiopad -noclkbuf -top {top}"]
    recipe = "\n".join([version("pyosys"), text, *script[1:]])
    key = hashlib.sha256(recipe.encode()).hexdigest()[:32]
    cached = cache_folder() / "yosys" / f"{key}.json"
    if cached.is_file():
        counts: dict[str, int] = json.loads(cached.read_text())
        return counts
    ignored = {name.lstrip("\\") for name in boxes}
    counts = {name: count for name, count in _run(script).items() if name not in ignored}
    cached.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=cached.parent, delete=False) as file:
        json.dump(counts, file)
    Path(file.name).replace(cached)
    return counts


def _run(script: list[str]) -> dict[str, int]:
    """Run a Yosys script in a process of its own; return the cells of its top module by type."""
    with tempfile.TemporaryDirectory() as folder:
        stat, commands = Path(folder) / "stat.json", Path(folder) / "script.ys"
        commands.write_text("\n".join([*script, f"tee -q -o {stat} stat -json"]) + "\n")
        done = subprocess.run([sys.executable, "-c", WORKER, str(commands)], capture_output=True, text=True,
                              check=False, env={**os.environ, "PYTHONWARNINGS": "ignore"})
        if done.returncode or not stat.is_file():
            lines = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
            raise ToolError(lines[0] if lines else f"Yosys ended with code {done.returncode}", "yosys",
                            "run hwgen doctor; if the tools are well, report this design")
        cells: dict[str, int] = json.loads(stat.read_text())["design"]["num_cells_by_type"]
        return {name.lstrip("\\"): count for name, count in cells.items()}
