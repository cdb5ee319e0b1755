"""Frames between a host and the serial bridge, as plain data; docs/serial.md has the protocol.

``hwgen/driver/serial_frames.py`` is the host's side of the same numbers, for it has to run alone
(``tests/rtl_templates/serial/test_protocol.py`` holds them equal).
"""

from collections.abc import Mapping
from enum import IntEnum

__all__ = ["BEAT_BYTES", "CHUNK", "CRC_BITS", "CRC_ONES", "CRC_POLYNOMIAL", "CRC_RESIDUE", "DEPTH", "HEADER",
           "HEADER_BYTES", "VERSION", "Operation", "crc_step", "hello"]

VERSION = 1  # of the frames
BEAT_BYTES = 16
CHUNK = 64  # beats of the longest frame
DEPTH = 256  # beats of either queue: four block memories of an ECP5 hold no fewer

#: Of a frame, lowest field first: name -> width. A register's offset is in ``count``; a queue's position, a register's
#: value or what HELLO tells in ``value``.
HEADER: Mapping[str, int] = {"sequence": 8, "operation": 8, "count": 16, "value": 32}
HEADER_BYTES = 8

CRC_BITS = 32
CRC_ONES = (1 << CRC_BITS) - 1
CRC_POLYNOMIAL = 0xEDB88320  # that of Ethernet, zlib and gzip, bits reversed
CRC_RESIDUE = 0xDEBB20E3  # of a frame and its CRC


class Operation(IntEnum):
    """What a frame asks for; the answer repeats it."""

    HELLO = 1  # reset accelerator and queues
    READ = 2  # a register
    WRITE = 3  # a register
    PUSH = 4  # beats of the load stream
    PULL = 5  # beats of the results


def hello(chunk: int = CHUNK, depth: int = DEPTH) -> int:
    """What HELLO's answer has as its value: version, beats of the longest frame, beats of a queue."""
    return VERSION << 24 | chunk << 16 | depth


def crc_step(state: int, byte: int) -> int:
    """The CRC after one more byte; it begins with :data:`CRC_ONES`, and is sent inverted."""
    state ^= byte
    for _ in range(8):
        state = state >> 1 ^ (CRC_POLYNOMIAL if state & 1 else 0)
    return state
