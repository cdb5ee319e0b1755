"""The register file: rtl_templates/shell/axi_lite.py."""

from amaranth import Cat, Mux, Signal

from rtl_templates.shell.axi_lite import RegisterFile
from rtl_templates.shell.registers import Field, Register

from ..harness import Harness
from ..proof import Mutant, Patch, Proof

MAP = (
    Register("ID", 0x0, "const", "A constant."),
    Register("GO", 0x4, "command", "Pulses.", (Field("x", 0, 4, ""),)),
    Register("LENGTH", 0x8, "rw", "A number."),
    Register("EVENTS", 0xC, "w1c", "Events.", (Field("x", 0, 2, ""),)),
    Register("COUNT", 0x10, "ro", "A counter."),
    Register("PARTS", 0x14, "ro", "Several.", count=3),
)
ID = 0x600D


def build(h: Harness) -> None:
    """Any master; addresses and data of writes in any order."""
    dut = h.place(RegisterFile(constants={"ID": ID}, registers=MAP))
    bus = dut.bus
    for ready, payload in (("aw", ("addr",)), ("w", ("data", "strb")), ("ar", ("addr",))):
        valid = getattr(bus, f"{ready}valid")
        waits = h.past(valid & ~getattr(bus, f"{ready}ready"))
        h.assume(~waits | valid)
        for name in payload:
            value = getattr(bus, ready + name)
            h.assume(~waits | (value == h.past(value)))
    h.stable(bus.bvalid, bus.bready, bus.bresp)
    h.stable(bus.rvalid, bus.rready, bus.rdata, bus.rresp)
    for name in ("bvalid", "rvalid"):
        dut.register(f"bus__{name}")
    h.check((bus.bresp == 0) & (bus.rresp == 0))

    # One response for each address and its data; with both there, and the last response taken, a cycle later.
    addressed, given = bus.awvalid & bus.awready, bus.wvalid & bus.wready
    responded = bus.bvalid & bus.bready
    addresses, words = (
        h.count(name, up, responded, bits=2) for name, up in (("addresses", addressed), ("words", given))
    )
    h.check(~bus.bvalid | ((addresses != 0) & (words != 0)))
    h.check(~h.past((addresses != 0) & (words != 0) & ~bus.bvalid) | bus.bvalid)
    h.check((addresses == dut.signal("have_address") + bus.bvalid) & (words == dut.signal("have_data") + bus.bvalid))
    asked, answered = bus.arvalid & bus.arready, bus.rvalid & bus.rready
    reads = h.count("reads", asked, answered, bits=2)
    h.check(~bus.rvalid | (reads == 1))
    h.check((reads <= 1) & (~h.past(asked, 3) | h.past(bus.rvalid) | bus.rvalid))
    waiting, looked_up = dut.signal("waiting"), dut.signal("looked_up")
    h.check(reads == waiting + looked_up + bus.rvalid)

    # What a write does, and that nothing else does it: from the two handshakes' own address, data, strobes.
    address, data, strobe = Signal(10), Signal(32), Signal(4)
    with h.m.If(addressed):
        h.m.d.sync += address.eq(bus.awaddr[2:])
    with h.m.If(given):
        h.m.d.sync += [data.eq(bus.wdata), strobe.eq(bus.wstrb)]
    writes = ~bus.bvalid & (addresses != 0) & (words != 0)
    mask = Cat(bit.replicate(8) for bit in strobe)
    length, events, go = Signal(32), Signal(2), Signal(4)
    with h.m.If(writes & (address == 2)):
        h.m.d.sync += length.eq((length & ~mask) | (data & mask))
    cleared = Mux(writes & (address == 3), data & mask, 0)
    h.m.d.sync += [events.eq((events & ~cleared) | dut.events_set), go.eq(Mux(writes & (address == 1), data & mask, 0))]
    h.check((dut.length == length) & (dut.events == events) & (dut.go == go))
    # What a read answers: the register's value in the cycle after the address.
    at, value = Signal(10), Signal(32)
    with h.m.If(asked):
        h.m.d.sync += at.eq(bus.araddr[2:])
    now = Mux(
        at == 0,
        ID,
        Mux(at == 2, length, Mux(at == 3, events, Mux(at == 4, dut.count, Mux((at >= 5) & (at < 8), dut.parts, 0)))),
    )
    with h.m.If(h.past(asked)):
        h.m.d.sync += value.eq(now)
    h.check(~bus.rvalid | (bus.rdata == value))
    h.check(~(h.past(asked) & (at >= 5) & (at < 8)) | (dut.parts_index == (at - 5)[:2]))
    # Invariants
    h.check(~dut.signal("have_address") | (dut.signal("_write:address") == address))
    h.check(~dut.signal("have_data") | ((dut.signal("_write:data") == data) & (dut.signal("strobe") == strobe)))
    h.check(h.past(asked) == waiting)
    h.check(~waiting | (dut.signal("_read:address") == at))
    h.check(~looked_up | (dut.signal("_read:data") == value))
    h.cover(answered & (bus.rdata == 0xAB00CD) & (at == 2))
    h.cover(responded & (addresses == 2))


FILE = "shell/axi_lite.py"
PROOFS = (
    Proof(
        "registers-axi",
        f"{FILE}: RegisterFile",
        f"{len(MAP)} registers, one of each kind",
        "B and R are registers and stable until READY; one response for each address and its data, a cycle after both; "
        "one for each read, within 3 cycles; a write does what its own address, data and strobes say, and nothing else "
        "does; a read answers the register of its own address",
        build,
        4,
        cover=12,
        mutants=(
            Mutant("BVALID falls without BREADY", Patch(FILE, "with m.Elif(bus.bready):", "with m.Else():")),
            Mutant(
                "an address is taken while one waits",
                Patch(FILE, "bus.awready.eq(~have_address)", "bus.awready.eq(1)"),
                6,
            ),
            Mutant(
                "a byte of a command counts without its strobe",
                Patch(FILE, "m.d.sync += port.eq(bits & chosen & hit", "m.d.sync += port.eq(bits & hit"),
                6,
            ),
            Mutant(
                "a read is taken while one is looked up",
                Patch(FILE, "~waiting & ~looked_up & ~bus.rvalid", "~waiting & ~bus.rvalid"),
                8,
            ),
        ),
    ),
)
