"""Cycles of the shell as plain integers: the RTL and the cycle models read the same numbers.

With s and e the cycles of a pass's start pulse and of its last activity::

    CYCLES = SHELL_RUN + sum(e - s) + (passes - 1) * SHELL_BARRIER + SHELL_DONE
"""

__all__ = ["BURST_BEATS", "SHELL_BARRIER", "SHELL_DONE", "SHELL_LOAD_DRAIN", "SHELL_LOAD_FILL", "SHELL_OBSERVE",
           "SHELL_QUIET", "SHELL_RUN", "SHELL_STORE_BURST", "SHELL_STORE_FILL", "load_cycles", "store_cycles"]

SHELL_QUIET = 4  # cycles without any activity that end a pass
SHELL_OBSERVE = 2  # registers between the units' activity and the sequencer
SHELL_RUN = 2  # accepted run command to the first start pulse
SHELL_BARRIER = SHELL_QUIET + SHELL_OBSERVE + 1  # last activity to the next pass's start pulse
SHELL_DONE = SHELL_QUIET + SHELL_OBSERVE  # last activity to the last cycle that counts
SHELL_LOAD_DRAIN = 32  # last beat of a load to its end: every consumer has written
SHELL_LOAD_FILL = 4  # accepted load command to the first beat, with a memory that answers at once
SHELL_STORE_FILL = 8  # accepted store command to the first beat, and the last one's response, with such a memory
SHELL_STORE_BURST = 2  # after a burst, with such a memory; two beats or fewer hide it
BURST_BEATS = 256  # of the longest burst, which is also a 4 KiB page of 16-byte beats


def load_cycles(beats: int) -> int:
    """LOAD_CYCLES with a memory that answers at full rate, as cosimulation's does."""
    return SHELL_LOAD_FILL + beats + SHELL_LOAD_DRAIN + 1


def store_cycles(words: int) -> int:
    """STORE_CYCLES with such a memory; the pause after a burst hides behind two beats or fewer."""
    return SHELL_STORE_FILL + words + SHELL_STORE_BURST * -(-max(0, words - SHELL_STORE_BURST) // BURST_BEATS)
