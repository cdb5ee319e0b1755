"""What both targets say of codes, as plain data."""

from enum import IntEnum

__all__ = ["RAW_BITS", "Kind", "clip_range"]

RAW_BITS = 16  # of a result


class Kind(IntEnum):
    """What a requantization clips to."""

    UNSIGNED = 0
    SIGNED = 1
    RAW = 2


def clip_range(kind: int, top: int) -> tuple[int, int]:
    """Smallest and largest code of a kind; ``top`` is the largest one of kinds that clip."""
    return {Kind.UNSIGNED: (0, top), Kind.SIGNED: (-top, top),
            Kind.RAW: (-(1 << RAW_BITS - 1), (1 << RAW_BITS - 1) - 1)}[Kind(kind)]

