"""Graphs larger than the chip, window by window: the tables in docs/windows.md.

    python bench/windows.py                    # all graphs
    python bench/windows.py pubmed --no-cosim

Power-law graphs with a two-layer GCN of 16 channels whose weights and bit widths are random: what is shown is that the
integers are right, what packing takes, and the cycles, not an accuracy. Packing is timed and its memory measured in a
process of its own. Cosimulation takes the windows that ``hwgen verify`` would: of every pass the first, the last and
that with the most list entries. The page is made of docs/evidence/windows.jsonl, which each run writes anew;
``--page`` only makes it.
"""

import argparse
import hashlib
import json
import multiprocessing
import resource
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from result_lines import EVIDENCE, read_lines, write_lines
from window_graphs import SUBJECTS, Subject, graph, network, orders
from window_page import HEAD, Found, section, targets, total_cycles

import boards
import sim
from hwgen.flow.families import FAMILIES
from hwgen.flow.folder import to_json, write_if_changed
from hwgen.flow.packed import representative
from hwgen.flow.preference import COMFORT
from hwgen.flow.resources import estimate as count_resources
from hwgen.flow.wishes import Wishes
from hwgen.network.batch import Batch
from hwgen.network.network import Network
from hwgen.network.sample import Limits, Sample
from hwgen.targets import find_target
from hwgen.targets.lists.design import place_windows, program_for
from hwgen.targets.lists.execute import Trace, run
from hwgen.targets.lists.hardware import Hardware
from hwgen.targets.lists.session import BatchRun
from hwgen.targets.lists.verilog import emit
from hwgen.targets.lists.windows.layout import WindowLayout
from hwgen.targets.lists.windows.run import WindowedRun
from hwgen.targets.lists.windows.session import WindowSession
from hwgen.targets.run_folder import numbered
from rtl_templates.shell.timing import load_cycles, store_cycles

ROOT = Path(__file__).parents[1]
Ints = NDArray[np.int64]

#: What windows depend on.
MEMORIES = ("units", "lanes", "requant_lanes", "buffer_depth", "list_depth", "descriptor_depth", "result_depth")

#: The design for all graphs and models.
DESIGN = Hardware(
    units=4, lanes=16, code_bits=4, acc_bits=18, requant_lanes=4, chunks=1, weight_bits=4, pages=1, buffer_depth=11264,
    list_depth=2048, descriptor_depth=512, column_depth=16, param_depth=2048, levels=0, tables=1, passes=1, beats=4,
    result_depth=1024, leaky=0)


def packing(plan: WindowLayout, batch: Batch, trace: Trace, order: Ints) -> dict[str, float]:
    """CPU seconds and peak bytes of packing every window, measured in a process of its own."""
    def measure(pipe: Any) -> None:
        seconds, sizes, begin = 0.0, list[int](), time.process_time()
        running = WindowedRun(plan, batch, order=order)
        while (window := running.next_window()) is not None:
            sizes.append(len(window.stream))  # packing ends with the bytes
            seconds += time.process_time() - begin
            codes = window.expected(trace.passes[window.index])[-1].written[window.rows]
            begin = time.process_time()
            running.feed(window, codes)
        pipe.send({"seconds": seconds, "windows": len(sizes), "load": sum(sizes) // 16,
                   "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024})

    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=measure, args=(there,))
    child.start()
    there.close()
    found: dict[str, float] = here.recv()
    child.join()
    return found


def cosimulated(plan: WindowLayout, packed: list[BatchRun], work: Path) -> tuple[list[dict[str, Any]], str]:
    """Figures of the windows that stand for all, in Verilator, and what is wrong."""
    shutil.rmtree(work, ignore_errors=True)
    verilog, design = emit(plan.hardware)
    files = {"design.v": verilog, "design.json": to_json(design),
             **{f"images/{name}": content for name, content in plan.model_files().items()},
             **{f"batches/{name}": content for name, content in numbered(
                 {int(each.size["window"]): each.files for each in packed}).items()}}
    for name, content in files.items():
        write_if_changed(work / name, content)
    result = sim.run(work, options=sim.SimOptions(work=work.parent / "compiled"))
    known = {f"{each.size['window']:04d}": facts_of(each) for each in packed}
    rows = [{**known[name], "cycles": each.cycles, "load_cycles": each.load_cycles, "store_cycles": each.store_cycles}
            for name, each in result.batches.items()]
    wrong = [f"window {each['window']} loads or stores in another number of cycles" for each in rows if (
        each["load_cycles"], each["store_cycles"]) != (
            load_cycles(each["load_beats"]), store_cycles(each["store_beats"]))]
    return rows, "; ".join([*wrong, *([] if result.ok else [str(result)])])


def passes_of(session: WindowSession) -> Iterator[list[BatchRun]]:
    """All windows, pass by pass; each is fed with what the reference says."""
    while runs := session.next_runs():
        yield [run for run in runs if isinstance(run, BatchRun)]
        for each in runs:
            session.feed(each, each.expected)


def facts_of(run: BatchRun) -> dict[str, Any]:
    """Size, beats and cycles of a window."""
    ran = run.ran
    return {**run.size, "load_beats": ran.load_beats, "store_beats": ran.store_beats, "total": run.cycles["total"]}


def by_rule(model: Network, batch: Batch) -> str:
    """The design that ``hwgen build`` would count first, and what windows take on it."""
    board, limits = boards.load("ultra96"), Limits.of(batch, model.input_bits)
    sample = Sample(batch=batch, labels=None, mask=None, logits=None, limits=limits)
    target = find_target("lists")
    plan = next(iter(target.candidates(
        model, sample, Wishes(windows=True),
        lambda hardware: target.area(hardware, board.family).fullest(board, COMFORT)[1] <= 1))).design()
    windows = [facts_of(each) for some in passes_of(plan.session(batch)) for each in some]
    facts = ", ".join(f"{name} {plan.hardware.to_dict()[name]}" for name in MEMORIES)
    return f"{facts}: {len(windows):,} windows, {total_cycles(windows)['total']:,} cycles in all"


def measure(subject: Subject, cosim: bool, work: Path) -> Found:
    """Everything about one graph."""
    rng = np.random.default_rng(5)
    batch, given = graph(subject, rng)
    model = network(subject, batch, given, rng)
    limits = Limits.of(batch, model.input_bits)
    program = program_for(model, limits)
    design = place_windows(model, program, DESIGN)
    plan = design.windows
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
    figures, chosen = list[dict[str, Any]](), list[BatchRun]()
    for windows in passes_of(WindowSession(model, plan, batch, order=ordered[best])):
        chosen += [windows[place] for place in representative(
            [(each.part, each.size["entries"]) for each in windows])]
        figures += map(facts_of, windows)
    print(subject.title, sum(each["total"] for each in figures), "cycles of running", flush=True)
    rows, wrong = cosimulated(plan, chosen, work) if cosim else ([], "")
    return Found(
        title=subject.title, rule=by_rule(model, batch), reference=reference, packing=packed, order=best,
        windows=figures, passes=[step.name for step in program.passes], cosim=rows, wrong=wrong,
        graph=f"{subject.nodes:,} nodes, {batch.edges.shape[1]:,} directed edges, {limits.degree - 1} neighbours "
              f"at most; {subject.features} features of {subject.input_bits} bits, {batch.features.nnz:,} not 0; rows "
              f"quantized {subject.granularity.replace('_', ' ')}, 1 to 4 bits, messages 4")


def resources(work: Path) -> str:
    """What the design takes of the Ultra96, by Yosys; known by the content of its Verilog."""
    board = boards.load("ultra96")
    verilog = emit(DESIGN, primitives=FAMILIES["xcup"].primitives)[0]
    known = work / f"{hashlib.sha256(verilog.encode()).hexdigest()[:24]}.json"
    if not known.is_file():
        path = work / "design_xcup.v"
        path.write_text(verilog)
        used = count_resources(path, find_target("lists").parts, FAMILIES["xcup"]).utilisation(board)
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
    parser.add_argument("--results", type=Path, default=EVIDENCE / "windows.jsonl")
    parser.add_argument("--page", action="store_true", help="only write the page")
    options = parser.parse_args()
    chosen = options.graphs or list(SUBJECTS)
    if not set(chosen) <= set(SUBJECTS):
        parser.error(f"graphs are {', '.join(SUBJECTS)}")
    options.work.mkdir(parents=True, exist_ok=True)
    if not options.page:
        found = [measure(SUBJECTS[name], not options.no_cosim, options.work / name) for name in chosen]
        design = {"command": " ".join(["python bench/windows.py", *options.graphs]),
                  "design": ", ".join(f"{name} {DESIGN.to_dict()[name]}" for name in MEMORIES),
                  "resources": resources(options.work)}
        write_lines(options.results, [design, *map(asdict, found)])
    design, *lines = read_lines(options.results)
    found = [Found(**line) for line in lines]
    last, kept = targets(found)
    text = HEAD.format(**design) + "".join(map(section, found)) + last
    (ROOT / "docs" / "windows.md").write_text(text, encoding="utf-8")
    print(text)
    return int(not kept or any(each.wrong for each in found))


if __name__ == "__main__":
    raise SystemExit(main())
