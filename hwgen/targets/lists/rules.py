"""What a :class:`~.program.Program` must be, and the proof that no intermediate overflows its port."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtl_templates.cells.formats import RAW_BITS
from rtl_templates.lists.formats import (
    ACC_BITS,
    BIAS_BITS,
    BIAS_HALF,
    CODE_BITS,
    COLUMN_BITS,
    MID_BITS,
    MID_SHIFTS,
    P_BITS,
    ROW_BITS,
    V_BITS,
)

from ...errors import HwgenError
from ...network.batch import named_by, owner_of
from ...network.edges import CODED
from ...numeric import Bounds, IntRange
from .arithmetic import slope_word
from .program import Block, Combine, Operand, Pass, Program, Requantizer
from .ranges import (
    Scope,
    block_sums,
    codes_of,
    feature_sums,
    input_codes,
    operand_bounds,
    product_bounds,
    value_range,
)

__all__ = ["check_program", "longest", "longest_lists"]

Ints = NDArray[np.int64]


def longest(program: Program) -> dict[str, int]:
    """Longest list of each set; of those that weigh the largest sum of magnitudes."""
    return longest_lists(max_degree=program.max_degree, max_members=program.max_members,
                         max_features=program.max_features, max_weight=program.max_weight)


def longest_lists(*, max_degree: int, max_members: int, max_features: int, max_weight: int) -> dict[str, int]:
    """The same of capacities."""
    return {**dict.fromkeys(("edges", "looped", "closed", "incoming"), max_degree), **dict.fromkeys(CODED, max_weight),
            "features": max_features, "members": max_members}


def check_program(program: Program) -> None:
    """Check structure and ranges, pass by pass.

    Raises
    ------
    HwgenError
        Naming the pass and what does not fit.
    """
    codes: dict[int, Bounds] = {}
    scope = Scope(program.tensors, codes, longest(program), (1 << program.input_bits) - 1)
    _need(len(program.passes) > 0, "there are no passes", f"program {program.name}")
    for index, tensor in enumerate(program.tensors):
        where = f"{tensor.path} (tensor {tensor.name})"
        _need(sum(tensor.blocks) == tensor.width and min(tensor.blocks) >= 1, f"blocks {tensor.blocks} of "
              f"{tensor.width} channels", where)
        _need(0 <= tensor.bits <= CODE_BITS, f"bits is {tensor.bits}", where)
        if tensor.rows is not None:
            _need(tensor.rows.shape == (program.features, tensor.width), f"rows has shape {tensor.rows.shape}", where)
            _within(IntRange.of(tensor.rows), IntRange.signed(max(1, tensor.bits)), "weight", where)
        _need((tensor.domain == "weights") == (tensor.rows is not None), f"tensor {index} of {tensor.domain}", where)
        if tensor.given:
            _need(tensor.domain == "nodes" and tensor.width == program.features and tensor.bits == program.input_bits
                  and not tensor.signed, "no rows of features", where)
            codes[index] = input_codes(program.input_bits)
    for step in program.passes:
        last = step is program.passes[-1]
        _need((step.target is None) == last, "the last pass, and only it, gives the result", step.name)
        _need((step.out.kind == "raw") == last, f"kind {step.out.kind!r}", step.name)
        _pass(program, step, scope)
        if step.target is not None:
            _target(program, step)
            _need(step.target not in codes, f"tensor {step.target} is written twice", step.name)
            codes[step.target] = codes_of(step.out)


def _pass(program: Program, step: Pass, scope: Scope) -> None:
    where = step.name
    _need(len(step.blocks) > 0, "there are no blocks", where)
    for number, block in enumerate(step.blocks):
        place = f"{where}, block {number}"
        _need(len(block.operands) > 0, "there are no operands", place)
        for operand in block.operands:
            _operand(step, block, operand, scope, place)
        bounds = [operand_bounds(operand, block.width, scope) for operand in block.operands]
        _ranges(block, bounds, step.final, place)
    _final(program, step.final, f"{where}, Q1")
    if step.combine is not None:
        _need(step.final.kind != "raw", "raw values before the MAC array", where)
        products = (feature_sums(step.combine.weight, scope, len(step.combine.row.table)) if program.reads_input(step)
                    else product_bounds(step.combine.weight, codes_of(step.final), step.combine.row))
        _combine(step.combine, step, products, f"{where}, Q2")
        _final(program, step.combine.final, f"{where}, Q2")
        looked_up = {each.of for each in (step.final, step.combine.row, step.combine.final) if each.select == "degree"}
        _need(len(looked_up) <= 1, f"degrees of {' and '.join(sorted(looked_up))} in one row", where)


def _operand(step: Pass, block: Block, operand: Operand, scope: Scope, where: str) -> None:
    _need((operand.source is None) == (operand.kind == "one"), f"source {operand.source} of {operand.kind!r}", where)
    _need(operand.op == "sum" or operand.kind == "list", f"op {operand.op!r} of {operand.kind!r}", where)
    _need(operand.column.shape == (block.width,), f"C has shape {operand.column.shape}", where)
    _need(0 <= operand.mid < len(MID_SHIFTS), f"mid is {operand.mid}", where)
    _need(operand.row.select != "entry" or operand.kind == "self", "R by entry of a list", where)
    if operand.source is not None:
        _need(operand.source < len(scope.tensors), f"there is no tensor {operand.source}", where)
        tensor = scope.tensors[operand.source]
        starts = [0, *np.cumsum(tensor.blocks)]
        _need(operand.start in starts[:-1]
              and tensor.blocks[starts.index(operand.start)] == block.width,
              f"channels {operand.start} to {operand.start + block.width} are no block of {tensor.name}", where)
        if tensor.rows is not None:
            _need(operand.kind == "list" and operand.via == "features" and operand.op == "sum",
                  f"{operand.kind} of weights via {operand.via}", where)
        else:
            _need(operand.source in scope.codes, f"{tensor.name} is read before it is written", where)
            own = step.domain if operand.kind == "self" else named_by(operand.via)
            _need(tensor.domain == own, f"{operand.kind} of {tensor.domain}", where)
            _need(operand.op == "sum" or operand.via not in CODED, f"a maximum of {operand.via}", where)
            _need(operand.kind == "self" or owner_of(operand.via) == step.domain,
                  f"{operand.via} of {step.domain}", where)
            _need(operand.row.select != "entry" or len(operand.row.table) == len(scope.codes[operand.source].low),
                  f"{len(operand.row.table)} row multipliers by entry of {tensor.name}", where)


def _combine(combine: Combine, step: Pass, bounds: Bounds, where: str) -> None:
    codes = codes_of(step.final)
    fan_in = sum(block.width for block in step.blocks)
    _need(combine.weight.shape == (fan_in, len(combine.column)), f"weight has shape {combine.weight.shape}", where)
    top = (1 << (combine.bits - 1)) - 1
    _within(IntRange.of(combine.weight), IntRange(-top, top), "weight", where)
    _need(combine.row.select != "node", f"R by {combine.row.select}", where)
    if combine.row.select == "entry":
        _need(len(combine.row.table) == len(codes.low),
              f"{len(combine.row.table)} row multipliers by entry", where)
    _ranges(combine.as_block(), [bounds], combine.final, where)


def _ranges(block: Block, bounds: list[Bounds], final: Requantizer, where: str) -> None:
    for operand, bound in zip(block.operands, bounds, strict=True):
        _need(operand.row.table.ndim == 1 and len(operand.row.table) >= 1, "R has no entries", where)
        _need(operand.row.select != "constant" or len(operand.row.table) == 1, "a constant R of several entries", where)
        _within(bound.span, IntRange.signed(ACC_BITS), "accumulator", where)
        _within(bound.span, operand.x, "accumulator", where)
        _within(IntRange.of(operand.column), IntRange.signed(COLUMN_BITS), "C", where)
        _within(IntRange.of(operand.row.table), IntRange(0, (1 << ROW_BITS) - 1), "R", where)
    _within(IntRange.of(block.bias + BIAS_HALF), IntRange.signed(BIAS_BITS), "B", where)
    _need(block.join == "sum" or not block.bias.any(), "a bias with a maximum", where)
    low, high, partial, mid = block_sums(block, bounds)
    _within(mid, IntRange.signed(MID_BITS), "value between the multipliers", where)
    _within(partial, IntRange.signed(P_BITS), "sum of products", where)
    before, after = value_range(low, high, final.activation)
    _within(before, IntRange.signed(V_BITS), "V", where)
    _within(before, final.v, "V", where)
    if final.kind == "raw":
        _within(after, IntRange.signed(RAW_BITS), "result", where)


def _final(program: Program, final: Requantizer, where: str) -> None:
    slope_word(final.activation, where)
    _need(final.multiplier.shape == final.bits.shape, "Q and widths differ in number", where)
    if final.kind == "raw":
        return
    _need(len(final.bits) >= 1, "Q has no entries", where)
    _within(IntRange.of(final.multiplier), IntRange(0, (1 << ROW_BITS) - 1), "Q", where)
    _within(IntRange.of(final.bits), IntRange(0, CODE_BITS), "width", where)
    _need(final.select != "constant" or len(final.bits) == 1, "a constant Q of several entries", where)
    _need(final.select != "node" or len(final.bits) == program.trained_nodes, f"{len(final.bits)} entries by node",
          where)
    if final.select == "nearest":
        _need(len(final.thresholds) == len(final.bits) - 1, f"{len(final.thresholds)} thresholds", where)
        _need(bool((np.diff(final.thresholds) >= 0).all()), "thresholds do not ascend", where)
        _within(IntRange.of(final.thresholds), IntRange(0, (1 << (V_BITS - 1)) - 1), "threshold", where)


def _target(program: Program, step: Pass) -> None:
    assert step.target is not None
    _need(step.target < len(program.tensors), f"there is no tensor {step.target}", step.name)
    tensor = program.tensors[step.target]
    _need(tensor.domain == step.domain and tensor.width == step.width and tensor.signed == (step.out.kind == "signed")
          and tensor.bits >= int(step.out.bits.max(initial=0)), f"{tensor.name} is not what is written", step.name)
    _need(step.combine is not None or tuple(block.width for block in step.blocks) == tensor.blocks,
          f"blocks are not the blocks of {tensor.name}", step.name)


def _within(have: IntRange, limit: IntRange, name: str, where: str) -> None:
    _need(have in limit, f"{name} range {have} exceeds {limit}", where)


def _need(good: bool, what: str, where: str) -> None:
    if not good:
        raise HwgenError(what, where, "lower the model again; with smaller capacities or fewer bits if ranges are at "
                         "fault")
