"""Graphs larger than the chip, window by window: the tables in docs/windows.md.

    python bench/windows.py                    # both graphs
    python bench/windows.py pubmed --no-cosim

Power-law graphs with a two-layer GCN of 16 channels whose weights and bit widths are random: what is shown is that the
integers are right, what packing takes, and the cycles, not an accuracy. Packing is timed and its memory measured in a
process of its own. Cosimulation takes the window with the most list entries and the last window of every pass.
"""

import argparse
import hashlib
import json
import multiprocessing
import resource
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from window_graphs import SUBJECTS, Subject, graph, network, orders
from window_page import HEAD, Found, load_cycles, section, store_cycles, targets

import sim.stream
from hwgen.emit.stream import emit
from hwgen.emit.write import to_json
from hwgen.estimate.resources import estimate as count_resources
from hwgen.estimate.stream import StreamEstimate, estimate
from hwgen.ir.stream import Batch
from hwgen.ir.stream_hardware import StreamHardware
from hwgen.lower.stream import lower
from hwgen.lower.stream.golden import TracedPass, image_files
from hwgen.lower.stream.windows import Window, WindowedRun, WindowPlan, plan_windows
from hwgen.reference.stream.execute import PassTrace, Trace, run
from hwgen.targets import load_board

ROOT = Path(__file__).parents[1]
Ints = NDArray[np.int64]

#: The design for both graphs and models.
DESIGN = StreamHardware(
    units=4, lanes=16, code_bits=4, acc_bits=18, requant_lanes=4, chunks=1, weight_bits=4, pages=1, buffer_depth=11264,
    list_depth=2048, descriptor_depth=512, column_depth=16, param_depth=2048, levels=0, tables=1, passes=1, beats=4,
    result_depth=1024, leaky=0)


def windows(plan: WindowPlan, batch: Batch, trace: Trace, order: Ints,
            clock: list[float] | None = None) -> Iterator[Window]:
    """All windows, fed with the reference's rows; ``clock[0]`` grows by the seconds that packing takes."""
    seconds = time.perf_counter()
    running = WindowedRun(plan, batch, order=order)
    while (window := running.next_window()) is not None:
        window.stream  # noqa: B018 - packing ends with the bytes
        if clock is not None:
            clock[0] += time.perf_counter() - seconds
        yield window
        stored = as_stored(window, trace.passes[window.index].written[window.rows])
        seconds = time.perf_counter()
        running.feed(window, stored)
    assert np.array_equal(running.results, trace.results)


def as_stored(window: Window, codes: Ints) -> bytes:
    """Rows as the store unit writes them."""
    units, words = window.layout.hardware.units, window.layout.result_words
    dealt = np.zeros((-(-len(codes) // units) * units, words * 8), dtype="<i2")
    dealt[: len(codes), window.layout.result] = codes
    return dealt.reshape(-1, units, words * 8).transpose(1, 0, 2).tobytes()


def packing(plan: WindowPlan, batch: Batch, trace: Trace, order: Ints) -> dict[str, float]:
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
class Expected:
    """What the hardware passes of a window write."""

    passes: tuple[TracedPass, ...]


def counted(window: Window, trace: Trace) -> StreamEstimate:
    """Cycles of one window; its only pass has the bits of the program's."""
    return estimate(window.layout, window.image, [trace.passes[window.index].bits])


def all_windows(plan: WindowPlan, batch: Batch, trace: Trace, order: Ints) -> list[dict[str, Any]]:
    """Figures of every window."""
    return [{
        "pass": window.index, "rows": len(window.rows), "load": len(window.image.beats),
        "entries": int(sum(each.count.sum() for each in window.image.lists.values())),
        "store": plan.hardware.units * window.result_words, "run": counted(window, trace).total,
    } for window in windows(plan, batch, trace, order)]


def cosimulated(plan: WindowPlan, batch: Batch, trace: Trace, order: Ints, figures: list[dict[str, Any]],
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
            cycles = counted(window, trace)
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
    wrong = [f"window {each['number']} loads or stores in another number of cycles" for each in rows if (
        each["load_cycles"], each["store_cycles"]) != (load_cycles(each["load"]), store_cycles(each["store"]))]
    return rows, "; ".join([*wrong, *([] if result.ok else [str(result)])])


def window_files(window: Window, done: PassTrace, cycles: StreamEstimate) -> Mapping[str, bytes | str]:
    """A window as a batch folder of its own."""
    steps = window.layout.program.passes
    facts = {"cycles": cycles.total, "pass_cycles": [each.cycles for each in cycles.passes],
             "counters": {name.upper(): value for name, value in cycles.counters().items()},
             "passes": [{"name": step.name, "to_result": int(step.target is None), "domain": step.domain}
                        for step in steps]}
    return image_files(window.layout, window.image, Expected(passes=window.expected(done)), facts)


def measure(subject: Subject, cosim: bool, work: Path) -> Found:
    """Everything about one graph."""
    rng = np.random.default_rng(5)
    batch = graph(subject, rng)
    model = network(subject, batch, rng)
    degree = int(np.bincount(batch.edges[1]).max()) + 1
    program = lower(model, max_degree=degree, max_members=1,
                    max_features=int(np.diff(batch.features.indptr).max()))
    plan = plan_windows(program, DESIGN)
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


def resources(work: Path) -> str:
    """What the design takes of the Ultra96, by Yosys; known by the content of its Verilog."""
    board = load_board("ultra96")
    verilog = emit(DESIGN, primitives=True)[0]
    known = work / f"{hashlib.sha256(verilog.encode()).hexdigest()[:24]}.json"
    if not known.is_file():
        path = work / "design_xcup.v"
        path.write_text(verilog)
        used = count_resources(path).utilisation(board)
        known.write_text(json.dumps({name: used[name] for name in ("lut", "ff", "bram36", "dsp")}))
    return f"on the {board.title} " + ", ".join(
        f"{used:,g} of {have:,} {name.upper()} ({share:.0%})" for name, (used, have, share)
        in json.loads(known.read_text()).items())


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
    text = HEAD.format(command=" ".join(["python bench/windows.py", *options.graphs]), design=facts,
                       resources=resources(options.work))
    text += "".join(map(section, found))
    last, kept = targets(found)
    text += last
    options.page.write_text(text, encoding="utf-8")
    print(text)
    return int(not kept or any(each.wrong for each in found))


if __name__ == "__main__":
    raise SystemExit(main())
