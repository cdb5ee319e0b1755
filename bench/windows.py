"""Graphs larger than the chip, window by window: the tables in docs/windows.md.

    python bench/windows.py                    # both graphs
    python bench/windows.py pubmed --no-cosim

Power-law graphs with a two-layer GCN of 16 channels whose weights and bit widths are random: what is shown is that the
integers are right, what packing takes, and the cycles, not an accuracy. Packing is timed and its memory measured in a
process of its own. Cosimulation takes the window with the most list entries and the last window of every pass.
"""

import argparse
import json
import multiprocessing
import resource
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee
from verification_table import table

import sim.stream
from hwgen.emit.stream import emit
from hwgen.emit.write import to_json
from hwgen.estimate.stream import StreamEstimate, estimate
from hwgen.ir.network import Network, Quantizer, Term, Value, Weight
from hwgen.ir.stream import Batch
from hwgen.ir.stream_hardware import StreamHardware
from hwgen.lower.stream import lower
from hwgen.lower.stream.golden import image_files
from hwgen.lower.stream.windows import Window, WindowedRun, WindowPlan, plan_windows, window_hardware
from hwgen.reference.stream.execute import PassTrace, Trace, run
from hwgen.reference.stream.network import Lists, real_value, store

ROOT = Path(__file__).parents[1]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Memories that windows share out, of the design for both graphs.
DESIGN = StreamHardware(units=4, lanes=16, requant_lanes=4, buffer_depth=12288, list_depth=2048, descriptor_depth=512,
                        result_depth=1024, param_depth=2040)
SECONDS, BYTES = 60, 2 << 30  #: Targets of packing.
MEGAHERTZ = 250  #: An assumption, as boards/ultra96.toml has it.


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A synthetic graph and how its rows are quantized."""

    title: str
    nodes: int
    edges: int
    features: int
    input_bits: int
    density: float
    classes: int
    by: str


SUBJECTS = {
    "pubmed": Subject(title="PubMed's size", nodes=19_717, edges=88_648, features=500, input_bits=8, density=0.1,
                      classes=3, by="node"),
    "large": Subject(title="100,000 nodes", nodes=100_000, edges=1_000_000, features=128, input_bits=1, density=0.1,
                     classes=16, by="degree"),
}


def power_law(rng: np.random.Generator, nodes: int, edges: int) -> Ints:
    """Directed edges in both directions, each pair once, end points drawn with weights of rank^-1/2: int64 [2, e]."""
    weight = np.arange(1, nodes + 1) ** -0.5
    bounds, name = np.cumsum(weight / weight.sum()), rng.permutation(nodes)
    found = np.zeros(0, dtype=np.int64)
    while len(found) < edges // 2:
        ends = name[np.minimum(np.searchsorted(bounds, rng.random((2, edges // 2))), nodes - 1)]
        low, high = ends.min(axis=0), ends.max(axis=0)
        found = np.unique(np.r_[found, (low * nodes + high)[low < high]])
    pairs = rng.permutation(found)[: edges // 2]
    low, high = pairs // nodes, pairs % nodes
    return np.stack([np.r_[low, high], np.r_[high, low]])


def graph(subject: Subject, rng: np.random.Generator) -> Batch:
    """One graph with random features."""
    count = rng.binomial(subject.features, subject.density, subject.nodes)
    columns = [rng.choice(subject.features, each, replace=False) for each in count]
    codes = rng.integers(1, 1 << subject.input_bits, int(count.sum()))
    features = csr_array((codes, np.concatenate(columns), np.r_[0, np.cumsum(count)]),
                         shape=(subject.nodes, subject.features))
    features.sort_indices()
    return Batch(features=features, edges=power_law(rng, subject.nodes, subject.edges),
                 graph=np.zeros(subject.nodes, dtype=np.int64), graphs=1,
                 node=np.arange(subject.nodes, dtype=np.int64) * (subject.by == "node"))


def network(subject: Subject, batch: Batch, rng: np.random.Generator, hidden: int = 16) -> Network:
    """The GCN; steps are such that codes use their range on this graph."""
    lists, stored = Lists(batch), dict[str, Floats]()
    made = Network(name="gcn", features=subject.features, input_bits=subject.input_bits,
                   input_scale=1.0 / (1 << subject.input_bits), values=(),
                   trained_nodes=subject.nodes if subject.by == "node" else 0)
    rsqrt: dict[str, Any] = {"factor": "rsqrt", "of": "looped"}

    def weight(fan_in: int, fan_out: int) -> Weight:
        codes = np.clip(np.rint(rng.normal(0.0, 3.0, (fan_in, fan_out))), -7, 7).astype(np.int64)
        return Weight(codes=codes, bits=4, step=rng.uniform(0.5, 1.5, fan_out) / (7 * fan_in**0.5))

    def add(value: Value, quantize: Callable[[Floats], Quantizer] | None) -> None:
        nonlocal made
        real = real_value(made, value, lists, stored)
        value = replace(value, quantizer=None if quantize is None else quantize(real))
        made = replace(made, values=(*made.values, value))
        stored[value.name] = store(real, value.quantizer, lists).stored

    def message(real: Floats) -> Quantizer:
        return Quantizer(signed=True, by="column", step=np.abs(real).max(axis=0) / 7, bits=np.array([4]))

    def row(real: Floats) -> Quantizer:
        entries = subject.nodes if subject.by == "node" else 65
        index = batch.node if subject.by == "node" else np.minimum(lists.lengths("looped"), entries - 1)
        bits = np.minimum(rng.geometric(0.45, entries), 4)
        peak = np.full(entries, 0.02 * real.max())
        np.maximum.at(peak, index, real.max(axis=1))
        return Quantizer(signed=False, by=subject.by, step=peak / ((1 << bits) - 1), bits=bits,  # type: ignore[arg-type]
                         via="looped")

    first = Term(via="features", weight=weight(subject.features, hidden))
    add(Value(name="message0", path="conv1.lin", width=hidden, domain="nodes", terms=(first,), **rsqrt), message)
    gather = Term(source="message0", via="looped", **rsqrt)
    add(Value(name="row", path="conv1", width=hidden, domain="nodes", terms=(gather,), slope=0.0,
              bias=rng.normal(0.0, 0.05, hidden)), row)
    second = Term(source="row", weight=weight(hidden, subject.classes))
    add(Value(name="message1", path="conv2.lin", width=subject.classes, domain="nodes", terms=(second,), **rsqrt),
        message)
    gather = Term(source="message1", via="looped", **rsqrt)
    add(Value(name="result", path="conv2", width=subject.classes, domain="nodes", terms=(gather,),
              bias=rng.normal(0.0, 0.05, subject.classes)), None)
    return made


def orders(batch: Batch) -> dict[str, Callable[[], Ints | None]]:
    """Ways to cut nodes into windows."""
    n = batch.num_nodes

    def matrix() -> csr_array:
        return csr_array((np.ones(batch.edges.shape[1], dtype=np.int8), (batch.edges[1], batch.edges[0])), shape=(n, n))

    return {
        "as numbered (random)": lambda: None,
        "by degree": lambda: np.argsort(-np.bincount(batch.edges[1], minlength=n), kind="stable"),
        "reverse Cuthill-McKee": lambda: reverse_cuthill_mckee(matrix(), symmetric_mode=True).astype(np.int64),
    }


def windows(plan: WindowPlan, batch: Batch, trace: Trace, order: Ints | None,
            clock: list[float] | None = None) -> Iterator[Window]:
    """All windows, fed with the reference's rows; ``clock[0]`` grows by the seconds that packing takes."""
    seconds = time.perf_counter()
    running = WindowedRun(plan, batch, order=order)
    while (window := running.next_window()) is not None:
        loaded = window.stream
        if clock is not None:
            clock[0] += time.perf_counter() - seconds
        yield window
        stored = as_stored(window, trace.passes[window.index].written[window.rows])
        seconds = time.perf_counter()
        running.feed(window, stored)
        del loaded
    assert np.array_equal(running.results, trace.results)


def as_stored(window: Window, codes: Ints) -> bytes:
    """Rows as the store unit writes them."""
    units, words = window.layout.hardware.units, window.layout.result_words
    dealt = np.zeros((-(-len(codes) // units) * units, words * 8), dtype="<i2")
    dealt[: len(codes), window.layout.result] = codes
    return dealt.reshape(-1, units, words * 8).transpose(1, 0, 2).tobytes()


def packing(plan: WindowPlan, batch: Batch, trace: Trace, order: Ints | None) -> dict[str, float]:
    """Seconds and peak bytes of packing every window, measured in a process of its own."""
    def measure(pipe: Any) -> None:
        clock = [0.0]
        beats = [len(window.image.beats) for window in windows(plan, batch, trace, order, clock)]
        pipe.send({"seconds": clock[0], "windows": len(beats), "load": sum(beats),
                   "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024})

    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=measure, args=(there,))
    child.start()
    there.close()
    found: dict[str, float] = here.recv()
    child.join()
    return found


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured of one graph.

    Parameters
    ----------
    title, graph : str
    reference : float
        Seconds.
    packing : dict of order to dict
    order : str
        The one that loads least.
    windows : list of dict
        In that order: pass, rows, list entries, beats loaded and stored, cycles run.
    cosim : list of dict
        Windows that ran in Verilator: estimated and measured.
    """

    title: str
    graph: str
    reference: float
    packing: dict[str, dict[str, float]]
    order: str
    windows: list[dict[str, Any]]
    passes: list[str]
    cosim: list[dict[str, Any]]
    wrong: str


def counted(plan: WindowPlan, window: Window, trace: Trace) -> StreamEstimate:
    """Cycles of one window."""
    return estimate(window.layout, window.image, [trace.passes[window.index].bits])


def all_windows(plan: WindowPlan, batch: Batch, trace: Trace, order: Ints | None) -> list[dict[str, Any]]:
    """Figures of every window."""
    return [{
        "pass": window.index, "rows": len(window.rows), "load": len(window.image.beats),
        "entries": int(sum(each.count.sum() for each in window.image.lists.values())),
        "store": plan.hardware.units * window.result_words, "run": counted(plan, window, trace).total,
    } for window in windows(plan, batch, trace, order)]


def cosimulated(plan: WindowPlan, batch: Batch, trace: Trace, order: Ints | None, figures: list[dict[str, Any]],
                work: Path) -> tuple[list[dict[str, Any]], str]:
    """The window with the most list entries and the last one of every pass, in Verilator."""
    wanted = set()
    for index in range(len(plan.passes)):
        numbers = [number for number, each in enumerate(figures) if each["pass"] == index]
        wanted |= {max(numbers, key=lambda number: figures[number]["entries"]), numbers[-1]}
    shutil.rmtree(work, ignore_errors=True)
    folders = []
    for number, window in enumerate(windows(plan, batch, trace, order)):
        if number in wanted:
            cycles = counted(plan, window, trace)
            folder = work / f"window-{number:04d}"
            folder.mkdir(parents=True)
            for name, content in window_files(window, trace.passes[window.index], cycles).items():
                (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
            folders.append(folder)
    verilog, design = emit(plan.hardware)
    (work / "images").mkdir()
    (work / "design.v").write_text(verilog)
    (work / "design.json").write_text(to_json(design))
    (work / "images" / "model.bin").write_bytes(plan.model_stream())
    (work / "images" / "layout.json").write_text(json.dumps({"passes": []}))
    result = sim.stream.run(work, folders, work=work.parent / "compiled")
    rows = [{**figures[int(name.rsplit("-")[-1])], "number": int(name.rsplit("-")[-1]), "cycles": each.cycles,
             "load_cycles": each.load_cycles, "store_cycles": each.store_cycles}
            for name, each in result.batches.items()]
    return rows, "" if result.ok else str(result)


def window_files(window: Window, done: PassTrace, cycles: StreamEstimate) -> Mapping[str, bytes | str]:
    """A window as a batch folder of its own."""
    facts = {"cycles": cycles.total, "pass_cycles": [each.cycles for each in cycles.passes],
             "counters": {name.upper(): value for name, value in cycles.counters().items()},
             "passes": [{"name": done.name, "to_result": 1, "domain": "nodes"}]}
    return image_files(window.layout, window.image, Trace(passes=(done,)), facts)


def measure(subject: Subject, cosim: bool, work: Path) -> Found:
    """Everything about one graph."""
    rng = np.random.default_rng(5)
    batch = graph(subject, rng)
    model = network(subject, batch, rng)
    degree = int(np.bincount(batch.edges[1]).max()) + 1
    program = lower(model, max_degree=degree, max_members=1,
                    max_features=int(np.diff(batch.features.indptr).max()))
    plan = plan_windows(program, window_hardware(program, DESIGN))
    begin = time.perf_counter()
    trace = run(program, batch)
    reference = time.perf_counter() - begin
    packed, ordered = {}, {}
    for name, order in orders(batch).items():
        begin = time.perf_counter()
        ordered[name] = order()
        packed[name] = {"order_seconds": time.perf_counter() - begin} | packing(plan, batch, trace, ordered[name])
        print(subject.title, name, packed[name], flush=True)
    best = min(packed, key=lambda name: packed[name]["load"])
    figures = all_windows(plan, batch, trace, ordered[best])
    print(subject.title, sum(each["run"] for each in figures), "cycles of running", flush=True)
    rows, wrong = cosimulated(plan, batch, trace, ordered[best], figures, work) if cosim else ([], "")
    return Found(
        title=subject.title, reference=reference, packing=packed, order=best, windows=figures,
        passes=[step.name for step in program.passes], cosim=rows, wrong=wrong,
        graph=f"{subject.nodes:,} nodes, {batch.edges.shape[1]:,} directed edges, {degree - 1} neighbours at most; "
              f"{subject.features} features of {subject.input_bits} bits, {batch.features.nnz:,} not 0; rows quantized "
              f"by {subject.by}, 1 to 4 bits, messages 4")


HEAD = """# Graphs larger than the chip

Made by `{command}`.

Windows of destination rows, one load, run and store each, on one design: {design}.
{resources}

Graphs are synthetic: power law (end points drawn with weights of rank^-1/2), nodes numbered at random. The model is a
GCN of two layers and 16 channels with random weights and widths. All windows are packed from the reference's rows;
cosimulated ones (Verilator, AXI memory at full rate) compare every result, CYCLES and every counter with the reference
and the estimate, which is exact. Loading and storing are estimated with one beat a cycle and the overheads measured
here; on a board, memory adds its own.
"""


def section(found: Found) -> str:
    """One graph's part of the page."""
    text = f"\n## {found.title}\n\n{found.graph}. Reference: {found.reference:.1f} s.\n\n"
    text += table(["order of nodes", "windows", "beats loaded", "packing", "peak memory", "finding the order"], [[
        name, f"{each['windows']:,.0f}", f"{each['load']:,.0f}", f"{each['seconds']:.1f} s",
        f"{each['bytes'] / 2**20:,.0f} MiB", f"{each['order_seconds']:.2f} s"] for name, each in found.packing.items()])
    text += f"\nFrom here on {found.order}. Cycles of the whole:\n\n"
    rows, sums = [], np.zeros(6, dtype=np.int64)
    for index, name in enumerate(found.passes):
        mine = [each for each in found.windows if each["pass"] == index]
        figures = [len(mine), *(sum(each[what] for each in mine)
                                for what in ("rows", "entries", "load", "run", "store"))]
        sums += figures
        rows.append([name, *(f"{each:,}" for each in figures)])
    rows.append(["all", *(f"{each:,}" for each in sums.tolist())])
    text += table(["pass", "windows", "rows", "list entries", "beats loaded", "cycles of running", "words stored"],
                  rows)
    load, store = overheads(found)
    total = int(sums[3] + sums[4] + sums[5]) + int(sums[0]) * (load + store)
    text += (f"\n{total:,} cycles with {load} and {store} cycles around each load and store: "
             f"{total / MEGAHERTZ / 1000:.1f} ms at an assumed {MEGAHERTZ} MHz.\n")
    if found.cosim:
        text += "\nCosimulated:\n\n" + table(
            ["window", "pass", "rows", "list entries", "CYCLES", "estimate", "beats", "LOAD_CYCLES", "words",
             "STORE_CYCLES"], [[str(each["number"]), str(each["pass"]), *(f"{each[what]:,}" for what in (
                 "rows", "entries", "cycles", "run", "load", "load_cycles", "store", "store_cycles"))]
                for each in found.cosim])
        text += f"\nDifferent: {found.wrong}\n" if found.wrong else "\nResults, cycles and counters are as expected.\n"
    return text


def overheads(found: Found) -> tuple[int, int]:
    """Most cycles that a load and a store took beyond one for each beat."""
    return (max((each["load_cycles"] - each["load"] for each in found.cosim), default=0),
            max((each["store_cycles"] - each["store"] for each in found.cosim), default=0))


def main() -> int:
    """Measure, write the page; 1 when a target is missed or something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graphs", nargs="*", metavar="graph", help=f"of {', '.join(SUBJECTS)}; all if none is named")
    parser.add_argument("--no-cosim", action="store_true")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "windows")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "windows.md")
    options = parser.parse_args()
    chosen = options.graphs or list(SUBJECTS)
    if not set(chosen) <= set(SUBJECTS):
        parser.error(f"graphs are {', '.join(SUBJECTS)}")
    options.work.mkdir(parents=True, exist_ok=True)
    found = [measure(SUBJECTS[name], not options.no_cosim, options.work / name) for name in chosen]
    facts = ", ".join(f"{name} {value}" for name, value in DESIGN.to_dict().items() if name in (
        "units", "lanes", "requant_lanes", "buffer_depth", "list_depth", "descriptor_depth", "result_depth"))
    text = HEAD.format(command=" ".join(["python bench/windows.py", *options.graphs]), design=facts, resources="")
    text += "".join(map(section, found))
    missed = [f"{each.title}: {name}: {figures['seconds']:.0f} s, {figures['bytes'] / 2**30:.1f} GiB"
              for each in found for name, figures in each.packing.items()
              if figures["seconds"] > SECONDS or figures["bytes"] > BYTES]
    text += f"\n## Targets\n\nPacking takes at most {SECONDS} s and {BYTES / 2**30:g} GiB: " + (
        "missed.\n" + "".join(f"- {each}\n" for each in missed) if missed else "kept.\n")
    options.page.write_text(text, encoding="utf-8")
    print(text)
    return int(bool(missed) or any(each.wrong for each in found))


if __name__ == "__main__":
    raise SystemExit(main())
