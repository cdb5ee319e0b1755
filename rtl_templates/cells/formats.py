"""What both targets say of codes and of the MAC array's tables, as plain data."""

from enum import IntEnum

__all__ = ["RAW_BITS", "TABLE_INPUTS", "Kind", "clip_range", "table_bits"]

RAW_BITS = 16  # of a result
TABLE_INPUTS = 6  # inputs of the MAC array that share a table


class Kind(IntEnum):
    """What a requantization clips to."""

    UNSIGNED = 0
    SIGNED = 1
    RAW = 2


def clip_range(kind: int, top: int) -> tuple[int, int]:
    """Smallest and largest code of a kind; ``top`` is the largest one of kinds that clip."""
    return {Kind.UNSIGNED: (0, top), Kind.SIGNED: (-top, top),
            Kind.RAW: (-(1 << RAW_BITS - 1), (1 << RAW_BITS - 1) - 1)}[Kind(kind)]


def table_bits(weight_bits: int) -> int:
    """Signed bits of a table's entry: a sum of TABLE_INPUTS weights."""
    return weight_bits + TABLE_INPUTS.bit_length()
