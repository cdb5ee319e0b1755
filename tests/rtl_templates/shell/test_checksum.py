"""The checksum of load streams: what it finds for sure, and that the packer of streams computes it for many beats."""

import random

import numpy as np
import pytest

from hwgen.targets.words import ended
from rtl_templates.shell.checksum import BITS, ONES, POLYNOMIAL, end_beat, step

#: What each bit of a beat adds to the state.
COLUMNS = [step(0, 1 << bit) for bit in range(2 * BITS)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 9, 100, 1025])
def test_the_packer_ends_streams_as_the_loader_expects(count):
    rng = random.Random(count)
    beats = [rng.getrandbits(128) for _ in range(count)]
    stream = np.array([[beat & (1 << 64) - 1, beat >> 64] for beat in beats], dtype=np.uint64).reshape(-1, 2)
    *same, end = ended([stream[:count // 3], stream[count // 3:]]).tolist()
    assert same == stream.tolist()
    assert end == [0, end_beat(beats) >> 64]


def test_a_beat_multiplies_the_state_by_x_plus_1():
    rng = random.Random(0)
    for state in [1, ONES, 1 << BITS - 1, *(rng.getrandbits(BITS) for _ in range(100))]:
        product = state << 1 ^ state
        assert step(state, 0) == (product ^ (1 << BITS | POLYNOMIAL) if product >> BITS else product)


def test_any_damage_to_half_a_beat_is_found():
    """What a half adds determines it: its 64 bits are independent."""
    for half in (COLUMNS[:BITS], COLUMNS[BITS:]):
        rows = []
        for column in half:
            for row in rows:
                column = min(column, column ^ row)
            assert column
            rows.append(column)


def test_any_two_flipped_bits_of_a_beat_are_found():
    assert len({0, *COLUMNS}) == 1 + len(COLUMNS)


@pytest.mark.slow
def test_any_two_flipped_bits_of_a_long_stream_are_found():
    """A flipped bit's mark on the state is never, 2^17 beats later, that of another flipped bit."""
    columns = np.array(COLUMNS, dtype=np.uint64)
    known, marks = np.sort(columns), columns
    for _ in range(1 << 17):
        marks = marks ^ marks << np.uint64(1) ^ (marks >> np.uint64(63)) * np.uint64(POLYNOMIAL)
        nearest = known[np.minimum(np.searchsorted(known, marks), len(known) - 1)]
        assert not (nearest == marks).any()


def test_nothing_but_a_stream_has_its_end():
    """Beats lost, doubled, swapped, zeros put before or behind: another END."""
    beats = [7, 0, 0, 9]
    others = ([], [7, 0, 9], [7, 0, 0, 0, 9], [*beats, 0], [9, 0, 0, 7])
    assert len({end_beat(each) for each in (beats, *others)}) == 1 + len(others)
    assert all(end_beat(each) for each in others)
