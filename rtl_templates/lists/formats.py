"""Widths and words of the edge-list target that RTL, packer and reference share, as plain data.

docs/lists.md describes each field. Nothing here needs Amaranth.
"""

from collections.abc import Mapping
from enum import IntEnum

from ..cells.mac_plan import TABLE_WORDS, MacPlan, mac_plan
from ..shell.words import END

__all__ = [
    "ACC_BITS",
    "BEAT",
    "BIAS_BITS",
    "BIAS_HALF",
    "BIAS_SHIFT",
    "BLOCK_ENTRIES",
    "BLOCK_PAGES",
    "CODE_BITS",
    "COLUMN_ADDRESS",
    "COLUMN_BITS",
    "CONTEXT",
    "DESCRIPTOR",
    "ENTRY_BITS",
    "LIST_ENTRY",
    "MID_BITS",
    "MID_SHIFTS",
    "NULL_INDEX",
    "PARAM",
    "PASS",
    "PASSES",
    "PLACE",
    "P_BITS",
    "Q_SHIFT",
    "RESULT_LANES",
    "ROW_ADDRESS",
    "ROW_BITS",
    "SETUP",
    "SLOPE_ONE",
    "SLOPE_SHIFT",
    "V_BITS",
    "V_SHIFT",
    "Operand",
    "Select",
    "Target",
    "weight_blocks",
    "weight_plan",
]

ACC_BITS = 24  # accumulators
COLUMN_BITS = 18  # C, signed
MID_SHIFTS = (0, 4, 8, 12)  # choices of the shift after x*C
MID_BITS = 27  # signed
ROW_BITS = 17  # R and Q, unsigned
BIAS_BITS = 27  # B, signed
BIAS_SHIFT = 16
P_BITS = 48  # signed sum of products
V_SHIFT = 20
BIAS_HALF = 1 << V_SHIFT - 1 - BIAS_SHIFT  # loaded with B: half a unit of V, so that V is P cut off
V_BITS = 24  # signed values between the two steps
SLOPE_SHIFT = 12
SLOPE_ONE = 1 << SLOPE_SHIFT  # slope of an identity; 0 is ReLU
Q_SHIFT = 20
CODE_BITS = 8  # largest width of a code
RESULT_LANES = 8  # results in a word of the result memory
ENTRY_BITS = 12  # index of a row's parameters
PLACE = 16  # address of a word in the node buffer
ROW_ADDRESS = 15  # address in a table of row parameters
PASSES = 64  # of the longest program
BLOCK_ENTRIES = 128  # of a table with a registered read, from which on a block memory is cheaper
BLOCK_PAGES = 8  # pages from which on tables of the MAC array, cells/mac_plan.py, are block memories
COLUMN_ADDRESS = 10  # address, in chunks, in a table of column constants


def weight_blocks(hardware: Mapping[str, int]) -> int:
    """Inputs of a MAC array whose tables lie in block memories: the last ones."""
    h = hardware
    return h["lanes"] - h["lut_inputs"] if h["weight_bits"] and h["pages"] >= BLOCK_PAGES else 0


def weight_plan(hardware: Mapping[str, int]) -> MacPlan:
    """Tables of the units' MAC arrays, in designs that have any."""
    h = hardware
    return mac_plan(lanes=h["lanes"], columns=h["lanes"], weight_bits=h["weight_bits"], pages=h["pages"], signed=True,
                    block=weight_blocks(h), words=h.get("table_words", TABLE_WORDS))


class Target(IntEnum):
    """What a load header addresses; END is the loader's."""

    END = END
    PASS = 1
    BEAT = 2
    LIST = 3
    DESCRIPTOR = 4
    COLUMN = 5
    BIAS = 6
    TABLE = 7  # the MAC array's, cells/mac.py
    PARAM = 8
    THRESHOLD = 9
    ROWS = 10
    SETUP = 11


class Set(IntEnum):
    """Lists that a graph brings along."""

    EDGES = 0
    LOOPED = 1
    FEATURES = 2
    MEMBERS = 3
    WEIGHTED = 4
    NORMED = 5


class Operand(IntEnum):
    """What a beat accumulates."""

    SELF = 0  # row i of the source
    LIST = 1  # rows named by a list
    ONE = 2  # 1 in every lane
    SKIP = 3  # nothing: only the row's degree and node are read


class Select(IntEnum):
    """How a row's parameters are found: address ``base + ...``."""

    CONSTANT = 0  # 0
    DEGREE = 1  # min(length of the list that the last beat with ``degree`` walked, limit)
    NODE = 2  # the descriptor's node
    ENTRY = 3  # the entry that came with the row
    NEAREST = 4  # number of thresholds below the row's largest magnitude


NULL_INDEX = (1 << 15) - 1

#: An entry of a list: eight to a word of 128 bits. ``double`` doubles the accumulator before the row is added;
#: NULL_INDEX without it turns the accumulator's sign.
LIST_ENTRY: Mapping[str, int] = {"index": 15, "double": 1}

#: A row's list: two to a word of 128 bits.
DESCRIPTOR: Mapping[str, int] = {"start": 24, "count": 24, "node": 16}

#: What is known of a row on its way through a unit.
CONTEXT: Mapping[str, int] = {"degree": 16, "node": 16, "entry": ENTRY_BITS}

#: A row parameter.
PARAM: Mapping[str, int] = {"multiplier": ROW_BITS, "bits": 4}

#: Batch facts of one unit.
SETUP: Mapping[str, int] = {"nodes": 16, "graphs": 16, "edges": 16, "looped": 16, "features": 16, "members": 16,
                            "weighted": 16, "normed": 16}

#: One operand of one chunk of a pass's rows.
BEAT: Mapping[str, int] = {
    "operand": 2, "max": 1, "set": 3, "base": PLACE, "stride": 4, "signed": 1, "column": COLUMN_ADDRESS,
    "bias": COLUMN_ADDRESS, "mid": 2, "join_max": 1, "first": 1, "last": 1, "end": 1, "degree": 1, "entry": 1,
    "row_kind": 3, "row_base": ROW_ADDRESS, "row_limit": ROW_ADDRESS,
}

#: One pass: two words of 128 bits, the lower one first.
PASS: Mapping[str, int] = {
    "graphs": 1, "beat_start": 10, "beat_count": 8, "combine": 1,
    "q1_slope": 13, "q1_kind": 2, "q1_select": 3, "q1_base": ROW_ADDRESS, "q1_limit": ROW_ADDRESS, "q1_table": 6,
    "q2_slope": 13, "q2_kind": 2, "q2_select": 3, "q2_base": ROW_ADDRESS, "q2_limit": ROW_ADDRESS,
    "q2_table": 6,
    "page": 8, "in_chunks": 4, "out_chunks": 4, "column": COLUMN_ADDRESS, "bias": COLUMN_ADDRESS, "mid": 2,
    "row_select": 3, "row_base": ROW_ADDRESS, "row_limit": ROW_ADDRESS,
    "target": PLACE, "stride": 4, "to_result": 1, "result_words": 8,
    "last": 1,
}
