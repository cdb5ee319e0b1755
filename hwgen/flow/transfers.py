"""Cycles of the loads and stores of every design, with a memory that answers at full rate: cosimulation's does."""

__all__ = ["load_cycles", "store_cycles"]

#: 16-byte words of an AXI burst.
BURST = 256


def load_cycles(beats: int) -> int:
    """What LOAD_CYCLES reads after a load of so many beats."""
    return beats + 37


def store_cycles(beats: int) -> int:
    """What STORE_CYCLES reads after a store of so many beats: two more for each burst."""
    return beats + 8 + 2 * -(-beats // BURST)
