"""The driver: registers and memory of an accelerator, the same steps for a board and for what stands in for one."""

import json
import time
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ..errors import HwgenError, ToolError

__all__ = ["Device", "Ports", "open_pynq"]

#: Seconds after which a command counts as stuck; the hardware's own watchdog is faster.
PATIENCE_S = 10.0
WATCHDOG_CYCLES = 1 << 20


class Ports(Protocol):
    """What the driver needs of a platform."""

    def read(self, offset: int) -> int:
        """A 32-bit register."""
        ...

    def write(self, offset: int, value: int) -> None:
        """Set a 32-bit register."""
        ...

    def send(self, data: bytes) -> int:
        """Put bytes where the accelerator can read them; the physical address."""
        ...

    def reserve(self, size: int) -> int:
        """Make room for the accelerator to write; the physical address."""
        ...

    def receive(self, size: int) -> bytes:
        """What the accelerator wrote there."""
        ...


class Device:
    """Load, run and store, through the registers of ``design.json``.

    Parameters
    ----------
    ports : Ports
    build : Path
        The build folder.

    Raises
    ------
    HwgenError
        The device holds another design than the build.
    """

    def __init__(self, ports: Ports, build: Path) -> None:
        self.ports = ports
        design = json.loads((build / "design.json").read_text(encoding="utf-8"))
        self.where = str(build)
        self.registers = {register["name"]: register for register in design["registers"]}
        self.errors = {number: f"{name}: {design['meanings'][name]}" for name, number in design["errors"].items()}
        self._check("ID")
        self._check("VERSION")
        self._write("WATCHDOG", WATCHDOG_CYCLES)

    def load(self, image: bytes) -> None:
        """Read a load stream into the accelerator's memories."""
        self._address("LOAD_BASE", self.ports.send(image))
        self._write("LOAD_BEATS", len(image) // 16)
        self._command("load")

    def run(self) -> None:
        """Run all passes; some designs could run a part of them."""
        for name in ("RUN_FIRST", "RUN_COUNT"):
            if name in self.registers:
                self._write(name, 0)
        self._command("run")

    def store(self, words: int, units: int) -> bytes:
        """Results: ``words`` of 16 bytes from each unit."""
        size = 16 * words * units
        if not size:
            return b""
        self._address("STORE_BASE", self.ports.reserve(size))
        self._write("STORE_WORDS", words)
        self._command("store")
        return self.ports.receive(size)

    @property
    def cycles(self) -> int:
        """Of the last run."""
        return self._read("CYCLES")

    def _command(self, name: str) -> None:
        low = self._fields("CONTROL")[name]["low"]
        self._write("CONTROL", 1 << low)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            status = self._read("STATUS")
            fields = {key: status >> field["low"] & (1 << field["width"]) - 1
                      for key, field in self._fields("STATUS").items()}
            if fields["error"]:
                raise HwgenError(f"{name} failed: {self.errors.get(fields['error'], fields['error'])}", self.where,
                                 "program the device again; if it fails again, verify the build")
            if fields[f"done_{name}"]:
                return
            if time.monotonic() > deadline:
                raise HwgenError(f"{name} has not finished after {PATIENCE_S:g} s", self.where,
                                 "check that the clock runs, and program the device again")

    def _check(self, name: str) -> None:
        wanted, found = int(self.registers[name]["value"]), self._read(name)
        if found != wanted:
            raise HwgenError(f"{name} reads {found:#010x}, not {wanted:#010x}", self.where,
                             "program the device with this build's bitstream")

    def _fields(self, name: str) -> dict[str, dict[str, Any]]:
        return {field["name"]: field for field in self.registers[name]["fields"]}

    def _address(self, name: str, address: int) -> None:
        self._write(f"{name}_LOW", address & 0xFFFF_FFFF)
        self._write(f"{name}_HIGH", address >> 32)

    def _read(self, name: str) -> int:
        return self.ports.read(int(self.registers[name]["offset"]))

    def _write(self, name: str, value: int) -> None:
        self.ports.write(int(self.registers[name]["offset"]), value)


class _Pynq:
    """A PYNQ overlay's accelerator and its contiguous memory."""

    def __init__(self, bitstream: Path) -> None:
        pynq = import_module("pynq")  # boards have it; no other machine can install it
        self._allocate = pynq.allocate
        overlay = pynq.Overlay(str(bitstream))
        self._registers = overlay.accelerator_0
        self._sent: Any = None
        self._reserved: Any = None

    def read(self, offset: int) -> int:
        return int(self._registers.read(offset))

    def write(self, offset: int, value: int) -> None:
        self._registers.write(offset, value)

    def send(self, data: bytes) -> int:
        self._sent = self._allocate(len(data), dtype="u1")
        self._sent[:] = memoryview(data)
        self._sent.flush()
        return int(self._sent.physical_address)

    def reserve(self, size: int) -> int:
        self._reserved = self._allocate(size, dtype="u1")
        return int(self._reserved.physical_address)

    def receive(self, size: int) -> bytes:
        self._reserved.invalidate()
        return bytes(self._reserved[:size])


def open_pynq(bitstream: Path) -> Ports:
    """Program the FPGA.

    Raises
    ------
    HwgenError
        No such bitstream.
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
