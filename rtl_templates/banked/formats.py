"""Widths and words of the banked target that RTL and packer share, as plain data.

docs/banked.md describes each field. Nothing here needs Amaranth.
"""

from collections.abc import Mapping
from enum import IntEnum

from ..cells.mac_plan import TABLE_WORDS, MacPlan, mac_plan
from ..shell.words import END

__all__ = [
    "ACC_BITS",
    "AFFINE",
    "BIAS_BITS",
    "COLUMN_BITS",
    "HOLD_DEPTH",
    "MID_BITS",
    "MID_SHIFT",
    "PARAM",
    "PASSES",
    "RAW_SHIFT",
    "ROW_BITS",
    "SHIFT",
    "TASK",
    "UNITS",
    "WIDE_ACC_BITS",
    "WIDE_COLUMN_BITS",
    "ZERO",
    "Target",
    "column_bits",
    "weight_plan",
]

UNITS = 16  # processing elements and banks of a group: one radix-4 three-stage Clos network
PASSES = 16  # of the longest program
HOLD_DEPTH = 2  # finished sums an element keeps for its server (docs/decisions/0018-hold-depth.md)

ACC_BITS = 18
COLUMN_BITS = 24
BIAS_BITS = 26
ROW_BITS = 17
MID_BITS = 27
MID_SHIFT = 8
SHIFT = 23
RAW_SHIFT = 20

#: The same of designs with wide sums: sum and factor change sides of the 27 x 18 bit multiplier. A stage that needs it
#: loses nothing, since a sum of more than ACC_BITS leaves its factor no more bits than these below MID_BITS.
WIDE_ACC_BITS = 24
WIDE_COLUMN_BITS = 17


def column_bits(sum_bits: int) -> int:
    """Unsigned bits of a column's factor, where sums have ``sum_bits``: ACC_BITS or WIDE_ACC_BITS."""
    return COLUMN_BITS if sum_bits == ACC_BITS else WIDE_COLUMN_BITS


def weight_plan(hardware: Mapping[str, int]) -> MacPlan:
    """Tables of the servers' MAC arrays."""
    h = hardware
    return mac_plan(lanes=h["lanes"], columns=h["mac_columns"], weight_bits=h["weight_bits"], planes=h["planes"],
                    pages=h["pages"], words=h.get("table_words", TABLE_WORDS))


class Target(IntEnum):
    """What a load header addresses."""

    END = END
    TASK = 1
    SCHEDULE = 2
    BANK = 3
    PARAM = 4
    COLUMN = 5
    TABLE = 6
    FEATURE = 7
    SETUP = 8
    BIAS = 9


#: Task word, lowest field first: name -> width.
TASK: Mapping[str, int] = {
    "dense": 1, "combine": 1, "to_result": 1, "last": 1, "read_half": 1, "q1_half_up": 1, "q1_kind": 2, "q2_kind": 2,
    "q2_half_up": 1, "q1_chunks": 4, "q2_chunks": 4, "q1_column": 6, "q2_column": 6, "q1_bias": 11, "q2_bias": 11,
    "signed_max": 8, "page": 8, "dense_pages": 8, "dense_steps": 4, "slot_start": 16, "slot_count": 16, "q2_wait": 4,
}

#: What a task word has above these in designs with zero points: that of the codes that the pass writes. The one of the
#: rows that it reads is in ``dense_pages``, which a pass that gathers has no other use for.
ZERO: Mapping[str, int] = {"zero": 8}

#: Beside :class:`~rtl_templates.cells.formats.Kind`: unsigned codes with a zero point, in designs that have it.
AFFINE = 3

#: Row parameters, lowest field first. ``bias_r`` is the row factor of a ``pair``'s bias; of other rows it is the entry
#: of the bias table where the row's class begins.
PARAM: Mapping[str, int] = {
    "row_r": ROW_BITS, "bias_r": ROW_BITS, "q2_r": ROW_BITS, "bits": 4, "pair": 1, "final": 1, "bank": 4,
    "row": 16,
}

