"""Schedule -> memory images: the load stream.

docs/banked.md, "Load bus", has the formats.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rtl_templates.banked.formats import AFFINE, PARAM, TASK, ZERO, Target, weight_plan
from rtl_templates.banked.server.timing import server_q2_wait
from rtl_templates.cells.formats import Kind
from rtl_templates.shell.words import pack as pack_word

from ...errors import HwgenError
from ..arrays import Ints
from ..mac_tables import subset_sums
from ..words import Beats, ended, pack_fields, section, split
from .hardware import Hardware
from .memories import (
    bank_memory,
    chunks_of,
    feature_memory,
    input_steps,
    lane_tables,
    schedule_memory,
    weight_pages,
)
from .program import Pass, Program, Requant
from .schedule.slots import Schedule

__all__ = ["NO_BANK", "Image", "pack", "raise_of", "result_places", "task_fields"]


NO_BANK = 15
"""PARAM bank of an entry that writes nothing."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """What a design loads.

    Parameters
    ----------
    beats : uint64 [m, 2]
        The load stream, END header included; lower half of a beat first.
    result_words : int
        How many words the store unit writes of every server.
    """

    beats: Beats
    result_words: int


def pack(program: Program, hardware: Hardware, schedule: Schedule) -> Image:
    """Write every memory of a design for one program.

    Raises
    ------
    HwgenError
        When a pass is of a shape that no task word can state.
    CapacityError
        When input words are wider than a beat. All else is checked by
        :func:`hwgen.targets.banked.schedule.schedule.schedule`.
    """
    for index, step in enumerate(program.passes):
        _check_stages(step, index == len(program.passes) - 1, hardware)
    pages = [page for step in program.passes for page in weight_pages(step, hardware)]
    stream = section(Target.TASK, 0, 0, split([
        pack_word({**TASK, **ZERO}, **fields) for fields in task_fields(program, hardware, schedule)]))
    stream += schedule_memory(hardware, schedule)
    stream += bank_memory(program, hardware, schedule)
    stream += _params(program, hardware, schedule)
    stream += lane_tables([requant for step in program.passes for _, requant in _stages(step)], hardware)
    stream += subset_sums(np.stack(pages), weight_plan(hardware.to_dict()), Target.TABLE) if pages else []
    stream += feature_memory(program, hardware, schedule)
    beats = ended(stream)
    return Image(beats=beats, result_words=result_places(program, hardware, schedule)[2])


def _check_stages(step: Pass, last: bool, hardware: Hardware) -> None:
    """Refuse what the task word and the row parameters cannot say."""
    unsigned = [requant for requant in (step.q1, step.q2) if requant is not None and requant.kind == "unsigned"]
    problem = ""
    if step.q2 is not None and len(step.q2.bias) > 1:
        problem = "the stage after the MAC array has a bias by class"
    elif step.q1 is not None and step.combine is not None and step.q1.kind != "unsigned":
        problem = f"{step.q1.kind} codes enter the MAC array, which takes unsigned ones"
    elif len(unsigned) == 2:
        problem = "both stages are unsigned; a node has one bit width"
    elif not last and step.out.stored_bits > hardware.code_bits:
        problem = f"codes {step.out.code_range} do not fit rows of {hardware.code_bits} bits"
    elif last != (step.out.kind == "raw"):
        problem = f"{step.out.kind} codes {'are the results' if last else 'become rows'}"
    if problem:
        raise HwgenError(problem, step.name, "lower the model again, for this hardware")


def task_fields(program: Program, hardware: Hardware, schedule: Schedule) -> list[dict[str, int]]:
    """Fields of every pass's task word (:data:`rtl_templates.banked.formats.TASK` and ``ZERO``)."""
    tasks, column, bias, page, raised = [], 0, 0, 0, 0
    for index, step in enumerate(program.passes):
        slots, last = schedule.passes[index], index == len(program.passes) - 1
        fields = dict.fromkeys([*TASK, *ZERO], 0) | {
            "dense": int(step.kind == "dense"), "to_result": int(last), "last": int(last),
            "read_half": slots.read_half, "slot_start": slots.start, "slot_count": slots.count, "page": page}
        for stage, requant in _stages(step):
            fields |= {f"{stage}_half_up": int(requant.half_up), f"{stage}_kind": _kind(requant),
                       f"{stage}_chunks": chunks_of(requant, hardware), f"{stage}_column": column,
                       f"{stage}_bias": bias}
            column += chunks_of(requant, hardware)
            bias += chunks_of(requant, hardware) * len(requant.bias)
            if requant.kind == "signed":
                fields["signed_max"] = requant.code_range.high
            elif requant.kind == "affine":
                fields |= {"signed_max": (1 << requant.bits) - 1, "zero": requant.zero}
        if step.q1 is not None:
            fields["combine"] = int(step.combine is not None)
        else:
            fields |= {"dense_pages": len(weight_pages(step, hardware)),
                       "dense_steps": input_steps(program, hardware)}
        if fields["combine"]:
            fields["q2_wait"] = server_q2_wait(hardware.lanes, hardware.planes, fields["q1_chunks"],
                                               fields["q2_chunks"], hardware.lane_sets)
        if step.kind == "gather":
            fields["dense_pages"] = raised % (1 << TASK["dense_pages"])
        raised = raise_of(step.out, hardware)
        page += len(weight_pages(step, hardware))
        tasks.append(fields)
    return tasks


def raise_of(requant: Requant, hardware: Hardware) -> int:
    """What the codes that a row holds are more than those of the program: affine ones are signed in another place."""
    return requant.zero - (1 << hardware.code_bits - 1) if requant.kind == "affine" else 0


def _kind(requant: Requant) -> int:
    return AFFINE if requant.kind == "affine" else Kind[requant.kind.upper()]


def _stages(step: Pass) -> list[tuple[str, Requant]]:
    return [(stage, requant) for stage, requant in (("q1", step.q1), ("q2", step.q2)) if requant is not None]


def result_places(program: Program, hardware: Hardware, schedule: Schedule) -> tuple[Ints, Ints, int]:
    """Server of each node, and the first word of its result there; and how many words each server stores.

    Nodes of a server lie one after the other. What is stored are words of 16 bytes, ``result_parts`` of each of a
    server's.
    """
    server = schedule.owners.unit % hardware.servers
    order = np.argsort(server, kind="stable")
    counts = np.bincount(server, minlength=hardware.servers)
    word = np.empty_like(server)
    word[order] = np.arange(len(order)) - (np.cumsum(counts) - counts)[server[order]]
    chunks = chunks_of(program.passes[-1].out, hardware)
    return server, word * chunks, int(counts.max()) * chunks * hardware.result_parts


def _params(program: Program, hardware: Hardware, schedule: Schedule) -> list[Beats]:
    """Row parameters of each server, port after port, and of each port pass after pass."""
    tasks = task_fields(program, hardware, schedule)
    fields = [_param_fields(program, hardware, schedule, index, task) for index, task in enumerate(tasks)]
    nothing = np.zeros((len(PARAM), 1), dtype=np.int64)
    nothing[list(PARAM).index("final")], nothing[list(PARAM).index("bank")] = 1, NO_BANK
    stream: list[Beats] = []
    for server in range(hardware.servers):
        entries, first = [], []
        used = 0
        for port in range(hardware.ports):
            first.append(used)
            for index, step in enumerate(program.passes):
                columns = fields[index][:, schedule.passes[index].order[server][port]]
                if step.kind == "dense" and port == 0:
                    columns = columns.copy() if columns.size else nothing.copy()
                    columns[list(PARAM).index("final"), -1] = 1
                entries.append(columns)
                used += columns.shape[1]
        table = np.concatenate(entries, axis=1)
        stream += section(Target.PARAM, server, 0, pack_fields(list(zip(table, PARAM.values(), strict=True))))
        stream += section(Target.SETUP, server, 0, pack_fields([(np.array(first), 32)]))
    return stream


def _param_fields(program: Program, hardware: Hardware, schedule: Schedule, index: int,
                  task: Mapping[str, int]) -> Ints:
    """PARAM fields of every node in one pass: int64 [fields, n]."""
    step, owners = program.passes[index], schedule.owners
    fields = {name: np.zeros(program.num_nodes, dtype=np.int64) for name in PARAM}
    if step.q1 is not None:
        fields["row_r"], fields["pair"] = step.q1.row, step.q1.pairs.astype(np.int64)
        entry = task["q1_bias"] + step.q1.bias_class * task["q1_chunks"]
        fields["bias_r"] = entry if step.q1.bias_row is None else np.where(step.q1.pairs, step.q1.bias_row, entry)
    if step.q2 is not None:
        fields["q2_r"] = step.q2.row
    for requant in (step.q1, step.q2):
        if requant is not None and requant.kind == "unsigned":
            full = np.full(program.num_nodes, requant.bits)
            fields["bits"] = full if requant.row_bits is None else requant.row_bits
    if index == len(program.passes) - 1:
        fields["row"] = result_places(program, hardware, schedule)[1]
    else:
        fields["bank"] = owners.unit // hardware.servers
        fields["row"] = owners.row + schedule.passes[index].write_half * (hardware.bank_depth // 2)
    return np.stack(list(fields.values()))
