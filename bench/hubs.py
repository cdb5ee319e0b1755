"""What splitting the lists of hubs over units would gain: docs/decisions/0007-hubs.md.

    python bench/accuracy.py --data REDDIT-BINARY --runs 1 --keep models
    python bench/hubs.py models/REDDIT-BINARY-0 [--graphs 60]

Cycles by the cycle model (equal to the RTL's), without splitting, and the least that any splitting could reach: every
pass as long as its units take in the mean, partial sums joined for nothing.
"""

import argparse
from pathlib import Path

import numpy as np
from verification_graphs import held_out

from hwgen.flow.wishes import Wishes
from hwgen.frontend.data import load_data
from hwgen.network.sample import Limits, Sample, single
from hwgen.network.store import load_network
from hwgen.targets import find_target
from hwgen.targets.lists.cycles import estimate
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.images import batch_image


def main() -> None:
    """Print a line for each number of units and batch size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument("--data", default="REDDIT-BINARY")
    parser.add_argument("--graphs", type=int, default=60, help="of the held-out fold, of all sizes")
    parser.add_argument("--data-root", type=Path)
    options = parser.parse_args()
    graphs, network = load_data(options.data, options.data_root), load_network(options.network)
    batch = graphs.union(held_out(graphs, options.graphs))
    sample = Sample(batch=batch, labels=None, mask=None, logits=None,
                    limits=Limits.of(graphs.union(np.arange(len(graphs))), network.input_bits))
    for units in (1, 2, 4):
        wishes = Wishes(graphs=8, hardware={"units": units})
        plan = next(iter(find_target("lists").candidates(network, sample, wishes, lambda area: True))).design()
        for size in (1, 8):
            now = best = worst = 0.0
            for each in plan.deal(single(batch), size):
                trace = run(plan.program, each)
                found = estimate(plan.layout, batch_image(plan.layout, each), [done.bits for done in trace.passes])
                lost = sum(max(step.last) - sum(step.last) / units for step in found.passes)
                now, best, worst = now + found.total, best + found.total - lost, max(worst, lost / found.total)
            print(f"{units} units, batches of {size}: {now / batch.graphs:,.0f} cycles a graph; perfectly dealt "
                  f"{best / batch.graphs:,.0f}: {100 * (1 - best / now):.1f} % less, in one batch {100 * worst:.1f} %",
                  flush=True)


if __name__ == "__main__":
    main()
