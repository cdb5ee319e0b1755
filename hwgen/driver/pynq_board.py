"""An accelerator behind PYNQ: the overlay's registers, and contiguous memory.

What is used of the package, as read in 4.0.0: ``Overlay(path)``, the IP's ``read(offset)`` and
``write(offset, int)``, ``allocate(shape, dtype=)``, and ``physical_address``, ``flush()`` and ``invalidate()`` of a
buffer, which frees its memory when nothing refers to it (``pynq/overlay.py``, ``mmio.py`` and ``buffer.py``;
``mmio.py`` refuses whatever is not exactly an int). Beside the bitstream the package reads a ``.hwh`` file of the same
name.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import HwgenError, ToolError
from .device import Ports

__all__ = ["IP_NAME", "open_pynq"]

#: Of the accelerator in the block design, which is its name in the overlay.
IP_NAME = "accelerator_0"


class _Pynq:
    """A PYNQ overlay's accelerator and its contiguous memory."""

    watchdog = 1 << 20

    def __init__(self, bitstream: Path) -> None:
        pynq = import_module("pynq")  # boards have it; no other machine can install it
        self._allocate = pynq.allocate
        overlay = pynq.Overlay(str(bitstream))
        try:
            self._registers = getattr(overlay, IP_NAME)
        except AttributeError:
            raise HwgenError(f"the overlay has no {IP_NAME}", str(bitstream),
                             "name the bitstream that vivado/build.tcl made, with its .hwh file beside it") from None
        self._sent: Any = None
        self._reserved: Any = None

    def read(self, offset: int) -> int:
        return int(self._registers.read(offset))

    def write(self, offset: int, value: int) -> None:
        self._registers.write(offset, int(value))

    def send(self, data: bytes) -> int:
        self._sent = None  # contiguous memory is scarce: the old buffer goes before the new one comes
        self._sent = self._allocate(len(data), dtype="u1")
        self._sent[:] = memoryview(data)
        self._sent.flush()
        return int(self._sent.physical_address)

    def reserve(self, size: int) -> int:
        self._reserved = None
        self._reserved = self._allocate(size, dtype="u1")
        return int(self._reserved.physical_address)

    def move(self) -> bool:
        return False  # the accelerator reads and writes memory itself

    def receive(self, size: int) -> bytes:
        self._reserved.invalidate()
        return bytes(self._reserved[:size])

    def recover(self) -> None:
        """Nothing: every command has memory of its own."""


def open_pynq(bitstream: Path) -> Ports:
    """Program the FPGA.

    Raises
    ------
    HwgenError
        No such bitstream, or none of this design.
    ToolError
        The pynq package is missing.
    """
    if not bitstream.is_file():
        raise HwgenError("no bitstream", str(bitstream), "implement the design with Vivado, and name its .bit file")
    try:
        return _Pynq(bitstream)
    except ImportError:
        raise ToolError("the pynq package is missing", "backend pynq",
                        "run this on a PYNQ board, or use backend reference or simulation") from None
