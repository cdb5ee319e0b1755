"""Plant deliberate faults, one at a time, and show that a test catches each: ``python bench/mutations.py``.

    python bench/mutations.py [--only NAME-OR-AREA ...] [--jobs 2] [--kept FILE] [--output docs/mutations.md]

Every fault of :mod:`faults` is planted in a copy of this working tree, in which only the tests that are to catch it
run. A fault counts as caught when one of them, which passes without the fault, fails in an assertion: not while it is
imported, collected or set up, and not by any other exception. Changes that are said to change nothing must survive.
The exit status is 1 when a fault survives, when its old text does not occur exactly once, or when the tests are not
green without it. Verdicts are kept in docs/evidence/mutations.jsonl, or ``--kept FILE``: a campaign in parts adds to
them and takes over what still stands; delete the file to try every fault anew.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faults import AREAS, FAULTS, Fault
from result_lines import EVIDENCE
from verdicts import Kept, Verdict

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 300  # that each of the named tests may take
SLOW = "tests/test_end_to_end.py"

HEAD = """# Deliberate faults

Made by `python bench/mutations.py`; the faults are in `bench/faults/`, the verdicts in `evidence/mutations.jsonl`.

Each fault is planted by itself in a copy of the tree, and only the named tests run. It counts as caught when one of
them, which passes without the fault, fails in an assertion; import errors, crashes and failing fixtures do not count.
"""
COLUMNS = """
| fault | file | what goes wrong | caught by | in its words |
|---|---|---|---|---|
"""
SAME = """
## Changes that change nothing

Planted like the others; no test fails, and none could.

| change | file | why nothing can be seen of it |
|---|---|---|
"""


def snapshot(root: Path, target: Path) -> None:
    """Copy the files of a working tree that git does not ignore."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root,
                            check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, target / name)


@contextmanager
def copy(source: Path) -> Iterator[Path]:
    """A copy of a tree, as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as scratch:
        tree = Path(scratch) / "tree"
        shutil.copytree(source, tree)
        yield tree


def plant(tree: Path, fault: Fault) -> str:
    """Replace the old text. Returns why that is impossible, or nothing."""
    path = tree / fault.file
    text = path.read_text() if path.is_file() else ""
    if (times := text.count(fault.old)) != 1:
        return f"stale: its old text occurs {times} times"
    path.write_text(text.replace(fault.old, fault.new))
    return ""


def witness(tree: Path, tests: Sequence[str], *options: str) -> dict[str, Any]:
    """Run tests in a copy; what :mod:`witness` found there, or only a ``status`` that says why there is nothing."""
    result = tree.parent / "result.json"
    path = os.pathsep.join(filter(None, [str(tree), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(tree / "bench" / "witness.py"), str(result), "-q", "-p", "no:cacheprovider",
               f"--basetemp={tree.parent / 'tmp'}", *options, *tests]
    with subprocess.Popen(command, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", start_new_session=True) as process:
        try:
            said, _ = process.communicate(timeout=SECONDS * len(tests))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return {"status": f"no answer in {SECONDS * len(tests)} s"}
    if not result.is_file():
        return {"status": (said.strip().splitlines() or ["no output"])[-1]}
    found: dict[str, Any] = json.loads(result.read_text())
    return found | {"said": "\n".join(said.splitlines()[-20:])}


def judge(found: dict[str, Any], green: set[str]) -> tuple[str, str, str]:
    """Outcome, test and message of a run with a fault planted; ``green`` are the tests that pass without it."""
    if found["status"] == 0:
        return "survived", "", ""
    for failure in found.get("failed", []):
        where = f"{failure['test']} ({failure['phase']})"
        if failure["phase"] != "call" or set(failure["kinds"]) != {"assertion"}:
            return f"broke: {', '.join(failure['kinds'])}", where, failure["message"]
        if failure["test"] not in green:
            return "broke: not green without the fault", where, failure["message"]
        return "caught", failure["test"], failure["message"]
    return "broke: no test failed", "", str(found.get("said", found["status"]))


def baseline(source: Path, faults: Sequence[Fault], jobs: int) -> set[str]:
    """Tests that pass in an unchanged copy. Exits if any test does not."""
    wanted = dict.fromkeys(fault.test for fault in faults)
    parts = [[test for test in wanted if test.startswith(SLOW) is slow] for slow in (True, False)]

    def run(tests: Sequence[str]) -> dict[str, Any]:
        with copy(source) as tree:
            return witness(tree, tests)

    with ThreadPoolExecutor(jobs) as pool:
        answers = list(pool.map(run, filter(None, parts)))
    for found in answers:
        if found["status"] != 0:
            raise SystemExit(f"not green without a fault: {found.get('said', found['status'])}")
    green = {test for found in answers for test in found["passed"]}
    for test in wanted:
        if not any(name == test or name.startswith((f"{test}::", f"{test}[")) for name in green):
            raise SystemExit(f"{test} did not run: skipped?")
    return green


def attempt(source: Path, fault: Fault, green: set[str], kept: Kept) -> Verdict:
    """Plant one fault and run its tests."""
    started = time.perf_counter()
    with copy(source) as tree:
        stale = plant(tree, fault)
        outcome = (stale, "", "") if stale else judge(witness(tree, [fault.test], "-x"), green)
    if fault.same and outcome[0] == "survived":
        outcome = ("the same", "", "")
    verdict = Verdict(fault, *outcome, time.perf_counter() - started)
    print(f"{verdict.seconds:6.1f} s  {fault.name}: {verdict.outcome}  {verdict.test}  {verdict.message[:90]}",
          flush=True)
    kept.add(verdict)
    return verdict


def table(verdicts: Sequence[Verdict]) -> str:
    """The Markdown page, area by area."""
    def cell(text: str, most: int = 110) -> str:
        short = text if len(text) <= most else text[:most - 1] + "…"
        return short.replace("|", "\\|").replace("<", "&lt;")

    def rows(chosen: Sequence[Verdict]) -> str:
        return "".join(
            f"| {v.fault.name} | `{v.fault.file}` | {cell(v.fault.why)} "
            f"| {v.outcome.upper() + ' ' if not v.ok else ''}`{v.test.removeprefix('tests/')}` "
            f"| {cell(v.message)} |\n" for v in chosen)

    faults = [v for v in verdicts if not v.fault.same]
    caught = [v for v in faults if v.ok]
    slow = sum(v.test.startswith(SLOW) for v in caught)
    pages = [HEAD, (f"\n{len(caught)} of {len(faults)} faults are caught, {slow} of them by Verilator's simulation of "
                    f"a whole accelerator; {sum(v.seconds for v in verdicts) / 60:.0f} minutes of one core.\n")]
    for area, module in AREAS.items():
        title = (module.__doc__ or "").removeprefix("Deliberate faults. Of ").partition("\n")[0].rstrip(".")
        pages += [f"\n## {title[:1].upper()}{title[1:]}\n", COLUMNS, rows([v for v in faults if v.fault.area == area])]
    pages += [SAME, *(f"| {v.fault.name}{'' if v.ok else ' ' + v.outcome.upper()} | `{v.fault.file}` "
                      f"| {cell(v.fault.why, 400)} |\n" for v in verdicts if v.fault.same)]
    return "".join(pages)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="try these faults, or areas, and write no page")
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=2)
    parser.add_argument("--kept", type=Path, metavar="FILE", default=EVIDENCE / "mutations.jsonl",
                        help="verdicts: take them over, add to them")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "mutations.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.only or ()) - {fault.name for fault in FAULTS} - set(AREAS):
        parser.error(f"no such fault or area: {', '.join(sorted(unknown))}; areas are {', '.join(AREAS)}")
    chosen = [fault for fault in FAULTS if not arguments.only or {fault.name, fault.area} & set(arguments.only)]
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="mutations-") as scratch, ThreadPoolExecutor(arguments.jobs) as pool:
        source = Path(scratch)
        snapshot(ROOT, source)  # once: what is being edited meanwhile is not a fault of this script
        kept = Kept(arguments.kept, source)
        done = {fault.name: verdict for fault in chosen if (verdict := kept.find(fault)) is not None}
        order = [fault for fault in chosen if fault.name not in done]
        green = baseline(source, order, arguments.jobs)
        print(f"{time.perf_counter() - started:6.1f} s  {len(done)} verdicts are taken over, {len(order)} faults to "
              f"plant; {len(green)} tests are green without one", flush=True)
        order.sort(key=lambda fault: not fault.test.startswith(SLOW))  # the slow ones first
        done |= {v.fault.name: v for v in pool.map(lambda fault: attempt(source, fault, green, kept), order)}
        verdicts = [done[fault.name] for fault in chosen]
        if not arguments.only:
            kept.keep_only(verdicts)
    lost = [v.fault.name for v in verdicts if not v.ok]
    print(f"{time.perf_counter() - started:6.1f} s  {len(verdicts) - len(lost)} of {len(verdicts)} are what the tables "
          f"say{'; not: ' if lost else ''}{', '.join(lost)}")
    if not arguments.only:
        arguments.output.write_text(table(verdicts))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
