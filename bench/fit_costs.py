"""Cost functions of the targets: their data, the fit, and docs/estimates.md with their errors.

    python bench/fit_costs.py --fit --page            coefficients and page out of what is kept; seconds
    python bench/fit_costs.py --collect 23:00         first synthesize drawn designs, part by part, until then (UTC)
    python bench/fit_costs.py --whole 4               synthesize so many of the smallest reported designs whole and flat

Designs are drawn from two seeds: coefficients are fitted on one, errors reported on the other. Every part that was
synthesized is a line of docs/evidence/estimates.jsonl, and so is every design with the parts that it has; what is there
already is not synthesized again, so that a run that was ended goes on. Cost functions are those of
hwgen/targets/banked/area.py and hwgen/targets/lists/area.py, coefficients go to hwgen/targets/costs.json.
"""

import argparse
import json
import math
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cost_fit import PARTS, RESOURCES, as_text, cost_of, fit, points
from cost_page import compared, write_page
from cost_samples import FITTED, REPORTED, SAMPLED, Configuration, draw, measure, sources, variants
from result_lines import EVIDENCE, append_line, read_lines

from hwgen.targets.costs import COSTS, ROUGH, forget

#: Families, and whether their look-up tables have four inputs: those that are alike are fitted together first.
FOUR = {"xcup": False, "xc7": False, "ecp5": True, "gw5a": True}
#: Flip-flops that are much the same in all families.
COMMON = {("group", "ff"), ("server", "ff"), ("shell", "ff")}
ROOT = Path(__file__).parents[1]
POINTS, PAGE = EVIDENCE / "estimates.jsonl", ROOT / "docs" / "estimates.md"


HEAD = """# Estimates

Made by `python bench/fit_costs.py --fit --page`, out of `docs/evidence/estimates.jsonl`.

`hwgen estimate` and the search for a design count what the templates fix, and fit the rest. By Yosys's own rules
(`hwgen/flow/memories.py`) block memory is counted exactly, and so are DSPs, memories of look-up tables and nearly all
flip-flops; of the other look-up tables, bits of adders, multiplexers and networks are terms. Coefficients of terms are
data, `hwgen/targets/{costs}`, a set for each family and component.

**{configurations} designs of seed {reported}, none of which was fitted: {verdict}.** Wanted were 3 % mean and 8 % worst
for LUT and FF. Designs are drawn (`bench/cost_samples.py`): models by size, parameters by what a search tries; only
small and medium ones, since every part was to be synthesized in about a minute. They have {syntheses} different parts,
since designs of the banked target share some: one drawn model has twelve designs (four but on UltraScale+), of one or
two sets of lanes, both widths of sums and up to three depths of queues. Coefficients were fitted on {points} parts of
seed {sampled}.

What is expected of coefficients (`bench/cost_fit.py`) and which registers are counted were refined while errors of the
first reported designs, of UltraScale+ and ECP5, were seen; those of Gowin came afterwards, and nothing was changed for
them. Those of the 7 series came last, 12 % off, and showed look-up tables that nobody had counted, of the two slices of
a product; with these UltraScale+, which is fitted together with it, went from 3.7 to 1.7 %. The first design of edge
lists there was 71 % off, and right to be: its products had become look-up tables, 25,701 of them in a unit that now
takes 6,278 (`rtl_templates/cells/dsp48e1.py`); both such designs were counted again.

The command goes on where it ended, and every further design is one that nobody has seen. The first 55 were 2.1 % off in
the mean and 6.1 % at worst; 44 more made it 2.8 and 20.1 %, since coefficients of the families with tables of four
inputs came from five designs, none with two sets of lanes. So seed 1 was drawn further, from 31 parts to {points}; of
the formulas only a multiplier of the second set of lanes on an ECP5 was changed, which three of these parts showed. How
far was decided by errors of seed 2: of the first 99 designs, and of a later one of edge lists on an ECP5 that was
12.6 % off while two of seed 1 were fitted. The last 24, of UltraScale+, came after all that: LUT 1.2 % in the mean and
4.6 % at worst.

**Designs of trained models err more**, since they are larger than what is drawn here: LUT of twelve points of fronts
were 6.5 % off in the mean and 11.1 % at worst ([exploration](explore.md), by coefficients of before). The smallest
designs that there are, of one requantizer lane, have 9 to 10 % more than estimated ([below](#placed-designs)).

Truth is Yosys's count, by the family's command, of one component of each kind out of context, multiplied and summed, as
`hwgen build` counts. It is no vendor's count: nothing here was placed and routed. The best published errors, 5.3 % mean
and 11.7 % worst over 20 designs, are against a vendor's placed and routed counts: the truths differ. GateMate has no
data: rough factors on UltraScale+ (`hwgen/flow/families.py`), taken to err by 25 %.

"""

#: Configurations of banked that are wanted, half as many of lists: what is furthest behind comes first.
WANTED = {("xcup", SAMPLED): 16, ("ecp5", SAMPLED): 16, ("gw5a", SAMPLED): 16, ("xc7", SAMPLED): 8,
          ("xcup", REPORTED): 4, ("ecp5", REPORTED): 2, ("gw5a", REPORTED): 2, ("xc7", REPORTED): 2}
SHARE = {"banked": 1.0, "lists": 0.5}
#: Seed, target, family, number: ABC was at work for more than eight minutes.
SKIPPED = {(SAMPLED, "lists", "gw5a", 1)}
#: Of designs that are fitted, every how manyth has the component: it has few terms.
SPARSE = {"group": 4, "shell": 2}


def collect(until: str, target: str | None, seed: int | None, families: Sequence[str]) -> None:
    """Synthesize what is missing, part by part, until a time; of one target, or one seed."""
    lines = read_lines(POINTS)
    known: dict[str, Any] = {line["key"]: line for line in lines if "part" in line}
    done = {(line["seed"], line["target"], line["family"], line["number"]) for line in lines if "parts" in line}
    streams = [_Stream(drawn, name, family, wanted * SHARE[name]) for (family, drawn), wanted in WANTED.items()
               for name in ("banked", "lists")
               if family in families and target in (None, name) and seed in (None, drawn)]
    while time.strftime("%H:%M", time.gmtime()) < until:
        stream = min(streams, key=lambda each: each.progress)
        for each in stream.take():
            if (each.seed, each.target, each.family.name, each.number) in done | SKIPPED:
                continue
            began = time.perf_counter()
            text, own = sources(each.target, each.hardware, each.family)
            parts = {}
            for part in own:
                if part == "whole" or (each.seed == SAMPLED and each.number % SPARSE.get(part, 1)):
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

    def __init__(self, seed: int, target: str, family: str, wanted: float) -> None:
        self.wanted, self.done, self.seed = wanted, 0, seed
        self._drawn = draw(seed, target, FITTED[family])
        self._count = variants(target, family, seed)

    @property
    def progress(self) -> float:
        """How far it is; what is reported begins when half of what is fitted is there."""
        return (self.done + 0.5 * (self.seed == REPORTED)) / self.wanted

    def take(self) -> list[Configuration]:
        """The next, with all that it shares parts with."""
        self.done += 1
        return [next(self._drawn) for _ in range(self._count)]


def fit_all(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Coefficients of all families, out of the sampled designs: of families that are alike together, then of each."""
    mine = {key for line in lines if line.get("seed") == SAMPLED for key in line["parts"].values()}
    sampled = [line for line in lines if line.get("key") in mine]
    families: dict[str, Any] = {}
    for family, four in FOUR.items():
        data: dict[str, Any] = {}
        for target, part in PARTS:
            some = [line for line in sampled if (line["target"], line["part"]) == (target, part)]
            alike = points(line for line in some if FOUR[line["family"]] == four)
            own = points(line for line in some if line["family"] == family)
            data.setdefault(target, {})[part] = {
                resource: fit(own, resource, four, fit(points(some) if (part, resource) in COMMON else alike,
                                                       resource, four)) for resource in RESOURCES}
        families[family] = {"errors": {}, **data}
    return {"command": "python bench/fit_costs.py --fit", "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "tool": f"Yosys {version('pyosys')}", "families": families}


def worst(lines: list[dict[str, Any]], family: str) -> dict[str, float]:
    """Largest errors of the reported designs, rounded up to a percent."""
    some = [each for each in compared(lines, REPORTED) if each.line["family"] == family]
    return {resource: math.ceil(100 * max(abs(each.error(resource)) for each in some)) / 100
            for resource in RESOURCES} if some else dict.fromkeys(RESOURCES, ROUGH)


def write_costs(lines: list[dict[str, Any]]) -> None:
    """Fit, and say beside the coefficients how far they are off."""
    data = fit_all(lines)
    COSTS.write_text(as_text(data), encoding="utf-8")
    forget()
    for family, each in data["families"].items():
        each["errors"] = worst(lines, family)
    COSTS.write_text(as_text(data), encoding="utf-8")
    forget()


def wholes(lines: list[dict[str, Any]], count: int, families: Sequence[str]) -> None:
    """Synthesize the smallest reported designs whole and flat."""
    some = sorted((each for each in compared(lines, REPORTED) if each.line["family"] in families),
                  key=lambda each: each.counted.lut)
    known: dict[str, Any] = {line["key"]: line for line in lines if "part" in line}
    for each in some[:count]:
        line = each.line
        hardware, _ = cost_of(line["target"], "shell", line["hardware"], line["family"])
        design = Configuration(seed=line["seed"], number=line["number"], target=line["target"], board=line["board"],
                               hardware=hardware)
        text, own = sources(design.target, hardware, design.family)
        _, found = measure(design, known, "whole", text, own["whole"])
        if found is not None:
            append_line(POINTS, found)
            print(line["family"], line["target"], found["seconds"], found["used"], flush=True)


def main() -> int:
    """Collect."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collect", metavar="HH:MM", help="synthesize until then, UTC")
    parser.add_argument("--target", choices=("banked", "lists"))
    parser.add_argument("--seed", type=int, choices=(SAMPLED, REPORTED), help="synthesize designs of this one alone")
    parser.add_argument("--family", choices=tuple(FOUR), nargs="+", default=tuple(FOUR), help="of these alone")
    parser.add_argument("--whole", type=int, default=0, metavar="N", help="synthesize so many designs flat")
    parser.add_argument("--fit", action="store_true", help="write hwgen/targets/costs.json")
    parser.add_argument("--page", action="store_true", help="write docs/estimates.md and its plots")
    options = parser.parse_args()
    if options.collect:
        collect(options.collect, options.target, options.seed, options.family)
    if options.whole:
        wholes(read_lines(POINTS), options.whole, options.family)
    if options.fit:
        write_costs(read_lines(POINTS))
    if options.page:
        print(write_page(PAGE, HEAD, POINTS, REPORTED, SAMPLED))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
