"""One pass as the fields of its pass word and of its beats."""

from collections.abc import Mapping, Sequence

import numpy as np

from rtl_templates.cells.formats import Kind
from rtl_templates.lists import formats
from rtl_templates.lists.formats import BEAT, PASS, RESULT_LANES, V_BITS, Select, Set

from ...errors import HwgenError
from ...network.batch import SetName, owner_of
from ...numeric import IntRange
from ..arrays import Ints
from .arithmetic import slope_word
from .layout import Place
from .program import Block, Operand, Pass, Program, Requantizer, Row
from .tables import Tables

__all__ = ["SET_OF", "chunks_at", "emit_pass"]

Fields = dict[str, int]

#: Its number in a beat. Who has rows by edge walks no other lists that weigh: those of the rows take their place.
#: Closed lists take that of looped ones, beside which there are none.
SET_OF: Mapping[SetName, Set] = {
    "edges": Set.EDGES, "looped": Set.LOOPED, "closed": Set.LOOPED, "weighted": Set.WEIGHTED, "normed": Set.NORMED,
    "features": Set.FEATURES, "members": Set.MEMBERS, "sources": Set.NORMED, "incoming": Set.WEIGHTED}
_KINDS = {"self": formats.Operand.SELF, "list": formats.Operand.LIST, "one": formats.Operand.ONE}


def emit_pass(program: Program, step: Pass, tensors: Sequence["Place"], tables: Tables, lanes: int,
              row: Ints, out: Ints) -> tuple[Fields, list[Fields]]:
    """Fields of a pass, but for ``beat_start`` and ``last``, and of its beats; constants go into the tables.

    Parameters
    ----------
    tensors : sequence of Place
    row, out : int64 [width]
        Positions in the row of Q1, and in the row that is written.

    Raises
    ------
    HwgenError
        When no pass word can state the pass.
    """
    beats = _Beats(program, step, tensors, tables, lanes).emit()
    inputs, outputs = chunks_at(row, lanes), chunks_at(out, lanes)
    combine = step.combine
    fields = dict.fromkeys(PASS, 0) | {
        "graphs": int(step.domain != "nodes"), "beat_count": len(beats), "combine": int(combine is not None),
        "in_chunks": inputs, "out_chunks": outputs, **_final(step, step.final, "q1", 0, tables)}
    if combine is not None:
        fields |= {
            **_final(step, combine.final, "q2", 1, tables),
            "page": tables.pages(combine.weight, row, out, (inputs, outputs)),
            "column": tables.column(1, combine.column, out, outputs),
            "bias": tables.bias(1, combine.bias, out, outputs), "mid": combine.mid, **_row(combine.row, 1, tables)}
    elif not np.array_equal(row, out):
        raise HwgenError("the blocks are not the blocks of the tensor written", step.name, "lower the model again")
    if step.target is None:
        fields |= {"to_result": 1, "result_words": -(-(int(out[-1]) + 1) // RESULT_LANES)}
    else:
        fields |= {"target": tensors[step.target].address, "stride": tensors[step.target].chunks}
    return fields, beats


def chunks_at(position: Ints, lanes: int) -> int:
    """Chunks of a row with channels at these positions."""
    return int(position[-1]) // lanes + 1


class _Beats:
    """The beats of a pass, and which degree the unit holds after each."""

    def __init__(self, program: Program, step: Pass, tensors: Sequence["Place"], tables: Tables,
                 lanes: int) -> None:
        self.program, self.step, self.tensors, self.tables, self.lanes = program, step, tensors, tables, lanes
        self.beats: list[Fields] = []
        self.held: SetName | None = None  # list whose length, and whose row's node, the unit holds
        late: list[Requantizer | Row] = [step.final]
        if step.combine is not None:
            late += [step.combine.row, step.combine.final]
        self.at_end = {each.of for each in late if each.select == "degree"}
        self.node_at_end = any(each.select == "node" for each in late)
        rows = [operand.row for block in step.blocks for operand in block.operands]
        self.counted = self.at_end | {row.of for row in rows if row.select == "degree"}
        self.node = self.node_at_end or any(row.select == "node" for row in rows)
        if len(self.at_end) > 1:
            raise HwgenError(f"a row takes parameters by its degree in {' and in '.join(sorted(self.at_end))} at once",
                             step.name, "let one list's length choose")

    def emit(self) -> list[Fields]:
        for index, block in enumerate(self.step.blocks):
            chunks = -(-block.width // self.lanes)
            for chunk in range(chunks):
                self._chunk(block, chunk, index == len(self.step.blocks) - 1 and chunk == chunks - 1)
        return self.beats

    def _chunk(self, block: Block, chunk: int, end: bool) -> None:
        operands = list(block.operands)
        if end and self.at_end:
            operands = self._ending(operands, block)
        lanes = slice(chunk * self.lanes, min((chunk + 1) * self.lanes, block.width))
        bias = self.tables.bias(0, block.bias[lanes], np.arange(len(block.bias[lanes])), 1)
        for index, operand in enumerate(operands):
            last_one = index == len(operands) - 1
            fields = self._operand(operand, chunk, lanes)
            fields |= {"bias": bias, "join_max": int(block.join == "max"), "first": int(index == 0),
                       "last": int(last_one), "end": int(last_one and end)}
            fields["degree"] = int(self._hold(operand, last_one and end))
            self.beats.append(fields)

    def _ending(self, operands: list[Operand], block: Block) -> list[Operand]:
        """The operands, the last one such that the row's own degree can be held; if none is, a zero is added."""
        operands.sort(key=lambda each: each.row.select != "degree" or each.row.of in self.at_end)
        last = operands[-1].row
        if last.select != "degree" or last.of in self.at_end:
            return operands
        if block.join == "max":
            raise HwgenError(f"a maximum takes all its factors by the degree in {last.of}, its row's parameters by "
                             f"that in {min(self.at_end)}", self.step.name, "let one list's length choose")
        constant = Row(select="constant", table=np.zeros(1, dtype=np.int64))
        return [*operands, Operand(kind="one", source=None, column=np.zeros_like(block.bias), mid=0, row=constant,
                                   x=IntRange(1, 1))]

    def _hold(self, operand: Operand, end: bool) -> bool:
        """See to it that the unit holds the degree that a beat wants; whether the beat takes that of its own list."""
        wanted = {operand.row.of} if operand.row.select == "degree" else set()
        if end:
            wanted |= self.at_end
        node = operand.row.select == "node" or (end and self.node_at_end)
        useful = self.node or operand.via in self.counted
        if operand.kind == "list" and (wanted == {operand.via} or (useful and not wanted)):
            self.held = operand.via
            return True
        for name in wanted:
            if self.held != name:
                self._skip(name)
        if node and self.held is None:
            self._skip(next(name for name in self.program.sets if owner_of(name) == self.step.domain))
        return False

    def _skip(self, name: SetName) -> None:
        self.held = name
        self.beats.append(dict.fromkeys(BEAT, 0) | {
            "operand": formats.Operand.SKIP, "set": SET_OF[name], "degree": 1})

    def _operand(self, operand: Operand, chunk: int, lanes: slice) -> Fields:
        column = operand.column[lanes]
        fields = dict.fromkeys(BEAT, 0) | {
            "operand": _KINDS[operand.kind], "max": int(operand.op == "max"), "set": SET_OF[operand.via],
            "column": self.tables.column(0, column, np.arange(len(column)), 1), "mid": operand.mid}
        row = _row(operand.row, 0, self.tables)
        fields |= {"row_kind": row["row_select"], "row_base": row["row_base"], "row_limit": row["row_limit"]}
        if operand.source is not None:
            place, tensor = self.tensors[operand.source], self.program.tensors[operand.source]
            fields |= {"base": place.address + int(place.position[operand.start]) // self.lanes + chunk,
                       "stride": place.chunks, "signed": int(tensor.signed)}
        if operand.kind == "self":
            fields["entry"] = int(operand.row.select == "entry" or self.step.final.select == "entry")
        return fields


def _row(row: Row, stage: int, tables: Tables) -> Fields:
    return {"row_select": Select[row.select.upper()], "row_base": tables.params(stage, row.table),
            "row_limit": len(row.table) - 1 if row.select == "degree" else 0}


def _final(step: Pass, final: Requantizer, name: str, stage: int, tables: Tables) -> Fields:
    fields: Fields = {f"{name}_slope": slope_word(final.activation, step.name),
                      f"{name}_kind": Kind[final.kind.upper()]}
    if final.kind == "raw":
        return fields
    fields |= {f"{name}_select": Select[final.select.upper()],
               f"{name}_base": tables.params(stage, final.multiplier, final.bits)}
    if final.select == "degree":
        fields[f"{name}_limit"] = len(final.multiplier) - 1
    if final.select == "nearest":
        if final.v.low <= -(1 << (V_BITS - 1)):
            raise HwgenError(f"values down to {final.v.low} are searched for", step.name, "lower the model again")
        fields[f"{name}_table"] = tables.thresholds(stage, final.thresholds)
    return fields
