"""What the folder of a batch says: what is loaded, every word that must be written, and where its results are stored.

``batch.bin``, ``layout.json`` and ``golden.npz``; docs/formats.md has their content.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from hwgen.documents import read_json
from hwgen.driver.results import Results
from hwgen.kinds import Count

from .errors import SimError
from .folder import AGAIN, Design, Images, PassFacts, PassLayout, read_stream

__all__ = ["BatchFolder", "Results", "RunLayout", "Words", "run_layout"]

Ints = NDArray[np.int64]

#: ``layout.json`` of a run: what it covers, what it takes, and what its counters read.
RunLayout = TypedDict("RunLayout", {
    "nodes": Count, "edges": Count, "graphs": Count, "window": Count, "pass": Count, "rows": Count, "entries": Count,
    "load_beats": Count, "store_beats": Count, "result_words": Count, "cycles": Count | None,
    "pass_cycles": list[Count] | None, "counters": dict[str, Count], "scale": list[float] | None,
    "passes": list[PassLayout]}, total=False)


@dataclass(frozen=True, kw_only=True)
class Words:
    """Words that a pass must write, each once.

    Parameters
    ----------
    unit, row, chunk : int64 [w]
        The writer; the node, graph or row by edge that the word is of; which word of its row.
    fields : mapping of str to int64 [w]
        Those of :attr:`Design.row_fields` that are not ``data``.
    data : uint8 [w, bytes]
        Codes, little endian, the first channel lowest.
    """

    unit: Ints
    row: Ints
    chunk: Ints
    fields: Mapping[str, Ints]
    data: NDArray[np.uint8]

    def places(self, fields: Sequence[str]) -> Ints:
        """Writer and place of each word: int64 [w, 1 + places]."""
        where = fields[:fields.index("data")]
        return np.stack([self.unit, *(self.fields[name] for name in where)], axis=1)


@dataclass(frozen=True, kw_only=True)
class BatchFolder:
    """One batch.

    Parameters
    ----------
    name : str
    load : bytes
        The load stream, 16 bytes a beat.
    passes : tuple of PassFacts
        The model's, or those that the batch brings along.
    words : tuple of Words
        Of each pass.
    results : Results
    result_words : int
        Words that each unit stores.
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
    results: Results
    result_words: int
    cycles: int | None
    pass_cycles: tuple[int, ...] | None
    counters: Mapping[str, int]

    @classmethod
    def load_from(cls, folder: Path, design: Design, images: Images) -> "BatchFolder":
        """Read a batch made for this build; SimError if it is not one."""
        layout = run_layout(folder)
        load, golden = read_stream(folder / "batch.bin"), folder / "golden.npz"
        if not golden.is_file():
            raise SimError("the expected codes are missing", str(golden), AGAIN)
        try:
            passes = tuple(map(PassFacts.of, layout["passes"])) if "passes" in layout else images.passes
            with np.load(golden) as arrays:
                words = tuple(_words(arrays, f"p{index}", design) for index in range(len(passes)))
                results = Results.of(arrays, passes[-1].word_codes)
            stamps = layout["pass_cycles"]
            batch = cls(
                name=folder.name, load=load, passes=passes, words=words, result_words=int(layout["result_words"]),
                results=results,
                cycles=layout["cycles"], pass_cycles=None if stamps is None else tuple(stamps),
                counters=layout["counters"])
            wrong = batch._problem(design)
        except Exception as error:  # whatever NumPy meets in a file that is damaged
            raise SimError(f"unexpected content: {error!r}", str(folder), AGAIN) from None
        if wrong:
            raise SimError(wrong, str(folder), AGAIN)
        return batch

    def _problem(self, design: Design) -> str:
        """What does not fit together."""
        wrong = ""
        for facts, words in zip(self.passes, self.words, strict=True):
            size = -(-facts.word_codes * facts.code_bits // 8)
            places = words.places(design.row_fields)
            if words.data.shape[0] != len(places) or (len(places) and words.data.shape[1] != size):
                wrong = f"pass {facts.name} has words of shape {words.data.shape}, not {size} bytes each"
            elif len(np.unique(places, axis=0)) != len(places):
                wrong = f"pass {facts.name} writes a word twice"
        results, stored = self.results, design.units * self.result_words
        if int(results.word.max(initial=-results.chunks)) + results.chunks > stored:
            rows, width = results.codes.shape
            wrong = f"{rows} rows of {width} results do not fit {self.result_words} words a unit"
        if self.pass_cycles is not None and len(self.pass_cycles) != len(self.passes):
            wrong = f"cycles of {len(self.pass_cycles)} passes, not of {len(self.passes)}"
        unknown = set(self.counters) - set(design.registers)
        return f"the design has no counter {min(unknown)}" if unknown else wrong


def run_layout(folder: Path) -> RunLayout:
    """``layout.json`` of a run; HwgenError if it is none."""
    return read_json(RunLayout, folder / "layout.json", AGAIN)


def _words(arrays: Mapping[str, NDArray[np.generic]], prefix: str, design: Design) -> Words:
    def column(name: str) -> Ints:
        return arrays[f"{prefix}_{name}"].astype(np.int64)

    return Words(unit=column("unit"), row=column("row"), chunk=column("chunk"),
                 fields={name: column(name) for name in design.row_fields if name != "data"},
                 data=arrays[f"{prefix}_data"].astype(np.uint8))
