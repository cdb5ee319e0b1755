"""Faults on the bus, in images and in registers, at random cycles, on emitted designs: docs/bus_faults.md.

    python bench/bus_faults.py [--faults 3000] [--seed 1] [--work build/bus_faults]

``tests/support/bus_play.py`` plays them in Verilator: clear and reset at random cycles, response errors, streams that
end early, flipped bits, damaged beats, memory that falls silent, numbers that do not exist. Memory and software behave
in every way that AXI allows, drawn anew for each fault. Each must be reported (an error, or a refusal) or survived
(right results, right cycles); the round after it must be right.

Results lie in ``docs/evidence/bus_faults.jsonl``, a line for every 100 faults, under the digest of the design: what is
there is not played again. The exit status is 1 when a fault was silent, or the round after it was not right.
"""

import argparse
import importlib
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from result_lines import EVIDENCE, append_line, digest_of, read_lines
from verification_table import table

from sim.folder import Design
from sim.run import SimOptions, simulate
from sim.verilate import compile_model

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests" / "support"))
BLOCK = 100
KINDS = {
    "clear": "`clear` at a random cycle of a load, run or store; then run and store without a load",
    "reset": "the reset pin, low for 1 to 11 cycles, at such a cycle",
    "run limit": "`RUN_LIMIT` ends a run at a random cycle; then run and store without a load",
    "short watchdog": "`WATCHDOG` of 1 to 7 cycles in a run; then run and store without a load",
    "read response": "SLVERR or DECERR at a random beat of a load",
    "write response": "SLVERR or DECERR to a store's first burst",
    "early end": "a load stream that ends at a random beat",
    "flipped bit": "a bit flipped anywhere in a batch or a model",
    "flipped bit of a header": "a bit flipped in a header",
    "damaged beats": "beats random, swapped, inverted, missing, doubled, zero",
    "RLAST": "RLAST never, always, at random",
    "silent memory": "memory that stops in a load or store, then a watchdog or a `clear`, and goes on",
    "ranges": "`RUN_FIRST`, `RUN_COUNT`, `STORE_WORDS` beyond what there is",
    "busy": "commands while a run goes on",
}

HEAD = """# Faults on the bus

Made by `python bench/bus_faults.py --seed {seed}`; every 100 faults are a line of `evidence/bus_faults.jsonl`.

A small emitted design of each target runs in Verilator. Memory and software behave in every way that AXI allows: pauses
on every channel, ready before or after valid, addresses taken before or after their data, early and late responses.
Something goes wrong at a random moment. *Reported*: an error, or the refusal of what follows. *Survived*: results and
`CYCLES` are right. *Silent*: results or cycles are wrong and nothing says so. A whole round after each fault is right.

"""


def play(target: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Lines of a target, played where they are not known."""
    folder = options.work.resolve() / target
    importlib.import_module("bus_designs").write_build(folder, target)
    digest = digest_of((name, folder / name) for name in ("design.v", "batch0/batch.bin", "batch1/batch.bin"))
    known = {(line["digest"], line["seed"], line["block"]): line for line in read_lines(options.results)}
    model = compile_model(Design.load(folder), options.work.resolve() / "sim")
    lines = []
    for block in range(-(-options.faults // BLOCK)):
        line = known.get((digest, options.seed, block))
        if line is None:
            job = {"build": str(folder), "seed": options.seed, "kinds": list(KINDS),
                   "numbers": list(range(block * BLOCK, (block + 1) * BLOCK))}
            found: Any = simulate(model, job, folder / "log", SimOptions(), test="bus_play")[0]
            counts = Counter(f"{each['kind']}: {each['outcome']}" for each in found)
            line = {"target": target, "digest": digest, "seed": options.seed, "block": block, "outcomes": counts,
                    "silent": [each for each in found if each["outcome"] == "silent"]}
            append_line(options.results, line)
            print(f"{target}, {(block + 1) * BLOCK} faults: {len(line['silent'])} silent in this block", flush=True)
        lines.append(line)
    return lines


def page(lines: list[dict[str, Any]], options: argparse.Namespace) -> str:
    """What all lines say, and what else was soaked."""
    text = HEAD.format(seed=options.seed)
    for target in ("banked", "lists"):
        counts: Counter[str] = Counter()
        for line in lines:
            if line["target"] == target:
                counts.update(line["outcomes"])
        rows = [[kind, what, *(f"{counts[f'{kind}: {outcome}']:,}" for outcome in ("reported", "survived", "silent"))]
                for kind, what in KINDS.items()]
        text += f"## {target.capitalize()}\n\n" + table(["fault", "what", "reported", "survived", "silent"], rows)
        text += f"\n{sum(counts.values()):,} faults.\n\n"
    return text.rstrip() + "\n"


def main() -> int:
    """Play, write the page; 1 when something was silent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "bus_faults")
    parser.add_argument("--results", type=Path, default=EVIDENCE / "bus_faults.jsonl")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "bus_faults.md")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    lines = [line for target in ("banked", "lists") for line in play(target, options)]
    options.page.write_text(page(lines, options), encoding="utf-8")
    return int(any(line["silent"] for line in lines))


if __name__ == "__main__":
    raise SystemExit(main())
