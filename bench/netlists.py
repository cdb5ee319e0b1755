"""Netlists of Yosys, simulated cell by cell on the golden vectors of their builds: docs/netlists.md.

    hwgen train --data digits -o models/digits.pt
    python bench/accuracy.py --data PROTEINS --runs 1 --keep models
    python bench/netlists.py --models models [--only small digits] [--boards ultra96 pynq-z1] [--page]

``small`` is a GCN of two layers that is drawn here. Each case is `hwgen build` and `hwgen verify --netlist` as users
call them, and a line of docs/evidence/netlists.jsonl; the page has the latest of each. ``--page`` writes the page from
the lines alone. The exit status is 1 where a netlist differs.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from all_boards import SMALLER, small_model
from result_lines import EVIDENCE, append_line, read_lines
from verification_table import table

import boards
from hwgen.flow.families import family_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BOARDS = ("ultra96", "pynq-z1", "ulx3s-85f", "tang-mega-138k")
SMALL = ("--groups", "1", "--servers", "4", "--requant-lanes", "4")
UNIT = ("--units", "1", "--requant-lanes", "8")
#: Name -> checkpoint below ``--models``, and options of the build.
CASES: dict[str, tuple[str, Sequence[str]]] = {
    "small": ("small.pt", SMALL), "digits": ("digits.pt", SMALL), "PROTEINS": ("PROTEINS-0.pt", UNIT)}

HEAD = """# Netlists, simulated

Made by `python bench/netlists.py`; a line a build in `docs/evidence/netlists.jsonl`.

`hwgen verify --netlist` maps the whole design to the cells of the board's family with Yosys, flat, and plays the golden
vectors of the build on that netlist in Verilator: results in memory, every counter and every status are compared, and
cycles with the estimate; rows of single passes cannot be seen from outside. Cells are Yosys's own models; DSP48E2,
MULTALU27X18, MULT18X18D and all block memories are models of `sim/cells`, written from the vendors' documents and
played against the memories and multipliers that they were mapped from (`tests/rtl_templates/cells`). A block memory
gives a wrong word on purpose where its family leaves it open what a read finds beside a write.

Seconds are of a machine that did other work too; digits on the ULX3S also stood still for 25 minutes.

It found a fault of the flow: Yosys's pass for the 7 series moved an adder behind a DSP48E1 into the slice, in front of
its register, in designs with `lane_sets 2`. The pass is left out now (`-nodsp`).

"""


def main() -> int:
    """Simulate what is missing, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=ROOT / "build" / "models", help="folder of the checkpoints")
    parser.add_argument("--only", nargs="+", choices=sorted(CASES), default=list(CASES))
    parser.add_argument("--boards", nargs="+", choices=BOARDS, default=list(BOARDS))
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "netlists", help="for build folders")
    parser.add_argument("--results", type=Path, default=EVIDENCE / "netlists.jsonl")
    parser.add_argument("--page", action="store_true", help="only write the page")
    args = parser.parse_args()
    wrong = 0
    for case in () if args.page else args.only:
        for board in args.boards:
            wrong += _simulated(case, board, args)
    (DOCS / "netlists.md").write_text(_page(read_lines(args.results)))
    return min(wrong, 1)


def _simulated(case: str, board: str, args: argparse.Namespace) -> int:
    """Build and simulate one; 1 where it differs."""
    name, options = CASES[case]
    model, build = args.models / name, args.work / f"{case}-{board}"
    if case == "small" and not model.exists():
        args.models.mkdir(parents=True, exist_ok=True)
        small_model(SMALLER[-1], model)
    _hwgen("build", model, "--board", board, "--no-verify", *options, "-o", build)
    started = time.perf_counter()
    said = _hwgen("verify", build, "--netlist", "--json")
    netlist = json.loads(said.stdout)["netlist"]
    run = netlist["verification"]
    known = json.loads((build / "netlist" / "cells.json").read_text())
    line = {"case": case, "board": board, "family": netlist["family"], "method": netlist["method"],
            "digest": known["netlist"][:24], "cells": sum(netlist["cells"].values()),
            "by_type": netlist["cells"], "what": run["what"], "results": run["codes_compared"], "cycles": run["cycles"],
            "difference": sum(each["difference"] for each in run["runs"]), "exact": run["bit_exact"],
            "mismatch": run["mismatch"], "seconds": round(time.perf_counter() - started, 1)}
    append_line(args.results, line)
    print(f"{case} {board}: {'bit-exact' if run['bit_exact'] else run['mismatch']}, {line['seconds']} s", flush=True)
    return int(not run["bit_exact"])


def _hwgen(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "hwgen", *map(str, words)], stdout=subprocess.PIPE, text=True,
                          check=words[0] == "build")


def _page(lines: Sequence[dict[str, Any]]) -> str:
    latest = {(line["case"], line["board"]): line for line in lines}
    rows = [(line["case"], line["board"], family_of(boards.load(line["board"])).title, f"{line['cells']:,}",
             line["what"], f"{line['results']:,}", f"{line['cycles']:,}", f"{line['difference']:+,}",
             "yes" if line["exact"] else "NO", f"{line['seconds']:,.0f}") for line in latest.values()]
    return HEAD + table(("model", "board", "family", "cells", "simulated", "results compared", "cycles",
                         "estimate minus counter", "bit-exact", "seconds, synthesis included"), rows)


if __name__ == "__main__":
    sys.exit(main())
