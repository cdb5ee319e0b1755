"""The checksum of a load stream: 64 bits, a beat a cycle, one look-up table a bit; :mod:`.loader` has the hardware.

A state in GF(2^64), zero at first, is multiplied by x + 1 for each beat. The beat's upper half is added, and its lower
half, spread to two places. The END beat carries, in its upper half, what makes all bits of the state ones: no run of
zeros is a stream. So these are always found: a flipped bit, and any other damage to one half of one beat; any two
flipped bits of a stream of up to 2^17 beats (``tests/rtl_templates/shell/test_checksum.py`` tries all). Other damage,
of a whole beat too, passes with a chance of 2^-64.
"""

from collections.abc import Iterable

__all__ = ["BITS", "ODD", "ONES", "POLYNOMIAL", "SPREAD", "end_beat", "step"]

BITS = 64
POLYNOMIAL = 0x1B  # x^64 + x^4 + x^3 + x + 1, which is primitive
SPREAD = 11  # the lower half is added as it is, and rotated left by so much
ODD = 30  # its top bit is added here too: else a half of ones would add nothing
ONES = (1 << BITS) - 1


def step(state: int, beat: int) -> int:
    """The state after one more beat of 128 bits."""
    grown = state ^ (state << 1 & ONES) ^ (POLYNOMIAL if state >> BITS - 1 else 0)
    low = beat & ONES
    spread = low ^ (low << SPREAD & ONES | low >> BITS - SPREAD) ^ low >> BITS - 1 << ODD
    return grown ^ spread ^ beat >> BITS


def end_beat(beats: Iterable[int]) -> int:
    """The beat that ends a stream of these."""
    state = 0
    for beat in beats:
        state = step(state, beat)
    return (step(state, 0) ^ ONES) << BITS
