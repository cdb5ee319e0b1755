"""The store unit: writes the servers' result memories to memory over AXI4."""

from amaranth import Array, Module, Signal
from amaranth.lib import fifo, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, exact_log2

from ..cells.delays import delays
from .axi import AxiWrite, Bursts, Bus
from .status import Error

__all__ = ["FIFO_DEPTH", "READ_LATENCY", "Store"]

READ_LATENCY = 2  # cycles from result_address to result_data
FIFO_DEPTH = 16  # more than the read pipeline holds, so that a beat a cycle is sustained


class Store(wiring.Component):
    """Writes ``words`` result words of each server, server 0's first, each padded to 16 bytes.

    Reads run ahead into a queue of FIFO_DEPTH words; with a memory that takes a beat a cycle, a beat leaves every
    cycle within a burst and four cycles pass between two bursts. Beats do not wait for AWREADY. ``done``
    comes after the last write response.

    Parameters
    ----------
    servers : int
        Result memories: 1, 2, 4, 8 or 16.
    word_bits : int
        Width of a result word, at most 128.
    depth : int
        Words of a result memory.

    Members
    -------
    start : In(1)
        Pulse; ignored while busy. ``base`` and ``words`` are read in that cycle.
    outside : Out(1)
        There are not so many ``words``: do not start.
    result_address : Out(range(depth))
        To every server.
    result_data : In(word_bits).array(servers)
        READ_LATENCY cycles after the address.
    axi : Out(AxiWrite())
    busy, done : Out(1)
        ``done`` is a pulse in the last busy cycle; ``error`` (:class:`~.status.Error`) goes with it.
    beat, waits : Out(1)
        A beat leaves; a beat waits for memory.
    """

    start: Signal
    base: Signal
    words: Signal
    outside: Signal
    result_address: Signal
    result_data: list[Signal]
    axi: Bus
    busy: Signal
    done: Signal
    error: Signal
    beat: Signal
    waits: Signal

    def __init__(self, *, servers: int, word_bits: int, depth: int) -> None:
        self.servers = servers
        self.word_bits = word_bits
        self.depth = depth
        super().__init__({
            "start": In(1), "base": In(64), "words": In(32), "outside": Out(1), "result_address": Out(range(depth)),
            "result_data": In(word_bits).array(servers), "axi": Out(AxiWrite()), "busy": Out(1), "done": Out(1),
            "error": Out(4), "beat": Out(1), "waits": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        begin = Signal()
        m.d.comb += [begin.eq(self.start & ~self.busy), self.outside.eq(self.words > self.depth)]
        m.submodules.queue = queue = fifo.SyncFIFO(width=self.word_bits, depth=FIFO_DEPTH)
        self._fetch(m, begin, queue)
        self._write(m, begin, queue)
        return m

    def _fetch(self, m: Module, begin: Signal, queue: fifo.SyncFIFO) -> None:
        """Read words in order while the queue has room for everything that is under way."""
        server, address, final = Signal(exact_log2(self.servers)), Signal(range(self.depth)), Signal(range(self.depth))
        credit = Signal(range(FIFO_DEPTH + 1), init=FIFO_DEPTH)
        going, issue = Signal(), Signal()
        last = Signal()
        m.d.comb += [issue.eq(going & (credit != 0)), last.eq(address == final),
                     self.result_address.eq(address)]
        m.d.sync += credit.eq(credit - issue + (queue.r_en & queue.r_rdy))
        with m.If(begin):
            m.d.sync += [server.eq(0), address.eq(0), final.eq(self.words - 1), going.eq(self.words != 0)]
        with m.Elif(issue):
            m.d.sync += address.eq(address + 1)
            with m.If(last):
                m.d.sync += [address.eq(0), server.eq(server + 1)]
                with m.If(server == self.servers - 1):
                    m.d.sync += going.eq(0)

        # The issue and its server number travel beside the read; then two levels of 4:1 selection, a register each.
        chosen = delays(m, "server", server, READ_LATENCY + 1)
        quads = []
        for first in range(0, self.servers, 4):
            quad = Signal(self.word_bits, name=f"quad{first}", reset_less=True)
            m.d.sync += quad.eq(Array(self.result_data[first:first + 4])[chosen[READ_LATENCY][:2]])
            quads.append(quad)
        word = Signal(self.word_bits, reset_less=True)
        m.d.sync += word.eq(Array(quads)[chosen[READ_LATENCY + 1][2:]] if len(quads) > 1 else quads[0])
        m.d.comb += [queue.w_en.eq(delays(m, "valid", issue, READ_LATENCY + 2, reset=True)[-1]), queue.w_data.eq(word)]

    def _write(self, m: Module, begin: Signal, queue: fifo.SyncFIFO) -> None:
        """Announce a burst and send its beats, go on; responses are counted, not waited for, until the end."""
        axi = self.axi
        m.submodules.bursts = bursts = Bursts(beats_bits=bits_for(self.depth * self.servers))
        left = Signal(range(257))  # beats of the burst that is being sent
        unanswered = Signal(2)
        announced, answered = Signal(), Signal()
        m.d.comb += [
            bursts.start.eq(begin), bursts.base.eq(self.base),
            bursts.beats.eq(self.words << exact_log2(self.servers)),
            bursts.allow.eq((left == 0) & (unanswered != 3)), bursts.ready.eq(axi.awready),
            axi.awvalid.eq(bursts.valid), axi.awaddr.eq(bursts.address), axi.awlen.eq(bursts.length),
            axi.awsize.eq(4), axi.awburst.eq(1), axi.awcache.eq(0b0011), axi.bready.eq(1),
            axi.wvalid.eq((left != 0) & queue.r_rdy), axi.wdata.eq(queue.r_data), axi.wstrb.eq(0xFFFF),
            axi.wlast.eq(left == 1), queue.r_en.eq((left != 0) & axi.wready),
            announced.eq(axi.awvalid & axi.awready), answered.eq(axi.bvalid & axi.bready),
            self.beat.eq(axi.wvalid & axi.wready), self.waits.eq(axi.wvalid & ~axi.wready),
        ]
        m.d.sync += unanswered.eq(unanswered + announced - answered)
        with m.If(bursts.fresh):  # AXI forbids to wait for AWREADY: memory may want to see data first
            m.d.sync += left.eq(bursts.size)
        with m.Elif(self.beat):
            m.d.sync += left.eq(left - 1)

        failed = Signal()
        with m.If(begin):
            m.d.sync += [self.busy.eq(1), failed.eq(0)]
        with m.Elif(answered & axi.bresp[1]):
            m.d.sync += failed.eq(1)
        m.d.comb += self.done.eq(self.busy & ~bursts.busy & (left == 0) & (unanswered == 0))
        with m.If(self.done):
            m.d.sync += self.busy.eq(0)
        with m.If(failed):
            m.d.comb += self.error.eq(Error.WRITE)
