"""Numbers of the frames: the CRC is zlib's."""

import random
import zlib

from rtl_templates.serial.protocol import CRC_ONES, CRC_RESIDUE, HEADER, HEADER_BYTES, crc_step


def crc(content):
    state = CRC_ONES
    for byte in content:
        state = crc_step(state, byte)
    return state


def test_the_crc_is_zlibs():
    rng = random.Random(1)
    for size in (0, 1, 7, 100):
        content = rng.randbytes(size)
        assert crc(content) ^ CRC_ONES == zlib.crc32(content)
        assert crc(content + zlib.crc32(content).to_bytes(4, "little")) == CRC_RESIDUE


def test_the_header_is_whole_bytes():
    assert sum(HEADER.values()) == 8 * HEADER_BYTES
