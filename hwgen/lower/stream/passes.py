"""Values of a network to passes: operands, scales and proofs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rtl_templates.stream.formats import MID_SHIFTS, Q_SHIFT, SLOPE_ONE, V_BITS

from ...ir.network import Network, Quantizer, Term, Value
from ...ir.network_rules import term_width
from ...ir.stream import Combine, Final, Operand, Row, Segment, SetName, StreamPass, Tensor
from ...ir.stream_ranges import Bounds, Scope, codes_of, operand_bounds, product_bounds, segment_sums, value_range
from ...numeric import MAX_ACTIVATION_BITS, IntRange
from .fixed_point import RealSegment, RealTerm, Solved, Target, solve
from .fuse import Step, linear_term

__all__ = ["PassBuilder"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

Kind = Literal["unsigned", "signed", "raw"]
Select = Literal["constant", "degree", "node", "entry", "nearest"]
RowSelect = Literal["constant", "degree", "node", "entry"]
NOTHING = IntRange(0, 0)


@dataclass(frozen=True)
class Steps:
    """What codes of a value stand for.

    Parameters
    ----------
    column : float64 [k]
        Real value of code 1 of each channel, where rows do not differ; else ones.
    entry : float64 [entries] or None
        Step of the rows that chose an entry; 0 where their codes are 0.
    """

    column: Floats
    entry: Floats | None


@dataclass(frozen=True)
class Lookup:
    """How a row's entry is found, and the width of each."""

    select: Select
    of: SetName
    bits: Ints


class PassBuilder:
    """Builds the passes of one network in order; ``tensors`` grow as values are written."""

    def __init__(self, network: Network, longest: dict[str, int], blocks: dict[str, tuple[int, ...]]) -> None:
        self.network, self.blocks = network, blocks
        self.tensors: list[Tensor] = []
        self.codes: dict[int, Bounds] = {}
        self.number: dict[str, int] = {}
        self.steps: dict[str, Steps] = {}
        self.scope = Scope(self.tensors, self.codes, longest, (1 << network.input_bits) - 1)

    def build(self, step: Step) -> StreamPass:
        """One pass; its target becomes a tensor."""
        if step.linear is None:
            assert step.row is not None
            segments, final, steps = self._row(step.row)
            combine, name = None, f"{step.row.path}: {step.row.name}"
        else:
            term = linear_term(step.linear)
            assert term is not None
            assert term.source is not None
            if step.row is None:
                segments, final, steps = *self._unchanged(term.source), self.steps[term.source]
                name = f"{step.linear.path}: {step.linear.name}"
            else:
                segments, final, steps = self._row(step.row)
                name = f"{step.row.path}: {step.row.name}, {step.linear.path}: {step.linear.name}"
            combine, steps = self._combine(step.linear, term, codes_of(final), steps)
        value, out = step.value, final if combine is None else combine.final
        target = None if value.quantizer is None else self._write(value, out, steps)
        return StreamPass(name=name, domain=value.domain, segments=segments, final=final, combine=combine,
                          target=target)

    def _write(self, value: Value, out: Final, steps: Steps) -> int:
        number = len(self.tensors)
        self.tensors.append(Tensor(
            name=value.name, path=value.path, domain=value.domain, width=value.width, signed=out.kind == "signed",
            bits=int(out.bits.max()), blocks=self.blocks[value.name]))
        self.codes[number] = codes_of(out)
        self.number[value.name], self.steps[value.name] = number, steps
        return number

    # ---- Q1 -------------------------------------------------------------------------------------------------------

    def _row(self, value: Value) -> tuple[tuple[Segment, ...], Final, Steps]:
        """Operands of a value, block by block."""
        skeletons, reals, start = [], [], 0
        bias = np.zeros(value.width) if value.bias is None else value.bias
        weights = {index: self._feature_rows(value, index) for index, term in enumerate(value.terms)
                   if term.via == "features"}
        for width in self.blocks[value.name]:
            covering = [(index, term) for index, term in enumerate(value.terms)
                        if term.offset <= start < term.offset + term_width(self.network, term)]
            operands, terms = [], []
            for index, term in covering:
                at = slice(start - term.offset, start - term.offset + width)
                operand, column, row = self._operand(term, weights.get(index), at)
                operands.append(operand)
                terms.append(RealTerm(column=column, row=row, bounds=operand_bounds(operand, width, self.scope)))
            skeletons.append(operands)
            reals.append(RealSegment(terms=tuple(terms), join=value.join, bias=bias[start : start + width]))
            start += width
        target, lookup = self._target(value)
        solved = solve(reals, target, value.path)
        segments = tuple(
            Segment(operands=tuple(
                dataclasses.replace(operand, column=share.column, mid=share.mid, x=term.bounds.span,
                                    row=dataclasses.replace(operand.row, table=share.row))
                for operand, share, term in zip(operands, shares, real.terms, strict=True)), join=real.join, bias=b)
            for operands, shares, real, b in zip(skeletons, solved.shares, reals, solved.bias, strict=True))
        ranges = [value_range(*segment_sums(segment, [term.bounds for term in real.terms])[:2], 0)[0]
                  for segment, real in zip(segments, reals, strict=True)]
        final = self._final(value, target, lookup, solved, _union(ranges))
        return segments, final, self._steps(value, target, solved)

    def _feature_rows(self, value: Value, index: int) -> int:
        weight = value.terms[index].weight
        assert weight is not None
        self.tensors.append(Tensor(
            name=f"{value.name}.{index}", path=value.path, domain="weights", width=weight.codes.shape[1], signed=True,
            bits=weight.bits, blocks=tuple(_within(self.blocks[value.name], value.terms[index].offset,
                                                   weight.codes.shape[1])), rows=weight.codes))
        return len(self.tensors) - 1

    def _operand(self, term: Term, weights: int | None, at: slice) -> tuple[Operand, Floats, Floats]:
        """An operand without its integers, and its real factors of channels and of row cases."""
        width = at.stop - at.start
        gain = np.ones(width) if term.gain is None else term.gain[at]
        select: RowSelect = "constant"
        row = np.ones(1)
        if term.factor != "one" or (term.source is None and term.via not in ("self", "features")):
            select, row = "degree", self._degrees(term)
        of: SetName = term.of if term.factor != "one" else "edges" if term.via == "self" else term.via
        base = {"column": np.zeros(width, dtype=np.int64), "mid": 0, "x": NOTHING}
        if weights is not None:
            assert term.weight is not None
            column = gain * term.weight.step[at] * self.network.input_scale
            return Operand(kind="list", source=weights, via="features", start=at.start,
                           row=_row_of(select, row, of), **base), column, row
        if term.source is None:
            return Operand(kind="one", source=None, row=_row_of(select, row, of), **base), gain, row
        steps = self.steps[term.source]
        column = gain * steps.column[at]
        if steps.entry is not None:
            select, row = "entry", steps.entry
        kind = "self" if term.via == "self" else "list"
        via: SetName = "edges" if term.via == "self" else term.via
        return Operand(kind=kind, source=self.number[term.source], via=via, op=term.op, start=at.start,
                       row=_row_of(select, row, of), **base), column, row

    def _degrees(self, term: Term) -> Floats:
        """Row factor by the length of a list."""
        counts = term.source is None and term.via not in ("self", "features")
        of = term.of if term.factor != "one" else term.via
        degree = np.arange(self.scope.longest[of] + 1, dtype=np.float64)
        return factors(term.factor, degree) * (degree if counts else 1.0)

    def _unchanged(self, source: str) -> tuple[tuple[Segment, ...], Final]:
        """Q1 of rows that are only combined: codes in, the same codes out."""
        number = self.number[source]
        tensor, codes, start, segments = self.tensors[number], self.codes[number], 0, []
        for width in tensor.blocks:
            operand = Operand(kind="self", source=number, column=np.full(width, 1 << 16), mid=MID_SHIFTS.index(4),
                              row=Row(select="constant", table=np.array([1 << 16])), x=codes.span, start=start)
            segments.append(Segment(operands=(operand,), join="sum", bias=np.zeros(width, dtype=np.int64)))
            start += width
        by_entry = self.steps[source].entry is not None
        top = codes.high[:, 0] if by_entry else codes.high.max(keepdims=True)[0]
        bits = np.array([int(each).bit_length() for each in top]) + (tensor.signed & (top > 0))
        final = Final(slope=SLOPE_ONE, kind="signed" if tensor.signed else "unsigned",
                      select="entry" if by_entry else "constant", multiplier=np.full(len(bits), 1 << (Q_SHIFT - 8)),
                      bits=bits.astype(np.int64), thresholds=np.zeros(0, dtype=np.int64),
                      v=IntRange(codes.span.low << 8, codes.span.high << 8))
        return tuple(segments), final

    # ---- the MAC array and Q2 ----------------------------------------------------------------------------------------

    def _combine(self, value: Value, term: Term, codes: Bounds, steps: Steps) -> tuple[Combine, Steps]:
        assert term.weight is not None
        row = np.ones(1) if steps.entry is None else steps.entry
        gain = np.ones(value.width) if term.gain is None else term.gain
        column = gain * term.weight.step * steps.column[0]
        combine = Combine(
            weight=term.weight.codes, bits=term.weight.bits, column=np.zeros(value.width, dtype=np.int64), mid=0,
            bias=np.zeros(value.width, dtype=np.int64), x=NOTHING, final=_NO_FINAL,
            row=_row_of("constant" if steps.entry is None else "entry", row, "edges"))
        bounds = product_bounds(combine, codes)
        bias = np.zeros(value.width) if value.bias is None else value.bias
        real = RealSegment(terms=(RealTerm(column=column, row=row, bounds=bounds),), join="sum", bias=bias)
        target, lookup = self._target(value)
        solved = solve([real], target, value.path)
        share, b = solved.shares[0][0], solved.bias[0]
        combine = dataclasses.replace(combine, column=share.column, mid=share.mid, bias=b, x=bounds.span,
                                      row=dataclasses.replace(combine.row, table=share.row))
        low, high = segment_sums(combine.as_segment(), [bounds])[:2]
        final = self._final(value, target, lookup, solved, value_range(low, high, 0)[0])
        return dataclasses.replace(combine, final=final), self._steps(value, target, solved)

    # ---- quantizers --------------------------------------------------------------------------------------------------

    def _target(self, value: Value) -> tuple[Target, Lookup]:
        """What a value becomes, and how a row's entry is found."""
        quantizer, nothing = value.quantizer, np.zeros(0)
        if quantizer is None:
            return (Target(kind="raw", norm=np.ones(value.width), gain=nothing, top=nothing),
                    Lookup("constant", "edges", np.zeros(0, dtype=np.int64)))
        step, bits, of = self._table(value, quantizer)
        factor = np.ones(1) if value.factor == "one" else factors(value.factor, np.arange(len(bits), dtype=np.float64))
        top = np.exp2(np.maximum(bits - quantizer.signed, 0)) - 1
        kind: Kind = "signed" if quantizer.signed else "unsigned"
        if quantizer.by == "column":
            gain, norm = np.where(top > 0, factor, 0.0), quantizer.step
            lookup = Lookup("constant" if value.factor == "one" else "degree", of, bits)
        else:
            gain, norm = np.where(top > 0, factor / step, 0.0), np.ones(value.width)
            lookup = Lookup(quantizer.by, of, bits)
        return Target(kind=kind, norm=norm, gain=gain, top=top), lookup

    def _table(self, value: Value, quantizer: Quantizer) -> tuple[Floats, Ints, SetName]:
        """Step and width of each entry that the hardware looks up, and by the length of which list."""
        of: SetName = quantizer.via if quantizer.by == "degree" else value.of
        if value.factor == "one" and quantizer.by != "degree":
            return quantizer.step, quantizer.bits, of
        entries = len(quantizer.bits)
        count = self.scope.longest[of] + 1
        index = np.minimum(np.arange(count if value.factor != "one" else min(entries, count)), entries - 1)
        return quantizer.step[index] if quantizer.by == "degree" else quantizer.step, quantizer.bits[index], of

    def _final(self, value: Value, target: Target, lookup: Lookup, solved: Solved, v: IntRange) -> Final:
        quantizer = value.quantizer
        thresholds = np.zeros(0, dtype=np.int64)
        if quantizer is not None and quantizer.by == "nearest":
            assert quantizer.reach is not None
            middle = (quantizer.reach[:-1] + quantizer.reach[1:]) / 2
            thresholds = np.minimum(np.floor(middle / solved.unit), (1 << (V_BITS - 1)) - 1).astype(np.int64)
        scale = None
        if quantizer is None:
            scale = np.full(value.width, solved.unit)
        elif quantizer.by == "column":
            scale = quantizer.step
        return Final(slope=round(value.slope * SLOPE_ONE), kind=target.kind, select=lookup.select,
                     multiplier=solved.multiplier, bits=lookup.bits, thresholds=thresholds, of=lookup.of, v=v,
                     scale=scale)

    def _steps(self, value: Value, target: Target, solved: Solved) -> Steps:
        quantizer = value.quantizer
        if quantizer is None or quantizer.by == "column":
            return Steps(target.norm, None)
        step, _, _ = self._table(value, quantizer)
        kept = np.where(target.gain > 0, step, 0.0)
        # too fine a step was made coarser: codes stand for what the multiplier makes of them
        coarse = target.gain / (np.maximum(solved.multiplier, 1) / (solved.unit * 2.0**Q_SHIFT))
        return Steps(np.ones(value.width), np.where(solved.coarsened, kept * coarse, kept))


def factors(kind: str, degree: Floats) -> Floats:
    """1, 1/d or d^-1/2; 0 of 0."""
    if kind == "one":
        return np.ones_like(degree)
    return np.where(degree > 0, np.maximum(degree, 1.0) ** (-1.0 if kind == "mean" else -0.5), 0.0)


_NO_FINAL = Final(slope=0, kind="raw", select="constant", multiplier=np.zeros(0, dtype=np.int64),
                  bits=np.zeros(0, dtype=np.int64), thresholds=np.zeros(0, dtype=np.int64), v=NOTHING)


def _row_of(select: RowSelect, row: Floats, of: SetName) -> Row:
    """A row multiplier without its integers."""
    return Row(select=select, table=np.zeros(len(row), dtype=np.int64), of=of)


def _union(ranges: list[IntRange]) -> IntRange:
    return IntRange(min(each.low for each in ranges), max(each.high for each in ranges))


def _within(blocks: tuple[int, ...], start: int, width: int) -> list[int]:
    """The blocks between two of their borders."""
    ends = np.cumsum(blocks)
    return [block for block, end in zip(blocks, ends, strict=True) if start < end <= start + width]
