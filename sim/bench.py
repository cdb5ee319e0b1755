"""The bench inside the simulator: clock, registers over AXI4-Lite, memory over AXI4, and a watch on every row write."""

from collections.abc import Sequence
from typing import Any, Protocol

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Event, First, RisingEdge
from cocotb.utils import get_sim_time
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiSlave

from . import stalls
from .folder import Design
from .result import Mismatch

__all__ = ["PERIOD_NS", "Bench", "Memory", "Rows"]

PERIOD_NS = 4

#: What is high where a write's address, or its data, has been taken.
_ENDS = {"aw": ("awvalid", "awready"), "w": ("wvalid", "wready", "wlast")}


class Rows(Protocol):
    """A scoreboard: told of every row write until it sees a difference; fields are :attr:`Design.row_fields`."""

    mismatch: Mismatch | None

    def row(self, unit: int, values: Sequence[int], *, cycle: int, time_ns: int) -> None:
        """What a unit writes at once, a value for each field."""


class Memory:
    """What the AXI4 master sees: one region to read and one to write; any other access is answered with an error.

    Parameters
    ----------
    load : bytes
        Content of the region to read, at address ``load_base``.
    store_bytes : int
        Size of the region to write, at ``store_base``; it starts as a pattern, not as zeros.
    """

    load_base = 0x1_2345_0FF0  # above 32 bit, one beat before a page's end
    store_base = 0x2_89AB_CFE0

    def __init__(self, load: bytes, store_bytes: int) -> None:
        self.renew(load, store_bytes)

    def renew(self, load: bytes, store_bytes: int) -> None:
        """Replace both regions."""
        self._load = load
        self.stored = bytearray(b"\xa5" * store_bytes)

    async def read(self, address: int, length: int) -> bytes:
        """Called by cocotbext-axi for each beat."""
        start = address - self.load_base
        if start < 0 or start + length > len(self._load):
            raise ValueError(f"read of {address:#x}, outside the load image")
        return self._load[start:start + length]

    async def write(self, address: int, data: bytes) -> None:
        """Called by cocotbext-axi for each beat."""
        start = address - self.store_base
        if start < 0 or start + len(data) > len(self.stored):
            raise ValueError(f"write of {address:#x}, outside the results")
        self.stored[start:start + len(data)] = data


class Bench:
    """Clock, buses and the row monitor of one design.

    Parameters
    ----------
    dut
        The module :data:`sim.wrapper.BENCH`.
    design : Design
    memory : Memory
    scoreboard : Rows
        May be replaced between runs.
    seed : int or None
        Of random pauses on all ten AXI channels, :mod:`sim.stalls`.
    """

    def __init__(self, dut: Any, design: Design, memory: Memory, scoreboard: Rows, seed: int | None) -> None:
        self.dut, self.design, self.region, self.scoreboard = dut, design, memory, scoreboard
        self.different = Event()
        self._run_started = 0
        dut.ap_rst_n.value = 0
        Clock(dut.ap_clk, PERIOD_NS, "ns").start()
        self.control = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi_control"), dut.ap_clk, dut.ap_rst_n,
                                     reset_active_level=False)
        self.memory = AxiSlave(AxiBus.from_prefix(dut, "m_axi_gmem"), dut.ap_clk, dut.ap_rst_n, target=memory,
                               reset_active_level=False)
        if seed is not None:
            self._stall(seed)

    def _stall(self, seed: int) -> None:
        sides = {"m_axi_gmem": (self.memory, ("aw", "w", "ar")), "s_axi_control": (self.control, ("b", "r"))}
        channels = {f"{prefix}_{name}": (side, name, name in receive) for prefix, (side, receive) in sides.items()
                    for name in ("aw", "w", "b", "ar", "r")}
        order, manners = stalls.draw(seed, {path: receives for path, (_, _, receives) in channels.items()})
        waits = {"address first": ("m_axi_gmem_w", "m_axi_gmem_aw"), "data first": ("m_axi_gmem_aw", "m_axi_gmem_w")}
        for path, (side, name, _) in channels.items():
            interface = side.write_if if name in ("aw", "w", "b") else side.read_if
            later, first = waits.get(order, ("", ""))
            getattr(interface, f"{name}_channel").set_pause_generator(stalls.pauses(
                f"{seed}/{path}", manners[path], getattr(self.dut, f"{path}valid"),
                getattr(self.dut, f"{first}valid") if path == later else None,
                [getattr(self.dut, f"m_axi_gmem_{signal}") for signal in _ENDS.get(name, ())]))

    async def reset(self) -> None:
        """Hold reset for some cycles and start the monitor, where there is something to watch."""
        await ClockCycles(self.dut.ap_clk, 8)
        self.dut.ap_rst_n.value = 1
        await ClockCycles(self.dut.ap_clk, 2)
        if self.design.watched:
            cocotb.start_soon(self._watch())

    @property
    def time_ns(self) -> int:
        """The simulator's time."""
        return int(get_sim_time("ns"))

    @property
    def cycle(self) -> int:
        """Cycles since the last command."""
        return (self.time_ns - self._run_started) // PERIOD_NS

    async def read(self, name: str, index: int = 0) -> int:
        """Read a register."""
        return int(await self.control.read_dword(self.design.registers[name].offset + 4 * index))

    async def write(self, name: str, value: int) -> None:
        """Write a register."""
        await self.control.write_dword(self.design.registers[name].offset, value)

    async def command(self, name: str, deadline: int) -> dict[str, int]:
        """Give one command and wait for its interrupt.

        Returns
        -------
        dict of str to int
            Fields of STATUS after the interrupt, or when the deadline (cycles) or a difference came first; ``done``
            tells whether the command ended well.
        """
        fields = self.design.registers["CONTROL"].fields
        await self.write("INTERRUPT_STATUS", 0xF)
        self._run_started = self.time_ns
        await self.write("CONTROL", 1 << fields[name][0])
        if not int(self.dut.interrupt.value):
            await First(RisingEdge(self.dut.interrupt), ClockCycles(self.dut.ap_clk, deadline),
                        self.different.wait())
        status = self.design.registers["STATUS"].decode(await self.read("STATUS"))
        status["done"] = status[f"done_{name}"]
        return status

    async def _watch(self) -> None:
        """Hand every row write to the scoreboard; sleeps while no unit writes."""
        dut = self.dut
        edge, wake = RisingEdge(dut.ap_clk), RisingEdge(dut.probe_any)
        rows = [tuple(getattr(dut, f"probe_row_{name}_{unit}") for name in self.design.row_fields)
                for unit in range(self.design.units)]
        while self.scoreboard.mismatch is None:
            if not int(dut.probe_any.value):
                await wake
            await edge  # what is read here is the cycle that this edge ends
            valid = int(dut.probe_row_valid.value)
            unit = 0
            while valid:
                if valid & 1:
                    self.scoreboard.row(unit, [int(signal.value) for signal in rows[unit]], cycle=self.cycle,
                                        time_ns=self.time_ns)
                valid >>= 1
                unit += 1
        self.different.set()
