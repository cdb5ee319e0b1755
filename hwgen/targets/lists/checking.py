"""What surrounds a cosimulation of batches: how many at once, what it found, and agreement with PyTorch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import sim

from ...checking import FULL_BEATS, tool_errors
from ...errors import HwgenError
from ...files import read_json
from ...network.sample import Sample
from ...report.agreement import AgreementFacts, agreement
from ...report.collect import verification_of
from ...report.facts import Report, Verification
from ...report.files import read_report

__all__ = ["layouts", "outcome", "quick", "simulate", "torch_agreement", "window_outcome"]

Step = Callable[[str], AbstractContextManager[None]]
Bar = Callable[[str, int], AbstractContextManager[Callable[[str], None]]]

#: Cycles and beats that one simulator runs before progress is shown: some seconds.
AT_ONCE = 40_000


def simulate(build: Path, batches: Sequence[Path], *, stalls: int | None, trace: str | None, step: Step,
             bar: Bar, work: Path | None = None) -> sim.Result:
    """Cosimulate batches, and show progress where that takes long; ends at the first difference.

    Raises
    ------
    ToolError
        Verilator or the compiler is missing, or the simulator failed.
    HwgenError
        There are no batches.
    """
    if not batches:
        raise HwgenError("no batches", str(build), "build again, or pack graphs for it")
    parts = [list(batches)] if trace else list(_parts(batches))
    if len(parts) == 1:
        with step(f"simulating {_count(len(batches), 'batch', 'batches')} with Verilator"), tool_errors():
            return sim.run(build, batches, sim.SimOptions(stalls=stalls, trace=trace, work=work, quiet=True))
    done: list[sim.Result] = []
    with bar("simulating batches with Verilator", len(batches)) as advance, tool_errors():
        for part in parts:
            done.append(sim.run(build, part, sim.SimOptions(stalls=stalls, work=work, quiet=True)))
            for folder in part:
                advance(folder.name)
            if not done[-1].ok:
                break
    return sim.Result(
        mismatch=done[-1].mismatch, batches={name: each for result in done for name, each in result.batches.items()},
        model_load_cycles=done[0].model_load_cycles, compile_s=sum(each.compile_s for each in done),
        simulate_s=sum(each.simulate_s for each in done), peak_bytes=max(each.peak_bytes for each in done))


def quick(batches: Sequence[Path]) -> list[Path]:
    """As many of the first batches as simulate in a minute or two; one at least."""
    chosen: list[Path] = []
    work = 0
    for folder in batches:
        work += _work(folder)
        if chosen and work > FULL_BEATS:
            break
        chosen.append(folder)
    return chosen


def outcome(build: Path, batches: Sequence[Path], result: sim.Result, sample: Sample, what: str, of: int) -> Report:
    """All facts of a build with what a cosimulation found out.

    Parameters
    ----------
    batches : sequence of Path
        That were to run.
    sample : Sample
        Its first graphs are those of the batches, in order.
    what : str
        Name of the sample, for people: ``the sample``.
    of : int
        How many batches the sample has.
    """
    found = layouts(batches)
    graphs = sum(int(layout["graphs"]) for layout in found.values())
    first = "" if graphs == sample.batch.graphs else f"the first {graphs:,} of "
    there = f"{_count(sample.batch.graphs, 'graph', 'graphs')} in {_count(len(found), 'batch', 'batches')}"
    rows = [each.logits for each in result.batches.values() if each.logits.size]
    agreed = torch_agreement(build, rows, sample, found[next(iter(found))]["scale"]) if result.ok and rows else None
    return read_report(build).verified(_verification(found, result, graphs, f"{what}: {first}{there}", of), agreed)


def window_outcome(build: Path, windows: Sequence[Path], result: sim.Result, sample: Sample, what: str,
                   results: NDArray[np.int64], scale: Sequence[float], total: int) -> Report:
    """As :func:`outcome`, of a graph that runs by windows.

    Parameters
    ----------
    windows : sequence of Path
        That were to run: all of them, or some that stand for all.
    results : int64 [rows, classes]
        The reference's, of the whole graph: the windows that ran were equal to its rows, others were not compared.
    scale : sequence of float
        Real value of result code 1 of each class.
    total : int
        Number of all windows.

    Notes
    -----
    ``rows_compared`` are rows of windows, not buffer words; their results count as codes.
    """
    found = layouts(windows)
    numbers = sorted(int(layout["window"]) for layout in found.values())
    some = "all" if len(numbers) == total else f"{len(numbers):,} of"
    what = f"{what}: {some} {_count(total, 'window', 'windows')}"
    facts = _verification(found, result, sample.batch.graphs, what, total)
    passes, rows, codes = [0] * len(read_json(build / "images" / "layout.json")["passes"]), 0, 0
    for name, each in result.batches.items():
        layout = found[name]
        passes[int(layout["pass"])] += each.cycles
        rows += each.ok * int(layout["rows"])
        codes += each.ok * each.logits.size
    facts = replace(facts, pass_cycles=tuple(passes), rows_compared=rows, codes_compared=codes + facts.codes_compared)
    agreed = torch_agreement(build, [results], sample, scale,
                             "of the reference, for the whole graph") if result.ok else None
    return read_report(build).verified(facts, agreed)


def layouts(batches: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """``layout.json`` of each batch, by the name of its folder."""
    return {folder.name: _layout(folder) for folder in batches}


def _verification(found: dict[str, dict[str, Any]], result: sim.Result, graphs: int, what: str,
                  of: int) -> Verification:
    return verification_of(
        {name: each.to_dict() for name, each in result.batches.items()},
        {name: int(layout["cycles"]) for name, layout in found.items()}, what=what, graphs=graphs, of=of,
        mismatch=asdict(result.mismatch) if result.mismatch else None)


def torch_agreement(build: Path, results: Sequence[NDArray[np.int64]], sample: Sample,
                    scale: Sequence[float], whose: str = "of the RTL") -> AgreementFacts | None:
    """Compare results that came out of the RTL with PyTorch's, where the sample has those.

    Parameters
    ----------
    results : sequence of int64 [rows, classes]
        Of consecutive batches, in the order of the sample.
    scale : sequence of float
        Real value of result code 1 of each class.
    whose : str
        :class:`hwgen.report.agreement.AgreementFacts` as ``results``.
    """
    if sample.logits is None:
        return None
    rows = np.concatenate(list(results))
    layout = read_json(build / "images" / "layout.json")
    torch: dict[str, NDArray[Any]] = {"logits": sample.logits[:len(rows)],
                                      "scale": np.array(scale, dtype=np.float64)}
    for name, values in (("labels", sample.labels), ("test_mask", sample.mask)):
        if values is not None:
            torch[name] = values[:len(rows)]
    return agreement(rows, torch, of=layout["passes"][-1]["domain"], whose=whose)


def _parts(batches: Sequence[Path]) -> Iterator[list[Path]]:
    """Consecutive batches that simulate in some seconds."""
    part: list[Path] = []
    work = 0
    for folder in batches:
        part.append(folder)
        work += _work(folder)
        if work > AT_ONCE:
            yield part
            part, work = [], 0
    if part:
        yield part


def _work(folder: Path) -> int:
    layout = _layout(folder)
    return sum(int(layout[name] or 0) for name in ("load_beats", "cycles", "store_beats"))


def _layout(folder: Path) -> dict[str, Any]:
    layout = read_json(folder / "layout.json")
    missing = {"load_beats", "store_beats", "cycles", "scale"} - set(layout)
    missing |= {"graphs", "window"} if not {"graphs", "window"} & set(layout) else set()
    if missing:
        raise HwgenError(f"{min(missing)} is missing", str(folder / "layout.json"), "pack the batch again")
    return layout


def _count(number: int, one: str, more: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {more}"
