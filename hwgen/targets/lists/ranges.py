"""Proofs over a program: between which integers every intermediate of a requantizer stays, on any graph.

Bounds come from the widths of codes and the capacities. Where a row multiplier is chosen by what also bounds the
accumulator (a mean by the length of its list, a step by the entry that limits the codes), they are taken case by
case: a mean stays small although its sum and its multiplier may be large, each on its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rtl_templates.cells.formats import RAW_BITS
from rtl_templates.lists.formats import BIAS_SHIFT, MID_SHIFTS

from ...network.activation import Activation
from ...network.edges import CODED
from ...numeric import Bounds, IntRange
from ..arrays import Ints
from .arithmetic import round_value
from .program import Block, Operand, Requantizer, Row, Tensor

__all__ = ["Scope", "block_sums", "codes_of", "feature_sums", "input_codes", "operand_bounds", "product_bounds",
           "value_range"]


@dataclass(frozen=True)
class Scope:
    """What bounds depend on.

    Parameters
    ----------
    tensors : sequence of Tensor
    codes : mapping of tensor to Bounds [entries, 1]
        What was written, by entry.
    longest : mapping of set to int
        Longest lists; of those that weigh the largest sums of magnitudes.
    input_top : int
        Largest input code.
    """

    tensors: tuple[Tensor, ...] | list[Tensor]
    codes: Mapping[int, Bounds]
    longest: Mapping[str, int]
    input_top: int


def codes_of(final: Requantizer) -> Bounds:
    """Codes that a requantization leaves, by entry."""
    if final.kind == "raw":
        whole = IntRange.signed(RAW_BITS)
        return Bounds(np.array([[whole.low]]), np.array([[whole.high]]))
    signed = final.kind == "signed"
    high = np.maximum(0, (1 << np.maximum(final.bits - signed, 0)) - 1)[:, None]
    return Bounds(-high if signed else np.zeros_like(high), high)


def operand_bounds(operand: Operand, width: int, scope: Scope) -> Bounds:
    """Bounds of an accumulator, by entry of the operand's row table."""
    cases = len(operand.row.table)
    if operand.kind == "one":
        ones = np.ones((cases, 1), dtype=np.int64)
        return Bounds(ones, ones)
    assert operand.source is not None
    tensor = scope.tensors[operand.source]
    if tensor.rows is not None:
        return feature_sums(tensor.rows[:, operand.start : operand.start + width], scope, cases)
    codes = scope.codes[operand.source]
    if operand.kind == "self" and operand.row.select == "entry":
        return codes
    low, high = int(codes.low.min()), int(codes.high.max())
    times = np.ones((cases, 1), dtype=np.int64)
    if operand.kind == "list":
        if operand.op == "max":
            low, high = min(low, 0), max(high, 0)
        else:
            times *= scope.longest[operand.via]
            if operand.via in CODED:  # of either sign
                low, high = min(low, -high), max(high, -low)
            if operand.row.select == "degree" and operand.row.of == operand.via:
                times[:-1, 0] = np.arange(cases - 1)  # the last entry is that of every longer list too
    return Bounds(low * times, high * times)


def product_bounds(weight: Ints, codes: Bounds, row: Row) -> Bounds:
    """Bounds of the MAC array's sums, by entry of its row table."""
    low, high = codes.low, codes.high
    if row.select != "entry":
        low, high = (np.repeat(each, len(row.table), axis=0) for each in (
            low.min(axis=0, keepdims=True), high.max(axis=0, keepdims=True)))
    up = np.maximum(weight, 0).sum(axis=0)[None, :]
    down = np.minimum(weight, 0).sum(axis=0)[None, :]
    return Bounds(low * up + high * down, high * up + low * down)


def block_sums(block: Block, bounds: list[Bounds]) -> tuple[Ints, Ints, IntRange, IntRange]:
    """Bounds of P by channel, of P while its operands come in, and of the values between the two multipliers.

    Returns
    -------
    low, high : int64 [k]
    partial, mid : IntRange
    """
    bias = block.bias << BIAS_SHIFT
    lows, highs, mids = [], [], IntRange(0, 0)
    for operand, bound in zip(block.operands, bounds, strict=True):
        low, high, mid = _product(bound, operand.column, MID_SHIFTS[operand.mid], operand.row.table)
        lows.append(low)
        highs.append(high)
        mids |= mid
    if block.join == "max":
        low, high = np.max(lows, axis=0), np.max(highs, axis=0)
        partial = IntRange(int(np.min(lows)), int(np.max(highs)))
    else:
        low, high = np.sum(lows, axis=0) + bias, np.sum(highs, axis=0) + bias
        partial = IntRange(int((np.minimum(lows, 0).sum(axis=0) + np.minimum(bias, 0)).min()),
                           int((np.maximum(highs, 0).sum(axis=0) + np.maximum(bias, 0)).max()))
    return low, high, partial, mids


def value_range(low: Ints, high: Ints, activation: Activation) -> tuple[IntRange, IntRange]:
    """V before and after the activation, of bounds of P."""
    first, last = round_value(low), round_value(high)
    before = IntRange(int(first.min()), int(last.max()))
    return before, activation.range(before) | IntRange(0, 0)


def _product(bound: Bounds, column: Ints, shift: int, row: Ints) -> tuple[Ints, Ints, IntRange]:
    first, last = (bound.low * column) >> shift, (bound.high * column) >> shift
    low, high = np.minimum(first, last), np.maximum(first, last)
    mid = IntRange(int(low.min()), int(high.max()))
    return (low * row[:, None]).min(axis=0), (high * row[:, None]).max(axis=0), mid


def input_codes(bits: int) -> Bounds:
    """Codes of features."""
    return Bounds(np.zeros((1, 1), dtype=np.int64), np.full((1, 1), (1 << bits) - 1))


def feature_sums(rows: Ints, scope: Scope, cases: int) -> Bounds:
    """Sums of as many rows as a node may have features, each times the largest input code: the same in all cases."""
    count = min(len(rows), scope.longest["features"])
    ordered = np.sort(rows, axis=0)
    low = np.minimum(ordered[:count], 0).sum(axis=0) * scope.input_top
    high = np.maximum(ordered[len(rows) - count :], 0).sum(axis=0) * scope.input_top
    return Bounds(*(np.repeat(each[None, :], cases, axis=0) for each in (low, high)))
