"""Hardware against model: which runs of a build are simulated, and what that found out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import sim

from .errors import HwgenError, ToolError
from .files import read_json
from .flow.built import load_design, read_sample
from .flow.folder import write_files
from .flow.pack import pack, pack_sample
from .network.sample import Sample, single
from .network.subgraph import neighbourhood
from .progress import SILENT, Progress
from .report.agreement import AgreementFacts, agreement
from .report.collect import verification_of
from .report.facts import Report
from .report.files import read_report, report_files

__all__ = ["AT_ONCE", "FULL_BEATS", "SAMPLE_NODES", "Chosen", "choose_runs", "outcome", "quick", "record", "simulate",
           "tool_errors"]

#: Cycles and beats that simulate in well under two minutes; of larger samples a part is verified.
FULL_BEATS = 400_000
#: Of a graph that is too large to be simulated whole, so many nodes are.
SAMPLE_NODES = 512
#: Cycles and beats that one simulator runs before progress is shown: some seconds.
AT_ONCE = 40_000


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What is to be simulated.

    Parameters
    ----------
    folders : list of Path
        Of runs.
    of : int
        How many runs there are of the same graphs.
    sample : Sample
        These graphs; the first ones are those of the runs, in order.
    what : str
        Their name, for people: ``the sample``.
    own : bool
        Whether it is about the build's own sample.
    """

    folders: list[Path]
    of: int
    sample: Sample
    what: str
    own: bool


@contextmanager
def tool_errors() -> Iterator[None]:
    """Turn the simulation's errors, which knows nothing of hwgen, into hwgen's."""
    try:
        yield
    except sim.SimError as error:
        raise ToolError(error.what, error.where, error.fix) from error


def choose_runs(build: Path, *, graph: Path | None = None, size: int | None = None, part: bool | None = None,
                progress: Progress = SILENT) -> Chosen:
    """Pack what is not packed yet, and choose what is simulated.

    Parameters
    ----------
    graph : Path or None
        Other graphs; None: the sample.
    size : int or None
        Most graphs in a batch; None: as in the build, or as many as fit.
    part : bool or None
        Whether a part is simulated, or all; None: all where that takes a minute or two, and of windows those that
        stand for all.
    """
    runs = load_design(build).runs
    own = graph is None and size is None
    sample, what = read_sample(build, graph), "the sample" if graph is None else graph.name
    if graph is not None:
        folders = pack(build, single(sample.batch), graph.stem, size=size, sample=sample, progress=progress)
    elif size is not None:
        folders = pack_sample(build, f"batches-of-{size}", size=size, progress=progress)
    elif runs == "window" and part is False:
        folders = pack_sample(build, progress=progress)
    else:
        folders = sim.batch_folders(build / "batches")
    of = len(read_report(build).cycles.runs) if own else len(folders)
    if runs == "graph" and own and (part or (part is None and sum(map(_work, folders)) > FULL_BEATS)):
        sample = neighbourhood(sample, SAMPLE_NODES)
        folders, of = pack(build, [sample.batch], "part", sample=sample, progress=progress), 1
        what = f"{sample.batch.num_nodes:,} nodes of the sample"
    elif part is not None:
        folders = folders[:1] if part else folders
    elif runs == "window":
        folders = [folder for folder in folders if folder.name in _representative(folders)]
    else:
        folders = quick(folders)
    return Chosen(folders=folders, of=of, sample=sample, what=what, own=own)


def simulate(build: Path, folders: Sequence[Path], *, stalls: int | None = None, trace: str | None = None,
             progress: Progress = SILENT) -> sim.Result:
    """Cosimulate runs and compare every code of every pass, every result and every cycle count.

    Progress is shown where that takes long. The first difference ends it.

    Parameters
    ----------
    folders : sequence of Path
        Of runs.
    stalls : int or None
        Seed of random back-pressure.
    trace : "vcd", "fst" or None
        One waveform of all of them.

    Raises
    ------
    ToolError
        Verilator or the compiler is missing, or the simulator failed.
    HwgenError
        There are no runs.
    """
    if not folders:
        raise HwgenError("nothing to simulate", str(build), "build again, or pack graphs for it")
    parts = [list(folders)] if trace else list(_parts(folders))
    options = sim.SimOptions(stalls=stalls, trace=trace, quiet=True)
    if len(parts) == 1:
        with progress.step(f"simulating {_count(len(folders), 'run', 'runs')} with Verilator"), tool_errors():
            return sim.run(build, folders, options)
    done: list[sim.Result] = []
    with progress.bar("simulating with Verilator", len(folders)) as advance, tool_errors():
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


def quick(folders: Sequence[Path]) -> list[Path]:
    """As many of the first runs as simulate in a minute or two; one at least."""
    chosen: list[Path] = []
    work = 0
    for folder in folders:
        work += _work(folder)
        if chosen and work > FULL_BEATS:
            break
        chosen.append(folder)
    return chosen


def outcome(build: Path, chosen: Chosen, result: sim.Result) -> Report:
    """All facts of a build with what a cosimulation found out.

    Notes
    -----
    Of windows, ``rows_compared`` are rows of windows, not words; their results count as codes. Agreement is then that
    of the reference's results for the whole graph: windows that ran were equal to its rows.
    """
    sample, layouts = chosen.sample, {folder.name: _layout(folder) for folder in chosen.folders}
    windows = all("window" in layout for layout in layouts.values())
    graphs = sample.batch.graphs if windows else sum(int(layout["graphs"]) for layout in layouts.values())
    found = verification_of(
        {name: each.to_dict() for name, each in result.batches.items()},
        {name: int(layout["cycles"]) for name, layout in layouts.items()}, graphs=graphs, of=chosen.of,
        what=f"{chosen.what}: {_share(chosen, graphs, windows)}",
        mismatch=asdict(result.mismatch) if result.mismatch else None)
    domain = str(read_json(build / "images" / "layout.json")["passes"][-1]["domain"])
    agreed = None
    if windows:
        rows = {name: each.ok * int(layouts[name]["rows"]) for name, each in result.batches.items()}
        codes = sum(rows[name] and each.logits.size for name, each in result.batches.items())
        found = replace(found, rows_compared=sum(rows.values()), codes_compared=codes + found.codes_compared,
                        pass_cycles=_by_pass(build, layouts, result))
        if result.ok and sample.logits is not None:
            session = load_design(build).session(sample.batch)
            agreed = _agreement([session.reference], [session.scale], sample, domain,
                                "of the reference, for the whole graph")
    elif result.ok and sample.logits is not None:
        names = [name for name, each in result.batches.items() if each.logits.size]
        agreed = _agreement([result.batches[name].logits for name in names],
                            [np.array(layouts[name]["scale"]) for name in names], sample, domain, "of the RTL")
    return read_report(build).verified(found, agreed)


def record(build: Path, report: Report) -> None:
    """Write the build's report anew."""
    write_files(build / "report", report_files(report))


def _agreement(results: Sequence[NDArray[np.int64]], scales: Sequence[NDArray[np.float64]], sample: Sample, of: str,
               whose: str) -> AgreementFacts | None:
    """Compare results of consecutive batches with PyTorch's."""
    if not results or sample.logits is None:
        return None
    rows = np.concatenate(list(results))
    scale = np.concatenate([np.broadcast_to(scale, each.shape) for scale, each in zip(scales, results, strict=True)])
    torch: dict[str, NDArray[Any]] = {"logits": sample.logits[:len(rows)], "scale": scale}
    for name, values in (("labels", sample.labels), ("test_mask", sample.mask)):
        if values is not None:
            torch[name] = values[:len(rows)]
    return agreement(rows, torch, of=of, whose=whose)


def _share(chosen: Chosen, graphs: int, windows: bool) -> str:
    """How much of the graphs is simulated."""
    count = len(chosen.folders)
    if windows:
        some = "all" if count == chosen.of else f"{count:,} of"
        return f"{some} {_count(chosen.of, 'window', 'windows')}"
    first = "" if graphs == chosen.sample.batch.graphs else f"the first {graphs:,} of "
    there = _count(chosen.sample.batch.graphs, "graph", "graphs")
    return f"{first}{there}" if count == graphs == 1 else f"{first}{there} in {_count(count, 'batch', 'batches')}"


def _by_pass(build: Path, layouts: dict[str, dict[str, Any]], result: sim.Result) -> tuple[int, ...]:
    """Cycles of the windows of each pass."""
    passes = [0] * len(read_json(build / "images" / "layout.json")["passes"])
    for name, each in result.batches.items():
        passes[int(layouts[name]["pass"])] += each.cycles
    return tuple(passes)


def _representative(folders: Sequence[Path]) -> set[str]:
    """Names of the windows that stand for all: of every pass the first, the last, and that with most list entries."""
    passes: dict[int, list[tuple[str, int]]] = {}
    for folder in folders:
        layout = _layout(folder)
        passes.setdefault(int(layout["pass"]), []).append((folder.name, int(layout["entries"])))
    return {name for some in passes.values()
            for name in (some[0][0], some[-1][0], max(some, key=lambda each: each[1])[0])}


def _parts(folders: Sequence[Path]) -> Iterator[list[Path]]:
    """Consecutive runs that simulate in some seconds."""
    part: list[Path] = []
    work = 0
    for folder in folders:
        part.append(folder)
        work += _work(folder)
        if work > AT_ONCE:
            yield part
            part, work = [], 0
    if part:
        yield part


def _work(folder: Path) -> int:
    """Cycles and beats of a run."""
    layout = _layout(folder)
    return sum(int(layout[name]) for name in ("load_beats", "cycles", "store_beats"))


def _layout(folder: Path) -> dict[str, Any]:
    layout = read_json(folder / "layout.json")
    missing = {"load_beats", "store_beats", "cycles", "scale"} - set(layout)
    missing |= {"graphs", "window"} if not {"graphs", "window"} & set(layout) else set()
    if missing:
        raise HwgenError(f"{min(missing)} is missing", str(folder / "layout.json"), "pack the graphs again")
    return layout


def _count(number: int, one: str, more: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {more}"
