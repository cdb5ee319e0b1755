"""What every pass of a batch must write, word by word, for a bench to compare; and the files of models and batches."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rtl_templates.lists.formats import RESULT_LANES

from ...files import npz_bytes
from ...network.batch import Batch
from .images import BatchImage, batch_image, buffer_bytes, model_image, to_bytes
from .layout import Layout
from .program import Program

__all__ = ["TracedPass", "batch_files", "expected", "image_files", "model_files", "pass_facts", "read_results",
           "read_rows"]

Ints = NDArray[np.int64]
Files = dict[str, bytes | str]


class TracedPass(Protocol):
    """What one pass wrote, as :class:`hwgen.targets.lists.execute.PassTrace` has it."""

    @property
    def written(self) -> Ints: ...
    @property
    def written_entry(self) -> Ints: ...


class Trace(Protocol):
    """As :class:`hwgen.targets.lists.execute.Trace`."""

    @property
    def passes(self) -> Sequence[TracedPass]: ...


def model_files(layout: Layout) -> Files:
    """``model.bin``, the load stream of a model, and ``layout.json``."""
    program = layout.program
    facts = {"passes": pass_facts(program), "width": int(layout.result[-1]) + 1, "columns": layout.result.tolist(),
             "scale": program.scale.tolist(), "nodes": layout.nodes, "graphs": layout.graphs,
             "result_words_per_row": layout.result_words, "buffer_words": layout.buffer_words}
    return {"model.bin": to_bytes(model_image(layout)), "layout.json": _json(facts)}


def pass_facts(program: Program) -> list[dict[str, Any]]:
    """What ``layout.json`` says of each pass."""
    return [{"name": step.name, "to_result": int(step.target is None), "domain": step.domain}
            for step in program.passes]


def batch_files(layout: Layout, batch: Batch, trace: Trace, cycles: Mapping[str, Any] | None = None) -> Files:
    """``batch.bin``, the load stream of a batch, ``golden.npz``, what it must write, and ``layout.json``.

    Parameters
    ----------
    trace : Trace
        Of the reference.
    cycles : mapping or None
        ``cycles`` of the run and ``pass_cycles`` of each pass; None: not known.
    """
    return image_files(layout, batch_image(layout, batch), trace, cycles)


def image_files(layout: Layout, image: BatchImage, trace: Trace, cycles: Mapping[str, Any] | None = None) -> Files:
    """As :func:`batch_files`, of a batch that is packed already."""
    timing = {"cycles": None, "pass_cycles": None} if cycles is None else dict(cycles)
    return {"batch.bin": to_bytes(image.beats), "layout.json": _json({**timing, **image.layout}),
            "golden.npz": npz_bytes(expected(layout, image, trace))}


def expected(layout: Layout, image: BatchImage, trace: Trace) -> dict[str, NDArray[Any]]:
    """Words that each pass must write, and the results.

    Parameters
    ----------
    trace : Trace
        Of the reference, in the batch's order of nodes and graphs.

    Returns
    -------
    dict
        For every pass p ``p{p}_address``, ``p{p}_entry``, ``p{p}_row`` (of the hardware: that of unit row % units) and
        ``p{p}_chunk``: int64 [words]; ``p{p}_data``: uint8 [words, bytes], the first lane lowest. None for the last
        pass, whose ``results`` are int64 [rows, positions].
    """
    hardware = layout.hardware
    out: dict[str, NDArray[Any]] = {}
    for index, (step, done) in enumerate(zip(layout.program.passes, trace.passes, strict=True)):
        codes, entry = done.written, done.written_entry
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
    order = image.graphs if layout.program.passes[-1].domain == "graphs" else image.nodes
    results = np.empty((len(order), len(layout.result)), dtype=np.int64)
    results[order] = read_rows(layout, len(order), stored)
    return results


def read_rows(layout: Layout, rows: int, stored: bytes) -> Ints:
    """As :func:`read_results`, in the hardware's order of rows."""
    units, words = layout.hardware.units, layout.result_words
    cut = np.frombuffer(stored, dtype="<i2").reshape(units, -(-rows // units), words * RESULT_LANES)
    dealt = cut.transpose(1, 0, 2).reshape(-1, words * RESULT_LANES)
    return dealt[:rows, layout.result].astype(np.int64)


def _json(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, indent=2) + "\n"
