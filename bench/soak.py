"""Soak: graphs of MUTAG's and PROTEINS' sizes through one simulated accelerator, with stalls, errors and clears.

    python bench/soak.py [--graphs 100000] [--seed 1] [--work build/soak]

One design of edge lists is built; one simulator loads, runs and stores batch after batch. Memory and software behave in
every way that AXI allows, drawn anew for each batch; in every fifth batch or so something goes wrong first: a flipped
bit, a bad response, a stream that is cut, a clear or a reset at a random cycle, a run beyond its limit. It must be
reported, and the batch must then give the reference's results, its estimated cycles and counters.

Progress is kept in docs/evidence/soak.jsonl, a line every 50 batches: what is there is not done again. The exit status
is 1 when a batch differs. ``--page`` writes the page of what has been done so far, and does no more.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from result_lines import EVIDENCE, read_lines
from soak_graphs import FEATURES, Graphs
from verification_table import table

import sim
from hwgen.flow.config import Config
from hwgen.flow.folder import to_json, write_files
from hwgen.flow.manifest import MANIFEST, manifest_text
from hwgen.network.sample import Limits
from hwgen.network.store import save_network
from hwgen.targets import find_target
from hwgen.targets.lists.batch import union
from hwgen.version import __version__
from sim.folder import Design
from sim.run import SimOptions, simulate
from sim.verilate import compile_model

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests" / "support"))
PAGE = ROOT / "docs" / "soak.md"
EVERY = 50
HEAD = """# Soak

Made by `python bench/soak.py --seed {seed}`; a line every 50 batches in `evidence/soak.jsonl`.

{graphs} graphs of MUTAG's and PROTEINS' sizes and edges, features drawn anew, in {batches} batches through one small
design of edge lists, in {simulators}. Every batch gave the reference's results
({results}), its estimated cycles ({run_cycles} of runs) and counters. {wrong} times something went wrong on purpose
before: each was reported, and the batch then ran well. The model was loaded {models} times. {seconds} s on a shared
machine.

"""
HARDWARE = {"units": 1, "lanes": 8, "code_bits": 4, "acc_bits": 16, "requant_lanes": 8, "chunks": 2, "weight_bits": 3,
            "pages": 8, "buffer_depth": 8192, "list_depth": 2048, "descriptor_depth": 2048, "column_depth": 32,
            "param_depth": 32, "levels": 0, "tables": 1, "passes": 8, "beats": 32, "result_depth": 128, "leaky": 0}
ROOM = {"nodes": 1024, "graphs": 64, "edges": 6000, "nonzeros": 1024}


def real_graphs() -> Graphs:
    """Those of both data sets."""
    from hwgen.frontend import load_data

    edges, first, nodes = [], [0], []
    for name in ("MUTAG", "PROTEINS"):
        known: Any = load_data(name)
        for graph in range(len(known.labels)):
            low, high = known.edge_start[graph:graph + 2]
            edges.append(known.edges[:, low:high] - known.node_start[graph])
            first.append(first[-1] + high - low)
            nodes.append(known.node_start[graph + 1] - known.node_start[graph])
    return Graphs(np.concatenate(edges, axis=1), np.array(first), np.array(nodes))


def build(work: Path, graphs: Graphs) -> Path:
    """The design, and what its batches need: a build folder."""
    import importlib

    models = importlib.import_module("network_models")
    network = models.gin_network(5, features=FEATURES, hidden=8, layers=1, classes=2, by="per_tensor", bits=(3, 3),
                                 weight_bits=3)
    draw = np.random.default_rng(0)
    everything = union([graphs.graph(number, draw) for number in range(len(graphs.nodes))])
    config = Config(board="ultra96", target="lists", runs="batch", hardware=HARDWARE, capacity=ROOM,
                    limits=Limits.of(everything, 1))
    target = find_target("lists")
    design = target.design(network, config)
    folder = work / "build"
    save_network(network, folder / "model")
    verilog, facts = target.emit(design.hardware)
    write_files(folder, {"design.v": verilog, "design.json": to_json(facts), "config.json": config.to_text()})
    write_files(folder / "images", design.model_files())
    write_files(folder, {MANIFEST: manifest_text(folder, {
        "hwgen": __version__, "model": network.name, "board": config.board, "target": config.target, "inputs": {},
        "capacities": dict(design.capacities), "cycles": []})})
    return folder


def main() -> int:
    """Go on until there are enough; 1 when something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "soak")
    parser.add_argument("--results", type=Path, default=EVIDENCE / "soak.jsonl")
    parser.add_argument("--page", action="store_true", help="simulate nothing")
    options = parser.parse_args()
    work = options.work.resolve()
    progress = options.results.resolve()
    sessions = ended(read_lines(progress), options.seed)
    done = sum(line["graphs"] for line in sessions)
    if options.page and not sessions:
        parser.error(f"{progress} has no lines of seed {options.seed}: simulate first, without --page")
    if options.page or done >= options.graphs:
        PAGE.write_text(page(read_lines(progress), options.seed), encoding="utf-8")
        return 0
    (work / "build").mkdir(parents=True, exist_ok=True)
    known = work / "graphs.npz"
    if not known.is_file():
        real_graphs().save(known)
    folder = build(work, Graphs.load(known))
    model = compile_model(Design.load(folder), work / "sim")
    job = {"build": str(folder), "graphs": str(known), "seed": options.seed, "progress": str(progress), "every": EVERY,
           "batch": max((line["batch"] for line in sessions), default=0), "graphs_wanted": options.graphs - done}
    try:
        simulate(model, job, work / "log", SimOptions(), test="soak_simulation")
    except sim.SimError as wrong:
        print(f"differs: {wrong}", file=sys.stderr)
        return 1
    PAGE.write_text(page(read_lines(progress), options.seed), encoding="utf-8")
    return 0


def ended(lines: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """The last line of each simulator."""
    return list({line["start"]: line for line in lines if line["seed"] == seed}.values())


def page(lines: list[dict[str, Any]], seed: int) -> str:
    """All of it; memory as it grew."""
    sessions, total = ended(lines, seed), Counter[str]()
    for line in sessions:
        total.update({name: count for name, count in line.items()
                      if name not in ("seed", "start", "batch", "resident")})
    counted = ("graphs", "batches", "results", "run_cycles", "models", "seconds")
    faults = sorted(name for name in total if name not in counted)
    longest = max(sessions, key=lambda line: int(line["graphs"]))
    mine = [line for line in lines if (line["seed"], line["start"]) == (seed, longest["start"])]
    memory = [[f"{line['graphs']:,}", f"{line['resident'] / 2**20:.0f}"] for line in mine[::len(mine) // 8 + 1]]
    simulators = "one simulator" if len(sessions) == 1 else f"{len(sessions)} simulators, one after the other"
    return HEAD.format(seed=seed, simulators=simulators, wrong=sum(total[name] for name in faults),
                       **{name: f"{total[name]:,.0f}" for name in counted}) + (
        table(["what went wrong on purpose", "times"], [[name, f"{total[name]:,}"] for name in faults])
        + "\nMemory of the longest-lived simulator:\n\n" + table(["graphs", "MiB resident"], memory))


if __name__ == "__main__":
    raise SystemExit(main())
