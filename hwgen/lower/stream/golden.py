"""What every pass of a batch must write, word by word, for a bench to compare."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rtl_templates.stream.formats import RESULT_LANES

from .images import BatchImage, buffer_bytes
from .layout import Layout

__all__ = ["expected", "read_results"]

Ints = NDArray[np.int64]


def expected(layout: Layout, image: BatchImage, written: Sequence[Ints],
             entries: Sequence[Ints]) -> dict[str, NDArray[np.int64] | NDArray[np.uint8]]:
    """Words that each pass must write, and the results.

    Parameters
    ----------
    written : sequence of int64 [rows, width], one a pass
        What the reference wrote, in the batch's order of nodes and graphs.
    entries : sequence of int64 [rows]

    Returns
    -------
    dict
        For every pass p ``p{p}_address``, ``p{p}_entry``, ``p{p}_row`` (of the hardware: that of unit row % units) and
        ``p{p}_chunk``: int64 [words]; ``p{p}_data``: uint8 [words, bytes], the first lane lowest. None for the last
        pass, whose ``results`` are int64 [rows, positions].
    """
    hardware = layout.hardware
    out: dict[str, NDArray[np.int64] | NDArray[np.uint8]] = {}
    for index, (step, codes, entry) in enumerate(zip(layout.program.passes, written, entries, strict=True)):
        order = image.graphs if step.domain == "graphs" else image.nodes
        if step.target is None:
            results = np.zeros((len(order), int(layout.result[-1]) + 1), dtype=np.int64)
            results[:, layout.result] = codes[order]
            out["results"] = results
            order = order[:0]
            address, chunks, position = 0, 1, layout.result % hardware.lanes
        else:
            place = layout.tensors[step.target]
            address, chunks, position = place.address, place.chunks, place.position
        row = np.repeat(np.arange(len(order)), chunks)
        chunk = np.tile(np.arange(chunks), len(order))
        out |= {f"p{index}_address": address + row * chunks + chunk, f"p{index}_row": row, f"p{index}_chunk": chunk,
                f"p{index}_entry": np.repeat(entry[order], chunks),
                f"p{index}_data": buffer_bytes(codes[order], position, chunks, hardware)}
    return out


def read_results(layout: Layout, image: BatchImage, stored: bytes) -> Ints:
    """Results as the store unit wrote them, in the batch's order: int64 [nodes or graphs, classes].

    Parameters
    ----------
    stored : bytes
        16 bytes a word, ``image.layout["result_words"]`` words of unit 0, then of unit 1, ...
    """
    units, words = layout.hardware.units, layout.result_words
    order = image.graphs if layout.program.passes[-1].domain == "graphs" else image.nodes
    rows = -(-len(order) // units)
    cut = np.frombuffer(stored, dtype="<i2").reshape(units, rows, words * RESULT_LANES)
    dealt = cut.transpose(1, 0, 2).reshape(rows * units, words * RESULT_LANES)
    results = np.empty((len(order), len(layout.result)), dtype=np.int64)
    results[order] = dealt[: len(order)][:, layout.result]
    return results
