"""Fronts held against the RTL, a part of docs/explore.md.

    python bench/explore_confirm.py [--models build/explore] [--only digits:ultra96 ...] [--trials 300]
    python bench/explore.py --page

Each pair is `hwgen explore --confirm simulate` as users call it: two points of the front, the fastest and the least
product, are synthesized, built and simulated. Its points are a line of docs/evidence/explore-confirmed.jsonl under a
digest of checkpoint, board and templates: what is there is not run again. Exits 1 where a design differs.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from result_lines import EVIDENCE, append_line, digest_of, read_lines
from verification_table import table

__all__ = ["RESULTS", "confirmed"]

ROOT = Path(__file__).parents[1]
RESULTS = EVIDENCE / "explore-confirmed.jsonl"
#: Small models of each kind: a point takes minutes.
PAIRS = ("digits:ultra96", "breast:ultra96", "breast:pynq-z1", "mutag:ultra96", "mutag:ulx3s-85f", "imdb:ultra96",
         "proteins:pynq-z1", "cora:ultra96")


def confirmed(lines: list[dict[str, Any]], titles: dict[str, str]) -> str:
    """The section of the page, of the latest line of each pair."""
    last = {(line["model"], line["board"]): line for line in lines}
    rows, errors = [], []
    for (model, board), line in last.items():
        for point in line["points"]:
            counted = point["counted"]
            lut = counted["resources"]["total"]["lut"]
            errors.append(point["lut_by_model"] / lut - 1)
            rows.append([titles[model], board, f"{point['target']}: " + " ".join(
                f"{name} {value}" for name, value in point["parameters"].items()),
                f"{point['cycles_by_model']:,.0f}", f"{point['cycles']:,.0f}", f"{point['lut_by_model']:,.0f}",
                f"{lut:,.0f}", f"{errors[-1]:+.1%}", "yes" if counted["exact"] else "**no**"])
    if not rows:
        return ""
    columns = ["model", "board", "design", "cycles, model", "exact", "LUT, formulas", "LUT, Yosys", "error",
               "bit-exact"]
    return ("\n## Confirmed\n\n`python bench/explore_confirm.py`: `hwgen explore --confirm simulate --counts 2`, the "
            "fastest of the front and its least product, synthesized, built and simulated. *Bit-exact*: every code of "
            "every pass and the exact cycles are the RTL's.\n\n" + table(columns, rows)
            + f"\nMean error of LUT by formulas {sum(map(abs, errors)) / len(errors):.1%}, worst "
              f"{max(errors, key=abs):+.1%}; {len(rows)} designs.\n")


def explored(model: Path, board: str, trials: int, study: Path) -> list[dict[str, Any]]:
    """Points that were counted."""
    command = [sys.executable, "-P", "-m", "hwgen", "explore", str(model), "--board", board, "--trials", str(trials),
               "--study", str(study), "--confirm", "simulate", "--counts", "2", "--json", "-q"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    points = {each["number"]: each for each in json.loads(done.stdout)["front"] if each["counted"]}
    for each in points.values():
        del each["counted"]["build"]  # where it lies on this machine
    return list(points.values())


def main() -> int:
    """Confirm what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=ROOT / "build" / "explore")
    parser.add_argument("--only", nargs="+", default=PAIRS, metavar="MODEL:BOARD")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    templates = sorted((ROOT / "rtl_templates").rglob("*.py"))
    good = True
    for pair in options.only:
        name, _, board = pair.partition(":")
        path = options.models / f"{name}.pt"
        digest = digest_of((each.name, each) for each in (path, ROOT / "boards" / f"{board}.toml", *templates))
        found = next((line for line in read_lines(options.results)
                      if (line["digest"], line["model"], line["board"]) == (digest, name, board)), None)
        if found is None:
            begun = time.perf_counter()
            study = options.models / f"confirm-{name}-{board}-{digest}"
            points = explored(path.resolve(), board, options.trials, study)
            found = {"model": name, "board": board, "digest": digest, "points": points,
                     "seconds": round(time.perf_counter() - begun)}
            append_line(options.results, found)
        exact = all(point["counted"]["exact"] for point in found["points"])
        verdict = "bit-exact" if exact else "NOT EXACT"
        print(pair, len(found["points"]), "designs,", verdict, found["seconds"], "s", flush=True)
        good = good and exact
    return int(not good)


if __name__ == "__main__":
    raise SystemExit(main())
