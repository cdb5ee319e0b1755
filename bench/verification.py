"""Verify designs on whole graphs, code by code: the table in docs/verification.md.

    python bench/verification.py [--models DIR] [--work DIR] [--only cora]

Every design is built by ``hwgen build``, simulated in Verilator without and with random back-pressure on every AXI
channel, and compared: every code of every pass, the total and every pass's cycles and every stage counter with the
estimate. Two other graphs run on some designs, whose RTL must stay as it is. ``hwgen verify`` is timed as users
call it, compilation included. Checkpoints that ``--models`` lacks are trained there.

Results lie in a file, one JSON line each, under a digest of the design, the images and the golden codes; what has
the same digest is not simulated again. The exit status is 1 when anything differs.
"""

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from process_tree import ProcessTree
from result_lines import EVIDENCE, append_line, digest_of, read_lines
from scipy.sparse import csr_array
from verification_table import document, processor

import sim
from hwgen.flow.built import load_design, read_sample
from hwgen.flow.choose_runs import Chosen
from hwgen.flow.verify import outcome
from hwgen.flow.verify import simulate as simulate_runs
from hwgen.network.batch import Batch
from hwgen.network.sample import Sample
from hwgen.network.sample_store import save_sample
from hwgen.report.files import read_report

ROOT = Path(__file__).parents[1]
#: Warnings are errors, but for PyG's own use of torch.jit.
HWGEN = [sys.executable, "-W", "error", "-W", "ignore:`torch.jit:DeprecationWarning", "-m", "hwgen"]
DATASETS = {"cora": "Cora", "citeseer": "CiteSeer", "digits": "digits"}
STALLS = 20260
WALL_LIMIT, MEMORY_LIMIT = 180.0, 3e9  # seconds and bytes of a full-Cora verification
OWN = Path("batches") / "0000"  # the sample graph
RTL = ("design.v", "design.json", "design_xcup.v")


@dataclasses.dataclass(frozen=True)
class Case:
    """One design: a model, hardware parameters (None: the search chooses), a board, whether other graphs run on it."""

    model: str
    groups: int | None
    digit: int | None
    options: tuple[str, ...] = ()
    others: bool = False
    timed: bool = False

    @property
    def arguments(self) -> list[str]:
        """What ``hwgen build`` is told."""
        board = [] if "--board" in self.options else ["--board", "ultra96"]
        given = {"--groups": self.groups, "--digit": self.digit}
        return [*(word for flag, value in given.items() if value for word in (flag, str(value))), *board, *self.options]

    @property
    def name(self) -> str:
        """Of the build folder."""
        given = [f"g{self.groups}", f"d{self.digit}"] if self.groups else ["chosen"]
        return "-".join([self.model, *given, *(o.strip("-") for o in self.options)])


CASES = (
    *(Case("cora", groups, digit, others=groups == digit, timed=groups == digit)
      for groups in (4, 1) for digit in (4, 2, 1)),
    Case("cora", 4, 4, ("--planes", "2")),
    Case("cora", 4, 4, ("--servers", "8")),
    *(Case("citeseer", groups, 4, others=groups == 2) for groups in (4, 3, 2, 1)),
    *(Case("citeseer", 2, digit) for digit in (2, 1)),
    *(Case("cora", None, None, ("--board", board)) for board in ("zcu102", "alveo-u50")),
    Case("citeseer", 4, 4, ("--board", "zcu104")),
    *(Case("digits", 1, digit, others=digit == 1) for digit in (4, 2, 1)),
)


def checkpoint(folder: Path, model: str) -> Path:
    """A checkpoint, trained if it is not there."""
    path = folder / f"{model}.pt"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([*HWGEN, "train", "--data", DATASETS[model], "--seeds", "1", "-o", str(path)], check=True)
    return path


def other_graphs(sample: Sample) -> dict[str, tuple[str, Sample]]:
    """Two graphs that differ from the sample: name -> what it is, graph."""
    random, batch = np.random.default_rng(1), sample.batch
    n, edges = batch.num_nodes, batch.edges.shape[1]
    kept = np.sort(random.permutation(edges)[edges // 10:])
    fewer = dataclasses.replace(sample, batch=dataclasses.replace(batch, edges=batch.edges[:, kept]))
    part = random.permutation(n)[:min(1500, 2 * n // 3)]
    return {"rewired": ("10 % of edges removed, nodes permuted", induced(fewer, random.permutation(n))),
            "part": (f"{part.size:,} random nodes", induced(sample, part))}


def induced(sample: Sample, nodes: np.ndarray) -> Sample:
    """The graph of some nodes in their order; each takes the bit width and step of the node it was."""
    batch = sample.batch
    index = np.full(batch.num_nodes, -1)
    index[nodes] = np.arange(nodes.size)
    ends = index[batch.edges]
    return dataclasses.replace(
        sample, logits=None, fp32=None, integer=None,
        labels=None if sample.labels is None else sample.labels[nodes],
        mask=None if sample.mask is None else sample.mask[nodes],
        batch=Batch(features=csr_array(batch.features[nodes]), edges=ends[:, (ends >= 0).all(axis=0)],
                    graph=np.zeros(nodes.size, dtype=np.int64), graphs=1, node=batch.node[nodes]))


def digest(build: Path, batch: Path) -> str:
    """Of everything that a simulation's outcome rests on, except the simulation's own code."""
    return digest_of((path.name, path) for path in [build / "design.v", build / "design.json",
                                                    *sorted(batch.iterdir())])


def simulate(build: Path, batch: Path, stalls: int | None, estimate: dict[str, Any]) -> dict[str, Any]:
    """Cosimulate one graph and compare it with the reference and with the estimate."""
    with ProcessTree() as tree:
        done = simulate_runs(build, [batch], sim.SimOptions(stalls=stalls))
    result, sample = done.batches[batch.name], read_sample(build, sample_file(build, batch))
    counters = {name: result.counters[name.upper()] for name in estimate["counters"]}
    chosen = Chosen(folders=[batch], of=1, sample=sample, what="the graph", own=False)
    figures = outcome(build, chosen, done).figures_on(chosen.data)
    facts: dict[str, Any] = {
        "exact": result.ok, "mismatch": str(result.mismatch) if result.mismatch else None,
        "codes": result.codes_compared, "cycles": result.cycles,
        "estimate_minus_counter": estimate["total"] - result.cycles,
        "passes_equal": [step["cycles"] for step in estimate["passes"]] == list(result.pass_cycles),
        "counters_equal": counters == estimate["counters"], "counters": counters,
        "load_cycles": result.load_cycles, "store_cycles": result.store_cycles,
        "compile_s": round(done.compile_s, 1), "simulate_s": round(done.simulate_s, 1),
        "peak_mib": round(tree.peak_bytes / 2**20),
        "agreement": figures.same("hardware"), "accuracy_torch": figures.accuracy("quantized"),
        "accuracy": figures.accuracy("hardware"),
    }
    return facts


def sample_file(build: Path, batch: Path) -> Path:
    """What is known of the graph of a batch, of the build's own or of a run."""
    return (build / "model" if batch.parent == build / "batches" else batch.parent) / "sample.npz"


def is_good(line: dict[str, Any]) -> bool:
    """Whether a line shows what it is to show; a design that a board cannot hold shows nothing."""
    if "refused" in line:
        return True
    if "wall_s" in line:
        return bool(line["exact"]) and (line["model"] != "cora" or (
            line["wall_s"] <= WALL_LIMIT and line["peak_mib"] * 2**20 <= MEMORY_LIMIT))
    return bool(line["exact"] and line["estimate_minus_counter"] == 0 and line["passes_equal"]
                and line["counters_equal"] and line["codes"] and line.get("rtl_untouched", True)
                and (line["agreement"] is None or line["agreement"] >= 0.999))


class Bench:
    """Runs cases; keeps what is known."""

    def __init__(self, models: Path, work: Path, results: Path) -> None:
        self.models, self.work, self.results = models, work, results
        self.known = {(line["digest"], line["options"]): line for line in read_lines(results) if is_good(line)}

    def run(self, case: Case) -> Iterator[dict[str, Any]]:
        """Every line of one design."""
        build = self.work / case.name
        facts = {"model": case.model, "groups": case.groups, "digit": case.digit, "options": " ".join(case.options)}
        command = [*HWGEN, "build", str(checkpoint(self.models, case.model)), "-o", str(build), "-q", "--no-verify"]
        done = subprocess.run([*command, *case.arguments], capture_output=True, text=True, check=False)
        if done.returncode == 2 and "the design needs" in done.stderr:
            yield facts | {"refused": done.stderr.split("error: ")[1].splitlines()[0]}
            return
        if done.returncode:
            raise SystemExit(f"{case.name}: hwgen build failed\n{done.stderr}")
        hardware = load_design(build).hardware.to_dict()
        facts |= {name: hardware[name] for name in ("groups", "digit")}
        estimate = read_report(build).to_dict()["cycles"]
        for stalls in (None, STALLS):
            yield self._line(build, build / OWN, facts | {"graph": "whole", "stalls": stalls}, estimate)
        if case.timed:
            yield self._timed(build, facts)
        if case.others:
            yield from self._others(build, facts)
        shutil.rmtree(build / "sim", ignore_errors=True)

    def _line(self, build: Path, batch: Path, facts: dict[str, Any], estimate: dict[str, Any],
              before: list[tuple[int, bytes]] | None = None) -> dict[str, Any]:
        key = f"{digest(build, batch)}-{facts['stalls']}"
        if (key, facts["options"]) not in self.known:
            same = next((line for (name, _), line in self.known.items() if name == key), None)  # of another board
            line = same | facts if same else facts | simulate(build, batch, facts["stalls"], estimate)
            if before is not None:
                line["rtl_untouched"] = _state(build) == before
            self._keep(line | {"digest": key})
        return self.known[key, facts["options"]]

    def _timed(self, build: Path, facts: dict[str, Any]) -> dict[str, Any]:
        """``hwgen verify`` as users call it, on a design that is not compiled yet."""
        key = f"{digest(build, build / OWN)}-timed"
        if (key, facts["options"]) not in self.known:
            shutil.rmtree(build / "sim", ignore_errors=True)
            with tempfile.TemporaryDirectory() as cache, ProcessTree() as tree:
                done = subprocess.run([*HWGEN, "verify", str(build), "--json", "-q"], capture_output=True, text=True,
                                      check=False, env={**os.environ, "HWGEN_CACHE": cache})
            whole = done.returncode == 0 and json.loads(done.stdout)["verification"]["what"] == "the sample: 1 graph"
            self._keep(facts | {"exact": whole, "wall_s": round(tree.wall_s, 1), "cpu_s": round(tree.cpu_s, 1),
                                "peak_mib": round(tree.peak_bytes / 2**20), "digest": key})
        return self.known[key, facts["options"]]

    def _others(self, build: Path, facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Other graphs on the design as it is."""
        before = _state(build)
        for name, (what, other) in other_graphs(read_sample(build)).items():
            path = build / "runs" / f"{name}.npz"
            save_sample(other, path)
            subprocess.run([*HWGEN, "pack", str(build), str(path), "-q"], check=True)
            (run,) = load_design(build).session(other.batch).next_runs()
            estimate = run.cycles
            for stalls in (None, STALLS):
                where = facts | {"graph": what, "stalls": stalls}
                yield self._line(build, path.with_suffix("") / OWN.name, where, estimate, before)

    def _keep(self, line: dict[str, Any]) -> None:
        self.known[line["digest"], line["options"]] = line = line | {"processor": processor()}
        append_line(self.results, line)


def kept(case: Case, lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The latest line of each run of a design."""
    of = {"model": case.model, "options": " ".join(case.options),
          **({"groups": case.groups, "digit": case.digit} if case.groups else {})}
    return list({(line.get("graph"), line.get("stalls"), "wall_s" in line): line
                 for line in lines if of.items() <= line.items()}.values())


def _state(build: Path) -> list[tuple[int, bytes]]:
    """Time stamps and contents of the RTL."""
    return [((build / name).stat().st_mtime_ns, (build / name).read_bytes()) for name in RTL]


def main() -> int:
    """Run all cases, print a line each, write the table; 1 when something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=ROOT / "build" / "models", help="folder of the checkpoints")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "verification", help="for build folders")
    parser.add_argument("--only", choices=sorted(DATASETS), help="one model; the table is not written")
    parser.add_argument("--results", type=Path, default=EVIDENCE / "verification.jsonl")
    parser.add_argument("--table", type=Path, default=ROOT / "docs" / "verification.md")
    parser.add_argument("--page", action="store_true", help="run nothing: write the table of the latest lines")
    options = parser.parse_args()
    if options.page:
        known = read_lines(options.results)
        lines = [line for case in CASES for line in kept(case, known)]
        options.table.write_text(document(lines), encoding="utf-8")
        return int(not all(map(is_good, lines)))
    bench, lines = Bench(options.models, options.work, options.results), []
    for case in CASES:
        if options.only in (None, case.model):
            for line in bench.run(case):
                lines.append(line)
                print("ok  " if is_good(line) else "BAD ", json.dumps(line), flush=True)
    if options.only is None:
        options.table.write_text(document(lines), encoding="utf-8")
    return int(not all(map(is_good, lines)))


if __name__ == "__main__":
    raise SystemExit(main())
