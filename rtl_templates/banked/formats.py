"""Formats that the RTL and the packer share, as plain data: load targets, task word, row parameters, columns.

docs/banked.md describes each field. Nothing here needs Amaranth.
"""

from collections.abc import Mapping
from enum import IntEnum

__all__ = [
    "ACC_BITS",
    "BEAT_BITS",
    "BIAS_BITS",
    "COLUMN_BITS",
    "MID_BITS",
    "MID_SHIFT",
    "PARAM",
    "RAW_BITS",
    "RAW_SHIFT",
    "ROW_BITS",
    "SHIFT",
    "TABLE_INPUTS",
    "TASK",
    "UNITS",
    "Kind",
    "Target",
    "pack",
    "unpack",
]

BEAT_BITS = 128
UNITS = 16
TABLE_INPUTS = 6

ACC_BITS = 18
COLUMN_BITS = 24
BIAS_BITS = 26
ROW_BITS = 17
MID_BITS = 27
MID_SHIFT = 8
SHIFT = 23
RAW_SHIFT = 20
RAW_BITS = 16


class Target(IntEnum):
    """What a load header addresses."""

    END = 0
    TASK = 1
    SCHEDULE = 2
    BANK = 3
    PARAM = 4
    COLUMN = 5
    TABLE = 6
    FEATURE = 7
    SETUP = 8


class Kind(IntEnum):
    """What a requantization clips to."""

    UNSIGNED = 0
    SIGNED = 1
    RAW = 2


#: Task word, lowest field first: name -> width.
TASK: Mapping[str, int] = {
    "dense": 1, "combine": 1, "to_result": 1, "last_pass": 1, "read_half": 1, "pre_rank1": 1, "pre_half_up": 1,
    "pre_kind": 2, "post_kind": 2, "post_half_up": 1, "pre_chunks": 4, "post_chunks": 4, "pre_column": 6,
    "post_column": 6, "signed_max": 8, "page": 8, "dense_pages": 8, "dense_steps": 4, "slot_start": 16,
    "slot_count": 16, "post_wait": 4,
}

#: Row parameters, lowest field first.
PARAM: Mapping[str, int] = {
    "row_r": ROW_BITS, "bias_r": ROW_BITS, "post_r": ROW_BITS, "bits": 4, "final": 1, "bank": 4, "row": 16,
}


def pack(layout: Mapping[str, int], **values: int) -> int:
    """Pack fields into one integer, lowest field first; every value must fit its field."""
    word = offset = 0
    for name, width in layout.items():
        value = values.pop(name, 0)
        if not 0 <= value < 1 << width:
            raise ValueError(f"{name} is {value}, which does not fit {width} bits")
        word |= value << offset
        offset += width
    if values:
        raise ValueError(f"unknown fields {sorted(values)}")
    return word


def unpack(layout: Mapping[str, int], word: int) -> dict[str, int]:
    """Inverse of :func:`pack`."""
    fields = {}
    for name, width in layout.items():
        fields[name] = word & ((1 << width) - 1)
        word >>= width
    return fields
