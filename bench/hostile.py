"""Files that were cut, changed or made up: refused in three parts, within 10 s and 2 GiB, or equal to what was written.

    python bench/hostile.py [--seed 1] [--cases 10000] [--work DIR]
    python bench/hostile.py --seed 1 --only 4711                         tries one case again, and shows its traceback
    python bench/hostile.py --seed 1 --page                              writes the table of docs/hostile_files.md

Checkpoints, graphs, configurations, boards, build folders, reports and caches, one kind after another; a case follows
from the seed and its number (tests/support/hostile_inputs.py). Cases run in a process of their own, which is ended
where one takes longer or more. Results lie in the work folder, one JSON line a case; a case that has a line is not
tried again. What came of each kind is a line of docs/evidence/hostile.jsonl, which the table is made from. The exit
status is 1 when any case is a fault.
"""

import argparse
import importlib
import json
import os
import resource
import select
import subprocess
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from result_lines import EVIDENCE, append_line, read_lines, write_lines
from verification_table import table

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT), str(ROOT / "tests" / "support")]

PAGE, SUMMARY = ROOT / "docs" / "hostile_files.md", EVIDENCE / "hostile.jsonl"
MARKS = ("<!-- made by bench/hostile.py -->\n", "<!-- up to here -->\n")
SECONDS, BYTES = 10.0, 2 << 30
#: Cases of one process: what libraries keep does not add up for long.
AT_ONCE = 500


def tried(inputs: Any, place: Any, seed: int, number: int) -> dict[str, Any]:
    """One case: how it was changed, and what became of it."""
    given = inputs.case(place, seed, number)
    what = given.what.encode("ascii", "replace").decode()[:120]
    line = {"seed": seed, "case": number, "kind": given.kind, "what": what}
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        outcome = inputs.judge(place, given)
    except MemoryError:
        outcome = "fault: memory"
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        outcome = f"fault: {type(error).__name__}: {str(error)[:200]!r} at {Path(last.filename).name}:{last.lineno}"
    seconds = time.perf_counter() - begun
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    if not outcome.startswith("fault") and (seconds > SECONDS or grown > BYTES):
        outcome = f"fault: {seconds:.1f} s, {grown >> 20} MiB more"
    return {**line, "outcome": outcome, "seconds": round(seconds, 3), "grown_mib": grown >> 20}


def work(folder: Path, seed: int, numbers: list[int]) -> None:
    """Try cases, a line each; a child's whole life."""
    inputs = importlib.import_module("hostile_inputs")
    place = inputs.make_place(folder)
    tried(inputs, place, seed, 0)  # imports what is imported late
    used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (used + BYTES, used + BYTES))
    print(json.dumps({"ready": True}), flush=True)
    for number in numbers:
        print(json.dumps(tried(inputs, place, seed, number)), flush=True)


def campaign(folder: Path, results: Path, seed: int, cases: int) -> None:
    """Try what was not tried yet."""
    done = {line["case"] for line in read_lines(results) if line["seed"] == seed}
    left = [number for number in range(cases) if number not in done]
    while left:
        part = left[:AT_ONCE]
        words = [sys.executable, __file__, "--work", str(folder), "--seed", str(seed), "--child",
                 ",".join(map(str, part))]
        child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
        assert child.stdout is not None
        ready = child.stdout.readline()  # the good files are made
        for number in part if ready else ():
            there, _, _ = select.select([child.stdout], [], [], 3 * SECONDS)
            text = child.stdout.readline() if there else ""
            if text:
                append_line(results, json.loads(text))
                left.remove(number)
                continue
            child.kill()
            how = f"ended with {child.wait()}" if there else f"no answer in {3 * SECONDS:g} s"
            append_line(results, {"seed": seed, "case": number, "kind": "", "what": "", "outcome": f"fault: {how}"})
            left.remove(number)
            break
        child.kill()
        child.wait()
        if not ready:
            raise SystemExit("the child did not begin: run it by --only 0")


def summary(lines: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """A line for each kind of file."""
    found = []
    for kind in sorted({line["kind"] for line in lines}):
        mine = [line for line in lines if line["kind"] == kind]
        outcomes = Counter(line["outcome"].split(":")[0] for line in mine)
        found.append({"seed": seed, "kind": kind, "cases": len(mine),
                      **{outcome: outcomes[outcome] for outcome in ("refused", "same", "other", "fault")},
                      "seconds": max(line.get("seconds", 0) for line in mine),
                      "grown_mib": max(line.get("grown_mib", 0) for line in mine)})
    return found


def as_text(found: list[dict[str, Any]]) -> str:
    """The table of a campaign."""
    whole = {name: sum(line[name] for line in found) for name in ("cases", "refused", "same", "other", "fault")}
    rows = [(line["kind"], *(f"{line[name]:,}" for name in whole)) for line in [*found, {"kind": "all", **whole}]]
    return (f"`python bench/hostile.py --seed {found[0]['seed']} --cases {whole['cases']}`:\n\n"
            + table(("files", "cases", "refused", "equal", "another value", "faults"), rows)
            + f"\nLongest {max(line['seconds'] for line in found):.1f} s, most memory "
              f"{max(line['grown_mib'] for line in found)} MiB more.\n")


def main() -> None:
    """Run a campaign, or one case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--work", type=Path, default=Path(os.environ.get("TMPDIR", "/tmp")) / "hwgen-hostile")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--only", type=int)
    parser.add_argument("--page", action="store_true", help="try nothing")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    if given.child:
        work(given.work, given.seed, [int(number) for number in given.child.split(",")])
        return
    if given.only is not None:
        inputs = importlib.import_module("hostile_inputs")
        place = inputs.make_place(given.work)
        case = inputs.case(place, given.seed, given.only)
        print(case)
        print(inputs.judge(place, case))
        return
    if not given.page:
        results = given.results or given.work / "hostile.jsonl"
        campaign(given.work, results, given.seed, given.cases)
        lines = [line for line in read_lines(results) if line["seed"] == given.seed and line["case"] < given.cases]
        for line in lines:
            if line["outcome"].startswith("fault"):
                print(f"case {line['case']} ({line['kind']}, {line['what']}): {line['outcome']}")
        others = [line for line in read_lines(SUMMARY) if line["seed"] != given.seed]
        write_lines(SUMMARY, [*others, *summary(lines, given.seed)])
    found = [line for line in read_lines(SUMMARY) if line["seed"] == given.seed]
    if not found:
        parser.error(f"{SUMMARY} has no lines of seed {given.seed}: run the campaign first, without --page")
    text = as_text(found)
    before, after = (PAGE.read_text(encoding="utf-8").split(mark)[place] for place, mark in enumerate(MARKS))
    PAGE.write_text(before + MARKS[0] + text + MARKS[1] + after, encoding="utf-8")
    print(text)
    raise SystemExit(any(line["fault"] for line in found))


if __name__ == "__main__":
    main()
