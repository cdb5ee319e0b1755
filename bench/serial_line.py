"""Random graphs through the serial backend, over lines that lose, change and add bytes: docs/serial_line.md.

    python bench/serial_line.py [--graphs 100] [--rates 0 0.0005 0.002] [--work build/serial_line]

A small design of each target stands in Verilator behind the bridge, at a pseudo-terminal; ``hwgen.Accelerator`` with
backend "serial" runs every graph. Results must equal the reference, or an error must say that there is none; then the
graph is run again. What lies in ``docs/evidence/serial_line.jsonl`` under the digest of bridge and driver is not run
again. The exit status is 1 when a result was wrong.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from result_lines import EVIDENCE, append_line, digest_of, read_lines, write_lines
from verification_table import table

from hwgen.errors import HwgenError
from hwgen.network.sample import single
from hwgen.runtime import Accelerator
from sim.serial_port import simulated_port

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests" / "support"))

HEAD = """# Graphs over a serial line

Made by `python bench/serial_line.py`; the rows are in `evidence/serial_line.jsonl`.

`hwgen.Accelerator(build, backend="serial", port=...)` at a pseudo-terminal; behind it the bridge and a small design of
each target in Verilator. Each byte is lost, changed, or doubled by a random one, with the chance in the third column,
on both ways. *Equal*: all results are the reference's. *Reported*: `run` raised an error, and the graph was run again.
*Wrong*: anything else.

The banked design is simulated at some 20,000 cycles a second on the busy machine where this was made: a frame of 64
beats takes two seconds, the host's patience is 0.8. So frames are sent again on a clean line too, and the ten errors
are of moments in which nobody answered in time.

"""


def main() -> int:
    """Run what was asked for, and write the page."""
    from networks import random_batch
    from serial_build import DIVISOR, serial_build
    from serial_models import Noise

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=100)
    parser.add_argument("--rates", type=float, nargs="+", default=[0, 0.0005, 0.002])
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "serial_line")
    parser.add_argument("--results", type=Path, default=EVIDENCE / "serial_line.jsonl")
    options = parser.parse_args()
    code = sorted(path for folder in ("rtl_templates/serial", "hwgen/driver") for path in (ROOT / folder).glob("*.py"))
    digest = digest_of((path.name, path) for path in code)
    lines = [line for line in read_lines(options.results) if line["digest"] == digest]
    write_lines(options.results, lines)
    for target in ("lists", "banked"):
        folder = options.work / target
        network, executable = serial_build(folder, target)
        if target == "lists":
            graphs = [graph for seed in range(-(-options.graphs // 10)) for graph in
                      single(random_batch(100 + seed, network, graphs=10, nodes=9, hub=7))][:options.graphs]
        else:
            graphs = [random_batch(9, network, graphs=1, nodes=30, hub=9)]
        for rate in options.rates:
            if any((line["target"], line["graphs"], line["rate"]) == (target, len(graphs), rate) for line in lines):
                continue
            noise = Noise(1, rate)
            with simulated_port(executable, DIVISOR, there=noise, back=noise) as port:
                found = play(folder, port, graphs)
            line = {"digest": digest, "target": target, "graphs": len(graphs), "rate": rate, "bytes": noise.done,
                    **found}
            print(json.dumps(line), flush=True)
            append_line(options.results, line)
            lines.append(line)
    rows = [[line["target"], f"{line['graphs']}", f"{line['rate']:g}", f"{line['bytes']:,}", f"{line['equal']}",
             f"{line['again']:,}", f"{line['reported']}", f"{line['wrong']}"] for line in lines]
    columns = ["target", "graphs", "chance", "bytes hit", "equal", "frames sent again", "reported", "wrong"]
    (ROOT / "docs" / "serial_line.md").write_text(HEAD + table(columns, rows), encoding="utf-8")
    return int(any(line["wrong"] for line in lines))


def play(folder: Path, port: str, graphs: list[Any]) -> dict[str, Any]:
    """Every graph once, again where an error was reported; what came out."""
    reference = Accelerator(folder)
    began, equal, reported, wrong, again = time.monotonic(), 0, 0, 0, 0

    def opened() -> Accelerator:
        return Accelerator(folder, backend="serial", port=port, baud=38_400)

    accelerator, failed = _insist(opened)
    reported += failed
    for graph in graphs:
        wanted = reference.run(graph)
        found, failed = _insist(lambda graph=graph: accelerator.run(graph))
        reported += failed
        right = np.array_equal(found, wanted)
        equal, wrong = equal + right, wrong + (not right)
    again = accelerator.backend.device.ports.again
    accelerator.backend.device.ports.line.close()
    return {"equal": equal, "again": again, "reported": reported, "wrong": wrong,
            "seconds": round(time.monotonic() - began, 1)}


def _insist(work: Callable[[], Any]) -> tuple[Any, int]:
    """Do it until it does not raise; how often it did."""
    for failed in range(100):
        try:
            return work(), failed
        except HwgenError as error:
            print(error, file=sys.stderr, flush=True)
    raise SystemExit("a hundred errors in a row")


if __name__ == "__main__":
    raise SystemExit(main())
