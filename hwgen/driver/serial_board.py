"""An accelerator at the end of a serial line: registers and memory by frames, each answered, each sent again if not.

What was lost or damaged on the way has no effect, for a frame counts with its checksum alone; what comes twice has one
effect (docs/serial.md). Of pyserial, as read in 3.5, this uses ``Serial(port, baudrate, timeout=, write_timeout=,
exclusive=)``, ``read(size)``, which returns fewer bytes after the time-out, ``write``, ``flush`` and
``reset_input_buffer``; ``SerialException`` is an ``OSError``.
"""

import time
from importlib import import_module
from typing import Protocol

from ..errors import HwgenError, ToolError
from .device import Ports
from .serial_frames import BEAT_BYTES, HELLO, PULL, PUSH, READ, VERSION, WRITE, Answer, Request

__all__ = ["PATIENCE_S", "TRIES", "Line", "SerialBoard", "open_serial"]

#: Seconds without an answer after which a frame is sent again, beside those that the wire takes: longer than the board
#: waits for the rest of a frame.
PATIENCE_S = 0.3
#: Bits on the wire of a frame with beats and its answer, at most.
_MOST_BITS = 10 * 2048
#: Frames without an answer, one after the other, that mean that nobody is there.
TRIES = 16

_POSITIONS = 1 << 32


class Line(Protocol):
    """What is needed of a serial port, such as pyserial's."""

    def read(self, size: int = 1) -> bytes:
        """As many bytes, or those that came before the time-out."""
        ...

    def write(self, data: bytes, /) -> int | None:
        """Send bytes."""
        ...

    def reset_input_buffer(self) -> None:
        """Forget what has come."""
        ...


class SerialBoard:
    """Registers and memory behind a line.

    Parameters
    ----------
    line : Line
        Its reads end after :data:`PATIENCE_S`.
    where : str
        The port, for errors.

    Raises
    ------
    HwgenError
        Nobody answers, or somebody else than this version's bridge.
    """

    #: Cycles that the accelerator waits for memory: the line is slow, and frames may have to be sent again.
    watchdog = 1 << 30

    def __init__(self, line: Line, where: str) -> None:
        self.line, self.where = line, where
        self.again = 0  # frames that were sent again
        self._sequence, self._silent = int(time.monotonic_ns()) & 0xFF, 0
        self._begin()

    def _begin(self) -> None:
        """Reset board and accelerator."""
        told = self._ask(HELLO).value
        if told >> 24 != VERSION:
            raise HwgenError(f"speaks version {told >> 24} of the frames, not {VERSION}", self.where,
                             "make the bitstream with this version of hwgen, and program the board with it")
        self._most = self._chunk = max(1, told >> 16 & 0xFF)
        self._out, self._in, self._wanted, self._stale = b"", b"", 0, False
        self._pushed = self._pulled = 0

    def read(self, offset: int) -> int:
        """A 32-bit register."""
        return self._ask(READ, offset).value

    def write(self, offset: int, value: int) -> None:
        """Set a 32-bit register."""
        self._ask(WRITE, offset, value)

    def send(self, data: bytes) -> int:
        """Keep bytes that the accelerator will read; :meth:`move` sends them. The address.

        What is left of transfers that ended in an error goes with a reset.
        """
        if self._stale or self._out or len(self._in) < self._wanted:
            self._begin()
        self._out = bytes(data)
        return BEAT_BYTES * self._pushed

    def reserve(self, size: int) -> int:
        """Make room for what the accelerator will write; the address."""
        self._in, self._wanted = b"", size
        return BEAT_BYTES * self._pulled

    def move(self) -> bool:
        """Send or fetch a frame of what waits; whether to go on: a beat has moved, or nobody has answered yet.

        So nobody looks at STATUS before it is known what has arrived.
        """
        if self._out:
            beats = self._out[:BEAT_BYTES * self._chunk]
            answer = self._try(PUSH, len(beats) // BEAT_BYTES, self._pushed, beats)
            if answer is None:
                return True
            moved = (answer.value - self._pushed) % _POSITIONS
            if moved * BEAT_BYTES > len(self._out):
                raise self._out_of_step()
            self._out, self._pushed = self._out[BEAT_BYTES * moved:], (self._pushed + moved) % _POSITIONS
            return moved > 0
        left = (self._wanted - len(self._in)) // BEAT_BYTES
        if not left:
            return False
        answer = self._try(PULL, min(left, self._chunk), self._pulled)
        if answer is None:
            return True
        if (answer.value - self._pulled) % _POSITIONS > left:
            raise self._out_of_step()
        self._in, self._pulled = self._in + answer.beats, (self._pulled + answer.count) % _POSITIONS
        return answer.count > 0

    def receive(self, size: int) -> bytes:
        """What the accelerator wrote."""
        while len(self._in) < size:
            if not self.move():
                raise HwgenError(f"{len(self._in)} bytes of results came, not {size}", self.where,
                                 "program the board again; if it happens again, verify the build")
        return self._in[:size]

    def recover(self) -> None:
        """The queues may hold what nobody will read: the next transfer begins with a reset."""
        self._stale = True

    def _ask(self, operation: int, count: int = 0, value: int = 0) -> Answer:
        """An answer, however often it takes: every time the same frame, so that it has one effect."""
        self._sequence = (self._sequence + 1) & 0xFF
        while True:
            answer = self._once(Request(operation, self._sequence, count, value))
            if answer is not None:
                return answer

    def _try(self, operation: int, count: int, value: int, beats: bytes = b"") -> Answer | None:
        """One frame with or for beats; None if its answer has not come. After that shorter ones are tried."""
        self._sequence = (self._sequence + 1) & 0xFF
        answer = self._once(Request(operation, self._sequence, count, value, beats))
        self._chunk = max(1, self._chunk // 2) if answer is None else min(self._most, 2 * self._chunk)
        return answer

    def _once(self, request: Request) -> Answer | None:
        """Send a frame and wait for its answer.

        Raises
        ------
        HwgenError
            :data:`TRIES` in a row had none, or the port is gone.
        """
        try:
            self.line.reset_input_buffer()
            self.line.write(request.to_bytes())
            content = b""
            while (missing := Answer.missing(request, content)) > 0:
                more = self.line.read(missing)
                if not more:
                    break
                content += more
        except OSError as error:
            raise HwgenError(f"the port failed: {error}", self.where, "plug the board in again") from None
        answer = Answer.of(request, content)
        if answer is not None:
            self._silent = 0
            return answer
        self.again += 1
        self._silent += 1
        if self._silent == TRIES:
            self._silent = 0
            raise HwgenError(f"no answer to {TRIES} frames", self.where,
                             "name the port of a board that runs this build's bitstream, at the bitstream's baud rate")
        return None

    def _out_of_step(self) -> HwgenError:
        return HwgenError("the board is not where it was: it was reset, or somebody else uses the port", self.where,
                          "let one program use the port, and run again")


def open_serial(port: str, baud: int) -> Ports:
    """Open a serial port and reset the accelerator behind it.

    Raises
    ------
    HwgenError
        No such port, or nobody answers.
    ToolError
        pyserial is missing.
    """
    try:
        serial = import_module("serial")  # nothing else of the driver needs it
    except ImportError:
        raise ToolError("pyserial is missing", "backend serial", "install it: pip install pyserial") from None
    patience = PATIENCE_S + _MOST_BITS / baud
    try:
        line = serial.Serial(port, baud, timeout=patience, write_timeout=10 * patience, exclusive=True)
    except (OSError, ValueError) as error:
        raise HwgenError(f"cannot be opened: {error}", port, "name a serial port, such as /dev/ttyUSB0") from None
    return SerialBoard(line, port)
