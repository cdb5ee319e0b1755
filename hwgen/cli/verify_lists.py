"""``hwgen verify`` and ``hwgen pack`` of designs that take batches of graphs."""

from pathlib import Path
from typing import TYPE_CHECKING

from .console import Console
from .summary import show_verification

if TYPE_CHECKING:
    from ..network.sample import Sample
    from ..report.facts import Report

__all__ = ["check_lists", "pack_file"]


def check_lists(console: Console, build: Path, *, stalls: int | None = None, trace: str | None = None,
                 graph: Path | None = None, part: bool | None = None,
                 batch_size: int | None = None) -> "tuple[Report, bool]":
    """Simulate batches and print; returns the build's facts with the outcome, and whether everything was equal.

    The outcome is kept in the build's report if it is about the batches of the build. ``part`` None: decide by size.
    """
    import sim

    from .. import checking
    from ..network.sample import single
    from ..report.files import read_report
    from ..targets.lists import checking as lists_checking
    from ..targets.lists import pipeline as lists_pipeline
    from ..targets.lists.config import load_design, read_sample
    from ..targets.lists.design import WindowDesign
    from ..targets.lists.windows.packing import representative, whole_results

    plan, what, stored = load_design(build), "the sample", False
    if graph is not None:
        folders, sample = pack_file(console, build, graph, graph.stem, batch_size)
        what = graph.name
    else:
        sample = read_sample(build)
        if batch_size is not None:
            folders = lists_pipeline.pack(build, single(sample.batch), f"batches-of-{batch_size}", size=batch_size,
                                           sample=sample, step=console.step)
        elif isinstance(plan, WindowDesign) and part is False:
            folders = lists_pipeline.pack_sample(build, step=console.step)
        else:
            folders, stored = sim.batch_folders(build / "batches"), True
    if part is not None:
        chosen = folders[:1] if part else folders
    elif isinstance(plan, WindowDesign):
        chosen = [folders[place] for place in representative(list(lists_checking.layouts(folders).values()))]
    else:
        chosen = lists_checking.quick(folders)
    result = lists_pipeline.verify(build, batches=chosen, stalls=stalls, trace=trace, step=console.step,
                                    bar=console.bar)
    of = len(read_report(build).cycles.runs) if stored else len(folders)
    if isinstance(plan, WindowDesign):
        facts = lists_checking.window_outcome(build, chosen, result, sample, what, whole_results(plan, sample.batch),
                                              plan.program.scale.tolist(), of)
    else:
        facts = lists_checking.outcome(build, chosen, result, sample, what, of)
    if graph is None and batch_size is None:
        checking.record(build, facts)
    show_verification(console, facts, result, result if result.mismatch else None, stalls)
    assert facts.verification is not None
    return facts, facts.verification.bit_exact


def pack_file(console: Console, build: Path, graph: Path, name: str,
              size: int | None = None) -> "tuple[list[Path], Sample]":
    """Pack a user's graphs; returns the folders of their batches, and what is known of them."""
    from ..network.sample import single
    from ..network.sample_store import load_sample
    from ..network.store import load_network
    from ..targets.lists.config import MODEL
    from ..targets.lists.pipeline import pack

    sample = load_sample(graph, load_network(build / MODEL).input_bits)
    return pack(build, single(sample.batch), name, size=size, sample=sample, step=console.step), sample
