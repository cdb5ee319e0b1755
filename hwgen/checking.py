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
from .network.sample import Sample
from .report.agreement import AgreementFacts, agreement
from .report.collect import verification_of
from .report.facts import Report
from .report.files import read_report, report_files

__all__ = ["FULL_BEATS", "SAMPLE_NODES", "outcome", "record", "simulates_quickly", "tool_errors", "torch_agreement",
           "work"]

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
    return sum(work(folder) for folder in sim.batch_folders(build / "batches")) <= FULL_BEATS


def work(folder: Path) -> int:
    """Cycles and beats of a batch."""
    layout = read_json(folder / "layout.json")
    return sum(int(layout[name]) for name in ("load_beats", "cycles", "store_beats"))


def torch_agreement(folder: Path, result: sim.Result, sample: Sample) -> AgreementFacts | None:
    """Compare the results of a graph that came out of the RTL with PyTorch's, where the sample has those.

    Parameters
    ----------
    folder : Path
        Of the graph's batch.
    """
    logits = result.batches[folder.name].logits
    if sample.logits is None or not logits.size:
        return None
    torch = {"logits": sample.logits, "labels": sample.labels, "test_mask": sample.mask,
             "scale": np.array(read_json(folder / "layout.json")["scale"])}
    return agreement(logits, {name: values for name, values in torch.items() if values is not None}, of="nodes")


def outcome(build: Path, folder: Path, result: sim.Result, graph: str, sample: Sample) -> Report:
    """All facts of a build with what a cosimulation of one graph found out."""
    estimated = int(read_json(folder / "layout.json")["cycles"])
    found = verification_of(
        {name: each.to_dict() for name, each in result.batches.items()}, {folder.name: estimated}, what=graph,
        graphs=1, of=1, mismatch=asdict(result.mismatch) if result.mismatch else None)
    return read_report(build).verified(found, torch_agreement(folder, result, sample))


def record(build: Path, facts: Report) -> None:
    """Write the build's report anew."""
    write_files(build / "report", report_files(facts))
