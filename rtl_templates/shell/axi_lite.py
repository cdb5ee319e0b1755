"""The register file: an AXI4-Lite slave built from the register map."""

from collections.abc import Mapping, Sequence

from amaranth import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from .axi import Bus
from .registers import Register

__all__ = ["ADDRESS_BITS", "AxiLite", "RegisterFile"]

ADDRESS_BITS = 12


class AxiLite(wiring.Signature):
    """AXI4-Lite with 32-bit data, seen from the master."""

    def __init__(self) -> None:
        super().__init__({
            "awaddr": Out(ADDRESS_BITS), "awprot": Out(3), "awvalid": Out(1), "awready": In(1),
            "wdata": Out(32), "wstrb": Out(4), "wvalid": Out(1), "wready": In(1),
            "bresp": In(2), "bvalid": In(1), "bready": Out(1),
            "araddr": Out(ADDRESS_BITS), "arprot": Out(3), "arvalid": Out(1), "arready": In(1),
            "rdata": In(32), "rresp": In(2), "rvalid": In(1), "rready": Out(1),
        })


class RegisterFile(wiring.Component):
    """Registers behind AXI4-Lite.

    One write and one read are in flight at most; address and data of a write come in any order. A write takes effect
    two cycles after the later of the two, read data is valid three cycles after its address. Byte strobes are
    honoured; a byte of a command counts only when it is strobed. Unmapped addresses read zero and ignore writes.

    Parameters
    ----------
    constants : Mapping[str, int]
        Value of each ``const`` register.
    registers : sequence of Register
        The map.

    Members
    -------
    bus : In(AxiLite())
    one port per register, its name in lower case
        ``ro``: In. ``rw``: Out. ``command``: Out, a pulse per bit. ``w1c``: Out, and ``<name>_set``: In, pulses.
        Arrays: In, selected by ``<name>_index``: Out, in the same cycle.
    """

    bus: Bus

    def __init__(self, *, constants: Mapping[str, int], registers: Sequence[Register]) -> None:
        self.constants = dict(constants)
        self.registers = tuple(registers)
        members: dict[str, wiring.Member] = {"bus": In(AxiLite())}
        for entry in self.registers:
            name = entry.name.lower()
            if entry.access == "ro":
                members[name] = In(entry.width)
                if entry.count > 1:
                    members[f"{name}_index"] = Out(ceil_log2(entry.count))
            elif entry.access == "rw":
                members[name] = Out(entry.width, init=entry.reset)  # type: ignore[call-arg]  # amaranth-stubs know no init
            elif entry.access == "command":
                members[name] = Out(entry.width)
            elif entry.access == "w1c":
                members[name] = Out(entry.width)
                members[f"{name}_set"] = In(entry.width)
        super().__init__(members)

    def __getattr__(self, name: str) -> Signal:
        """Ports are known by the map only."""
        raise AttributeError(f"no register has a port {name}")

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._write(m)
        self._read(m)
        return m

    def _write(self, m: Module) -> None:
        bus = self.bus
        address, data, strobe = Signal(ADDRESS_BITS - 2), Signal(32), Signal(4)
        have_address, have_data = Signal(), Signal()
        commit = Signal()
        m.d.comb += [
            bus.awready.eq(~have_address), bus.wready.eq(~have_data),
            commit.eq(have_address & have_data & ~bus.bvalid),
        ]
        with m.If(bus.awvalid & bus.awready):
            m.d.sync += [address.eq(bus.awaddr[2:]), have_address.eq(1)]
        with m.If(bus.wvalid & bus.wready):
            m.d.sync += [data.eq(bus.wdata), strobe.eq(bus.wstrb), have_data.eq(1)]
        with m.If(commit):
            m.d.sync += [have_address.eq(0), have_data.eq(0), bus.bvalid.eq(1)]
        with m.Elif(bus.bready):
            m.d.sync += bus.bvalid.eq(0)

        mask = Cat(bit.replicate(8) for bit in strobe)
        for entry in self.registers:
            if entry.access in ("const", "ro"):
                continue
            port = getattr(self, entry.name.lower())
            hit = Signal(name=f"write_{entry.name.lower()}")
            m.d.comb += hit.eq(commit & (address == entry.offset >> 2))
            chosen, bits = mask[:entry.width], data[:entry.width]
            if entry.access == "rw":
                for lane in range(0, entry.width, 8):  # a clock enable for every byte, and no logic for its bits
                    with m.If(hit & strobe[lane // 8]):
                        m.d.sync += port[lane:lane + 8].eq(bits[lane:lane + 8])
            elif entry.access == "command":
                m.d.sync += port.eq(bits & chosen & hit.replicate(entry.width))
            else:
                cleared = bits & chosen & hit.replicate(entry.width)
                m.d.sync += port.eq((port & ~cleared) | getattr(self, f"{entry.name.lower()}_set"))

    def _read(self, m: Module) -> None:
        bus = self.bus
        address, data = Signal(ADDRESS_BITS - 2), Signal(32)
        waiting, looked_up = Signal(), Signal()
        m.d.comb += bus.arready.eq(~waiting & ~looked_up & ~bus.rvalid)
        m.d.sync += [waiting.eq(bus.arvalid & bus.arready), looked_up.eq(waiting)]
        with m.If(bus.arvalid & bus.arready):
            m.d.sync += address.eq(bus.araddr[2:])
        with m.If(looked_up):
            m.d.sync += [bus.rdata.eq(data), bus.rvalid.eq(1)]
        with m.Elif(bus.rready):
            m.d.sync += bus.rvalid.eq(0)

        with m.Switch(address):
            for entry in self.registers:
                name, word = entry.name.lower(), entry.offset >> 2
                if entry.access == "const":
                    value: int | Signal = self.constants[entry.name]
                elif entry.access == "command":
                    value = 0
                else:
                    value = getattr(self, name)
                with m.Case(*range(word, word + entry.count)):
                    m.d.sync += data.eq(value)
            with m.Default():
                m.d.sync += data.eq(0)
        for entry in self.registers:
            if entry.count > 1:
                m.d.comb += getattr(self, f"{entry.name.lower()}_index").eq(address - (entry.offset >> 2))
