"""Cycles of the loads and stores of every design, with a memory that answers at full rate: cosimulation's does.

Measured, not derived; tests of the command line compare them with the RTL's counters.
"""

__all__ = ["load_cycles", "store_cycles"]

#: 16-byte words of an AXI burst; a store pauses two cycles after each, and hides that behind two beats or fewer.
BURST, PAUSE = 256, 2


def load_cycles(beats: int) -> int:
    """What LOAD_CYCLES reads after a load of so many beats."""
    return beats + 37


def store_cycles(beats: int) -> int:
    """What STORE_CYCLES reads after a store of so many beats."""
    return beats + 8 + PAUSE * ((beats + BURST - PAUSE - 1) // BURST)
