"""Bitstreams by open tools: docs/bitstreams.md, logs in docs/evidence.

    hwgen train --data digits -o build/digits.pt
    python bench/bitstreams.py [--only smallest-ulx3s] [--model build/digits.pt] [--work build/bitstreams] [--page]

Each is a `hwgen build` and a `hwgen bitstream`, as processes. Its result is a line of docs/evidence/bitstreams.jsonl
under a digest of board, options and templates: what is there is not made again. ``--page`` writes the page from the
lines alone. With ``--results`` lines and logs go elsewhere, and no page is written. Exits 1 where a bitstream was not
made.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from all_boards import small_model
from result_lines import EVIDENCE, append_line, digest_of, read_lines
from synthesis import synthesize
from verification_table import table

import boards
from hwgen.flow.bitstream.facts import FACTS, FOLDER
from hwgen.flow.bitstream.top import SERIAL_TOP
from hwgen.flow.families import family_of
from hwgen.flow.yosys import TOP

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
RESULTS = EVIDENCE / "bitstreams.jsonl"

#: Pins and clocks of a top: no logic.
AROUND = ("EHXPLLL", "TRELLIS_IO", "DCCA", "PLLA", "IBUF", "OBUF", "BUFG", "GSR")
#: Of a drawn graph: nodes, features, channels, classes.
TINY = (16, 8, 4, 2)
#: The smallest design that there is: half of the look-up tables of the banked target's.
SMALLEST = ("--target", "lists", "--units", "1", "--lanes", "8", "--requant-lanes", "1")

HEAD = """# Bitstreams

Made by `python bench/bitstreams.py` (`make bitstreams`); a line a bitstream in `evidence/bitstreams.jsonl`, logs of
place and route and `bitstream.json` of each in `evidence/`. **None was loaded into a board.**

*Clock* is the accelerator's in the bitstream, *routed* the fastest by nextpnr's timing. Cycles are those of one pass
over the graph, and µs are at the bitstream's clock. Cells are the placer's counts of the whole top: accelerator, serial
bridge, clock; those of which 2 % are used are listed. *Seconds* are of synthesis, place and route, and packing, on a
machine that did other work too; demo-tang also stood still for 22 minutes of its 35 of place and route.

The demo's model is `hwgen demo`'s, a GCN on digits. Its banked design on a ULX3S, with one group and four servers,
takes 65,085 of 83,640 TRELLIS_COMB and is no bitstream yet: nextpnr placed it in 20 minutes, at 31 MHz, and had 290
of 332 thousand wires to route after four minutes, of which it finished a hundred in three seconds. Edge lists take
19,754.

"""


class Wanted(NamedTuple):
    """A bitstream to make: model (None: ``--model``), board, options of `hwgen build`, and of `hwgen bitstream`."""

    size: tuple[int, int, int, int] | None
    board: str
    build: tuple[str, ...] = ()
    bitstream: tuple[str, ...] = ()


WANTED = {
    "smallest-ulx3s": Wanted(TINY, "ulx3s-85f", SMALLEST),
    "smallest-gatemate": Wanted(TINY, "gatemate-a2", SMALLEST),
    "smallest-tang": Wanted(TINY, "tang-mega-138k", SMALLEST),
    "demo-ulx3s": Wanted(None, "ulx3s-85f", SMALLEST),
    "demo-tang": Wanted(None, "tang-mega-138k", SMALLEST),
}


def make(name: str, wanted: Wanted, model: Path, work: Path, logs: Path) -> dict[str, Any]:
    """Build and bitstream; what came out."""
    out = work / name
    words = [[sys.executable, "-P", "-m", "hwgen", "build", str(model), "--board", wanted.board, "-o", str(out),
              "--no-verify", *wanted.build],
             [sys.executable, "-P", "-m", "hwgen", "bitstream", str(out), *wanted.bitstream]]
    began = time.monotonic()
    for command in words:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            return {"refusal": "\n".join(done.stderr.strip().splitlines()[-3:]),
                    "total_seconds": round(time.monotonic() - began)}
    return {**facts_of(name, out, logs), "total_seconds": round(time.monotonic() - began)}


def facts_of(name: str, out: Path, logs: Path) -> dict[str, Any]:
    """What a build folder with a bitstream says; its log and facts go to a folder."""
    facts = json.loads((out / FOLDER / FACTS).read_text(encoding="utf-8"))
    report = json.loads((out / "report" / "report.json").read_text(encoding="utf-8"))
    for source, kind in (("place.log", "log"), (FACTS, "json")):
        text = (out / FOLDER / source).read_text(encoding="utf-8")
        text = re.sub(r"/\S*?/(pyosys/)", r"\1", text)  # where Yosys's own files lie on this machine
        (logs / f"bitstream-{name}.{kind}").write_text(text, encoding="utf-8")
    return {**facts, "cycles": report["cycles"]["total"], "target": report["target"], "options": report["options"],
            "bytes": (out / FOLDER / facts["file"]).stat().st_size, **counts_of(out)}


def counts_of(out: Path) -> dict[str, Any]:
    """Hardware of a build, what Yosys counted of the accelerator, and what it counts of the rest of the top."""
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    report = json.loads((out / "report" / "report.json").read_text(encoding="utf-8"))
    family = family_of(boards.load(config["board"]))
    read = [f"read_verilog {path.resolve()}" for path in (out / FOLDER / "top.v", out / f"design_{family.name}.v")]
    bridge = synthesize([*read, f"blackbox {TOP}"], SERIAL_TOP, family, boxes=(TOP, *AROUND))
    return {"hardware": config["hardware"], "counted": report["resources"]["total"],
            "bridge": {name: value for name, value in asdict(bridge).items() if value}}


def row(line: dict[str, Any]) -> list[str]:
    """A line of the table."""
    head = [line["name"], line["board"], line["model"]]
    if "refusal" in line:
        return [*head, "refused (below)", *[""] * 7]
    options = " ".join(f"{name} {value}" for name, value in line["options"].items())
    cells = ", ".join(f"{cell} {used:,} ({used / most:.0%})" for cell, (used, most) in line["used"].items()
                      if used / most >= 0.02 and most > 1)
    times = " + ".join(f"{line['seconds'][step]:.0f}" for step in ("synthesis", "place and route", "packing"))
    return [*head, f"{line['target']}: {options}", f"{line['cycles']:,}", f"{line['cycles'] / line['clock_mhz']:.2f}",
            f"{line['clock_mhz']:g} MHz", f"{line['routed_mhz']:.1f} MHz", line["slowest"], cells, times]


def write_page(lines: list[dict[str, Any]]) -> None:
    """docs/bitstreams.md."""
    columns = ["bitstream", "board", "model", "design", "cycles", "µs", "clock", "routed", "slowest path", "cells",
               "seconds"]
    last = {line["name"]: line for line in lines}
    text = HEAD + table(columns, [row(last[name]) for name in WANTED if name in last])
    if missing := [name for name in WANTED if name not in last]:
        text += f"\nNot made yet: {', '.join(missing)}.\n"
    if refusals := [line for line in last.values() if "refusal" in line]:
        text += "\n## Refusals\n\n" + "\n".join(
            f"`{line['name']}`:\n\n    " + line["refusal"].replace("\n", "\n    ") + "\n" for line in refusals)
    (DOCS / "bitstreams.md").write_text(text, encoding="utf-8")


def main() -> int:
    """Make what is missing, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(WANTED), choices=WANTED)
    parser.add_argument("--model", type=Path, default=ROOT / "build" / "digits.pt")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "bitstreams")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", action="store_true", help="make nothing")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    templates = sorted((ROOT / "rtl_templates").rglob("*.py"))
    good = True
    for name in () if options.page else options.only:
        wanted, model = WANTED[name], options.model
        title = "digits"
        if wanted.size is not None:
            model = options.work / f"gcn-{'-'.join(map(str, wanted.size))}.pt"
            title = "GCN, {} nodes, {} features, {} channels, {} classes".format(*wanted.size)
            if not model.exists():
                small_model(wanted.size, model)
        own = [ROOT / "boards" / f"{wanted.board}.toml", ROOT / "hwgen" / "flow" / "families.py", *templates]
        digest = digest_of((each.name, each) for each in own) + " ".join((*wanted.build, *wanted.bitstream))
        found = next((line for line in read_lines(options.results)
                      if (line["name"], line["digest"]) == (name, digest)), None)
        if found is None:
            found = {"name": name, "board": wanted.board, "model": title, "digest": digest,
                     **make(name, wanted, model, options.work, options.results.parent)}
            append_line(options.results, found)
        print(name, found.get("refusal", f"{found.get('routed_mhz')} MHz"), found["total_seconds"], "s", flush=True)
        good = good and "refusal" not in found
    if options.results == RESULTS:
        write_page(read_lines(RESULTS))
    return int(not good)


if __name__ == "__main__":
    raise SystemExit(main())
