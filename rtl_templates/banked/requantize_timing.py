"""Stages of the requantizer lanes, in cycles from a beat's slot: the cycle in which its accumulators enter."""

from ..cells.timing import ACCUMULATE_ADDEND, ACCUMULATE_SUM, SELECT_ADDEND, SELECT_SUM

__all__ = ["REQUANT_BIAS", "REQUANT_CODE", "REQUANT_MIDDLE", "REQUANT_MULTIPLIER", "REQUANT_ROUND", "REQUANT_SUM"]

REQUANT_BIAS = SELECT_ADDEND  # the column's bias meets its product
REQUANT_MIDDLE = SELECT_SUM  # their sum enters the second multiplier
REQUANT_MULTIPLIER = REQUANT_MIDDLE - 1  # row multipliers and bits are wanted, for a register beside it
REQUANT_ROUND = REQUANT_MIDDLE + ACCUMULATE_ADDEND  # half a code, or the pair's first product, meets the second one
REQUANT_SUM = REQUANT_MIDDLE + ACCUMULATE_SUM  # the rounded sum
REQUANT_CODE = REQUANT_SUM + 1  # the code is captured: judged in the first cycle, clipped in this one
