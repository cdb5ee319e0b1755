"""The manifest of a build folder, and the folders of its runs."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boards import Board

from ...errors import HwgenError
from ...flow.folder import write_files
from ...version import __version__
from .design import Plan
from .text import to_text

__all__ = ["copy_compiled", "manifest", "write_run"]


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
