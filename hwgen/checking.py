"""What surrounds a cosimulation: its errors in our form, which graph it runs on, and agreement with PyTorch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

import sim

from .errors import ToolError
from .files import read_json
from .flow.folder import write_files
from .report.agreement import AgreementFacts, agreement
from .report.collect import verification_of
from .report.facts import Report
from .report.files import read_report, report_files

__all__ = ["FULL_BEATS", "SAMPLE_NODES", "outcome", "record", "simulates_quickly", "tool_errors",
           "torch_agreement"]

#: Cycles and beats that simulate in well under two minutes; larger graphs are verified on a sample.
FULL_BEATS = 400_000
SAMPLE_NODES = 512


@contextmanager
def tool_errors() -> Iterator[None]:
    """Turn the simulation's errors, which knows nothing of hwgen, into hwgen's."""
    try:
        yield
    except sim.SimError as error:
        raise ToolError(error.what, error.where, error.fix) from error


def simulates_quickly(build: Path) -> bool:
    """Whether the sample graph of a build is small enough to verify whole."""
    layout = read_json(build / "images" / "layout.json")
    return int(layout["load_beats"]) + int(layout["cycles"]) + int(layout["store_beats"]) <= FULL_BEATS


def torch_agreement(run: Path, result: sim.Result) -> AgreementFacts | None:
    """Compare the results that came out of the RTL with PyTorch's, where the run has those."""
    path = run / "vectors" / "torch.npz"
    if not path.is_file() or not result.logits.size:
        return None
    with np.load(path) as arrays:
        return agreement(result.logits, dict(arrays), of="nodes")


def outcome(build: Path, run: Path | None, result: sim.Result, graph: str) -> Report:
    """All facts of a build with what a cosimulation of one of its runs found out."""
    estimated = int(read_json((run or build) / "images" / "layout.json")["cycles"])
    found = verification_of({"graph": result.to_dict()}, {"graph": estimated}, what=graph, graphs=1, of=1,
                            mismatch=asdict(result.mismatch) if result.mismatch else None)
    return read_report(build).verified(found, torch_agreement(run or build, result))


def record(build: Path, facts: Report) -> None:
    """Write the build's report anew."""
    write_files(build / "report", report_files(facts))
