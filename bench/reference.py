"""Time the integer reference and measure its agreement with the PyTorch model.

    python bench/reference.py cora.pt citeseer.pt digits.pt [--repeats 20]

For each checkpoint: milliseconds to lower it and to execute it (best of the repeats, one thread), nodes whose class
differs from the PyTorch model's, the largest difference of a logit as a share of their range, and the accuracy of both.
The limits are 50 ms for Cora and 100 ms for CiteSeer; the exit status is 1 when a model named so exceeds its own,
or when fewer than 99.9 % of the classes agree.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("OMP_NUM_THREADS", "1")

from hwgen.frontend import load
from hwgen.network.figures import figures_of
from hwgen.targets.banked.execute import run
from hwgen.targets.banked.network_to_program import lower

LIMITS = {"cora": 50.0, "citeseer": 100.0}
AGREEMENT = 0.999


T = TypeVar("T")


def best(repeats: int, action: Callable[[], T]) -> tuple[T, float]:
    """The action's result, and its shortest time in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = action()
        times.append(time.perf_counter() - start)
    return result, 1e3 * min(times)


def measure(path: Path, repeats: int) -> dict[str, object]:
    network, sample = load(path)
    program, lowering = best(repeats, lambda: lower(network, sample.batch))
    trace, running = best(repeats, lambda: run(program))
    facts: dict[str, object] = {
        "model": path.stem, "nodes": sample.batch.num_nodes, "lower_ms": round(lowering, 2),
        "run_ms": round(running, 2)}
    ok = running <= LIMITS.get(path.stem.lower(), float("inf"))
    if sample.logits is not None:
        known = replace(sample, integer=trace.logits * program.passes[-1].out.scale)
        figures = figures_of(known, data=path.stem, of="nodes")
        integer, same = figures["integer"], figures.same("integer")
        assert integer is not None
        assert integer.to_quantized is not None
        facts |= {"agreement": same, "disagreeing": integer.to_quantized.differing,
                  "largest_difference": integer.to_quantized.largest, "accuracy": figures.accuracy("integer"),
                  "torch_accuracy": figures.accuracy("quantized")}
        ok = ok and (same is None or same >= AGREEMENT)
    return {**facts, "ok": ok}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    results = [measure(path, options.repeats) for path in options.models]
    for result in results:
        print(json.dumps(result))
    return 0 if all(result["ok"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
