"""Everything that is delivered with a build, by name below its folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boards import Board

from ..driver.runs import RunFolder, model_of, run_folders
from .driver import driver_files
from .testbench import bench_files
from .vivado import vivado_files

__all__ = ["deliver_files"]


def deliver_files(board: Board, design: Mapping[str, Any], build: Path, synthesized: str) -> dict[str, str]:
    """``vivado/`` and ``driver/``, where the board has such a flow, and ``testbench/``.

    Parameters
    ----------
    board : Board
    design : mapping
        The content of ``design.json``.
    build : Path
        The build folder, whose ``design.v``, ``images/`` and ``batches/`` are complete.
    synthesized : str
        Name of the Verilog that is to be synthesized.
    """
    runs = [RunFolder.read(folder, build) for folder in run_folders(build / "batches")]
    verilog = (build / "design.v").read_text(encoding="utf-8")
    folders = {"vivado": vivado_files(board, design, synthesized), "driver": driver_files(board, design),
               "testbench": bench_files(design, verilog, model_of(build), runs)}
    return {f"{folder}/{name}": content for folder, each in folders.items() for name, content in each.items()}
