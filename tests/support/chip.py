"""An emitted design in the simulator, and software and memory around it that behave in every way that AXI allows.

Both sides of the bus are drawn by one seed: pauses on every channel, ready before or after valid, an address taken
before or after its data, early and late responses, EXOKAY. Faults are given. Nothing wakes Python while the bus is
quiet, so that a run costs what Verilator takes. Unlike :mod:`sim.bench` it looks at the pins only.
"""

import random
from collections import deque
from dataclasses import dataclass

from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, First, RisingEdge

__all__ = ["LOAD_BASE", "STORE_BASE", "Chip", "Faults", "Manner"]

LOAD_BASE = 0x1_2345_0FF0  # above 32 bits, one beat before a page's end
STORE_BASE = 0x2_89AB_CFE0
PERIOD_NS = 4
CLEAR = 8


@dataclass
class Manner:
    """How memory and software behave: probabilities that a channel rests in a cycle, and in which order writes come."""

    rest: float = 0.0
    latency: int = 0
    takes: str = "any"  # of a write: "any", "address first", "data first"
    late_ready: bool = False  # ready only after valid

    @classmethod
    def draw(cls, rng):
        return cls(rest=rng.choice([0, 0, 0.2, 0.6, 0.9]), latency=rng.choice([0, 1, 3, 40]),
                   takes=rng.choice(["any", "address first", "data first"]), late_ready=rng.random() < 0.3)


_PINS = ("arvalid", "arready", "araddr", "arlen", "rvalid", "rready", "rdata", "rlast", "rresp", "awvalid", "awready",
         "awaddr", "awlen", "wvalid", "wready", "wdata", "wlast", "bvalid", "bready", "bresp")


@dataclass
class Faults:
    """What memory does wrong: a response to a read beat or a write burst, RLAST, and silence from an event on."""

    read: int = -1
    write: int = -1
    response: int = 2
    last: str = "right"  # "never", "always", "random"
    silent_read: int = -1  # beats after which nothing more comes, until :attr:`Memory.faults` is replaced
    silent_write: int = -1


class Memory:
    """The AXI4 slave. ``beats`` is what is loaded, ``stored`` what was written, by beat; a stray access is kept."""

    def __init__(self, dut, rng):
        self.dut, self.rng, self.manner, self.faults = dut, rng, Manner(), Faults()
        self.beats, self.stored, self.strays = [], {}, []
        self.given = self.answered = 0  # read beats and write responses since renew
        self.pins = {name: getattr(dut, f"m_axi_gmem_{name}") for name in _PINS}  # a look-up a cycle takes long
        self.forget()

    def renew(self, beats):
        """Another image to load; nothing is stored yet."""
        self.beats, self.stored, self.given, self.answered = beats, {}, 0, 0

    def forget(self):
        """What is under way: a reset of the bus."""
        self.reads, self.writes, self.data, self.answers = deque(), deque(), deque(), deque()
        self.shown = dict.fromkeys(("arready", "rvalid", "awready", "wready", "bvalid"), 0)
        for name in self.shown:
            self.pins[name].value = 0

    def _pin(self, name):
        return int(self.pins[name].value)

    def _show(self, **values):
        for name, value in values.items():
            if self.shown.get(name) != value:
                self.shown[name] = value
                self.pins[name].value = value

    async def serve(self):
        """Run for ever."""
        dut, edge, reset = self.dut, RisingEdge(self.dut.ap_clk), self.dut.ap_rst_n
        cycle = 0
        while True:
            quiet = not (self.reads or self.writes or self.data or self.answers or self.shown["rvalid"]
                         or self.shown["bvalid"])
            if quiet and not (self._pin("arvalid") or self._pin("awvalid") or self._pin("wvalid")):
                await First(RisingEdge(dut.m_axi_gmem_arvalid), RisingEdge(dut.m_axi_gmem_awvalid),
                            RisingEdge(reset))
            await edge  # what is read now is the cycle that this edge ends
            cycle += 1
            if not int(reset.value):
                self.forget()
                continue
            self._read(cycle)
            self._write(cycle)

    def _rests(self):
        return self.rng.random() < self.manner.rest

    def _ready(self, valid):
        return int(not self._rests() and (valid or not self.manner.late_ready))

    def _read(self, cycle):
        offered = self._pin("arvalid")
        if self.shown["arready"] and offered:
            start, length = self._pin("araddr"), self._pin("arlen") + 1
            if start // 4096 != (start + 16 * length - 1) // 4096:
                self.strays.append(("page", start))
            self.reads += [((start - LOAD_BASE) // 16 + k, k == length - 1, cycle + self.manner.latency)
                           for k in range(length)]
        taken = self.shown["rvalid"] and self._pin("rready")
        if taken:
            self.reads.popleft()
            self.given += 1
        show = {"arready": self._ready(offered)}
        if taken or not self.shown["rvalid"]:
            silent = 0 <= self.faults.silent_read <= self.given
            if self.reads and self.reads[0][2] <= cycle and not silent and not self._rests():
                place, last, _ = self.reads[0]
                if not 0 <= place < len(self.beats):
                    self.strays.append(("read", place))
                    place = 0
                last = {"right": last, "never": 0, "always": 1, "random": self.rng.getrandbits(1)}[self.faults.last]
                response = self.faults.response if self.given == self.faults.read else self.given % 2
                show |= {"rvalid": 1, "rdata": self.beats[place], "rlast": int(last), "rresp": response}
            else:
                show["rvalid"] = 0
        self._show(**show)

    def _write(self, cycle):
        address, offered = self._pin("awvalid"), self._pin("wvalid")
        if self.shown["awready"] and address:
            start, length = self._pin("awaddr"), self._pin("awlen") + 1
            if start // 4096 != (start + 16 * length - 1) // 4096:
                self.strays.append(("page", start))
            self.writes += [((start - STORE_BASE) // 16 + k, k == length - 1) for k in range(length)]
        if self.shown["wready"] and offered:
            self.data.append((self._pin("wdata"), self._pin("wlast")))
        while self.data and self.writes:
            (word, last), (place, ends) = self.data.popleft(), self.writes.popleft()
            if last != ends:
                self.strays.append(("wlast", place))
            self.stored[place] = word
            if ends:
                self.answers.append(cycle + self.manner.latency)
        taken = self.shown["bvalid"] and self._pin("bready")
        if taken:
            self.answers.popleft()
            self.answered += 1
        silent = 0 <= self.faults.silent_write <= self.answered
        takes = self.manner.takes
        may = {"aw": not silent and (takes != "data first" or bool(offered or self.data)),
               "w": not silent and (takes != "address first" or bool(self.writes))}
        show = {"awready": self._ready(address) & may["aw"], "wready": self._ready(offered) & may["w"]}
        if taken or not self.shown["bvalid"]:
            due = bool(self.answers) and self.answers[0] <= cycle and not silent and not self._rests()
            show |= {"bvalid": int(due), "bresp": self.faults.response if self.answered == self.faults.write
                     else self.answered % 2}
        self._show(**show)


class Chip:
    """A design with software that drives it.

    Parameters
    ----------
    dut
        The module :data:`sim.wrapper.BENCH`.
    design : sim.folder.Design
    seed : int
    """

    def __init__(self, dut, design, seed):
        self.dut, self.design, self.rng = dut, design, random.Random(seed)
        self.memory = Memory(dut, self.rng)
        self.edge = RisingEdge(dut.ap_clk)
        for port in design.ports:
            if port.is_input and port.name != "ap_clk":
                getattr(dut, port.name).value = 0
        Clock(dut.ap_clk, PERIOD_NS, "ns").start()

    async def reset(self, cycles=8):
        """Pull the pin, and set up what a driver does."""
        self.dut.ap_rst_n.value = 0
        for name in ("awvalid", "wvalid", "arvalid", "bready", "rready"):
            self._lite(name, 0)
        await ClockCycles(self.dut.ap_clk, cycles)
        self.memory.forget()
        self.dut.ap_rst_n.value = 1
        await self.edge
        for name, base in (("LOAD_BASE", LOAD_BASE), ("STORE_BASE", STORE_BASE)):
            await self.write(f"{name}_LOW", base & 0xFFFF_FFFF)
            await self.write(f"{name}_HIGH", base >> 32)
        await self.write("INTERRUPT_ENABLE", 3)
        await self.write("WATCHDOG", 4096)

    def _lite(self, name, value):
        getattr(self.dut, f"s_axi_control_{name}").value = value

    def _pin(self, name):
        return int(getattr(self.dut, f"s_axi_control_{name}").value)

    async def write(self, name, value):
        """A register; address and data come in any order, the response is taken early or late."""
        left, late = {"aw": self.rng.randrange(3), "w": self.rng.randrange(3)}, self.rng.randrange(3)
        self._lite("awaddr", self.design.registers[name].offset)
        self._lite("wdata", value & 0xFFFF_FFFF)
        self._lite("wstrb", 15)
        self._lite("bready", int(late == 0))
        valid = {}
        for cycle in range(2000):
            for channel, wait in list(left.items()):
                if channel not in valid and cycle >= wait:
                    self._lite(f"{channel}valid", 1)
                    valid[channel] = True
            if cycle == late:
                self._lite("bready", 1)
            await self.edge
            for channel in list(valid):
                if channel in left and self._pin(f"{channel}ready"):
                    del left[channel]
                    self._lite(f"{channel}valid", 0)
            if not left and cycle >= late and self._pin("bvalid"):
                self._lite("bready", 0)
                return
        raise AssertionError(f"no response to a write of {name}")

    async def read(self, name, index=0):
        """A register."""
        self._lite("araddr", self.design.registers[name].offset + 4 * index)
        self._lite("arvalid", 1)
        self._lite("rready", 1)
        asked = False
        for _ in range(2000):
            await self.edge
            if not asked and self._pin("arready"):
                asked = True
                self._lite("arvalid", 0)
            if self._pin("rvalid"):
                self._lite("rready", 0)
                return self._pin("rdata")
        raise AssertionError(f"no answer to a read of {name}")

    async def status(self):
        """Fields of STATUS, and the error's name."""
        fields = self.design.registers["STATUS"].decode(await self.read("STATUS"))
        return {**fields, "error": self.design.errors[fields["error"]]}

    async def start(self, *names):
        """Write commands and come back at once."""
        fields = self.design.registers["CONTROL"].fields
        await self.write("INTERRUPT_STATUS", 3)
        await self.write("CONTROL", sum(1 << fields[name][0] for name in names))

    async def wait(self, deadline=400_000):
        """Until the interrupt; STATUS then."""
        if not int(self.dut.interrupt.value):
            await First(RisingEdge(self.dut.interrupt), ClockCycles(self.dut.ap_clk, deadline))
        return await self.status()

    async def command(self, *names, deadline=400_000):
        """Commands to their end; STATUS."""
        await self.start(*names)
        return await self.wait(deadline)

    async def load(self, beats):
        """Load an image; STATUS."""
        self.memory.renew(beats)
        await self.write("LOAD_BEATS", len(beats))
        return await self.command("load")

    async def clear(self):
        """Clear, and wait until nothing goes on; STATUS."""
        await self.write("CONTROL", CLEAR)
        for _ in range(4000):
            status = await self.status()
            if not any(status[f"busy_{name}"] for name in ("load", "run", "store")):
                return status
            await ClockCycles(self.dut.ap_clk, 100)
        return status
