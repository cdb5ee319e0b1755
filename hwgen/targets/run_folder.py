"""The files of a build's images and of a batch, the same for every target; docs/formats.md has them.

Nothing here knows how a target stores rows: it hands over words, and which fields place a word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import npz_bytes
from ..flow.folder import to_json
from .arrays import Bytes, Floats, Ints

__all__ = ["RESULT_BITS", "Files", "Golden", "PassFacts", "batch_files", "code_bytes", "cut_rows", "image_files",
           "numbered", "result_arrays", "run_name"]

Files = dict[str, bytes | str]
#: Arrays of ``golden.npz`` by name.
Golden = dict[str, NDArray[Any]]

RESULT_BITS = 16  #: Of a result in memory.


@dataclass(frozen=True, kw_only=True)
class PassFacts:
    """What a bench must know of a pass.

    Parameters
    ----------
    name : str
    domain : "nodes", "graphs" or "edges"
        What its rows are.
    to_result : bool
        Whether it writes the results.
    code_bits, word_codes : int
        Bits of a code, and codes of a word that is written; of results, of a word that is stored.
    channels : int
        Codes of a row that are compared.
    signed : bool
    """

    name: str
    domain: str
    to_result: bool
    code_bits: int
    word_codes: int
    channels: int
    signed: bool


def image_files(passes: Sequence[PassFacts], model: bytes = b"") -> Files:
    """``layout.json``, and ``model.bin`` where a model is loaded once for all batches."""
    facts = {"passes": [asdict(step) for step in passes], "model_beats": len(model) // 16}
    return {"layout.json": to_json(facts), **({"model.bin": model} if model else {})}


def batch_files(stream: bytes, golden: Golden, *, result_words: int, units: int, scale: Floats | None,
                cycles: Mapping[str, Any], size: Mapping[str, int], passes: Sequence[PassFacts] | None = None) -> Files:
    """``batch.bin``, ``layout.json`` and ``golden.npz``.

    Parameters
    ----------
    stream : bytes
        What is loaded.
    golden : dict of arrays
        What must be written.
    result_words, units : int
        Words of results that each of so many units stores.
    scale : float64 [classes] or None
        Real value of result code 1; None where rows have different ones.
    cycles : dict
        The estimate: ``total``, ``counters``, and ``passes`` with ``cycles``.
    size : dict
        For reports.
    passes : sequence of PassFacts or None
        Those that the batch brings along, in place of the model's.
    """
    layout = {
        **size, "load_beats": len(stream) // 16, "result_words": result_words, "store_beats": result_words * units,
        "cycles": int(cycles["total"]), "pass_cycles": [int(step["cycles"]) for step in cycles["passes"]],
        "counters": {name.upper(): int(value) for name, value in cycles["counters"].items()},
        "scale": None if scale is None else scale.tolist()}
    if passes is not None:
        layout["passes"] = [asdict(step) for step in passes]
    return {"batch.bin": stream, "layout.json": to_json(layout), "golden.npz": npz_bytes(golden)}


def numbered(batches: Mapping[int, Files]) -> Files:
    """Files of batches, each in a folder of its number."""
    return {f"{run_name(number)}/{name}": content for number, files in batches.items()
            for name, content in files.items()}


def run_name(number: int) -> str:
    """The folder of a batch, or of a window."""
    return f"{number:04d}"


def cut_rows(rows: Ints, chunks: int) -> tuple[Ints, Ints]:
    """Row and chunk of every word, where each of some rows (int64 [n]) takes ``chunks`` words: int64 [n * chunks]."""
    return np.repeat(rows, chunks), np.tile(np.arange(chunks), len(rows))


def code_bytes(codes: Ints, word_codes: int, code_bits: int) -> Bytes:
    """Rows of codes as words, the first code of a word lowest: uint8 [rows * chunks, bytes].

    Parameters
    ----------
    codes : int64 [rows, width]
        Negative ones in two's complement; a row's last word is filled with zeros.
    """
    rows, width = codes.shape
    chunks = -(-width // word_codes)
    whole = np.zeros((rows, chunks * word_codes), dtype=np.int64)
    whole[:, :width] = codes
    bits = (whole[:, :, None] >> np.arange(code_bits) & 1).astype(np.uint8)
    return np.packbits(bits.reshape(rows * chunks, word_codes * code_bits), axis=1, bitorder="little")


def result_arrays(codes: Ints, row: Ints, word: Ints, column: Ints) -> Golden:
    """Results, and where they lie in memory.

    Parameters
    ----------
    codes : int64 [rows, width]
        As stored, padding included.
    row : int64 [rows]
        Which node or graph each is.
    word : int64 [rows]
        First of its words of 16 bytes, those of unit 0 before those of unit 1.
    column : int64 [classes]
        Where in a row each class is.
    """
    return {"results": codes, "results_row": row, "results_word": word, "results_column": column}
