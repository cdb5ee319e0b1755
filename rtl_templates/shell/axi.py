"""AXI4 as this project uses it: 128-bit data, INCR bursts, one ID; and the split of a range into bursts."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .timing import BURST_BEATS

__all__ = ["AxiRead", "AxiWrite", "Bursts", "Bus"]


def _address(prefix: str) -> dict[str, wiring.Member]:
    """An address channel, seen from the master."""
    members = {"id": 1, "addr": 64, "len": 8, "size": 3, "burst": 2, "lock": 1, "cache": 4, "prot": 3, "qos": 4,
               "valid": 1}
    return {**{prefix + name: Out(width) for name, width in members.items()}, f"{prefix}ready": In(1)}


class Bus(wiring.PureInterface):
    """Signals of a bus by name, for annotations."""

    def __getattr__(self, name: str) -> Signal:
        raise AttributeError(f"the bus has no signal {name}")


class AxiRead(wiring.Signature):
    """Read channels of an AXI4 master."""

    def __init__(self) -> None:
        super().__init__({
            **_address("ar"), "rid": In(1), "rdata": In(128), "rresp": In(2), "rlast": In(1), "rvalid": In(1),
            "rready": Out(1),
        })


class AxiWrite(wiring.Signature):
    """Write channels of an AXI4 master."""

    def __init__(self) -> None:
        super().__init__({
            **_address("aw"), "wdata": Out(128), "wstrb": Out(16), "wlast": Out(1), "wvalid": Out(1),
            "wready": In(1), "bid": In(1), "bresp": In(2), "bvalid": In(1), "bready": Out(1),
        })


class Bursts(wiring.Component):
    """Splits a range of beats into bursts of up to 256 that stay within 4 KiB pages.

    The first burst is valid two cycles after ``start``, each next one two cycles after the last one's handshake.

    Parameters
    ----------
    beats_bits : int
        Of the number of beats.

    Members
    -------
    start : In(1)
        Pulse; ``base`` (byte address, its low 4 bits are ignored) and ``beats`` are read in that cycle.
    allow : In(1)
        Permission to make the next burst valid; a valid burst stays until ``ready``.
    valid, ready, address, size, length
        A burst of ``size`` beats, ``length + 1``.
    fresh : Out(1)
        The burst has been valid for no cycle yet.
    busy : Out(1)
        Bursts are left.
    """

    start: Signal
    base: Signal
    beats: Signal
    allow: Signal
    valid: Signal
    ready: Signal
    address: Signal
    size: Signal
    length: Signal
    fresh: Signal
    busy: Signal

    def __init__(self, *, beats_bits: int = 32) -> None:
        super().__init__({
            "start": In(1), "base": In(64), "beats": In(beats_bits), "allow": In(1), "valid": Out(1), "ready": In(1),
            "address": Out(64), "size": Out(range(BURST_BEATS + 1)), "length": Out(8), "fresh": Out(1), "busy": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        page = Signal(52)
        offset = Signal(8)
        left = Signal(len(self.beats))
        room = Signal(9)
        m.d.comb += [
            room.eq(BURST_BEATS - offset),
            self.address[12:].eq(page), self.address[4:12].eq(offset),
            self.length.eq(self.size - 1),
            self.busy.eq(left != 0),
        ]
        m.d.sync += self.fresh.eq(0)
        with m.If(self.start):
            m.d.sync += [page.eq(self.base[12:]), offset.eq(self.base[4:12]), left.eq(self.beats)]
        with m.Elif(~self.valid & self.busy & self.allow):
            m.d.sync += [self.size.eq(Mux(left < room, left, room)), self.valid.eq(1), self.fresh.eq(1)]
        with m.Elif(self.valid & self.ready):
            m.d.sync += [self.valid.eq(0), left.eq(left - self.size), page.eq(page + 1), offset.eq(0)]
        return m
