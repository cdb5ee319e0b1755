"""Registers and memory of an accelerator: the same steps for a board and for what stands in for one."""

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from ..errors import HwgenError

__all__ = ["Device", "Ports"]

#: Seconds without progress after which a command counts as stuck; the hardware's own watchdog is faster.
PATIENCE_S = 10.0


class Ports(Protocol):
    """What the driver needs of a platform.

    Attributes
    ----------
    watchdog : int
        Cycles that the accelerator may wait for memory.
    """

    watchdog: int

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

    def move(self) -> bool:
        """Called while a command goes on, where memory is not the accelerator's to reach; whether to call it again."""
        ...

    def receive(self, size: int) -> bytes:
        """What the accelerator wrote there."""
        ...

    def recover(self) -> None:
        """Called when a command has failed: what it had begun to read or write is over."""
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
        self.registers: dict[str, dict[str, Any]] = {register["name"]: register for register in design["registers"]}
        self.errors = {number: f"{name}: {design['meanings'][name]}" for name, number in design["errors"].items()}
        self.stages = {number: name for name, number in design["stages"].items()}
        self._model = b""
        self._check("ID")
        self._check("VERSION")

    def load_model(self, model: bytes) -> None:
        """Load what comes before all batches, unless it is there already; empty where batches bring everything along.

        Raises
        ------
        HwgenError
            The device reports an error. What it held counts as lost.
        """
        if model and model != self._model:
            self._model = b""
            self.load(model)
        self._model = model

    def execute(self, model: bytes, stream: bytes, words: int, units: int) -> bytes:
        """Load a run behind its model, run it, and store its results: ``words`` of 16 bytes from each unit.

        Raises
        ------
        HwgenError
            The device reports an error. All that it held counts as lost: the next run loads the model again.
        """
        try:
            self.load_model(model)
            self.load(stream)
            self.run()
            return self.store(words, units)
        except BaseException:
            self._model = b""
            raise

    def load(self, image: bytes) -> None:
        """Read a load stream into the accelerator's memories."""
        self._address("LOAD_BASE", self.ports.send(image))
        self._write("WATCHDOG", self.ports.watchdog)  # which a reset may have changed
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

    def counters(self) -> dict[str, int]:
        """Every read-only register that is a number, by name: cycles, and what each stage did in the last run."""
        return {name: self._read(name) for name, entry in self.registers.items()
                if entry["access"] == "ro" and entry["count"] == 1 and not entry["fields"]}

    def pass_cycles(self, passes: int) -> list[int]:
        """Cycles of each of the last run's passes."""
        base = int(self.registers["PASS_CYCLES"]["offset"])
        stamps = [0, *(self.ports.read(base + 4 * index) for index in range(passes))]
        return [after - before for before, after in pairwise(stamps)]

    def _command(self, name: str) -> None:
        try:
            self._carry_out(name)
        except BaseException:
            self.ports.recover()
            raise

    def _carry_out(self, name: str) -> None:
        low = self._fields("CONTROL")[name]["low"]
        self._write("CONTROL", 1 << low)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            if self.ports.move():
                deadline = time.monotonic() + PATIENCE_S
                continue
            status = self._read("STATUS")
            fields = {key: status >> field["low"] & (1 << field["width"]) - 1
                      for key, field in self._fields("STATUS").items()}
            if fields["error"]:
                stage = self.stages.get(fields["stuck_stage"], fields["stuck_stage"])
                stuck = f"; stage {stage} stood still in pass {fields['stuck_pass']}" if fields["stuck_stage"] else ""
                raise HwgenError(f"{name} failed: {self.errors.get(fields['error'], fields['error'])}{stuck}",
                                 self.where, "program the device again; if it fails again, verify the build")
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
