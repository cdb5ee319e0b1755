"""What every pass of a batch must write, word by word, for a bench to compare; and results as they are stored."""

from collections.abc import Sequence

import numpy as np

from rtl_templates.lists.formats import RESULT_LANES

from ..arrays import Ints
from ..run_folder import RESULT_BITS, Files, Golden, PassFacts, cut_rows, image_files, result_arrays
from ..words import to_bytes
from .execute import PassTrace
from .hardware import Hardware
from .images import BatchImage, buffer_bytes, model_image
from .layout import Layout
from .program import Program

__all__ = ["expected", "model_files", "pass_facts", "read_rows"]


def model_files(layout: Layout) -> Files:
    """``model.bin``, the load stream of a model, and ``layout.json``."""
    return image_files(pass_facts(layout.program, layout.hardware), to_bytes(model_image(layout)))


def pass_facts(program: Program, hardware: Hardware) -> list[PassFacts]:
    """What ``layout.json`` says of each pass; buffer words are compared whole, padding included."""
    facts = []
    for step in program.passes:
        last = step.target is None
        chunks = 0 if step.target is None else sum(
            -(-block // hardware.lanes) for block in program.tensors[step.target].blocks)
        facts.append(PassFacts(
            name=step.name, domain=step.domain, to_result=last, code_bits=RESULT_BITS if last else hardware.code_bits,
            word_codes=RESULT_LANES if last else hardware.lanes, channels=chunks * hardware.lanes,
            signed=step.out.kind != "unsigned"))
    return facts


def expected(layout: Layout, image: BatchImage, passes: Sequence[PassTrace]) -> Golden:
    """Words that each pass must write, and the results: arrays of ``golden.npz`` (docs/formats.md).

    Parameters
    ----------
    passes : sequence of PassTrace
        Of the reference, in the batch's order of nodes, graphs and edges.
    """
    units, out = layout.hardware.units, Golden()
    for index, (step, done) in enumerate(zip(layout.program.passes, passes, strict=True)):
        codes, entry = done.written, done.written_entry
        order = image.rows(step.domain)
        if step.target is None:
            results = np.zeros((len(order), int(layout.result[-1]) + 1), dtype=np.int64)
            results[:, layout.result] = codes[order]
            dealt = np.arange(len(order))
            first = dealt % units * image.result_words + dealt // units * layout.result_words
            out |= result_arrays(results, order, first, layout.result)
            order = order[:0]
            address, chunks, position = 0, 1, layout.result % layout.hardware.lanes
        else:
            place = layout.tensors[step.target]
            address, chunks, position = place.address, place.chunks, place.position
        row, chunk = cut_rows(np.arange(len(order)), chunks)
        out |= {f"p{index}_unit": row % units, f"p{index}_row": order[row], f"p{index}_chunk": chunk,
                f"p{index}_address": address + row * chunks + chunk, f"p{index}_entry": np.repeat(entry[order], chunks),
                f"p{index}_data": buffer_bytes(codes[order], position, chunks, layout.hardware)}
    return out


def read_rows(layout: Layout, rows: int, stored: bytes) -> Ints:
    """Results as the store unit wrote them, in the hardware's order of rows: int64 [rows, classes].

    Parameters
    ----------
    stored : bytes
        16 bytes a word, as many words of unit 0 as of each other, then of unit 1, ...
    """
    units, words = layout.hardware.units, layout.result_words
    cut = np.frombuffer(stored, dtype="<i2").reshape(units, -(-rows // units), words * RESULT_LANES)
    dealt = cut.transpose(1, 0, 2).reshape(-1, words * RESULT_LANES)
    return dealt[:rows, layout.result].astype(np.int64)
