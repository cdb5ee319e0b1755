"""What every pass must write, row by row, for a bench to compare; and the files of a graph on its design."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..run_folder import (
    RESULT_BITS,
    Files,
    Golden,
    PassFacts,
    batch_files,
    code_bytes,
    cut_rows,
    image_files,
    result_arrays,
)
from .design import Plan
from .hardware import Hardware
from .images import result_places
from .program import Program
from .schedule.slots import Schedule

__all__ = ["expected", "model_files", "packed_files", "pass_facts"]

Ints = NDArray[np.int64]


def model_files(plan: Plan) -> Files:
    """``layout.json``: a graph brings everything else along."""
    return image_files(pass_facts(plan.program, plan.hardware))


def packed_files(plan: Plan) -> Files:
    """``batch.bin``, ``layout.json`` and ``golden.npz`` of the plan's graph."""
    program, hardware, schedule = plan.program, plan.hardware, plan.schedule
    image = plan.image
    return batch_files(
        image.to_bytes(), expected(program, hardware, schedule, [step.rows for step in plan.trace.passes]),
        result_words=image.result_words, units=hardware.servers, scale=program.passes[-1].out.scale,
        cycles=plan.cycles, size={"graphs": 1, "nodes": program.num_nodes, "edges": int(plan.batch.edges.shape[1])})


def pass_facts(program: Program, hardware: Hardware) -> list[PassFacts]:
    """What ``layout.json`` says of each pass; the last one writes results, in words of ``requant_lanes``."""
    facts = []
    for step in program.passes:
        last = step is program.passes[-1]
        facts.append(PassFacts(
            name=step.name, domain="nodes", to_result=last, code_bits=RESULT_BITS if last else hardware.code_bits,
            word_codes=hardware.requant_lanes if last else hardware.lanes, channels=step.width,
            signed=step.out.kind != "unsigned"))
    return facts


def expected(program: Program, hardware: Hardware, schedule: Schedule, codes: Sequence[Ints]) -> Golden:
    """Rows that each pass must write, and the results: arrays of ``golden.npz`` (docs/formats.md).

    Parameters
    ----------
    program, hardware, schedule
        As for :func:`hwgen.targets.banked.images.pack`.
    codes : sequence of int64 [n, width], one a pass
        What the reference computed: ``[step.rows for step in trace.passes]``.
    """
    owners, nodes = schedule.owners, np.arange(program.num_nodes)
    server, word, words = result_places(program, hardware, schedule)
    out = result_arrays(codes[-1], nodes, server * words + word, np.arange(program.passes[-1].width))
    for index, (step, facts, done) in enumerate(zip(schedule.passes, pass_facts(program, hardware), codes,
                                                    strict=True)):
        row, chunk = cut_rows(nodes, -(-facts.channels // facts.word_codes))
        bank, address = owners.unit // hardware.servers, owners.row + step.write_half * (hardware.bank_depth // 2)
        if facts.to_result:
            bank, address = np.zeros_like(word), word
        out |= {f"p{index}_unit": server[row], f"p{index}_row": row, f"p{index}_chunk": chunk,
                f"p{index}_bank": bank[row], f"p{index}_address": address[row] + chunk,
                f"p{index}_data": code_bytes(done, facts.word_codes, facts.code_bits)}
    return out
