"""Time what a host does for each batch of target lists: edge lists to load streams.

    python bench/packing.py sage-cora.pt gin-reddit.pt:REDDIT-BINARY [--repeats 5] [--units 1]

Each argument is a checkpoint of a network, and for all graphs of a data set its name. Without one the sample in the
checkpoint is packed. Printed: graphs, nodes, edges, batches, bytes, and seconds to deal and pack everything (best of
the repeats, one thread), without the reference and without golden codes.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from hwgen.flow.wishes import Wishes
from hwgen.frontend.checkpoint import load
from hwgen.frontend.data import load_data
from hwgen.network.sample import single
from hwgen.targets import find_target
from hwgen.targets.lists.images import batch_image
from hwgen.targets.words import to_bytes


def measure(argument: str, repeats: int, units: int) -> dict[str, object]:
    """One checkpoint on its sample, or on a data set."""
    path, _, name = argument.partition(":")
    network, sample = load(Path(path))
    if name:
        graphs = load_data(name)
        batch = graphs.union(np.arange(len(graphs)))
    else:
        batch = sample.batch
    wishes = Wishes(hardware={"units": units})
    plan = next(iter(find_target("lists").candidates(network, sample, wishes, lambda area: True))).design()
    each, times, size, batches = single(batch), [], 0, 0
    for _ in range(repeats):
        start = time.perf_counter()
        packed = [to_bytes(batch_image(plan.layout, part).beats) for part in plan.deal(each)]
        times.append(time.perf_counter() - start)
        size, batches = sum(map(len, packed)), len(packed)
    return {"model": Path(path).stem, "graphs": batch.graphs, "nodes": batch.num_nodes,
            "edges": int(batch.edges.shape[1]), "units": units, "batches": batches, "bytes": size,
            "pack_s": round(min(times), 4)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", metavar="CHECKPOINT[:DATASET]")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--units", type=int, default=1)
    options = parser.parse_args()
    for argument in options.models:
        print(json.dumps(measure(argument, options.repeats, options.units)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
