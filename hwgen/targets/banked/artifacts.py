"""The files of a build folder and of its runs, as bytes by name."""

import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boards import Board

from ...errors import HwgenError
from ...files import npz_bytes
from ...flow.folder import to_json, write_files
from ...network.sample import Sample
from ...version import __version__
from .design import Plan
from .images import expected
from .text import to_text

__all__ = ["copy_compiled", "manifest", "run_files", "write_run"]


def run_files(plan: Plan, sample: Sample | None = None) -> dict[str, bytes | str]:
    """Images and golden codes of one graph, as cosimulation reads them.

    ``images/load.bin`` and ``images/layout.json``; ``vectors/pass<i>.npz`` and ``vectors/logits.npy``; and
    ``vectors/torch.npz`` with PyTorch's own logits, where the sample has them.
    """
    layout = {**plan.image.layout, "cycles": int(plan.cycles["total"])}
    files: dict[str, bytes | str] = {"images/load.bin": plan.image.to_bytes(), "images/layout.json": to_json(layout)}
    codes = [step.rows for step in plan.trace.passes]
    for index, rows in enumerate(expected(plan.program, plan.hardware, plan.schedule, codes)):
        files[f"vectors/pass{index}.npz"] = npz_bytes(rows)
    files["vectors/logits.npy"] = _npy(plan.trace.logits)
    if sample is not None and sample.logits is not None:
        torch: dict[str, NDArray[Any]] = {"logits": sample.logits, "scale": plan.program.passes[-1].out.scale}
        for name, values in (("labels", sample.labels), ("test_mask", sample.mask)):
            if values is not None:
                torch[name] = values
        files["vectors/torch.npz"] = npz_bytes(torch)
    return files


def manifest(plan: Plan, board: Board, source: str) -> dict[str, Any]:
    """Where a build comes from and what it takes."""
    return {
        "hwgen": __version__,
        "model": plan.network.name,
        "board": board.name,
        "inputs": {"checkpoint_sha256": source, "program_sha256": _digest(to_text(plan.program))},
        "capacities": plan.capacities,
        "cycles": int(plan.cycles["total"]),
        "schedule": [{"slots": slots.count, "bound": slots.bound} for slots in plan.schedule.slots],
        "seeds": {},  # nothing in a build is drawn at random; verification names its own seed
    }


def write_run(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write a run folder whole or not at all; a folder of that name is replaced, its traces with it."""
    try:
        folder.parent.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise HwgenError(f"cannot write there: {error.strerror}", str(folder.parent),
                         "choose a build folder that you may write to") from None
    try:
        fresh.chmod(0o755)
        write_files(fresh, files)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def copy_compiled(old: Path, new: Path) -> None:
    """Keep what belongs to an unchanged design: its compiled simulation, and graphs packed for it."""
    if not (old / "design.v").is_file() or (old / "design.v").read_bytes() != (new / "design.v").read_bytes():
        return
    if (old / "sim").is_dir():
        shutil.copytree(old / "sim", new / "sim", copy_function=os.link,
                        ignore=lambda _, names: [name for name in names if name.startswith(("run-", "compile-"))])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
