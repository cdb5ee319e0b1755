"""Yosys on anything of ours, in a process of its own, counted by the one table of weights that hwgen has."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hwgen.flow.families import FAMILIES, Family
from hwgen.flow.resources import Usage, count
from hwgen.flow.yosys import WORKER

__all__ = ["synthesize"]

FAMILY = FAMILIES["xcup"]


def synthesize(read: Sequence[str], top: str, family: Family = FAMILY, boxes: Sequence[str] = ()) -> Usage:
    """Map a design to cells, flat, and count them.

    Parameters
    ----------
    read : sequence of str
        Yosys commands that read the design.
    top : str
        Its top module.
    family : Family
    boxes : sequence of str
        Modules that are not counted.
    """
    with tempfile.TemporaryDirectory() as folder:
        script, listing = Path(folder) / "script.ys", Path(folder) / "stat.json"
        script.write_text("\n".join([
            *read, f"{family.synth} -top {top}",
            f"tee -q -o {listing} stat -json"]) + "\n")
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", WORKER, str(script)], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise SystemExit(f"Yosys failed on {top}:\n{done.stdout[-2000:]}")
        cells = json.loads(listing.read_text())["design"]["num_cells_by_type"]
    named = {name.lstrip("\\"): number for name, number in cells.items()}
    return count({name: number for name, number in named.items() if name not in boxes}, family)
