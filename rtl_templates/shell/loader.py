"""The loader: reads the load stream over AXI4 and broadcasts it on the load bus."""

from amaranth import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .axi import AxiRead, Bursts, Bus
from .registers import Error
from .signatures import LoadBus, LoadPort
from .timing import SHELL_LOAD_DRAIN
from .words import BEAT_BITS, END, HEADER

__all__ = ["OUTSTANDING", "Loader", "header_layout"]

OUTSTANDING = 2  # read bursts in flight: the second hides the latency of memory

header_layout = data.StructLayout(dict(HEADER))


class Loader(wiring.Component):
    """Reads ``beats`` beats from ``base`` and drives the load bus.

    A data beat is on the bus two cycles after its R handshake; one beat a cycle, the bus has no back-pressure and
    ``rready`` is high while busy. After END, after an error response and after an unknown target the rest of the
    stream is read and dropped. ``done`` comes SHELL_LOAD_DRAIN + 1 cycles after the last beat.

    Parameters
    ----------
    last_target : int
        Targets above it are unknown.

    Members
    -------
    start : In(1)
        Pulse; ignored while busy. ``base`` and ``beats`` are read in that cycle.
    axi : Out(AxiRead())
    load : Out(LoadBus())
    busy, done : Out(1)
        ``done`` is a pulse in the last busy cycle; ``error`` (:class:`~.registers.Error`) goes with it.
    beat : Out(1)
        A beat arrived (progress, counters).
    """

    start: Signal
    base: Signal
    beats: Signal
    axi: Bus
    load: LoadPort
    busy: Signal
    done: Signal
    error: Signal
    beat: Signal

    def __init__(self, *, last_target: int) -> None:
        self.last_target = last_target
        super().__init__({
            "start": In(1), "base": In(64), "beats": In(32), "axi": Out(AxiRead()), "load": Out(LoadBus()),
            "busy": Out(1), "done": Out(1), "error": Out(4), "beat": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        axi = self.axi
        begin = Signal()
        m.d.comb += begin.eq(self.start & ~self.busy)

        m.submodules.bursts = bursts = Bursts()
        outstanding = Signal(range(OUTSTANDING + 1))
        asked, answered = Signal(), Signal()
        m.d.comb += [
            bursts.start.eq(begin), bursts.base.eq(self.base), bursts.beats.eq(self.beats),
            bursts.allow.eq(outstanding != OUTSTANDING), bursts.ready.eq(axi.arready),
            axi.arvalid.eq(bursts.valid), axi.araddr.eq(bursts.address), axi.arlen.eq(bursts.length),
            axi.arsize.eq(4), axi.arburst.eq(1), axi.arcache.eq(0b0011), axi.rready.eq(self.busy),
            asked.eq(axi.arvalid & axi.arready), answered.eq(self.beat & axi.rlast),
            self.beat.eq(axi.rvalid & axi.rready),
        ]
        m.d.sync += outstanding.eq(outstanding + asked - answered)

        left = Signal(32)  # beats still to arrive
        drain = Signal(range(SHELL_LOAD_DRAIN + 1))
        with m.If(begin):
            m.d.sync += [self.busy.eq(1), left.eq(self.beats), drain.eq(SHELL_LOAD_DRAIN)]
        with m.Elif(self.beat):
            m.d.sync += left.eq(left - 1)
        with m.Elif(self.busy & (left == 0)):
            m.d.sync += drain.eq(drain - 1)
            with m.If(drain == 0):
                m.d.comb += self.done.eq(1)
                m.d.sync += self.busy.eq(0)
        self._parse(m, begin)
        return m

    def _parse(self, m: Module, begin: Signal) -> None:
        axi, load = self.axi, self.load
        valid, bad, word = Signal(), Signal(), Signal(BEAT_BITS, reset_less=True)
        m.d.sync += [valid.eq(self.beat), bad.eq(axi.rresp[1]), word.eq(axi.rdata)]

        header = data.View(header_layout, word[:header_layout.size])
        inside = Signal()  # the next beat is data
        over = Signal()  # everything else is dropped
        ended, failed, unknown = Signal(), Signal(), Signal()
        count = Signal(32)
        address = Signal(24)
        m.d.sync += load.valid.eq(0)
        with m.If(begin):
            m.d.sync += [inside.eq(0), over.eq(0), ended.eq(0), failed.eq(0), unknown.eq(0)]
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
            with m.Elif(header.target > self.last_target):
                m.d.sync += [unknown.eq(1), over.eq(1)]
        with m.If(failed):
            m.d.comb += self.error.eq(Error.READ)
        with m.Elif(unknown):
            m.d.comb += self.error.eq(Error.BAD_TARGET)
        with m.Elif(~ended):
            m.d.comb += self.error.eq(Error.NO_END)
