"""Time both schedulers and measure their schedules against the bound no schedule can beat.

    python bench/schedule.py cora.pt citeseer.pt [--groups 1 4] [--repeats 3] [--cycles] [--holds 1 2 3]
    python bench/schedule.py cora.pt --boards ultra96 zcu102 alveo-u50

For each checkpoint, number of groups and method (``best`` of a build, ``quick`` of graphs that change): milliseconds of
CPU time to lower the network for the graph, to tell its features in the rows of the dictionary, to place and schedule
everything and to pack the images (best of the repeats, one thread), and for each gather its slots, the bound, and bound
/ slots; with ``--cycles`` also the exact cycles of every pass, for each number of finished sums that an element keeps
(``--holds``). With ``--boards`` instead the design that the search chooses on each, by formulas, its exact cycles and
the share of the board that it is expected to take. The exit status is 1 when the best schedule takes over 20 s, the
quick one, dictionary included, over 20 ms, packing over 0.3 s, or, with 4 groups, when the first pass is under 90 % or
the quick method's aggregation under 85 % of the bound: the best method's slots follow the servers.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("OMP_NUM_THREADS", "1")

import boards
from hwgen.flow.search import search
from hwgen.flow.wishes import Wishes
from hwgen.frontend import load
from hwgen.network.network import Network
from hwgen.network.sample import Sample
from hwgen.progress import SILENT
from hwgen.targets.banked.candidates import SPACE, dictionary_of
from hwgen.targets.banked.cycles import estimate
from hwgen.targets.banked.feature_rows import told_in
from hwgen.targets.banked.images import pack
from hwgen.targets.banked.network_to_program import lower
from hwgen.targets.banked.program import Program
from hwgen.targets.banked.schedule.schedule import BEST, QUICK, schedule
from hwgen.targets.banked.sizes import choose
from rtl_templates.banked.formats import HOLD_DEPTH

METHODS = {"best": (BEST, 20_000.0), "quick": (QUICK, 20.0)}  # and the milliseconds that it may take
PACK_MS = 300.0
QUALITY = {"gather_features": 0.90, "gather": 0.85}  # the latter of the quick method

T = TypeVar("T")


def best(repeats: int, action: Callable[[], T]) -> tuple[T, float]:
    """The action's result, and its shortest CPU time in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = action()
        times.append(1e3 * (time.process_time() - start))
    return result, min(times)


def measure(program: Program, telling: float, groups: int, name: str, repeats: int,
            holds: Sequence[int]) -> dict[str, object]:
    """Figures of a method, and whether they are within the limits; ``telling``: milliseconds for the dictionary."""
    hardware, (method, limit) = choose(program, groups=groups, slots=1 << 15), METHODS[name]
    plan, taken = best(repeats, lambda: schedule(program, hardware, method))
    image, packing = best(repeats, lambda: pack(program, hardware, plan))
    gathers, ok = {}, telling + taken <= limit and packing <= PACK_MS
    for number, gather in enumerate(program.gathers):
        slots = plan.slots_of(number)
        if gather is None or slots is None:
            continue
        kind, quality = gather.kind, slots.bound / max(slots.count, 1)
        gathers[f"{number}: {kind}"] = {"slots": slots.count, "bound": slots.bound, "quality": round(quality, 3)}
        follows = method is BEST and kind == "gather"
        ok = ok and (groups != 4 or follows or quality >= QUALITY[kind])
    facts: dict[str, object] = {
        "groups": groups, "method": name, "dictionary_ms": round(telling, 1), "schedule_ms": round(taken, 1),
        "pack_ms": round(packing, 1), "load_beats": len(image.beats), "gathers": gathers}
    if holds:
        runs = {depth: estimate(program, replace(hardware, hold_depth=depth), plan) for depth in holds}
        facts |= {"cycles": {depth: run.total for depth, run in runs.items()},
                  "pass_cycles": {depth: [step.cycles for step in run.passes] for depth, run in runs.items()}}
    return facts | {"ok": ok}


def on_board(network: Network, sample: Sample, board: str) -> dict[str, object]:
    """What the search chooses, and its exact cycles."""
    found = search(network, sample, boards.load(board), Wishes(), SILENT, count=False)
    (run,) = found.packed.runs
    hardware, cycles = found.design.hardware.to_dict(), run.passes
    shares = found.resources.utilisation(boards.load(board))
    return {"board": board, **{name: hardware[name] for name in (*SPACE, "slots")},
            "cycles": sum(step.cycles for step in cycles), "pass_cycles": [step.cycles for step in cycles],
            **{name: round(shares[name][2], 3) for name in ("lut", "bram36", "dsp")}}


def measured(path: Path, groups: Sequence[int], repeats: int,
             holds: Sequence[int] = (HOLD_DEPTH,)) -> Iterator[dict[str, object]]:
    """Figures of a checkpoint: for each number of groups, of both methods."""
    network, sample = load(path)
    dictionary = dictionary_of(lower(network, sample.batch), {})
    plain, lowering = best(repeats, partial(lower, network, sample.batch))
    program, telling = best(repeats, partial(told_in, plain, dictionary))
    for number, name in product(groups, METHODS):
        yield {"model": path.stem, "lower_ms": round(lowering, 1)} | measure(
            program, telling, number, name, repeats, holds)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--groups", nargs="+", type=int, default=[1, 4])
    parser.add_argument("--boards", nargs="+", default=[], help="choose a design for each instead")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cycles", action="store_true")
    parser.add_argument("--holds", nargs="+", type=int, default=[HOLD_DEPTH])
    arguments = parser.parse_args()
    ok = True
    for path in arguments.checkpoints:
        if arguments.boards:
            network, sample = load(path)
            for board in arguments.boards:
                print(json.dumps({"model": path.stem} | on_board(network, sample, board)), flush=True)
            continue
        for facts in measured(path, arguments.groups, arguments.repeats, arguments.holds if arguments.cycles else ()):
            ok = ok and bool(facts["ok"])
            print(json.dumps(facts), flush=True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
