"""Fields to load beats, for many words at once; and load streams of them."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from rtl_templates.shell.checksum import BITS, ODD, ONES, POLYNOMIAL, SPREAD, step
from rtl_templates.shell.words import BEAT_BITS

from .arrays import Bools, Ints

__all__ = ["Beats", "ended", "pack_bits", "pack_fields", "section", "split", "to_bytes"]

Beats = NDArray[np.uint64]

HALF = 64  # a beat is two of these, the lower one first


def pack_fields(fields: Sequence[tuple[Ints, int]]) -> Beats:
    """Pack the same fields of n words, lowest field first.

    Parameters
    ----------
    fields : sequence of (int64 [n], int)
        Values and width, at most 64; negative values become two's complement.

    Returns
    -------
    uint64 [n, 2 * beats]
        As many beats as the fields need, zero above them.

    Raises
    ------
    ValueError
        When a value fits its field neither unsigned nor in two's complement.
    """
    total = sum(width for _, width in fields)
    count = len(fields[0][0])
    out = np.zeros((count, 2 * -(-total // BEAT_BITS)), dtype=np.uint64)
    offset = 0
    for index, (values, width) in enumerate(fields):
        if values.size and (values.max() >= 1 << width or values.min() < -(1 << (width - 1))):
            worst = values[(values >= 1 << width) | (values < -(1 << (width - 1)))][0]
            raise ValueError(f"field {index}: {worst} does not fit {width} bits")
        bits = values.astype(np.uint64) & np.uint64((1 << width) - 1)
        word, shift = divmod(offset, HALF)
        out[:, word] |= bits << np.uint64(shift)
        if shift + width > HALF:
            out[:, word + 1] |= bits >> np.uint64(HALF - shift)
        offset += width
    return out


def pack_bits(bits: Bools) -> Beats:
    """Pack single bits, the first one lowest: bool [n, at most 128] to uint64 [n, 2]."""
    whole = np.zeros((bits.shape[0], BEAT_BITS), dtype=bool)
    whole[:, : bits.shape[1]] = bits
    return np.packbits(whole, axis=1, bitorder="little").view("<u8").astype(np.uint64)


def section(target: IntEnum, unit: int, address: int, data: Beats) -> list[Beats]:
    """A header beat and its data; nothing when there is no data.

    Parameters
    ----------
    target, unit, address
        Of the header.
    data : uint64 [n, 2]
        Data beats, for ``address`` and up.
    """
    if not len(data):
        return []
    header = np.array([[int(target) | unit << 8 | address << 32, len(data)]], dtype=np.uint64)
    return [header, data]


def ended(stream: Sequence[Beats]) -> Beats:
    """A load stream of some sections with the beat that ends it: the header END, and the checksum.

    :func:`rtl_templates.shell.checksum.end_beat` for many beats at once: neighbours are joined, then pairs of them,
    since the factor for 2, 4, 8 ... beats is the square of the one before.
    """
    beats = np.concatenate(stream)
    low, high = beats[:, 0], beats[:, 1]
    turned = low << np.uint64(SPREAD) | low >> np.uint64(BITS - SPREAD)
    added = high ^ low ^ turned ^ low >> np.uint64(BITS - 1) << np.uint64(ODD)
    states = np.zeros(1 << len(beats).bit_length(), dtype=np.uint64)
    states[len(states) - len(beats):] = added
    factor = 0b11  # x + 1
    while len(states) > 1:
        states = _times(states[0::2], factor) ^ states[1::2]
        factor = int(_times(np.array([factor], dtype=np.uint64), factor)[0])
    end = np.array([[0, step(int(states[0]), 0) ^ ONES]], dtype=np.uint64)
    return np.concatenate([beats, end])


def _times(states: NDArray[np.uint64], factor: int) -> NDArray[np.uint64]:
    """Products in the checksum's field, uint64 [n]."""
    product = np.zeros_like(states)
    for bit in range(factor.bit_length()):
        if factor >> bit & 1:
            product ^= states
        states = states << np.uint64(1) ^ (states >> np.uint64(BITS - 1)) * np.uint64(POLYNOMIAL)
    return product


def split(words: Sequence[int]) -> Beats:
    """Beats of some integers, the lower 128 bits of each: uint64 [n, 2]."""
    return np.array([[word >> low & (1 << HALF) - 1 for low in (0, HALF)] for word in words], dtype=np.uint64)


def to_bytes(beats: Beats) -> bytes:
    """A load stream as it lies in memory, 16 bytes a beat."""
    return beats.astype("<u8").tobytes()
