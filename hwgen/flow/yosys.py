"""Cells that Yosys maps a design to, component by component.

A design is synthesized out of context in parts: one of each module that it has many times, and the shell around them.
Yosys runs as a library in a process of its own, and results are cached by the content of the Verilog.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from ..cache import cache_folder, cache_folders
from ..errors import ToolError
from ..scratch import write_whole
from ..workshop import Command, Done, Workshop, processors, workshop
from .families import Family

__all__ = ["TOP", "WORKER", "Cells", "check_ended", "map_whole", "synthesize"]

TOP = "accelerator"

#: Takes a script file; prints nothing but what goes wrong.
WORKER = "import sys; from pyosys import libyosys as ys; ys.run_pass('script ' + sys.argv[1], ys.Design())"

Cells = Mapping[str, int]

#: Parameters of block memories with initial contents: there are none, since images are loaded.
_CONTENTS = re.compile(r"^ *\.INIT(?:VAL|P|_RAM)?_[0-9A-F]{2}\(.*\),\n", re.MULTILINE)


def synthesize(path: Path, parts: Mapping[str, Sequence[str]], family: Family) -> dict[str, tuple[int, Cells]]:
    """Map the parts of a design to the cells of a family.

    Parameters
    ----------
    path : Path
        Verilog with the primitives of the family.
    parts : mapping of str to sequence of str
        Modules that the design has many times; of each the ports that nothing reads outside simulation.
    family : Family

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
    with workshop() as shop:
        wanted = {TOP: _recipe(path, TOP, family, boxes=tuple(parts)),
                  **{part: _recipe(path, part, family, probes=probes) for part, probes in parts.items()}}
        cells = _counted(text, wanted, shop)
    around = dict(cells.pop(TOP))
    return {part: (around.pop(part), cells[part]) for part in parts} | {"shell": (1, around)}


def map_whole(path: Path, family: Family) -> tuple[str, Cells]:
    """Map a whole design, flat: the netlist's Verilog, and its cells.

    Raises
    ------
    ToolError
        Yosys failed.
    """
    with workshop() as shop:
        folder = shop.path / TOP
        done = shop.run(_command(folder, [*_recipe(path, TOP, family), "write_verilog -noattr netlist.v"]))
        cells = _cells(folder, done)
        text = (folder / "netlist.v").read_text()
    return _CONTENTS.sub("", text).split("\n", 1)[1].lstrip("\n"), cells  # the first line names Yosys's machine


def _recipe(path: Path, top: str, family: Family, *, boxes: Sequence[str] = (),
            probes: Sequence[str] = ()) -> list[str]:
    """Yosys's commands."""
    return [f"read_verilog {path.resolve()}", *(f"blackbox {name}" for name in boxes), f"hierarchy -top {top}",
            *(f"delete -port {top}/{port}" for port in probes),
            # By way of a file: modules that come straight from Verilog are elaborated anew, without what they
            # instantiate, when the LUT6_2 of a wide table gets its parameters late in the flow.
            "write_rtlil part.il", "design -reset", "read_rtlil part.il",
            f"{family.synth} -top {top}"]


def _counted(text: str, recipes: Mapping[str, list[str]], shop: Workshop) -> dict[str, Cells]:
    """Cells by part: out of the cache, or counted now and kept there."""
    keys = {part: hashlib.sha256("\n".join([version("pyosys"), text, *script[1:]]).encode()).hexdigest()[:32]
            for part, script in recipes.items()}
    cells = {part: found for part, key in keys.items() if (found := _kept(key)) is not None}
    missing = [part for part in recipes if part not in cells]
    ended = shop.run_all([_command(shop.path / part, recipes[part]) for part in missing], min(3, processors()))
    for part, done in zip(missing, ended, strict=True):
        cells[part] = _cells(shop.path / part, done)
        _keep(keys[part], cells[part])
    return cells


def _command(folder: Path, script: Sequence[str]) -> Command:
    folder.mkdir()
    (folder / "script.ys").write_text("\n".join([*script, "tee -q -o stat.json stat -json"]) + "\n")
    return Command(words=[sys.executable, "-c", WORKER, "script.ys"], folder=folder,
                   environment={**os.environ, "PYTHONWARNINGS": "ignore"})


def _cells(folder: Path, done: Done) -> Cells:
    """Cells of a top module by type, as Yosys wrote them."""
    stat = folder / "stat.json"
    check_ended(done, stat)
    cells: dict[str, int] = json.loads(stat.read_text())["design"]["num_cells_by_type"]
    return {name.lstrip("\\"): count for name, count in cells.items()}


def check_ended(done: Done, made: Path) -> None:
    """Refuse what Yosys left where it failed, or did not make a file.

    Raises
    ------
    ToolError
    """
    if done.code or not made.is_file():
        lines = [line for line in done.text.splitlines() if "ERROR" in line]
        raise ToolError(lines[0] if lines else f"Yosys ended with code {done.code}", "yosys",
                        "run hwgen doctor; if the tools are well, report this design")


def _kept(key: str) -> Cells | None:
    """An entry of the cache; None: there is none, or it is not what was kept."""
    for root in cache_folders():
        try:
            facts = json.loads((root / "yosys" / f"{key}.cells.json").read_text())
            if facts.pop("sha256") == _digest(key, facts):
                return dict(facts)
        except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError):
            continue
    return None


def _keep(key: str, cells: Cells) -> None:
    path = cache_folder() / "yosys" / f"{key}.cells.json"
    with suppress(OSError):  # a full cache: counted again the next time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps({**cells, "sha256": _digest(key, cells)}).encode())


def _digest(key: str, cells: Cells) -> str:
    return hashlib.sha256(json.dumps([key, sorted(cells.items())]).encode()).hexdigest()
