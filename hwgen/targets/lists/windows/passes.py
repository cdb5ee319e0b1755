"""Passes as windows run them: one at a time, rows in, results out; row parameters by a number that the host gives.

A resident program looks a row's parameters up by degree, trained node or entry. In a window the host knows all three,
so it numbers the rows of the window that differ in them, loads the parameters in the order of the numbers, and every
such choice becomes one by NODE. Tables then grow with the window, not with the graph.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from rtl_templates.lists.formats import CODE_BITS, MID_SHIFTS

from ....network.activation import IDENTITY
from ....network.batch import SetName, named_by
from ....network.equation import Domain
from ....numeric import IntRange
from ...arrays import Ints
from ..program import ORDER, Block, Operand, Pass, Program, Requantizer, Row

__all__ = ["Choice", "WindowPass", "window_passes"]


@dataclass(frozen=True, order=True)
class Choice:
    """How rows find an entry.

    Parameters
    ----------
    kind : "degree", "node" or "entry"
    of : set whose length is the degree, or ""
    limit : int
        Largest entry, by degree.
    tensor : int
        Whose rows' entries, by entry; else -1.
    """

    kind: Literal["degree", "node", "entry"]
    of: SetName | Literal[""] = ""
    limit: int = 0
    tensor: int = -1


@dataclass(frozen=True, kw_only=True)
class WindowPass:
    """A pass of a program, and what its windows bring along.

    Parameters
    ----------
    step : Pass
        The program's own.
    choices : tuple of Choice
        All that its rows' parameters are chosen by.
    walked : tuple of set names
        Sets whose entries are walked.
    listed, own, weights : tuple of int
        Tensors whose rows lists gather, of nodes or edges; that only the row itself reads; and of weights.
    both : bool
        Whether a listed tensor is also read by the row itself.
    first, written : Choice or None
        How the entry that Q1 chooses, and the one of rows that are written, come about; None: 0, or searched.
    kept : bool
        Whether later passes read an entry that a search finds: the window then writes rows to the node buffer, and a
        second pass gives them, entry behind, as results.
    """

    step: Pass
    choices: tuple[Choice, ...]
    walked: tuple[SetName, ...]
    listed: tuple[int, ...]
    own: tuple[int, ...]
    weights: tuple[int, ...]
    both: bool
    first: Choice | None
    written: Choice | None
    kept: bool = False

    @property
    def named(self) -> tuple[SetName, ...]:
        """Walked sets that name nodes or edges."""
        return tuple(name for name in self.walked if name != "features")

    def gathered(self, program: Program) -> list[tuple[Domain, list[SetName], list[int]]]:
        """Of nodes and of edges, where any are gathered: the sets that name them, and the tensors that they are of."""
        domains: tuple[Domain, ...] = ("nodes", "edges")
        found = [(domain, [name for name in self.named if named_by(name) == domain],
                  [tensor for tensor in self.listed if program.tensors[tensor].domain == domain]) for domain in domains]
        return [each for each in found if each[2]]

    @property
    def sets(self) -> tuple[SetName, ...]:
        """Sets with descriptors: those walked; where only numbers are read, one of empty lists."""
        if self.walked or not self.choices:
            return self.walked
        empty: Mapping[Domain, SetName] = {"nodes": "edges", "graphs": "members", "edges": "sources"}
        return (empty[self.step.domain],)

    def numbered(self, picks: Mapping[Choice, Ints]) -> Pass:
        """The pass with tables by number, as it gives results.

        Parameters
        ----------
        picks : mapping of Choice to int64 [numbers]
            Entry that each number stands for.
        """
        step = self.step
        blocks = tuple(replace(block, operands=tuple(
            replace(operand, row=_row(operand.row, picks, _of_row(operand.row, operand)))
            for operand in block.operands)) for block in step.blocks)
        combine = step.combine
        if combine is not None:
            combine = replace(combine, row=_row(combine.row, picks, self.first),
                              final=_final(combine.final, picks, _of_final(combine.final, self.first)))
        return replace(step, blocks=blocks, final=_final(step.final, picks, self.first), combine=combine,
                       target=step.target if self.kept else None)

    def copied(self, program: Program) -> Pass:
        """The pass behind one that is kept: rows as they were written, and a block with their entries."""
        target = self.step.target
        assert target is not None
        tensor, start, blocks = program.tensors[target], 0, list[Block]()
        entries = len(self.step.out.bits if self.step.out.select == "nearest" else self.step.final.bits)
        span = IntRange.signed(CODE_BITS) if tensor.signed else IntRange(0, (1 << CODE_BITS) - 1)
        for width in tensor.blocks:  # V = x, as x << 12 times 2^8; R by entry makes the unit read it
            row = Row(select="entry", table=np.full(entries, 1 << 8))
            operand = Operand(kind="self", source=target, column=np.full(width, 1 << 16), mid=MID_SHIFTS.index(4),
                              row=row, x=span, start=start)
            blocks.append(Block(operands=(operand,), join="sum", bias=np.zeros(width, dtype=np.int64)))
            start += width
        operand = Operand(kind="one", source=None, column=np.full(1, 1 << 16), mid=MID_SHIFTS.index(0),
                          row=Row(select="entry", table=np.arange(entries) << 4), x=IntRange(1, 1))
        blocks.append(Block(operands=(operand,), join="sum", bias=np.zeros(1, dtype=np.int64)))
        nothing = np.zeros(0, dtype=np.int64)
        final = Requantizer(activation=IDENTITY, kind="raw", select="constant", multiplier=nothing, bits=nothing,
                      thresholds=nothing, v=IntRange(span.low, max(span.high, entries)))
        return Pass(name=f"{self.step.name}, with entries", domain=self.step.domain, blocks=tuple(blocks),
                          final=final, combine=None, target=None)


def window_passes(program: Program) -> tuple[WindowPass, ...]:
    """All passes of a program."""
    made = [_window_pass(program, step) for step in program.passes]
    read = {choice.tensor for each in made for choice in each.choices}
    return tuple(replace(each, kept=each.step.target in read and _searched(each.step)) for each in made)


def _searched(step: Pass) -> bool:
    """Whether a search finds the entry that is written."""
    return step.out.select == "nearest" or (step.out.select == "entry" and step.final.select == "nearest")


def _window_pass(program: Program, step: Pass) -> WindowPass:
    operands = [operand for block in step.blocks for operand in block.operands]
    read = [operand.source for operand in operands
            if operand.kind == "self" and operand.source is not None]
    first = _of_final(step.final, Choice("entry", tensor=read[-1]) if read else None)
    written = first if step.combine is None else _of_final(step.combine.final, first)
    found = {*(_of_row(operand.row, operand) for operand in operands), first, written}
    lists = [operand for operand in operands if operand.kind == "list"]
    weights = {each.source for each in lists if each.via == "features" and each.source is not None}
    listed = {each.source for each in lists if each.via != "features" and each.source is not None}
    walked = {each.via for each in lists}
    return WindowPass(
        step=step, choices=tuple(sorted(each for each in found if each is not None)),
        walked=tuple(name for name in ORDER if name in walked),
        listed=tuple(sorted(listed)), own=tuple(sorted(set(read) - listed)),
        weights=tuple(sorted(weights)), both=bool(listed & set(read)), first=first, written=written)


def _of_row(row: Row, operand: Operand) -> Choice | None:
    if row.select == "entry":
        assert operand.source is not None
        return Choice("entry", tensor=operand.source)
    if row.select == "degree":
        return Choice("degree", of=row.of, limit=len(row.table) - 1)
    return Choice("node") if row.select == "node" else None


def _of_final(final: Requantizer, entry: Choice | None) -> Choice | None:
    """The choice of a requantizer to which rows come with an entry."""
    if final.select == "degree":
        return Choice("degree", of=final.of, limit=len(final.bits) - 1)
    if final.select == "node":
        return Choice("node")
    return entry if final.select == "entry" else None


def _row(row: Row, picks: Mapping[Choice, Ints], choice: Choice | None) -> Row:
    """A table by number. By entry of a search, or by none, it stays."""
    if row.select == "constant" or choice is None:
        return row
    return replace(row, select="node", table=row.table[picks[choice]])


def _final(final: Requantizer, picks: Mapping[Choice, Ints], choice: Choice | None) -> Requantizer:
    if final.select in ("constant", "nearest") or choice is None:
        return final
    return replace(final, select="node", multiplier=final.multiplier[picks[choice]], bits=final.bits[picks[choice]])
