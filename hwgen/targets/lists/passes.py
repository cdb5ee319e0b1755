"""Values of a network to passes: operands, scales and proofs."""

import dataclasses
from typing import Literal

import numpy as np

from ...network.activation import IDENTITY
from ...network.batch import SetName
from ...network.edges import UNCODED, coder_of
from ...network.network import Network, Term, Value
from ...network.rules import term_width
from ...numeric import Bounds, IntRange
from ..arrays import Floats
from .fixed_point import STEEPEST_CODES, RealBlock, RealTerm, Target, solve
from .fuse import Step, linear_term
from .program import Block, Combine, Operand, Pass, Requantizer, Row, Tensor
from .quantizers import Steps, factors, final_of, lookup_of, steps_of, target_of
from .ranges import Scope, block_sums, codes_of, operand_bounds, product_bounds, value_range
from .shares import Shares
from .unchanged import unchanged

__all__ = ["PassBuilder"]

RowSelect = Literal["constant", "degree", "node", "entry"]


class PassBuilder:
    """Builds the passes of one network in order; ``tensors`` grow as values are written."""

    def __init__(self, network: Network, longest: dict[str, int], blocks: dict[str, tuple[int, ...]]) -> None:
        self.network, self.longest, self.blocks = network, longest, blocks
        self.tensors: list[Tensor] = []
        self.codes: dict[int, Bounds] = {}
        self.number: dict[str, int] = {}
        self.steps: dict[str, Steps] = {}
        self.scope = Scope(self.tensors, self.codes, longest, (1 << network.input_bits) - 1)

    def build(self, step: Step) -> Pass:
        """One pass; its target becomes a tensor."""
        linear, row, combine = step.linear, step.row, None
        if row is not None:
            blocks, final, steps = self._row(row)
        else:
            assert linear is not None
            blocks, final, steps = self._unchanged(linear)
        if linear is not None:
            combine, steps = self._combine(linear, codes_of(final), steps)
        out = final if combine is None else combine.final
        name = ", ".join(f"{value.path} ({value.name})" for value in (row, linear) if value is not None)
        return Pass(name=name, domain=step.value.domain, blocks=blocks, final=final, combine=combine,
                          target=None if out.kind == "raw" else self._write(step.value, out, steps))

    def _write(self, value: Value, out: Requantizer, steps: Steps) -> int:
        number = len(self.tensors)
        self.tensors.append(Tensor(
            name=value.name, path=value.path, domain=value.domain, width=value.width, signed=out.kind == "signed",
            bits=int(out.bits.max()), blocks=self.blocks[value.name]))
        self.codes[number] = codes_of(out)
        self.number[value.name], self.steps[value.name] = number, steps
        return number

    # ---- Q1 -------------------------------------------------------------------------------------------------------

    def _row(self, value: Value) -> tuple[tuple[Block, ...], Requantizer, Steps]:
        """Operands of a value, block by block."""
        lookup = lookup_of(value, self.longest)
        target = target_of(value, lookup)
        terms = [part for term in value.terms for part in self._parts(term, target)]
        operands: list[list[Operand]] = []
        reals: list[RealBlock] = []
        weights = {index: self._feature_rows(value, term) for index, term in enumerate(terms)
                   if term.via == "features"}
        bias, start = np.zeros(value.width) if value.bias is None else value.bias, 0
        for width in self.blocks[value.name]:
            made = [self._operand(term, weights.get(index), slice(start - term.offset, start - term.offset + width))
                    for index, term in enumerate(terms)
                    if term.offset <= start < term.offset + term_width(self.network, term)]
            operands.append([operand for operand, _, _ in made])
            reals.append(RealBlock(
                terms=tuple(RealTerm(column=column, row=row, bounds=operand_bounds(operand, width, self.scope))
                            for operand, column, row in made), join=value.join, bias=bias[start : start + width]))
            start += width
        solved = solve(reals, target, value.path)
        blocks = tuple(
            Block(operands=tuple(_with_integers(operand, share, term.bounds) for operand, share, term
                                   in zip(given, shares, real.terms, strict=True)), join=real.join, bias=b)
            for given, shares, real, b in zip(operands, solved.shares, reals, solved.bias, strict=True))
        v = _values([(block, [term.bounds for term in real.terms])
                     for block, real in zip(blocks, reals, strict=True)])
        return blocks, final_of(value, lookup, target, solved, v), steps_of(value, lookup, target, solved)

    def _parts(self, term: Term, target: Target) -> list[Term]:
        """A term, or a constant for each neighbour as several: one beat has no factor so large."""
        if term.source is not None or term.via in ("self", "features") or term.gain is None or not target.gain.size:
            return [term]
        norm = target.norm[term.offset : term.offset + len(term.gain)]
        steepest = float(np.abs(term.gain / norm).max() * self._row_factor(term)[1].max() * target.gain.max())
        count = max(1, int(np.ceil(steepest / STEEPEST_CODES)))
        return [term] if count == 1 else [dataclasses.replace(term, gain=term.gain / count)] * count

    def _feature_rows(self, value: Value, term: Term) -> int:
        """A tensor of weight rows, in the blocks of the value."""
        assert term.weight is not None
        width, ends = term.weight.codes.shape[1], np.cumsum(self.blocks[value.name])
        blocks = tuple(block for block, end in zip(self.blocks[value.name], ends, strict=True)
                       if term.offset < end <= term.offset + width)
        self.tensors.append(Tensor(
            name=f"{value.name}.weight{len(self.tensors)}", path=value.path, domain="weights", width=width, signed=True,
            bits=term.weight.bits, blocks=blocks, rows=term.weight.codes))
        return len(self.tensors) - 1

    def _operand(self, term: Term, weights: int | None, at: slice) -> tuple[Operand, Floats, Floats]:
        """An operand without its integers, and its real factors of channels and of row cases."""
        column = np.ones(at.stop - at.start) if term.gain is None else term.gain[at]
        select, row, of = self._row_factor(term)
        source, start = None, at.start
        via: SetName = "edges" if term.via == "self" else term.via
        kind: Literal["self", "list", "one"] = "self" if term.via == "self" else "list"
        if weights is not None:
            assert term.weight is not None
            source, column = weights, column * term.weight.step[at] * self.network.input.unit
        elif term.source is None:
            kind, start = "one", 0
        else:
            source, steps = self.number[term.source], self.steps[term.source]
            column = column * steps.column[at]
            coder = coder_of(via, self.network.edges)
            column = column if coder is None else column * coder.step
            if steps.entry is not None:
                select, row = "entry", steps.entry
        operand = Operand(kind=kind, source=source, via=via, op=term.op, start=start, mid=0, x=IntRange(0, 0),
                          column=np.zeros(len(column), dtype=np.int64), row=_without_integers(select, row, of))
        return operand, column, row

    def _row_factor(self, term: Term) -> tuple[RowSelect, Floats, SetName]:
        """A term's factor by the length of a list; a constant for each neighbour is there as often."""
        counted = term.source is None and term.via in UNCODED
        if term.factor == "one" and not counted:
            return "constant", np.ones(1), term.of
        of: SetName = term.via if counted and term.via != "self" else term.of
        degree = np.arange(self.longest[of] + 1, dtype=np.float64)
        return "degree", factors(term.factor, degree) * (degree if counted else 1.0), of

    def _unchanged(self, linear: Value) -> tuple[tuple[Block, ...], Requantizer, Steps]:
        """Q1 of rows that are only combined: codes in, the same codes out."""
        term = linear_term(linear)
        assert term is not None
        assert term.source is not None
        number, steps = self.number[term.source], self.steps[term.source]
        blocks, final = unchanged(number, self.tensors[number], self.codes[number], by_entry=steps.entry is not None)
        return blocks, final, steps

    # ---- the MAC array and Q2 ---------------------------------------------------------------------------------------

    def _combine(self, value: Value, codes: Bounds, steps: Steps) -> tuple[Combine, Steps]:
        term = linear_term(value)
        assert term is not None
        assert term.weight is not None
        gain = np.ones(value.width) if term.gain is None else term.gain
        select, factor, of = self._row_factor(term)  # of the product; a factor of the value is in its lookup
        row = factor if steps.entry is None else steps.entry
        select = select if steps.entry is None else "entry"
        zeros = np.zeros(value.width, dtype=np.int64)
        lookup = lookup_of(value, self.longest)
        target = target_of(value, lookup)
        integers = _without_integers(select, row, of)
        bounds = product_bounds(term.weight.codes, codes, integers)
        solved = solve([RealBlock(
            terms=(RealTerm(column=gain * term.weight.step * steps.column[0], row=row, bounds=bounds),), join="sum",
            bias=np.zeros(value.width) if value.bias is None else value.bias)], target, value.path)
        operand = Operand(kind="self", source=None, column=zeros, mid=0, x=bounds.span,
                          row=integers)
        block = Block(operands=(_with_integers(operand, solved.shares[0][0], bounds),), join="sum",
                          bias=solved.bias[0])
        first = block.operands[0]
        final = final_of(value, lookup, target, solved, _values([(block, [bounds])]))
        combine = Combine(weight=term.weight.codes, bits=term.weight.bits, column=first.column, bias=block.bias,
                          mid=first.mid, row=first.row, final=final, x=bounds.span)
        return combine, steps_of(value, lookup, target, solved)


def _without_integers(select: RowSelect, row: Floats, of: SetName) -> Row:
    return Row(select=select, table=np.zeros(len(row), dtype=np.int64), of=of)


def _with_integers(operand: Operand, share: Shares, bounds: Bounds) -> Operand:
    return dataclasses.replace(operand, column=share.column, mid=share.mid, x=bounds.span,
                               row=dataclasses.replace(operand.row, table=share.row))


def _values(blocks: list[tuple[Block, list[Bounds]]]) -> IntRange:
    """Proved range of V, before the activation."""
    ranges = [value_range(*block_sums(block, bounds)[:2], IDENTITY)[0] for block, bounds in blocks]
    return IntRange(min(each.low for each in ranges), max(each.high for each in ranges))
