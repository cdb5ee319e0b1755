"""Features as rows that go through the MAC array, in place of lists of set bits: a program -> program arrow.

A list costs a cycle for each set bit of a node's codes; a row of f features takes ``⌈f / lanes⌉ · bits`` cycles of the
array for each chunk of outputs, whatever its codes are. Both give ``X W`` exactly, and the constants behind it stay
the same: every code of the program is equal.
"""

from dataclasses import replace

from ...errors import HwgenError
from .choose import LANES, Capacity
from .network_to_program import sets_of
from .program import Block, Combine, Pass, Program, Tensor
from .ranges import input_codes
from .rules import check_program
from .unchanged import unchanged

__all__ = ["with_rows", "worth_rows"]


def worth_rows(program: Program, capacity: Capacity) -> bool:
    """Whether rows could take fewer cycles than lists, on the widest of all arrays."""
    return capacity.nodes * -(-program.features // LANES[-1]) * program.input_bits < capacity.features


def with_rows(program: Program) -> Program | None:
    """The same program, but features are rows that a batch brings along.

    Returns
    -------
    Program or None
        None where a pass sums features with other rows, or where weights are beyond the array.
    """
    turned = [_only_features(program, step) for step in program.passes]
    given = Tensor(name="features", path="input", domain="nodes", width=program.features, signed=False,
                   bits=program.input_bits, blocks=(program.features,), given=True)
    kept = [number for number, tensor in enumerate(program.tensors) if tensor.rows is None]
    place = {old: new for new, old in enumerate(kept, start=1)}
    others = [step for step, turn in zip(program.passes, turned, strict=True) if not turn]
    if any(operand.kind == "list" and operand.via == "features"
           for step in others for block in step.blocks for operand in block.operands):
        return None
    passes = tuple(_multiplied(program, step, given) if turn else _renumbered(step, place)
                   for step, turn in zip(program.passes, turned, strict=True))
    passes = tuple(step if step.target is None else replace(step, target=place[step.target]) for step in passes)
    found = replace(program, tensors=(given, *(program.tensors[number] for number in kept)), passes=passes,
                    sets=sets_of(passes), dictionary=None)
    try:
        check_program(found)
    except HwgenError:
        return None
    return found


def _only_features(program: Program, step: Pass) -> bool:
    """Whether a pass computes nothing but features times a weight, in one block."""
    if step.combine is not None or len(step.blocks) != 1 or len(step.blocks[0].operands) != 1:
        return False
    operand = step.blocks[0].operands[0]
    return operand.source is not None and program.tensors[operand.source].rows is not None


def _multiplied(program: Program, step: Pass, given: Tensor) -> Pass:
    """The pass with its requantizer behind the array: the same C, R, B and shift."""
    block = step.blocks[0]
    operand = block.operands[0]
    assert operand.source is not None
    weights = program.tensors[operand.source]
    assert weights.rows is not None
    blocks, codes = unchanged(0, given, input_codes(program.input_bits), by_entry=False)
    combine = Combine(weight=weights.rows[:, operand.start:operand.start + block.width], bits=weights.bits,
                      column=operand.column, bias=block.bias, mid=operand.mid, row=operand.row, final=step.final,
                      x=operand.x)
    return replace(step, blocks=blocks, final=codes, combine=combine)


def _renumbered(step: Pass, place: dict[int, int]) -> Pass:
    def moved(block: Block) -> Block:
        return replace(block, operands=tuple(
            operand if operand.source is None else replace(operand, source=place[operand.source])
            for operand in block.operands))

    return replace(step, blocks=tuple(moved(block) for block in step.blocks))
