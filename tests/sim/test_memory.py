"""The memory that a design sees: what lies outside of its two regions is an error, and what was never stored shows."""

import asyncio

import pytest

from sim.bench import Memory

LOAD, STORED = bytes(range(64)), 48


@pytest.fixture
def memory():
    return Memory(LOAD, STORED)


def test_reads_give_the_image(memory):
    assert b"".join(asyncio.run(memory.read(memory.load_base + at, 16)) for at in range(0, 64, 16)) == LOAD


@pytest.mark.parametrize(("start", "length"), [(64, 16), (64, 1), (49, 16), (80, 16), (-16, 16), (-1, 2), (-64, 16),
                                               (1 << 32, 16), (-(1 << 32), 16), (0, 65)])
def test_a_read_outside_of_the_image_is_an_error(memory, start, length):
    with pytest.raises(ValueError, match="outside the load image"):
        asyncio.run(memory.read(memory.load_base + start, length))


def test_writes_land_where_they_are_sent(memory):
    before = bytes(memory.stored)
    asyncio.run(memory.write(memory.store_base + 16, LOAD[:16]))
    assert bytes(memory.stored) == before[:16] + LOAD[:16] + before[32:]


@pytest.mark.parametrize(("start", "length"), [(48, 16), (48, 1), (33, 16), (64, 16), (-16, 16), (-1, 2), (-48, 16),
                                               (1 << 32, 16), (-(1 << 32), 16), (0, 49)])
def test_a_write_outside_of_the_results_is_an_error(memory, start, length):
    before = bytes(memory.stored)
    with pytest.raises(ValueError, match="outside the results"):
        asyncio.run(memory.write(memory.store_base + start, bytes(length)))
    assert bytes(memory.stored) == before


def test_results_that_were_never_stored_show(memory):
    """A run after another must not find the results of the one before, nor zeros, which a design may well compute."""
    asyncio.run(memory.write(memory.store_base, bytes(48)))
    memory.renew(LOAD[::-1], 32)
    assert len(memory.stored) == 32
    assert all(memory.stored), "no byte is zero, and so no code"
    assert asyncio.run(memory.read(memory.load_base, 64)) == LOAD[::-1]


def test_regions_lie_apart_and_across_the_lines_that_matter():
    """Beyond 32 bits, and just before a page of 4 KiB ends: what bursts must not cross."""
    for base in (Memory.load_base, Memory.store_base):
        assert base >> 32
        assert 0 < -base % 4096 <= 32
        assert base % 16 == 0
    assert Memory.load_base >> 32 != Memory.store_base >> 32
