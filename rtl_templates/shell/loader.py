"""The loader: reads the load stream over AXI4 and broadcasts it on the load bus."""

from collections.abc import Sequence

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from .axi import AxiRead, Bursts, Bus
from .checksum import BITS, ODD, POLYNOMIAL, SPREAD
from .load_map import LoadMemory
from .signatures import LoadBus, LoadPort
from .status import Error
from .timing import BURST_BEATS, SHELL_LOAD_DRAIN
from .words import BEAT_BITS, END, HEADER

__all__ = ["OUTSTANDING", "Loader", "header_layout"]

OUTSTANDING = 2  # full read bursts in flight: the second hides the latency of memory

header_layout = data.StructLayout(dict(HEADER))


class Loader(wiring.Component):
    """Reads ``beats`` beats from ``base`` and drives the load bus.

    A data beat is on the bus two cycles after its R handshake; one beat a cycle, the bus has no back-pressure and
    ``rready`` is high while beats are under way, which are counted: RLAST is not looked at. After END, after an error
    response, after an unknown target and after ``abort`` the rest of the stream is read and dropped. ``done`` comes
    SHELL_LOAD_DRAIN + 1 cycles after the last beat.

    Parameters
    ----------
    memories : sequence of LoadMemory
        What a header may name.

    Members
    -------
    start : In(1)
        Pulse; ignored while busy. ``base`` and ``beats`` are read in that cycle.
    abort : In(1)
        Pulse: from the second cycle after it nothing of this load reaches the bus, and nothing of it counts.
    axi : Out(AxiRead())
    load : Out(LoadBus())
    busy, done : Out(1)
        ``done`` is a pulse in the last busy cycle; ``error`` (:class:`~.status.Error`) goes with it.
    beat : Out(1)
        A beat arrived (progress, counters).
    loaded : Out(1)
        Every target that is needed has come since reset, and no load failed or was aborted after it: such a load may
        have written anything anywhere.
    """

    start: Signal
    abort: Signal
    base: Signal
    beats: Signal
    axi: Bus
    load: LoadPort
    busy: Signal
    done: Signal
    error: Signal
    beat: Signal
    loaded: Signal

    def __init__(self, *, memories: Sequence[LoadMemory]) -> None:
        self.memories = tuple(memories)
        super().__init__({
            "start": In(1), "abort": In(1), "base": In(64), "beats": In(32), "axi": Out(AxiRead()),
            "load": Out(LoadBus()), "busy": Out(1), "done": Out(1), "error": Out(4), "beat": Out(1), "loaded": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        axi = self.axi
        begin = Signal()
        m.d.comb += begin.eq(self.start & ~self.busy)

        m.submodules.bursts = bursts = Bursts()
        coming = Signal(range(OUTSTANDING * BURST_BEATS + 1))  # beats that were asked for
        asked = Signal(range(BURST_BEATS + 1))
        m.d.comb += [
            bursts.start.eq(begin), bursts.base.eq(self.base), bursts.beats.eq(self.beats),
            bursts.allow.eq(coming <= (OUTSTANDING - 1) * BURST_BEATS), bursts.ready.eq(axi.arready),
            axi.arvalid.eq(bursts.valid), axi.araddr.eq(bursts.address), axi.arlen.eq(bursts.length),
            axi.arsize.eq(4), axi.arburst.eq(1), axi.arcache.eq(0b0011), axi.rready.eq(coming != 0),
            self.beat.eq(axi.rvalid & axi.rready),
        ]
        with m.If(axi.arvalid & axi.arready):
            m.d.comb += asked.eq(bursts.size)
        m.d.sync += coming.eq(coming + asked - self.beat)

        drain = Signal(range(SHELL_LOAD_DRAIN + 1))
        with m.If(begin):
            m.d.sync += [self.busy.eq(1), drain.eq(SHELL_LOAD_DRAIN)]
        with m.Elif(self.busy & ~bursts.busy & (coming == 0)):
            m.d.sync += drain.eq(drain - 1)
            with m.If(drain == 0):
                m.d.comb += self.done.eq(1)
                m.d.sync += self.busy.eq(0)
        self._keep(m, begin, self._parse(m, begin))
        return m

    def _parse(self, m: Module, begin: Signal) -> Signal:
        """Drive the load bus and ``error``; returns whether the load was aborted."""
        axi, load = self.axi, self.load
        valid, bad, word = Signal(), Signal(), Signal(BEAT_BITS, reset_less=True)
        m.d.sync += [valid.eq(self.beat), bad.eq(axi.rresp[1]), word.eq(axi.rdata)]

        header = data.View(header_layout, word[:header_layout.size])
        inside = Signal()  # the next beat is data
        over = Signal()  # everything else is dropped
        ended, failed, unknown, strange, aborted = (Signal(name=name) for name in (
            "ended", "failed", "unknown", "strange", "aborted"))
        known, exists = Signal(), Signal()
        # One bit more than addresses: a section that runs over the end of its memory is seen before they wrap.
        address = Signal(bits_for(max(memory.words for memory in self.memories)))
        count = Signal(len(address) + 1)
        check = Signal(BITS)
        m.d.sync += load.valid.eq(0)
        with m.If(begin):
            m.d.sync += [check.eq(0), inside.eq(0), over.eq(0), ended.eq(0), failed.eq(0), unknown.eq(0), strange.eq(0),
                         aborted.eq(0)]
        with m.Elif(valid & bad):
            m.d.sync += [failed.eq(1), over.eq(1)]
        with m.Elif(valid & inside & ~over):
            m.d.sync += [
                load.valid.eq(1), load.data.eq(word), load.address.eq(address), address.eq(address + 1),
                count.eq(count - 1),
            ]
            with m.If(count == 1):
                m.d.sync += inside.eq(0)
        with m.Elif(valid & ~over):
            m.d.sync += [
                load.target.eq(header.target), load.unit.eq(header.unit), address.eq(header.address),
                count.eq(header.count), inside.eq(header.count != 0),
            ]
            with m.If(header.target == END):
                m.d.sync += [ended.eq(1), over.eq(1)]
            with m.Elif(~known):
                m.d.sync += [unknown.eq(1), over.eq(1)]
            with m.Elif(header.address[len(address):].any() | header.count[len(count):].any()):
                m.d.sync += [strange.eq(1), over.eq(1)]
        with m.If(valid & ~over):
            m.d.sync += check.eq(_checksum_step(check, word))
        with m.If(load.valid & ~exists):
            m.d.sync += strange.eq(1)
        with m.If(self.abort & self.busy):
            m.d.sync += [aborted.eq(1), over.eq(1)]

        targets = sorted({memory.target for memory in self.memories})
        m.d.comb += [
            known.eq(Cat(header.target == target for target in targets).any()),
            exists.eq(Cat((load.target == memory.target) & memory.has(load.unit, load.address)
                          for memory in self.memories if memory.words).any()),
        ]
        with m.If(failed):
            m.d.comb += self.error.eq(Error.READ)
        with m.Elif(unknown):
            m.d.comb += self.error.eq(Error.BAD_TARGET)
        with m.Elif(strange):
            m.d.comb += self.error.eq(Error.BAD_ADDRESS)
        with m.Elif(~ended):
            m.d.comb += self.error.eq(Error.NO_END)
        with m.Elif(~check.all()):
            m.d.comb += self.error.eq(Error.CHECKSUM)
        return aborted

    def _keep(self, m: Module, begin: Signal, aborted: Signal) -> None:
        """Know what has been loaded."""
        needed = [memory.target for memory in self.memories if memory.needed]
        seen, kept = Signal(len(needed)), Signal(len(needed))
        m.d.comb += self.loaded.eq(kept.all())
        with m.If(begin):
            m.d.sync += seen.eq(0)
        for place, target in enumerate(needed):
            with m.If(self.load.valid & (self.load.target == target)):
                m.d.sync += seen[place].eq(1)
        with m.If(self.done):
            with m.If((self.error == Error.NONE) & ~aborted & ~self.abort):
                m.d.sync += kept.eq(kept | seen)
            with m.Else():
                m.d.sync += kept.eq(0)


def _checksum_step(state: Value, beat: Value) -> Value:
    """As :func:`rtl_templates.shell.checksum.step`."""
    low = beat[:BITS]
    grown = state ^ (state << 1)[:BITS] ^ Mux(state[-1], POLYNOMIAL, 0)
    spread = low ^ low.rotate_left(SPREAD) ^ low[-1] << ODD
    return (grown ^ spread ^ beat[BITS:])[:BITS]
