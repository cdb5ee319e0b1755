"""What surrounds a cosimulation: its errors in our form, which graph it runs on, and agreement with PyTorch."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import sim

from .errors import ToolError
from .files import read_json
from .flow.folder import write_files
from .network.sample import Sample
from .report.agreement import agreement
from .report.facts import verification, with_verification
from .report.files import report_files

__all__ = ["FULL_BEATS", "SAMPLE_NODES", "outcome", "read_facts", "record", "simulates_quickly", "tool_errors",
           "torch_agreement", "work"]

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


def torch_agreement(folder: Path, result: sim.Result, sample: Sample) -> dict[str, Any] | None:
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
    return agreement(logits, {name: values for name, values in torch.items() if values is not None})


def read_facts(build: Path) -> dict[str, Any]:
    """``report/report.json`` of a build folder."""
    return read_json(build / "report" / "report.json")


def outcome(build: Path, folder: Path, result: sim.Result, graph: str,
            sample: Sample) -> dict[str, Any]:
    """All facts of a build with what a cosimulation of one graph found out."""
    found = result.batches[folder.name].to_dict() | {"ok": result.ok}
    estimated = int(read_json(folder / "layout.json")["cycles"])
    return with_verification(read_facts(build), verification(found, graph, estimated),
                             torch_agreement(folder, result, sample))


def record(build: Path, facts: dict[str, Any]) -> None:
    """Write the build's report anew."""
    write_files(build / "report", report_files(facts))
