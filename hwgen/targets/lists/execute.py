"""The integer oracle of edge lists. The RTL must equal it, code by code."""

from dataclasses import dataclass

import numpy as np

from rtl_templates.cells.formats import RAW_BITS
from rtl_templates.lists.formats import BIAS_SHIFT, MID_SHIFTS

from ...errors import CapacityError
from ...network.batch import Batch, SetName
from ...network.execute import Lists
from ...numeric import IntRange
from ..arrays import Ints
from .arithmetic import encode, round_value
from .program import Block, Operand, Pass, Program, Requantizer, Row
from .rules import longest

__all__ = ["PassTrace", "Trace", "run"]


@dataclass(frozen=True, kw_only=True)
class PassTrace:
    """What one pass computed for its n rows (nodes, graphs or edges).

    Parameters
    ----------
    name : str
        The pass's.
    codes : int64 [n, k]
        Codes that leave Q1, blocks side by side; V where Q1 is raw.
    bits : int64 [n]
        Width of each row at Q1: the planes that the MAC array walks. RAW_BITS where Q1 is raw.
    entry : int64 [n]
        Entry that each row chose at Q1.
    written : int64 [n, m]
        What the pass writes: ``codes``, or what leaves Q2.
    written_entry : int64 [n]
        Entry beside each written row.
    """

    name: str
    codes: Ints
    bits: Ints
    entry: Ints
    written: Ints
    written_entry: Ints


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What a program computed, pass by pass."""

    passes: tuple[PassTrace, ...]

    @property
    def results(self) -> Ints:
        """Raw results of the last pass: int64 [nodes or graphs, classes]."""
        return self.passes[-1].written


def run(program: Program, batch: Batch) -> Trace:
    """Execute a program.

    Raises
    ------
    CapacityError
        If a list is longer than the program was lowered for.
    OverflowError
        If a value leaves its proved range: a defect of the lowering, never of the input.
    """
    return _Run(program, batch).trace()


@dataclass(frozen=True)
class _Coded:
    """Rows on their way: codes (or V) [n, k], their entry and width [n]."""

    codes: Ints
    entry: Ints
    bits: Ints


class _Run:
    def __init__(self, program: Program, batch: Batch) -> None:
        self.program, self.batch, self.lists = program, batch, Lists(batch, program.edges)
        self.stored: dict[int, tuple[Ints, Ints]] = {}
        if program.given is not None:
            codes = batch.features.toarray().astype(np.int64)
            self.stored[program.given] = codes, np.zeros(len(codes), dtype=np.int64)
        for name in (*program.sets, *(("features",) if program.given is not None else ())):
            have, limit = int(self.lists.sizes(name).max(initial=0)), longest(program)[name]
            if have > limit:
                raise CapacityError(f"a list of {name} has {have} entries, the program holds {limit}",
                                    f"program {program.name}", "lower the model for longer lists")

    def trace(self) -> Trace:
        return Trace(passes=tuple(self._pass(step) for step in self.program.passes))

    def _pass(self, step: Pass) -> PassTrace:
        rows = self.batch.rows(step.domain, self.program.edges)
        entry, sums = np.zeros(rows, dtype=np.int64), []
        for block in step.blocks:
            x = [self._accumulated(operand, block.width, rows) for operand in block.operands]
            row = []
            for operand in block.operands:
                if operand.source in self.stored and operand.kind == "self":
                    entry = self.stored[operand.source][1]
                row.append(self._row(operand.row, entry))
            sums.append(self._sums(block, x, row, step.name))
        first = self._final(np.concatenate(sums, axis=1), step.final, entry, f"{step.name}: Q1")
        written = first
        if step.combine is not None:
            # float64 products of codes are exact below 2^53 and use BLAS, which integers do not
            products = first.codes.astype(np.float64) @ step.combine.weight.astype(np.float64)
            total = self._sums(step.combine.as_block(), [np.rint(products).astype(np.int64)],
                               [self._row(step.combine.row, first.entry)], step.name)
            written = self._final(total, step.combine.final, first.entry, f"{step.name}: Q2")
        if step.target is not None:
            self.stored[step.target] = written.codes, written.entry
        return PassTrace(name=step.name, codes=first.codes, bits=first.bits, entry=first.entry,
                         written=written.codes, written_entry=written.entry)

    def _accumulated(self, operand: Operand, width: int, rows: int) -> Ints:
        if operand.source is None:
            return np.ones((rows, width), dtype=np.int64)
        tensor, channels = self.program.tensors[operand.source], slice(operand.start, operand.start + width)
        source = (self.stored[operand.source][0] if tensor.rows is None else tensor.rows)[:, channels]
        if operand.kind == "self":
            return source
        if operand.op == "max":
            return np.asarray(self.lists.largest(operand.via, source), dtype=np.int64)
        return np.asarray(self.lists[operand.via] @ source, dtype=np.int64)

    def _degree(self, of: SetName, entries: int) -> Ints:
        return np.minimum(self.lists.lengths(of), entries - 1)

    def _row(self, row: Row, entry: Ints) -> Ints:
        """R of each row: int64 [n]."""
        if row.select == "constant":
            return np.repeat(row.table, len(entry))
        if row.select == "degree":
            return row.table[self._degree(row.of, len(row.table))]
        return row.table[self.batch.node if row.select == "node" else entry]

    def _sums(self, block: Block, accumulated: list[Ints], rows: list[Ints], where: str) -> Ints:
        """P of each channel."""
        products = []
        for operand, x, row in zip(block.operands, accumulated, rows, strict=True):
            operand.x.prove(x, f"{where}: accumulator")
            products.append(((x * operand.column) >> MID_SHIFTS[operand.mid]) * row[:, None])
        if block.join == "max":
            return np.asarray(np.max(products, axis=0), dtype=np.int64)
        return np.asarray(np.sum(products, axis=0) + (block.bias << BIAS_SHIFT), dtype=np.int64)

    def _final(self, total: Ints, final: Requantizer, entry: Ints, where: str) -> _Coded:
        value = round_value(total)
        final.v.prove(value, f"{where}: V")
        value = final.activation.integer(value)
        if final.kind == "raw":
            IntRange.signed(RAW_BITS).prove(value, f"{where}: result")
            return _Coded(value, np.zeros_like(entry), np.full_like(entry, RAW_BITS))
        if final.select == "nearest":
            entry = np.asarray(np.searchsorted(final.thresholds, np.abs(value).max(axis=1, initial=0), side="left"),
                               dtype=np.int64)
        elif final.select == "degree":
            entry = self._degree(final.of, len(final.bits))
        elif final.select == "node":
            entry = self.batch.node
        elif final.select == "constant":
            entry = np.zeros_like(entry)
        codes = encode(value, final.multiplier[entry], final.bits[entry], signed=final.kind == "signed")
        return _Coded(codes, entry, final.bits[entry])
