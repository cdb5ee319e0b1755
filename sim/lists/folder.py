"""What a build folder of the graph-level organisation and its batches say.

A build: ``design.v``, ``design.json`` (``organisation`` is ``stream``), ``images/model.bin``, ``images/layout.json``. A
batch: ``batch.bin``, ``layout.json``, ``golden.npz``. docs/lists.md has their content.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SimError
from ..folder import Design, read_json

__all__ = ["BatchFolder", "ModelImage", "PassFacts", "Words"]

RESULTS = 8  # results in a word of the result memory
_AGAIN = "write the batch again with this version of hwgen"


@dataclass(frozen=True, kw_only=True)
class PassFacts:
    """One pass: its name, what its rows are (``node`` or ``graph``), and where they go."""

    name: str
    domain: str
    to_result: bool


@dataclass(frozen=True, kw_only=True)
class ModelImage:
    """The load stream of the model, and its passes."""

    load: bytes
    passes: tuple[PassFacts, ...]

    @classmethod
    def load_from(cls, build: Path) -> "ModelImage":
        """Read a build folder; SimError if it has no model."""
        path = build / "images" / "layout.json"
        try:
            passes = _passes(read_json(path)["passes"])
        except (KeyError, TypeError) as wrong:
            raise SimError(f"unexpected content: {wrong!r}", str(path),
                           "build again with this version of hwgen") from None
        return cls(load=_read(build / "images" / "model.bin", "build again"), passes=passes)


def _passes(entries: list[dict[str, Any]]) -> tuple[PassFacts, ...]:
    return tuple(PassFacts(name=str(entry["name"]), domain=str(entry["domain"]).removesuffix("s"),
                           to_result=bool(entry["to_result"])) for entry in entries)


@dataclass(frozen=True, kw_only=True)
class Words:
    """Buffer words that a pass must write, each once.

    Parameters
    ----------
    address, entry, row, chunk : int64 [w]
    data : uint8 [w, bytes]
        Little endian, lane 0 lowest.
    """

    address: NDArray[np.int64]
    entry: NDArray[np.int64]
    row: NDArray[np.int64]
    chunk: NDArray[np.int64]
    data: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class BatchFolder:
    """One batch.

    Parameters
    ----------
    name : str
    load : bytes
    passes : tuple of PassFacts
        The model's, or those that the batch brings along.
    words : tuple of Words
        Of each pass.
    results : int64 [rows, width]
    result_words : int
        Result words that each unit stores.
    cycles : int or None
        What CYCLES must be; None is not compared.
    pass_cycles : tuple of int, or None
    counters : mapping of str to int
        What further counters must be.
    """

    name: str
    load: bytes
    passes: tuple[PassFacts, ...]
    words: tuple[Words, ...]
    results: NDArray[np.int64]
    result_words: int
    cycles: int | None
    pass_cycles: tuple[int, ...] | None
    counters: Mapping[str, int]

    @classmethod
    def load_from(cls, folder: Path, design: Design, model: ModelImage) -> "BatchFolder":
        """Read a batch made for this build; SimError if it is not one."""
        layout = read_json(folder / "layout.json")
        load, golden = _read(folder / "batch.bin", _AGAIN), folder / "golden.npz"
        if not golden.is_file():
            raise SimError("the expected codes are missing", str(golden), _AGAIN)
        try:
            passes = _passes(layout["passes"]) if "passes" in layout else model.passes
            with np.load(golden) as arrays:
                words = tuple(Words(
                    data=arrays[f"p{index}_data"].astype(np.uint8),
                    **{name: arrays[f"p{index}_{name}"].astype(np.int64) for name in
                       ("address", "entry", "row", "chunk")}) for index in range(len(passes)))
                results = arrays["results"].astype(np.int64)
            stamps = layout["pass_cycles"]
            batch = cls(
                name=folder.name, load=load, passes=passes, words=words, results=results,
                result_words=int(layout["result_words"]), cycles=layout["cycles"],
                pass_cycles=None if stamps is None else tuple(stamps), counters=layout.get("counters", {}))
        except (KeyError, TypeError, ValueError) as wrong:
            raise SimError(f"unexpected content: {wrong!r}", str(folder), _AGAIN) from None
        batch._check(folder, design)
        return batch

    def _check(self, folder: Path, design: Design) -> None:
        width = design.hardware["lanes"] * design.hardware["code_bits"] // 8
        wrong = None
        for facts, words in zip(self.passes, self.words, strict=True):
            if words.data.shape != (len(words.address), width):
                wrong = f"pass {facts.name} has words of shape {words.data.shape}, not {width} bytes each"
            elif len(np.unique(words.address)) != len(words.address):
                wrong = f"pass {facts.name} writes a word twice"
            elif facts.to_result and len(words.address):
                wrong = f"pass {facts.name} writes results and buffer words"
        rows, channels = self.results.shape
        if self.result_words < -(-rows // design.units) * -(-channels // RESULTS):
            wrong = f"{rows} rows of {channels} results do not fit {self.result_words} words a unit"
        if self.pass_cycles is not None and len(self.pass_cycles) != len(self.passes):
            wrong = f"cycles of {len(self.pass_cycles)} passes, not of {len(self.passes)}"
        unknown = set(self.counters) - set(design.registers)
        if unknown:
            wrong = f"the design has no counter {min(unknown)}"
        if wrong:
            raise SimError(wrong, str(folder), _AGAIN)

    def stored(self, data: bytes, units: int) -> NDArray[np.int64]:
        """Results [rows, width] out of what the store unit wrote: unit 0's words first, 16 bytes a word."""
        rows, channels = self.results.shape
        words = np.frombuffer(data, dtype="<i2").astype(np.int64).reshape(-1, RESULTS)
        each = -(-channels // RESULTS)
        row = np.arange(rows)
        first = row % units * self.result_words + row // units * each
        lanes: NDArray[np.int64] = words[first[:, None] + np.arange(each)].reshape(rows, each * RESULTS)[:, :channels]
        return lanes


def _read(path: Path, fix: str) -> bytes:
    """A load stream; SimError if there is none."""
    if not path.is_file():
        raise SimError("a load stream is missing", str(path), fix)
    content = path.read_bytes()
    if not content or len(content) % 16:
        raise SimError(f"{len(content)} bytes are no load stream of 16-byte beats", str(path), fix)
    return content
