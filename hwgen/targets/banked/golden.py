"""What every pass must write, row by row, for a bench to compare; and results as they are stored."""

from collections.abc import Sequence

import numpy as np

from ..arrays import Ints
from ..run_folder import RESULT_BITS, Golden, PassFacts, code_bytes, cut_rows, result_arrays
from .hardware import Hardware
from .images import raise_of, result_places
from .program import Program
from .schedule.slots import Schedule

__all__ = ["expected", "pass_facts", "read_results"]

STORED_LANES = 8  #: 16-bit codes of a word in memory; results fill the first ``requant_lanes``, or several words.


def pass_facts(passes: Sequence[tuple[str, int]], hardware: Hardware) -> list[PassFacts]:
    """What ``layout.json`` says of each pass; the last one writes results, in words of ``requant_lanes``.

    Parameters
    ----------
    passes : sequence of (str, int)
        Name, and channels of a row that it writes.
    """
    facts = []
    for index, (name, width) in enumerate(passes):
        last = index == len(passes) - 1
        facts.append(PassFacts(
            name=name, domain="nodes", to_result=last, code_bits=RESULT_BITS if last else hardware.code_bits,
            word_codes=hardware.requant_lanes if last else hardware.lanes, channels=width, signed=True))
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
    owners, every = schedule.owners, np.arange(program.num_nodes)
    server, word, words = result_places(program, hardware, schedule)
    first = server * words + word * hardware.result_parts
    out = result_arrays(codes[-1], every, first, np.arange(program.passes[-1].width))
    facts_of = pass_facts([(step.name, step.width) for step in program.passes], hardware)
    for index, (step, facts, done) in enumerate(zip(schedule.passes, facts_of, codes, strict=True)):
        raised = raise_of(program.passes[index].out, hardware)
        stored = done + raised
        if raised:  # so are the channels that fill the last chunk
            stored = np.pad(stored, ((0, 0), (0, -facts.channels % hardware.requant_lanes)), constant_values=raised)
        rows = program.rows_of(index)
        row, chunk = cut_rows(every[rows], -(-facts.channels // facts.word_codes))
        bank, address = owners.unit // hardware.servers, owners.row + step.write_half * (hardware.bank_depth // 2)
        if facts.to_result:
            bank, address = np.zeros_like(word), word
        out |= {f"p{index}_unit": server[row], f"p{index}_row": row, f"p{index}_chunk": chunk,
                f"p{index}_bank": bank[row], f"p{index}_address": address[row] + chunk,
                f"p{index}_data": code_bytes(stored[rows], facts.word_codes, facts.code_bits)}
    return out


def read_results(program: Program, hardware: Hardware, schedule: Schedule, stored: bytes) -> Ints:
    """Results as the store unit wrote them: int64 [n, classes].

    Parameters
    ----------
    stored : bytes
        16 bytes a word, as many words of server 0 as of each other, then of server 1, ...
    """
    server, word, words = result_places(program, hardware, schedule)
    used = min(STORED_LANES, hardware.requant_lanes)
    lanes = np.frombuffer(stored, dtype="<i2").reshape(-1, STORED_LANES)[:, :used].astype(np.int64)
    width, first = program.passes[-1].width, server * words + word * hardware.result_parts
    chunk = np.arange(-(-width // used))
    return np.asarray(lanes[first[:, None] + chunk].reshape(len(server), -1)[:, :width])
