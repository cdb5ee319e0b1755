"""Run proofs and print their table: ``python -m formal``.

    python -m formal [--only NAME ...] [--mutants] [--json] [--output docs/proofs.md] [--jobs 2] [--keep FOLDER]

Without ``--mutants`` proofs alone; with it also what each covers, and planted faults, each of which must be refuted.
The exit status is 1 when a proof fails, a cover is not reached or a fault is not refuted.
"""

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from .blocks import find
from .page import facts, page, summary
from .run import Job, Outcome, check_tools, run

__all__ = ["main"]


def _jobs(only: list[str], mutants: bool) -> list[Job]:
    found = find()
    unknown = [name for name in only if not any(proof.name == name for _, proof in found)]
    if unknown:
        raise SystemExit(f"no proof is named {unknown[0]}: {', '.join(proof.name for _, proof in found)}")
    jobs = []
    for module, proof in found:
        if only and proof.name not in only:
            continue
        jobs.append(Job(module, proof, "prove"))
        if mutants:
            jobs.append(Job(module, proof, "cover"))
            jobs += [Job(module, proof, "mutant", number) for number in range(len(proof.mutants))]
    return jobs


def _tell(outcome: Outcome) -> None:
    job = outcome.job
    what = job.proof.mutants[job.mutant].what if job.kind == "mutant" else job.kind
    print(
        f"{'ok  ' if outcome.good else 'BAD '} {outcome.seconds:5.1f} s  {outcome.verdict:8} {job.proof.name}: {what}",
        file=sys.stderr,
        flush=True,
    )
    if not outcome.good:
        print(outcome.log, file=sys.stderr)


def _write(path: Path, new: list[dict[str, Any]]) -> None:
    """Write the page and its facts: those of this run, and of proofs that it left out as they were."""
    kept = path.parent / "evidence" / f"{path.stem}.json"
    kept.parent.mkdir(exist_ok=True)
    old = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else []
    by_name = {each["proof"]: each for each in [*old, *new]}
    found = [by_name[proof.name] for _, proof in find() if proof.name in by_name]
    kept.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    path.write_text(page(found), encoding="utf-8")


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m formal", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="proofs to run")
    parser.add_argument("--mutants", action="store_true", help="also covers and planted faults")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--output",
        type=Path,
        help="page to write, and what was found as JSON beside it; with --only the other proofs' stays",
    )
    parser.add_argument("--jobs", type=int, default=2, help="how many run at once")
    parser.add_argument("--keep", type=Path, help="folder that is left with designs and traces")
    options = parser.parse_args()
    jobs = _jobs(options.only, options.mutants or options.output is not None)
    check_tools()
    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(partial(run, keep=options.keep), jobs):
            outcomes.append(outcome)
            _tell(outcome)
    if options.output:
        _write(options.output, facts(outcomes))
    print(json.dumps(facts(outcomes), indent=1) if options.json else summary(outcomes))
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
