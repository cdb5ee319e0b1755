"""Cells that Yosys maps a design to, component by component.

A design is synthesized out of context in parts: one of each module that it has many times, and the shell around them.
Yosys runs as a library in a process of its own, and results are
cached by the content of the Verilog.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from ..cache import cache_folder
from ..errors import ToolError

__all__ = ["METHOD", "TOP", "Cells", "synthesize"]

TOP = "accelerator"
METHOD = "Yosys synth_xilinx -family xcup -abc9, out of context, flattened"

#: Takes a script file; prints nothing but what goes wrong.
WORKER = "import sys; from pyosys import libyosys as ys; ys.run_pass('script ' + sys.argv[1], ys.Design())"

Cells = Mapping[str, int]


def synthesize(path: Path, parts: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, Cells]]:
    """Map the parts of a design to UltraScale+ cells.

    Parameters
    ----------
    path : Path
        ``design.v`` of a build folder.
    parts : mapping of str to sequence of str
        Modules that the design has many times; of each the ports that nothing reads outside simulation.

    Returns
    -------
    dict of str to (count, cells)
        For each part, and for ``shell``, what is left: how often the design has it, and the cells of one.

    Raises
    ------
    ToolError
        Yosys failed, or the text has no module of one of these names.
    """
    text = path.read_text(encoding="utf-8")
    modules = set(re.findall(r"^module (\w+)\b", text, flags=re.MULTILINE))
    missing = [part for part in (TOP, *parts) if part not in modules]
    if missing:
        raise ToolError(f"the design has no module {missing[0]}", str(path),
                        "build again; the design was not written by this version of hwgen")
    with ThreadPoolExecutor(max_workers=min(3, os.cpu_count() or 1)) as pool:
        shell = pool.submit(_cells, path, text, TOP, boxes=tuple(parts))
        cells = {part: pool.submit(_cells, path, text, part, probes=probes) for part, probes in parts.items()}
        around = dict(shell.result())
        counts = {part: around.pop(part) for part in parts}
        return {part: (counts[part], cells[part].result()) for part in parts} | {"shell": (1, around)}


def _cells(path: Path, text: str, top: str, *, boxes: Sequence[str] = (), probes: Sequence[str] = ()) -> Cells:
    script = [f"read_verilog {path.resolve()}", *(f"blackbox {name}" for name in boxes), f"hierarchy -top {top}",
              *(f"delete -port {top}/{port}" for port in probes),
              # By way of a file: modules that come straight from Verilog are elaborated anew, without what they
              # instantiate, when the LUT6_2 of a wide table gets its parameters late in the flow.
              "write_rtlil part.il", "design -reset", "read_rtlil part.il",
              f"synth_xilinx -family xcup -abc9 -flatten -noiopad -noclkbuf -top {top}"]
    recipe = "\n".join([version("pyosys"), text, *script[1:]])
    key = hashlib.sha256(recipe.encode()).hexdigest()[:32]
    cached = cache_folder() / "yosys" / f"{key}.json"
    if cached.is_file():
        counts: dict[str, int] = json.loads(cached.read_text())
        return counts
    counts = _run(script)
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
        done = subprocess.run([sys.executable, "-c", WORKER, str(commands)], cwd=folder, capture_output=True,
                              text=True, check=False, env={**os.environ, "PYTHONWARNINGS": "ignore"})
        if done.returncode or not stat.is_file():
            lines = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
            raise ToolError(lines[0] if lines else f"Yosys ended with code {done.returncode}", "yosys",
                            "run hwgen doctor; if the tools are well, report this design")
        cells: dict[str, int] = json.loads(stat.read_text())["design"]["num_cells_by_type"]
        return {name.lstrip("\\"): count for name, count in cells.items()}
