"""Time the scheduler and measure its schedules against the bound no schedule can beat.

    python bench/schedule.py cora.pt citeseer.pt [--groups 1 4] [--repeats 3] [--cycles] [--holds 1 2 3]

For each checkpoint and number of groups: seconds to place and schedule everything and to pack the images (best of the
repeats, one thread), and for each gather its slots, the bound, and bound / slots; with ``--cycles`` also the exact
cycles of every pass, for each number of finished sums that an element keeps (``--holds``). The exit status is 1 when
scheduling takes over 2 s, packing over 0.3 s, or, with 4 groups, when the first pass is under 90 % or the aggregation
under 85 % of the bound.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("OMP_NUM_THREADS", "1")

from hwgen.frontend import load
from hwgen.targets.banked.candidates import dictionary_of
from hwgen.targets.banked.cycles import estimate
from hwgen.targets.banked.feature_rows import told_in
from hwgen.targets.banked.images import pack
from hwgen.targets.banked.network_to_program import lower
from hwgen.targets.banked.program import Program
from hwgen.targets.banked.schedule.schedule import schedule
from hwgen.targets.banked.sizes import choose
from rtl_templates.banked.formats import HOLD_DEPTH

SECONDS, PACK_SECONDS = 2.0, 0.3
QUALITY = {"gather_features": 0.90, "gather": 0.85}

T = TypeVar("T")


def best(repeats: int, action: Callable[[], T]) -> tuple[T, float]:
    """The action's result, and its shortest time in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = action()
        times.append(time.perf_counter() - start)
    return result, min(times)


def measure(program: Program, groups: int, repeats: int, holds: Sequence[int]) -> dict[str, object]:
    hardware = choose(program, groups=groups, slots=1 << 15)
    plan, seconds = best(repeats, lambda: schedule(program, hardware))
    image, packing = best(repeats, lambda: pack(program, hardware, plan))
    gathers, ok = {}, seconds <= SECONDS and packing <= PACK_SECONDS
    for number, (gather, slots) in enumerate(zip(program.schedules, plan.slots, strict=True)):
        kind, quality = gather.kind, slots.bound / max(slots.count, 1)
        gathers[f"{number}: {kind}"] = {"slots": slots.count, "bound": slots.bound, "quality": round(quality, 3)}
        ok = ok and (groups != 4 or quality >= QUALITY[kind])
    facts: dict[str, object] = {
        "groups": groups, "schedule_s": round(seconds, 3), "pack_s": round(packing, 3),
        "load_beats": len(image.beats), "gathers": gathers}
    if holds:
        runs = {depth: estimate(program, replace(hardware, hold_depth=depth), plan) for depth in holds}
        facts |= {"cycles": {depth: run.total for depth, run in runs.items()},
                  "pass_cycles": {depth: [step.cycles for step in run.passes] for depth, run in runs.items()}}
    return facts | {"ok": ok}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--groups", nargs="+", type=int, default=[1, 4])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cycles", action="store_true")
    parser.add_argument("--holds", nargs="+", type=int, default=[HOLD_DEPTH])
    arguments = parser.parse_args()
    ok = True
    for path in arguments.checkpoints:
        network, sample = load(path)
        plain = lower(network, sample.batch)
        program = told_in(plain, dictionary_of(plain, {}))
        for groups in arguments.groups:
            facts = measure(program, groups, arguments.repeats, arguments.holds if arguments.cycles else ())
            ok = ok and bool(facts["ok"])
            print(json.dumps({"model": path.stem} | facts))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
