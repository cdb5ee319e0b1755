"""``netlist/``: a build's design as Yosys maps it to cells, to be simulated with models of these cells.

The netlist is flat and without names of ours: it is watched from outside only, by results, counters and status.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

import boards
import sim

from ..documents import read_json
from ..errors import HwgenError
from ..kinds import Count
from ..progress import Expected, Progress
from ..seals import file_hash
from .config import load_config
from .families import Family, family_of
from .folder import to_json, write_files
from .yosys import map_whole

__all__ = ["FOLDER", "Netlist", "model_file", "models_of", "netlist_of"]

#: Below a build folder.
FOLDER = "netlist"
#: Seconds and megabytes that Yosys takes for a flat design, by the kilobyte of its Verilog; measured, rough.
SECONDS_PER_KB, MB_PER_KB = 0.1, 1.0

_MODULE = re.compile(r"^[ \t]*module (\w+)\b(.*?)^[ \t]*endmodule", re.MULTILINE | re.DOTALL)
#: What simulators without delays do not know.
_TIMING = re.compile(r"^[ \t]*specify\b.*?^[ \t]*endspecify", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """A netlist.

    Parameters
    ----------
    family : Family
    verilog : Path
    models : Path
        What its cells do, in Verilog: models of Yosys's and our own.
    cells : mapping of str to int
        How many of each type.
    """

    family: Family
    verilog: Path
    models: Path
    cells: Mapping[str, int]


class _Facts(TypedDict):
    """``cells.json``: cells by type, and hashes of what the netlist was made from and of itself."""

    cells: dict[str, Count]
    design: str
    netlist: str


def netlist_of(build: Path, progress: Progress) -> Netlist:
    """The netlist of a build, made unless the folder has it already.

    Raises
    ------
    HwgenError
        Not a build, or no models of its family's cells.
    ToolError
        Yosys failed.
    """
    family = family_of(boards.load(load_config(build).board))
    if not family.models:
        raise HwgenError(f"there are no models of {family.title}'s cells to simulate a netlist with", str(build),
                         "verify without --netlist, or build for a board of another family (hwgen boards)")
    design, folder = build / f"design_{family.name}.v", build / FOLDER
    if not design.is_file():
        raise HwgenError("the design's Verilog is missing", str(design), "build again")
    verilog, facts = folder / "netlist.v", folder / "cells.json"
    if not _is_of(design, verilog, facts):
        size = design.stat().st_size / 1024
        with progress.step("mapping the whole design to cells with Yosys",
                           Expected(SECONDS_PER_KB * size, megabytes=MB_PER_KB * size)):
            text, cells = map_whole(design, family)
        write_files(folder, {"netlist.v": text})
        write_files(folder, {"cells.json": to_json(
            {"cells": dict(cells), "design": file_hash(design), "netlist": file_hash(verilog)})})
    cells = read_json(_Facts, facts, "verify again")["cells"]
    write_files(folder, {"cells.v": models_of(family, cells)})
    return Netlist(family=family, verilog=verilog, models=folder / "cells.v", cells=cells)


def _is_of(design: Path, verilog: Path, facts: Path) -> bool:
    """Whether a netlist is whole, and of this design."""
    try:
        known = read_json(_Facts, facts, "verify again")
        return known["design"] == file_hash(design) and known["netlist"] == file_hash(verilog)
    except (HwgenError, OSError):
        return False


def models_of(family: Family, cells: Mapping[str, int]) -> str:
    """Models of some cells and of what these instantiate, the first of each name."""
    known: dict[str, str] = {}
    for path in map(model_file, family.models):
        for name, text in _MODULE.findall(_TIMING.sub("", path.read_text())):
            known.setdefault(name, f"module {name}{text}endmodule\n")
    wanted, chosen = [name for name in cells if name in known], dict[str, str]()
    while wanted:
        name = wanted.pop()
        if name not in chosen:
            chosen[name] = known[name]
            wanted += [each for each in set(_WORD.findall(known[name])) if each in known]
    return "\n".join(chosen[name] for name in sorted(chosen))


def model_file(name: str) -> Path:
    """A file of models: ours, or one that Yosys carries."""
    own = Path(sim.__file__).parent / "cells" / name
    if own.is_file():
        return own
    yosys = find_spec("pyosys")
    assert yosys is not None  # it mapped the design
    return Path(str(yosys.origin)).parent / "share" / name
