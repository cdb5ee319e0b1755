"""What stands in for memory behind a serial line: a queue of the load stream, and one of results.

Every beat has a position, counted from the last reset, modulo 2^32; its address on the bus is 16 times that. A burst
that begins elsewhere than at the next position is answered with SLVERR, and nothing of it counts: so the host cannot
feed one load with beats that it meant for another. Beats are read and written in order, so that one burst at a time is
enough; the line is slower than either queue.
"""

from amaranth import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from ..cells.add_memory import add_memory
from ..shell.axi import AxiRead, AxiWrite, Bus
from ..shell.words import BEAT_BITS

__all__ = ["POSITION_BITS", "LoadQueue", "ResultQueue"]

POSITION_BITS = 32
_SLVERR = 2


def _position(address: Value) -> Value:
    """The position that an address names; what is above it must be zero."""
    return address[4:4 + POSITION_BITS]


def _outside(address: Value) -> Value:
    return address[4 + POSITION_BITS:].any() | address[:4].any()


class LoadQueue(wiring.Component):
    """Beats of a load stream, answered to an AXI4 read master.

    Parameters
    ----------
    depth : int
        Beats; a power of two.

    Members
    -------
    tail : Out(32)
        Position of the next beat to come.
    level : Out(range(depth + 1))
        Beats that wait.
    put, place, beat : In
        Write ``beat`` to position ``tail + place``; ``place`` is less than ``depth - level``.
    commit, count : In
        ``count`` beats that were put have come: the bus may read them from the next cycle on.
    axi : In(AxiRead())
        Three cycles a beat, while there are beats.
    """

    tail: Signal
    level: Signal
    put: Signal
    place: Signal
    beat: Signal
    commit: Signal
    count: Signal
    axi: Bus

    def __init__(self, *, depth: int) -> None:
        self.depth = depth
        super().__init__({
            "tail": Out(POSITION_BITS), "level": Out(range(depth + 1)), "put": In(1), "place": In(range(depth)),
            "beat": In(BEAT_BITS), "commit": In(1), "count": In(range(depth + 1)), "axi": In(AxiRead()),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        axi, bits = self.axi, exact_log2(self.depth)
        store = add_memory(m, "memory", BEAT_BITS, self.depth, "block")
        write, read = store.write_port(), store.read_port()
        head, left, wrong = Signal(POSITION_BITS), Signal(9), Signal()
        taken = Signal()
        m.d.comb += [
            write.en.eq(self.put), write.addr.eq((self.tail + self.place)[:bits]), write.data.eq(self.beat),
            read.en.eq(0), read.addr.eq(head[:bits]), axi.rdata.eq(read.data), axi.rlast.eq(left == 1),
            taken.eq(axi.rvalid & axi.rready),
        ]
        with m.If(wrong):
            m.d.comb += axi.rresp.eq(_SLVERR)
        eaten = Signal()
        m.d.comb += eaten.eq(taken & ~wrong)
        m.d.sync += [self.level.eq(self.level - eaten), head.eq(head + eaten)]
        with m.If(self.commit):
            m.d.sync += [self.tail.eq(self.tail + self.count), self.level.eq(self.level + self.count - eaten)]

        with m.FSM():
            with m.State("address"):
                m.d.comb += axi.arready.eq(1)
                with m.If(axi.arvalid):
                    m.d.sync += [left.eq(axi.arlen + 1),
                                 wrong.eq((_position(axi.araddr) != head) | _outside(axi.araddr))]
                    m.next = "look up"
            with m.State("look up"):  # only here memory reads what head names: data must stay while it is valid
                m.d.comb += read.en.eq(1)
                with m.If((self.level != 0) | wrong):
                    m.next = "data"
            with m.State("data"):
                m.d.comb += axi.rvalid.eq(1)
                with m.If(axi.rready):
                    m.d.sync += left.eq(left - 1)
                    m.next = "settle"
            with m.State("settle"):
                m.next = "address"
                with m.If(left != 0):
                    m.next = "look up"
        return m


class ResultQueue(wiring.Component):
    """Beats of results, taken from an AXI4 write master.

    Parameters
    ----------
    depth : int
        Beats; a power of two.

    Members
    -------
    tail : Out(32)
        Position of the next beat to come.
    head : Out(32)
        Position of the oldest beat that is kept.
    free, position : In
        Everything before ``position`` may go; it is not before ``head`` and not behind ``tail``.
    place : In(range(depth)), beat : Out(128)
        What is at ``head + place``, a cycle later.
    axi : In(AxiWrite())
        A beat is taken only when its address has come.
    """

    tail: Signal
    head: Signal
    free: Signal
    position: Signal
    place: Signal
    beat: Signal
    axi: Bus

    def __init__(self, *, depth: int) -> None:
        self.depth = depth
        super().__init__({
            "tail": Out(POSITION_BITS), "head": Out(POSITION_BITS), "free": In(1), "position": In(POSITION_BITS),
            "place": In(range(depth)), "beat": Out(BEAT_BITS), "axi": In(AxiWrite()),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        axi, bits = self.axi, exact_log2(self.depth)
        store = add_memory(m, "memory", BEAT_BITS, self.depth, "block")
        write, read = store.write_port(), store.read_port()
        left, wrong, room, kept = Signal(9), Signal(), Signal(), Signal()
        level = Signal(range(self.depth + 1))
        m.d.comb += [
            level.eq(self.tail - self.head), room.eq(level != self.depth),
            kept.eq(axi.wvalid & axi.wready & ~wrong),
            write.en.eq(kept), write.addr.eq(self.tail[:bits]), write.data.eq(axi.wdata),
            read.en.eq(1), read.addr.eq((self.head + self.place)[:bits]), self.beat.eq(read.data),
        ]
        m.d.sync += self.tail.eq(self.tail + kept)
        with m.If(self.free):
            m.d.sync += self.head.eq(self.position)
        with m.If(wrong):
            m.d.comb += axi.bresp.eq(_SLVERR)

        with m.FSM():
            with m.State("address"):
                m.d.comb += axi.awready.eq(1)
                with m.If(axi.awvalid):
                    m.d.sync += [left.eq(axi.awlen + 1),
                                 wrong.eq((_position(axi.awaddr) != self.tail) | _outside(axi.awaddr))]
                    m.next = "data"
            with m.State("data"):
                m.d.comb += axi.wready.eq(room | wrong)
                with m.If(axi.wvalid & axi.wready):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 1):
                        m.next = "response"
            with m.State("response"):
                m.d.comb += axi.bvalid.eq(1)
                with m.If(axi.bready):
                    m.next = "address"
        return m
