"""Frames of the serial bridge as the host has them: what is sent, and what an answer must be.

The same numbers as ``rtl_templates/serial/protocol.py``, which this file cannot import: it has to run alone.
"""

import struct
import zlib
from dataclasses import dataclass

__all__ = ["BARE", "BEAT_BYTES", "HELLO", "PULL", "PUSH", "READ", "VERSION", "WRITE", "Answer", "Request"]

VERSION = 1
HELLO, READ, WRITE, PUSH, PULL = range(1, 6)
BEAT_BYTES = 16
_HEADER = struct.Struct("<BBHI")
_CHECK = struct.Struct("<I")
BARE = _HEADER.size + _CHECK.size  # of a frame without beats


@dataclass(frozen=True)
class Request:
    """What a host asks for.

    Parameters
    ----------
    operation : int
    sequence : int
        8 bits; the answer repeats it.
    count : int
        Offset of a register, or beats.
    value : int
        32 bits: of a register, or a position.
    beats : bytes
        Of PUSH.
    """

    operation: int
    sequence: int
    count: int = 0
    value: int = 0
    beats: bytes = b""

    def to_bytes(self) -> bytes:
        """The frame."""
        body = _HEADER.pack(self.sequence, self.operation, self.count, self.value) + self.beats
        return body + _CHECK.pack(zlib.crc32(body))


@dataclass(frozen=True)
class Answer:
    """What came back: ``count`` and ``value`` of its header, and beats of PULL."""

    count: int
    value: int
    beats: bytes

    @classmethod
    def missing(cls, request: Request, content: bytes) -> int:
        """Bytes that an answer to this request still lacks, by what has come of it."""
        beats = 0
        if request.operation == PULL and len(content) >= _HEADER.size:
            beats = min(int(_HEADER.unpack_from(content)[2]), request.count)
        return BARE + BEAT_BYTES * beats - len(content)

    @classmethod
    def of(cls, request: Request, content: bytes) -> "Answer | None":
        """The answer to this request; None where it was damaged, or is another request's."""
        body, check = content[:-_CHECK.size], content[-_CHECK.size:]
        if len(content) < BARE or _CHECK.pack(zlib.crc32(body)) != check:
            return None
        sequence, operation, count, value = _HEADER.unpack_from(body)
        beats = body[_HEADER.size:]
        if (sequence, operation) != (request.sequence, request.operation):
            return None
        if len(beats) != (BEAT_BYTES * count if operation == PULL else 0):
            return None
        return cls(count, value, beats)
