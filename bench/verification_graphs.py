"""Verify designs for sets of graphs on graphs that training never saw: docs/verification_graphs.md.

    python bench/accuracy.py --data MUTAG --runs 1 --keep models
    python bench/node_models.py --seeds 1 --keep models
    hwgen train --model gin --data PROTEINS --hidden 64 -o models/PROTEINS-64.pt
    python bench/verification_graphs.py --models models [--only MUTAG-0]

``--models`` holds the networks that the first three commands keep. Each design is built for the Ultra96 by ``hwgen
build``: Yosys counts what it takes, and it has to fit. Then every graph of fold 0's test set runs in Verilator, in
batches of 1 and of up to 8 graphs (of REDDIT-BINARY: 60 graphs, from the smallest to the largest); a model of nodes
runs its whole graph. Every code of every pass, every result, the total and every pass's cycles and every stage counter
are compared with the integer reference and the estimate.

Results lie in a file, one JSON line for each model, under a digest of the network, the graphs and the RTL; what has the
same digest is not simulated again. The exit status is 1 when anything differs.
"""

import argparse
import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from process_tree import ProcessTree
from result_lines import EVIDENCE, digest_of, read_lines, write_lines
from verification_graphs_page import document
from verification_table import processor

import sim
from hwgen.flow.built import read_sample
from hwgen.flow.choose_runs import Chosen
from hwgen.flow.pack import pack
from hwgen.flow.verify import outcome
from hwgen.flow.verify import simulate as simulate_runs
from hwgen.frontend import load_data
from hwgen.frontend.checkpoint import load, save_network
from hwgen.frontend.data.graph_set import GraphSet, folds
from hwgen.network.execute import run_network
from hwgen.network.network import Network
from hwgen.network.sample import Limits, Sample, single
from hwgen.network.sample_store import load_sample
from hwgen.network.store import load_network
from hwgen.report.files import read_report

ROOT = Path(__file__).parents[1]
#: Warnings are errors, but for PyG's own use of torch.jit.
HWGEN = [sys.executable, "-W", "error", "-W", "ignore:`torch.jit:DeprecationWarning", "-m", "hwgen"]
BATCH = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """A trained network and the graphs it is shown on.

    Parameters
    ----------
    folder : str
        Of the network, below ``--models``; or a checkpoint there.
    dataset : str
    nodes : bool
        One graph whose nodes are classified; it lies beside the network.
    most : int or None
        Graphs of the test set, chosen by size; None: all.
    options : tuple of str
        Of ``hwgen build``, beside the number of graphs.
    """

    folder: str
    dataset: str
    nodes: bool = False
    most: int | None = None
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """In the results."""
        return " ".join((self.folder, *self.options))

    def network(self, models: Path) -> Network:
        """The trained network."""
        path = models / f"{self.folder}.pt"
        return load(path)[0] if path.exists() else load_network(models / self.folder)


CASES = (Case(folder="MUTAG-0", dataset="MUTAG"), Case(folder="PROTEINS-0", dataset="PROTEINS"),
         Case(folder="IMDB-BINARY-0", dataset="IMDB-BINARY"),
         Case(folder="PROTEINS-64", dataset="PROTEINS"),
         Case(folder="PROTEINS-64", dataset="PROTEINS", options=("--units", "2", "--lanes", "32", "--requant-lanes",
                                                                 "16")),
         Case(folder="REDDIT-BINARY-0", dataset="REDDIT-BINARY", most=60),
         Case(folder="sage-Cora-0", dataset="Cora", nodes=True),
         Case(folder="residual-CiteSeer-0", dataset="CiteSeer", nodes=True))


def held_out(graphs: GraphSet, most: int | None) -> np.ndarray:
    """Test graphs of fold 0, in the data set's order: all, or some from the smallest to the largest."""
    test = folds(graphs.labels)[0].test
    if most is None or most >= len(test):
        return test
    by_size = test[np.argsort(np.diff(graphs.node_start)[test], kind="stable")]
    return np.sort(by_size[np.linspace(0, len(test) - 1, most).round().astype(int)])


def sample_of(case: Case, network: Network, folder: Path, root: Path | None) -> Sample:
    """Graphs, labels, and the logits of the model in real numbers; limits of the whole data set."""
    if case.nodes:
        data = load_data(case.dataset, root)
        batch = load_sample(folder / "graph.npz", network).batch
        labels, mask = data.y.numpy(), data.test_mask.numpy()
        limits = Limits.of(batch, network.input_bits)
    else:
        graphs = load_data(case.dataset, root)
        chosen = held_out(graphs, case.most)
        batch, labels, mask = graphs.union(chosen), graphs.labels[chosen], None
        limits = Limits.of(graphs.union(np.arange(len(graphs))), network.input_bits)
    logits = run_network(network, batch)[network.values[-1].name].real
    return Sample(batch=batch, labels=labels, mask=mask, logits=logits, limits=limits)


def digest(checkpoint: Path, build: Path) -> str:
    """Of everything that the outcome rests on, except the simulation's own code."""
    batches = [path for folder in sim.batch_folders(build / "batches") for path in sorted(folder.iterdir())]
    return digest_of((path.name, path)
                     for path in [checkpoint, build / "design.v", build / "images" / "model.bin", *batches])


def simulate(build: Path, batches: Sequence[Path], sample: Sample) -> dict[str, Any]:
    """Cosimulate batches; what was compared, cycles, and agreement."""
    with ProcessTree() as tree:
        result = simulate_runs(build, batches)
    chosen = Chosen(folders=list(batches), of=len(batches), sample=sample, what="the sample", own=False)
    report = outcome(build, chosen, result)
    found, figures = report.verification, report.figures_on(chosen.data)
    assert found is not None
    layouts = {folder.name: json.loads((folder / "layout.json").read_text()) for folder in batches}
    equal = all(list(each.pass_cycles) == layouts[name]["pass_cycles"]
                and all(each.counters[key] == value for key, value in layouts[name]["counters"].items())
                for name, each in result.batches.items())
    cycles = [each.cycles for each in result.batches.values()]
    return {
        "exact": result.ok and len(result.batches) == len(batches), "mismatch": str(result.mismatch or "") or None,
        "batches": len(batches), "graphs": sum(int(each["graphs"]) for each in layouts.values()),
        "largest": max(int(each["graphs"]) for each in layouts.values()), "codes": found.codes_compared,
        "cycles": sum(cycles), "longest": max(cycles),
        "estimate_minus_counter": found.estimated_cycles - found.cycles, "counters_equal": equal,
        "load_beats": sum(int(each["load_beats"]) for each in layouts.values()),
        "agreement": figures.same("hardware"), "accuracy": figures.accuracy("hardware"),
        "compile_s": round(result.compile_s, 1), "simulate_s": round(result.simulate_s, 1),
        "peak_mib": round(tree.peak_bytes / 2**20),
    }


def is_good(line: dict[str, Any]) -> bool:
    """Whether a line shows what it is to show."""
    return max(line["shares"].values()) <= 1 and all(
        run["exact"] and run["estimate_minus_counter"] == 0 and run["counters_equal"] and run["codes"]
        and run["agreement"] is not None
        for run in line["runs"].values())


class Bench:
    """Runs cases; keeps what is known."""

    def __init__(self, models: Path, work: Path, root: Path | None, results: Path) -> None:
        self.models, self.work, self.root, self.results = models, work, root, results
        self.known = {line["model"]: line for line in read_lines(results)}

    def run(self, case: Case) -> dict[str, Any]:
        """Build one model, and simulate unless that is known."""
        self.work.mkdir(parents=True, exist_ok=True)
        network = case.network(self.models)
        sample = sample_of(case, network, self.models / case.folder, self.root)
        checkpoint, build = self.work / f"{case.name}.pt", self.work / case.name
        save_network(network, sample, checkpoint)
        done = subprocess.run(
            [*HWGEN, "build", str(checkpoint), "-o", str(build), "--board", "ultra96", "--no-verify", "-q", "--target",
             "lists", "--graphs", str(1 if case.nodes else BATCH), *case.options], capture_output=True, text=True,
            check=False)
        if done.returncode:
            raise SystemExit(f"{case.name}: hwgen build failed\n{done.stderr}")
        key = digest(checkpoint, build)
        if self.known.get(case.name, {}).get("digest") != key:
            line = {"model": case.name, "dataset": case.dataset, "nodes": case.nodes, "digest": key,
                    "processor": processor(), **self._design(build), "runs": self._runs(case, build)}
            self.known[case.name] = line
            order = [each.name for each in CASES]
            lines = sorted(self.known.values(), key=lambda each: order.index(each["model"]))
            write_lines(self.results, lines)
        return self.known[case.name]

    def _design(self, build: Path) -> dict[str, Any]:
        report = read_report(build)
        shares = {name: each.share for name, each in report.resources.utilisation.items()}
        return {"hardware": report.hardware, "capacities": report.capacities, "resources": report.resources.total,
                "shares": shares, "clock_mhz": report.performance.clock_mhz, "by_bits": report.cycles.by_bits}

    def _runs(self, case: Case, build: Path) -> dict[str, Any]:
        sample = read_sample(build)  # with the integer program's results
        runs = {str(1 if case.nodes else BATCH): simulate(build, sim.batch_folders(build / "batches"), sample)}
        if not case.nodes:
            ones = pack(build, single(sample.batch), "ones", size=1)
            runs["1"] = simulate(build, ones, sample)
        shutil.rmtree(build / "sim", ignore_errors=True)
        return runs


def main() -> int:
    """Run all cases, print a line each, write the page; 1 when something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=ROOT / "build" / "models", help="folder of the networks")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "verification-graphs", help="for build folders")
    parser.add_argument("--data-root", type=Path, help="folder of the data sets")
    parser.add_argument("--only", choices=[case.name for case in CASES], action="append", help="default: all")
    parser.add_argument("--results", type=Path, default=EVIDENCE / "verification_graphs.jsonl")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "verification_graphs.md")
    options = parser.parse_args()
    bench = Bench(options.models, options.work, options.data_root, options.results)
    for case in CASES:
        if options.only is None or case.name in options.only:
            line = bench.run(case)
            print("ok  " if is_good(line) else "BAD ", json.dumps(line), flush=True)
    lines = list(bench.known.values())
    options.page.write_text(document(lines), encoding="utf-8")
    return int(not all(map(is_good, lines)))


if __name__ == "__main__":
    raise SystemExit(main())
