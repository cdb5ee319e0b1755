"""Cost functions of the targets: data for them, the fit, and the page with their errors."""

import argparse
import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cost_fit import PARTS, RESOURCES, as_text, fit, points
from cost_samples import FITTED, REPORTED, SAMPLED, VARIANTS, Configuration, draw, measure, sources
from result_lines import append_line, read_lines

from hwgen.targets.costs import COSTS

#: Families in the order of the fit, and of each the one whose coefficients it is expected to be near.
LIKE = {"xcup": None, "xc7": "xcup", "ecp5": None, "gw5a": "ecp5"}
FOUR = ("ecp5", "gw5a")
ERRORS = {"lut": 0.08, "ff": 0.04, "lutram": 0.08}
ROOT = Path(__file__).parents[1]
POINTS = ROOT / "docs" / "estimates.jsonl"


#: Configurations of each target that are wanted, by family and seed: what is furthest behind comes first.
WANTED = {("xcup", SAMPLED): 7, ("ecp5", SAMPLED): 5, ("gw5a", SAMPLED): 3, ("xc7", SAMPLED): 2,
          ("xcup", REPORTED): 4, ("ecp5", REPORTED): 2, ("gw5a", REPORTED): 1, ("xc7", REPORTED): 1}
SHELLS = 3  # a shell for every so many designs that are fitted: it has few terms


def collect(until: str, target: str | None) -> None:
    """Synthesize what is missing, part by part, until a time."""
    lines = read_lines(POINTS)
    known: dict[str, Any] = {line["key"]: line for line in lines if "part" in line}
    done = {(line["seed"], line["target"], line["family"], line["number"]) for line in lines if "parts" in line}
    streams = [_Stream(seed, name, family, wanted) for (family, seed), wanted in WANTED.items()
               for name in ("banked", "lists") if target in (None, name)]
    while time.strftime("%H:%M", time.gmtime()) < until:
        stream = min(streams, key=lambda each: each.done / each.wanted)
        for each in stream.take():
            if (each.seed, each.target, each.family.name, each.number) in done:
                continue
            began = time.perf_counter()
            text, own = sources(each.target, each.hardware, each.family)
            parts = {}
            for part in own:
                if part == "whole" or (part == "shell" and each.seed == SAMPLED and each.number % SHELLS):
                    continue
                parts[part], line = measure(each, known, part, text, own[part])
                if line is not None:
                    append_line(POINTS, line)
            append_line(POINTS, {"seed": each.seed, "number": each.number, "target": each.target, "board": each.board,
                                 "family": each.family.name, "hardware": each.hardware.to_dict(), "parts": parts})
            print(each.seed, each.target, each.family.name, each.number, f"{time.perf_counter() - began:.0f} s",
                  json.dumps({part: known[key]["seconds"] for part, key in parts.items()}), flush=True)


class _Stream:
    """Configurations of a seed, a target and a family."""

    def __init__(self, seed: int, target: str, family: str, wanted: int) -> None:
        self.wanted, self.done = wanted, 0
        self._drawn = draw(seed, target, FITTED[family])
        self._count = VARIANTS if (seed, target) == (REPORTED, "banked") else 1

    def take(self) -> list[Configuration]:
        """The next, with all that it shares parts with."""
        self.done += 1
        return [next(self._drawn) for _ in range(self._count)]


def fit_all(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Coefficients of all families, out of the sampled configurations."""
    mine = {key for line in lines if line.get("seed") == SAMPLED for key in line["parts"].values()}
    parts = [line for line in lines if line.get("key") in mine]
    families: dict[str, Any] = {}
    for family, before in LIKE.items():
        data: dict[str, Any] = {}
        for target, part in PARTS:
            some = points(line for line in parts if (line["target"], line["part"], line["family"]) == (
                target, part, family))
            old = None if before is None else families[before][target][part]
            data.setdefault(target, {})[part] = {resource: fit(
                some, resource, family in FOUR, None if old is None else old[resource]) if some else old[resource]
                for resource in RESOURCES}
        families[family] = {"errors": ERRORS, **data}
    return {"command": "python bench/fit_costs.py --fit", "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "tool": f"Yosys {version('pyosys')}", "families": families}


def main() -> int:
    """Collect."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collect", metavar="HH:MM", help="synthesize until then, UTC")
    parser.add_argument("--target", choices=("banked", "lists"))
    parser.add_argument("--fit", action="store_true", help="write hwgen/targets/costs.json")
    options = parser.parse_args()
    if options.collect:
        collect(options.collect, options.target)
    if options.fit:
        COSTS.write_text(as_text(fit_all(read_lines(POINTS))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
