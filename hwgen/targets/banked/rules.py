"""What a :class:`~.program.Program` must be, and the proof that no intermediate overflows its port."""

from rtl_templates.banked.formats import ACC_BITS, BIAS_BITS, MID_BITS, ROW_BITS, WIDE_ACC_BITS, column_bits
from rtl_templates.cells.formats import RAW_BITS

from ...errors import CapacityError, HwgenError
from ...numeric import Bounds, IntRange
from .program import Pass, Program, Requant
from .ranges import codes_of, sums_of

__all__ = ["check_program", "check_requant"]


def check_program(program: Program) -> None:
    """Check the order of passes and every range, from the input features to the results.

    Raises
    ------
    HwgenError
        Naming the pass, and which range exceeds what.
    """
    if not program.passes or program.passes[0].kind == "gather" or program.passes[-1].out.kind != "raw":
        raise HwgenError("a program starts from input features and ends in raw results",
                         f"program {program.name}", "lower the model again")
    rows: Bounds | None = None
    for step in program.passes:
        rows = _pass(program, step, rows)


def check_requant(requant: Requant, where: str, sum_bits: int = ACC_BITS) -> None:
    """Prove that no intermediate overflows its port, whatever accumulators of the proved range come in.

    Raises
    ------
    CapacityError
        Sums that wider requantizers would take.
    HwgenError
    """
    if requant.x not in IntRange.signed(sum_bits) and requant.x in IntRange.signed(WIDE_ACC_BITS):
        raise CapacityError(f"sums {requant.x} need sum_bits {WIDE_ACC_BITS}; the design has {sum_bits}", where,
                            f"build with sum_bits {WIDE_ACC_BITS}, or leave it out of --config")
    _within(requant.x, IntRange.signed(sum_bits), "accumulator", where)
    _within(IntRange.of(requant.column), IntRange(0, (1 << column_bits(sum_bits)) - 1), "column multiplier", where)
    _within(IntRange.of(requant.bias), IntRange.signed(BIAS_BITS), "bias", where)
    for name, multiplier in (("row multiplier", requant.row), ("bias row multiplier", requant.bias_row)):
        if multiplier is not None:
            _within(IntRange.of(multiplier), IntRange(0, (1 << ROW_BITS) - 1), name, where)
    _within(requant.mid, IntRange.signed(MID_BITS), "mid value", where)


def _pass(program: Program, step: Pass, rows: Bounds | None) -> Bounds:
    """Prove one pass, whose neighbours have ``rows``. Returns what it writes."""
    sums = sums_of(program, step, rows)
    if step.q1 is not None:
        _within(sums.span, step.accumulate, "sum", step.name)
        codes = _stage(step.q1, sums, f"{step.name}.q1", program.sum_bits)
        if step.combine is None:
            return codes
        sums = codes.times(step.combine)
    assert step.q2 is not None
    return _stage(step.q2, sums, f"{step.name}.q2", program.sum_bits)


def _stage(requant: Requant, sums: Bounds, where: str, sum_bits: int) -> Bounds:
    """Prove a requantization of these sums. Returns its codes."""
    _within(sums.span, requant.x, "accumulator", where)
    check_requant(requant, where, sum_bits)
    codes = codes_of(requant, sums)
    if requant.kind == "raw":  # the lanes cut results to their width and do not clip them
        _within(codes.span, IntRange.signed(RAW_BITS), "result", where)
    return codes


def _within(have: IntRange, limit: IntRange, name: str, where: str) -> None:
    if have not in limit:
        raise HwgenError(f"{name} range {have} exceeds {limit}", where,
                         "train with steps of less extreme size, or use fewer bits")
