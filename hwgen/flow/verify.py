"""Hardware against model: runs of a build simulated, and what that found out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import sim
from sim.batch import RunLayout
from sim.folder import image_layout

from ..errors import HwgenError
from ..network.figures import figures_of
from ..progress import SILENT, Expected, Progress
from ..report.collect import verification_of
from ..report.facts import NetlistFacts, Report
from ..report.files import read_report, report_files
from .built import read_sample
from .choose_runs import Chosen, read_layout, rows_of, work_of
from .folder import write_files
from .netlist import Netlist

__all__ = ["AT_ONCE", "outcome", "record", "simulate"]

#: Cycles and beats that one simulator runs before progress is shown: some seconds.
AT_ONCE = 40_000
#: Seconds that a simulator compiles, its memory with two compilers at once, and cycles that it simulates in a second.
COMPILE_S, COMPILE_MB, CYCLES_PER_S = 25.0, 900.0, 5_000.0
#: Seconds that a simulator of a netlist compiles for each megabyte of it, about: 20 on Xilinx's families, 50 on ECP5.
NETLIST_S_PER_MB = 30.0


def simulate(build: Path, folders: Sequence[Path], options: sim.SimOptions | None = None, *,
             progress: Progress = SILENT) -> sim.Result:
    """Cosimulate runs and compare every code of every pass, every result and every cycle count.

    Progress is shown where that takes long. The first difference ends it.

    Parameters
    ----------
    folders : sequence of Path
        Of runs.
    options : sim.SimOptions or None

    Raises
    ------
    ToolError
        Verilator or the compiler is missing, or the simulator failed.
    HwgenError
        There are no runs.
    """
    if not folders:
        raise HwgenError("nothing to simulate", str(build), "build again, or pack graphs for it")
    work = sum(map(work_of, folders))
    options = replace(options or sim.SimOptions(), quiet=True, cycles=work)
    parts = [list(folders)] if options.trace else list(_parts(folders))
    if len(parts) == 1:
        compile_s = COMPILE_S if options.netlist is None else NETLIST_S_PER_MB * options.netlist[0].stat().st_size / 1e6
        expected = Expected(compile_s + work / CYCLES_PER_S, megabytes=COMPILE_MB)
        with progress.step(f"simulating {_count(len(folders), 'run', 'runs')} with Verilator", expected):
            return sim.run(build, folders, options)
    done: list[sim.Result] = []
    with progress.bar("simulating with Verilator", len(folders)) as advance:
        for part in parts:
            done.append(sim.run(build, part, options))
            for folder in part:
                advance(folder.name)
            if not done[-1].ok:
                break
    return sim.Result(
        mismatch=done[-1].mismatch, batches={name: each for result in done for name, each in result.batches.items()},
        model_load_cycles=done[0].model_load_cycles, compile_s=sum(each.compile_s for each in done),
        simulate_s=sum(each.simulate_s for each in done), peak_bytes=max(each.peak_bytes for each in done))


def outcome(build: Path, chosen: Chosen, result: sim.Result, netlist: Netlist | None = None) -> Report:
    """All facts of a build with what a cosimulation found out, of its RTL or of a netlist.

    Notes
    -----
    Of windows, ``rows_compared`` are rows of windows, not words; their results count as codes. Figures are of all the
    graphs that runs are of; the hardware has some of those that ran, and none by windows.
    """
    sample, layouts = chosen.sample, {folder.name: read_layout(folder) for folder in chosen.folders}
    windows = all("window" in layout for layout in layouts.values())
    graphs = sample.batch.graphs if windows else sum(int(layout["graphs"]) for layout in layouts.values())
    found = verification_of(
        {name: each.to_dict() for name, each in result.batches.items()},
        {name: layout["cycles"] or 0 for name, layout in layouts.items()}, graphs=graphs, of=chosen.of,
        what=f"{chosen.what}: {_share(chosen, graphs, windows)}",
        mismatch=asdict(result.mismatch) if result.mismatch else None)
    if windows:
        rows = {name: each.ok * int(layouts[name]["rows"]) for name, each in result.batches.items()}
        codes = sum(rows[name] and each.logits.size for name, each in result.batches.items())
        found = replace(found, rows_compared=sum(rows.values()), codes_compared=codes + found.codes_compared,
                        pass_cycles=_by_pass(build, layouts, result))
    whole = sample if sample.integer is not None else read_sample(build)
    report = read_report(build)
    hardware = None if windows else _hardware(chosen, layouts, result)
    report = replace(report, verification=found) if netlist is None else replace(report, netlist=NetlistFacts(
        family=netlist.family.name, method=netlist.family.method, cells=dict(netlist.cells), verification=found))
    return report.measured(
        figures_of(whole, data=chosen.data, of=rows_of(build), head=report.model.head, hardware=hardware))


def record(build: Path, report: Report) -> None:
    """Write the build's report anew."""
    write_files(build / "report", report_files(report))


def _hardware(chosen: Chosen, layouts: Mapping[str, RunLayout], result: sim.Result) -> NDArray[np.float64] | None:
    """The hardware's results of the graphs that ran, which are the first ones; None of a subgraph."""
    if not result.ok or not all(layout["scale"] for layout in layouts.values()) or chosen.sample.integer is None:
        return None
    return np.concatenate([each.logits * np.array(layouts[name]["scale"]) for name, each in result.batches.items()])


def _share(chosen: Chosen, graphs: int, windows: bool) -> str:
    """How much of the graphs is simulated."""
    count = len(chosen.folders)
    if windows:
        some = "all" if count == chosen.of else f"{count:,} of"
        return f"{some} {_count(chosen.of, 'window', 'windows')}"
    first = "" if graphs == chosen.sample.batch.graphs else "the first of " if graphs == 1 else (
        f"the first {graphs:,} of ")
    there = _count(chosen.sample.batch.graphs, "graph", "graphs")
    return f"{first}{there}" if count == graphs == 1 else f"{first}{there} in {_count(count, 'batch', 'batches')}"


def _by_pass(build: Path, layouts: Mapping[str, RunLayout], result: sim.Result) -> tuple[int, ...]:
    """Cycles of the windows of each pass."""
    passes = [0] * len(image_layout(build)["passes"])
    for name, each in result.batches.items():
        passes[int(layouts[name]["pass"])] += each.cycles
    return tuple(passes)


def _parts(folders: Sequence[Path]) -> Iterator[list[Path]]:
    """Consecutive runs that simulate in some seconds."""
    part: list[Path] = []
    work = 0
    for folder in folders:
        part.append(folder)
        work += work_of(folder)
        if work > AT_ONCE:
            yield part
            part, work = [], 0
    if part:
        yield part


def _count(number: int, one: str, more: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {more}"
