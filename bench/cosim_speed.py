"""Time and memory of a cosimulation by optimisation level and file size: ``python bench/cosim_speed.py BUILD``.

The choices in :mod:`sim.cxx` and :mod:`sim.verilate` rest on this table. Each line compiles the design anew; what all
designs share is compiled before.
"""

import argparse
import tempfile
import time
from pathlib import Path

from process_tree import children_cpu

import sim
from sim import cxx, verilate
from sim.folder import Design

VARIANTS = (("-O0", 60_000), ("-Og", 60_000), ("-O1", 60_000))


def main() -> None:
    """Measure every variant on one build folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("--variants", type=int, default=len(VARIANTS), help="only the first so many")
    arguments = parser.parse_args()
    print("| C++ | split | compile s | compile CPU s | simulate s | cycles/s | peak MiB | exact |")
    print("|---|---|---|---|---|---|---|---|")
    for level, split in VARIANTS[:arguments.variants]:
        cxx.FAST = verilate.FAST = level
        verilate.SPLIT, verilate.FEW = split, 0
        design = Design.load(arguments.build)
        with tempfile.TemporaryDirectory() as work:
            verilate.compile_model(design, Path(work))
        with tempfile.TemporaryDirectory() as work:
            before, started = children_cpu(), time.perf_counter()
            result = sim.run(arguments.build, options=sim.SimOptions(work=Path(work)))
            compile_cpu = children_cpu() - before - result.simulate_s
            cycles = sum(each.cycles + each.load_cycles + each.store_cycles for each in result.batches.values())
            print(f"| {level} | {split} | {result.compile_s:.1f} | {compile_cpu:.1f} | {result.simulate_s:.1f} "
                  f"| {cycles / result.simulate_s:,.0f} | {result.peak_bytes / 2**20:,.0f} "
                  f"| {'yes' if result.ok else 'NO'} |  <!-- {time.perf_counter() - started:.0f} s -->", flush=True)


if __name__ == "__main__":
    main()
