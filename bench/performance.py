"""What the tools take of a host, and what the search chooses: docs/performance.md.

    python bench/performance.py [--models build/models] [--only reference schedule boards packing]
    python bench/performance.py --page                only writes the page

The folder holds cora.pt, citeseer.pt and digits.pt (``hwgen train --data Cora`` and so on), sage-cora.pt (``--model
sage``) and gin-reddit.pt (``--model gin --data REDDIT-BINARY --epochs 2 --folds 1``). Each part is that of a bench
of its own, which has its limits; its lines replace those of before in docs/evidence/performance.jsonl. Run it on a
machine without other work. The exit status is 1 when a limit is missed.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import packing
import reference
import schedule
from result_lines import EVIDENCE, read_lines, write_lines
from verification_table import percent, table

from hwgen.frontend import load

ROOT = Path(__file__).parents[1]
BOARDS = {"cora": ("ultra96", "zcu102", "alveo-u50"), "citeseer": ("ultra96",)}
PACKED = {"sage-cora.pt": ("GraphSAGE on Cora", "", 0.05),  # and the seconds that it may take
          "gin-reddit.pt": ("GIN on REDDIT-BINARY", "REDDIT-BINARY", 10)}
GROUPS = (1, 2, 3, 4)

HEAD = """# Performance of the tools

Made by `python bench/performance.py`; a line a row in `evidence/performance.jsonl`. Two cores of a virtual machine, one
thread; the best of the repeats. Checkpoints are those of `hwgen train --data Cora` and so on.

## Integer reference

    python bench/reference.py cora.pt citeseer.pt digits.pt

{reference}
*Lower* goes from a checkpoint's quantized graph to the integer program, its ranges proved; *run* executes the program.
The difference of a logit is a share of the logits' range.

## Schedulers

    python bench/schedule.py cora.pt citeseer.pt --groups 1 2 3 4 --cycles

Slots against the bound that no schedule can beat for the placement it has: the load of the busiest bank or processing
element, of the busiest group. `best` is the schedule of a build: limits with four groups are 90 % of the bound in the
first pass (`quick`: 85 % in aggregation) and 20 s. Its slots follow the servers
([decision 24](decisions/0024-slots-beside-servers.md)), so those of an aggregation are no measure of it; here it has as
many as it likes. `quick` is that of a graph that is packed later, by `hwgen pack` or by an `Accelerator`
([decision 22](decisions/0022-quick-schedule.md)): its limit is 20 ms, the dictionary included. Cycles of digit 4 are
exact, those of the RTL's counter, which [verification](verification.md) compares.

{schedule}
CPU milliseconds with four groups, four placements and all their trials included; `lower` with the rows of a dictionary:

{times}
So a changed graph of Cora's size costs the host its program (`lower`) and its images, not its schedule.

## Designs by board

    python bench/schedule.py cora.pt --boards ultra96 zcu102 alveo-u50
    python bench/schedule.py citeseer.pt --boards ultra96

What the search chooses for the GCN-16 by formulas, and exact cycles; `hwgen build cora.pt --board zcu102` and the like
build and simulate the same designs, cycles equal
([decision 24](decisions/0024-slots-beside-servers.md) has Yosys's counts).

{boards}
## Packing graphs

    python bench/packing.py sage-cora.pt gin-reddit.pt:REDDIT-BINARY

What the host does for every batch of target `lists`: edge lists to load streams, without golden codes.

{packing}
Packing the windows of a graph with a million edges takes a second of CPU time: [windows](windows.md).
"""
Lines = Sequence[Mapping[str, Any]]


def reference_lines(models: Path) -> Iterable[dict[str, object]]:
    """Each checkpoint's lowering and run."""
    return (reference.measure(models / f"{name}.pt", 20) for name in ("cora", "citeseer", "digits"))


def schedule_lines(models: Path) -> Iterable[dict[str, object]]:
    """Each checkpoint, number of groups and method."""
    return (line for name in BOARDS for line in schedule.measured(models / f"{name}.pt", GROUPS, 3))


def board_lines(models: Path) -> Iterable[dict[str, object]]:
    """What the search chooses."""
    for name, wanted in BOARDS.items():
        network, sample = load(models / f"{name}.pt")
        for board in wanted:
            yield {"model": name} | schedule.on_board(network, sample, board)


def packing_lines(models: Path) -> Iterable[dict[str, object]]:
    """A graph, and a set of graphs."""
    return (packing.measure(f"{models / name}{':' * bool(data)}{data}", 5, 1) for name, (_, data, _) in PACKED.items())


PARTS: Mapping[str, Callable[[Path], Iterable[dict[str, object]]]] = {
    "reference": reference_lines, "schedule": schedule_lines, "boards": board_lines, "packing": packing_lines}


def reference_table(lines: Lines) -> str:
    """Times and agreement."""
    return table(["model", "nodes", "lower, ms", "run, ms", "limit, ms", "same class as PyTorch",
                  "largest difference of a logit", "accuracy, hardware", "accuracy, PyTorch"], [
        [line["model"], f"{line['nodes']:,}", f"{line['lower_ms']:.1f}", f"{line['run_ms']:.2f}",
         f"{reference.LIMITS[line['model']]:g}" if line["model"] in reference.LIMITS else "",
         *(percent(line[key]) for key in ("agreement", "largest_difference", "accuracy", "torch_accuracy"))]
        for line in lines])


def schedule_table(lines: Lines) -> str:
    """Slots, bounds and cycles."""
    rows = []
    for line in lines:
        [first, *_, last] = line["gathers"].values()
        [cycles] = line["cycles"].values()
        [best] = next(each["cycles"].values() for each in lines if (each["model"], each["groups"], each["method"]) == (
            line["model"], line["groups"], "best"))
        rows.append([line["model"], line["groups"], line["method"],
                     *(cell for gather in (first, last) for cell in (
                         f"{gather['slots']:,}", f"{gather['bound']:,}", f"{gather['quality']:.1%}")),
                     f"{cycles:,}", "" if line["method"] == "best" else f"{cycles / best - 1:+.1%}"])
    return table(["model", "groups", "method", "features: slots", "bound", "quality", "aggregation: slots", "bound",
                  "quality", "cycles", "against best"], rows)


def times_table(lines: Lines) -> str:
    """With four groups."""
    rows = []
    for model in BOARDS:
        best, quick = (next(line for line in lines if (line["model"], line["groups"], line["method"]) == (
            model, GROUPS[-1], method)) for method in ("best", "quick"))
        rows.append([model, f"{best['schedule_ms']:,.0f}", f"{quick['schedule_ms']:.1f}",
                     f"{best['schedule_ms'] / quick['schedule_ms']:,.0f} ×", f"{quick['dictionary_ms']:.1f}",
                     f"{quick['schedule_ms'] + quick['dictionary_ms']:.1f}", f"{quick['lower_ms']:.0f}",
                     f"{quick['pack_ms']:.0f}"])
    return table(["model", "schedule, best", "schedule, quick", "ratio", "lists told in the dictionary", "both",
                  "lower", "pack images"], rows)


def board_table(lines: Lines) -> str:
    """Designs, cycles by pass, shares."""
    rows = [[line["model"], line["board"], line["groups"], line["servers"], line["requant_lanes"], line["lane_sets"],
             f"{line['slots']:,}", f"{line['cycles']:,}", *line["pass_cycles"],
             *(f"{line[name]:.1%}" for name in ("lut", "bram36", "dsp"))] for line in lines]
    return table(["model", "board", "groups", "servers", "lanes", "sets", "slots", "cycles", "features",
                  "aggregate, combine", "results", "LUT", "BRAM36", "DSP"], rows)


def packing_table(lines: Lines) -> str:
    """Sizes and seconds."""
    rows = []
    for line in lines:
        title, _, limit = PACKED[f"{line['model']}.pt"]
        rows.append([title, *(f"{line[key]:,}" for key in ("graphs", "nodes", "edges", "batches")),
                     f"{line['bytes'] / 1e6:.2f}", f"{line['pack_s']:.3f}", f"{limit:g}"])
    return table(["model", "graphs", "nodes", "directed edges", "batches", "MB", "seconds", "limit"], rows)


def page(lines: Lines) -> tuple[str, bool]:
    """The Markdown page, and whether every limit is kept."""
    of = {part: [line for line in lines if line["part"] == part] for part in PARTS}
    kept = all(line.get("ok", True) for line in lines) and all(
        line["pack_s"] <= PACKED[f"{line['model']}.pt"][2] for line in of["packing"])
    return HEAD.format(reference=reference_table(of["reference"]), schedule=schedule_table(of["schedule"]),
                       times=times_table(of["schedule"]), boards=board_table(of["boards"]),
                       packing=packing_table(of["packing"])), kept


def main() -> int:
    """Measure what was asked for, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=ROOT / "build" / "models", help="folder of the checkpoints")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--results", type=Path, default=EVIDENCE / "performance.jsonl")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    options = parser.parse_args()
    for part in () if options.page else options.only:
        others = [line for line in read_lines(options.results) if line["part"] != part]
        write_lines(options.results, [*others, *({"part": part} | line for line in PARTS[part](options.models))])
        print(f"{part} done", flush=True)
    lines = read_lines(options.results)
    if missing := set(PARTS) - {line["part"] for line in lines}:
        parser.error(f"{options.results} has no lines of {', '.join(sorted(missing))}: measure them first, by --only")
    text, kept = page(lines)
    (ROOT / "docs" / "performance.md").write_text(text, encoding="utf-8")
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
