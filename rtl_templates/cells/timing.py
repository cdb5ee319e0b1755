"""Latencies of the cells in cycles, as plain integers."""

from .mac_plan import mac_tree

__all__ = ["ACCUMULATE_ADDEND", "ACCUMULATE_SUM", "BANK_READ", "BANK_WRITE", "MAC_SUM", "MAC_TABLE", "SELECT_ADDEND",
           "SELECT_SUM", "mac_latency"]

# cells/bank.py
BANK_READ = 2  # address to data: the memory, then its output register
BANK_WRITE = 2  # a word presented in cycle t is read by an address presented from t + this on

# cells/dsp.py: from the operands of the multiplication
SELECT_ADDEND = 2  # to the addend of select_multiply_add
SELECT_SUM = 4  # to its sum
ACCUMULATE_ADDEND = 1  # to the addend of multiply_accumulate
ACCUMULATE_SUM = 3  # to its sum

# cells/mac.py
MAC_TABLE = 1  # a plane to the tables' entries
MAC_SUM = 1  # their sum to the accumulator's result


def mac_latency(lanes: int, planes: int = 1) -> int:
    """From the cycle with a plane at ``x`` to the first one with it in ``result``; ``planes`` come a cycle."""
    return MAC_TABLE + mac_tree(lanes, planes) + MAC_SUM
