"""What a build folder holds for a board: load streams, the results that they give, and the counters."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import HwgenError
from .results import Results

__all__ = ["RunFolder", "model_of", "run_folders"]

AGAIN = "copy the build folder again from where it is whole"


@dataclass(frozen=True)
class RunFolder:
    """A folder of ``batches/`` or ``runs/NAME/``: what is loaded, run and stored at once.

    Parameters
    ----------
    name : str
    stream : bytes
        The load stream.
    words, units : int
        Words of results that each of so many units stores.
    results : Results
        Golden ones.
    passes : int
    cycles : int or None
        What CYCLES must be; None is not compared.
    pass_cycles : list of int, or None
    counters : dict of str to int
        What further counters must be, by register.
    scale : float64 [classes] or None
        Real value of result code 1.
    """

    name: str
    stream: bytes
    words: int
    units: int
    results: Results
    passes: int
    cycles: int | None
    pass_cycles: list[int] | None
    counters: dict[str, int]
    scale: NDArray[np.float64] | None

    @classmethod
    def read(cls, folder: Path, build: Path) -> "RunFolder":
        """Read a run that was packed for a build.

        Raises
        ------
        HwgenError
            It is none.
        """
        layout = _json(folder / "layout.json")
        passes = layout.get("passes") or _json(build / "images" / "layout.json")["passes"]
        stream = _bytes(folder / "batch.bin")
        if not (folder / "golden.npz").is_file():
            raise HwgenError("there is no such file", str(folder / "golden.npz"), AGAIN)
        with np.load(folder / "golden.npz") as arrays:
            results = Results.of(arrays, int(passes[-1]["word_codes"]))
        words, scale = int(layout["result_words"]), layout["scale"]
        return cls(name=folder.name, stream=stream, words=words,
                   units=int(layout["store_beats"]) // words if words else 0, results=results, passes=len(passes),
                   cycles=layout["cycles"], pass_cycles=layout["pass_cycles"], counters=layout["counters"],
                   scale=None if scale is None else np.array(scale, dtype=np.float64))


def model_of(build: Path) -> bytes:
    """The load stream that comes before all runs; empty where runs bring everything along.

    Raises
    ------
    HwgenError
        It is missing.
    """
    return _bytes(build / "images" / "model.bin") if _json(build / "images" / "layout.json")["model_beats"] else b""


def run_folders(folder: Path) -> list[Path]:
    """Folders of runs in a folder, by number.

    Raises
    ------
    HwgenError
        There are none.
    """
    found = sorted((path.parent for path in folder.glob("*/batch.bin")), key=lambda path: (len(path.name), path.name))
    if not found:
        raise HwgenError("holds no runs", str(folder), "name batches/ of a build, or what hwgen pack wrote below runs/")
    return found


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise HwgenError("there is no such file", str(path), AGAIN)
    return path.read_bytes()


def _json(path: Path) -> Any:
    return json.loads(_bytes(path).decode("utf-8"))
