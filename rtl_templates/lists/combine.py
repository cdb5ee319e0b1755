"""The combine stage: rows of codes times the weight matrix, bit plane by bit plane; and the way past it."""

from collections.abc import Sequence

from amaranth import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..cells.add_memory import add_memory
from ..cells.delays import delays
from ..cells.formats import RAW_BITS, Kind
from ..cells.mac import MacArray
from ..cells.mac_plan import TABLE_WORDS
from ..cells.primitives import TWINS, Primitives
from ..cells.timing import mac_latency
from ..shell.signatures import LoadBus, LoadPort
from .combine_queue import SumQueue
from .formats import ACC_BITS, CODE_BITS, Target
from .signatures import accumulated_layout, coded_layout, context_layout, pass_layout

__all__ = ["Combine", "Route"]


class Combine(wiring.Component):
    """``sums[o] = sum_c codes[c] @ weight[page + o * in_chunks + c]`` for every output chunk o of a row.

    A row is collected in one of two slots while the other one's planes are read: plane by plane, the most
    significant first, and within a plane chunk by chunk, one a cycle, without gaps from row to row. An output chunk
    begins when its row is complete and a place in the queue of sums is free. combine_timing.py has the cycles. Codes
    are unsigned or, with ``task.q1_kind`` SIGNED, two's complement of the row's bits. Sums are exact while they fit
    ``ACC_BITS``. ``end`` must come with chunk ``in_chunks``.

    Parameters
    ----------
    lanes, chunks : int
        Channels of a word; words of the longest row.
    weight_bits, pages : int
        Signed bits of a weight; weight pages (lanes × lanes) that stay resident.
    block : int
        Inputs of the MAC array, the last ones, whose tables lie in block memories.
    table_words : int
        As :class:`~rtl_templates.cells.mac.MacArray`.
    primitives : Primitives
        Device primitives in the MAC array instead of behavioural twins.

    Members
    -------
    load : In(LoadBus())
        TABLE entries, already registered.
    task : In(pass_layout)
        Constant while tokens are in flight.
    i : In(stream of coded_layout)
        Q1's codes, the low CODE_BITS of each lane.
    o : Out(stream of accumulated_layout)
        Operands of Q2.
    busy, working, waiting : Out(1)
        A token is here; a plane is read; a row could begin a chunk, but the queue is full.
    """

    load: LoadPort
    task: data.View
    i: stream.Interface
    o: stream.Interface
    busy: Signal
    working: Signal
    waiting: Signal

    def __init__(self, *, lanes: int, chunks: int, weight_bits: int, pages: int, block: int = 0,
                 table_words: int = TABLE_WORDS, primitives: Primitives = TWINS) -> None:
        self.lanes, self.chunks, self.pages = lanes, chunks, pages
        self.mac = MacArray(lanes=lanes, columns=lanes, weight_bits=weight_bits, pages=pages, x_bits=ACC_BITS,
                            signed=True, target=Target.TABLE, block=block, table_words=table_words,
                            primitives=primitives)
        super().__init__({
            "load": In(LoadBus()), "task": In(pass_layout), "i": In(stream.Signature(coded_layout(lanes))),
            "o": Out(stream.Signature(accumulated_layout(lanes))), "busy": Out(1), "working": Out(1),
            "waiting": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.mac = self.mac
        m.submodules.queue = queue = SumQueue(lanes=self.lanes, sum_bits=self.mac.acc_bits)
        wiring.connect(m, wiring.flipped(self.load), self.mac.load)
        full, slot = Signal(2), Signal()  # rows that are complete; the one whose planes are read
        chunk, done, o = Signal(4), Signal(3), Signal(4)  # input chunk, planes before this one, output chunk
        offset = Signal(8)  # o * in_chunks
        fresh = Signal(init=1)  # the next plane is an output chunk's first
        release = Signal(2)
        collecting, tops, contexts = self._collect(m, full, release)

        ready = Array(full)[slot]
        top = Array(tops)[slot]
        issue, begin, plane_ends, chunk_ends, row_ends = (Signal(name=name) for name in (
            "issue", "begin", "plane_ends", "chunk_ends", "row_ends"))
        m.d.comb += [
            issue.eq(~fresh | (ready & queue.free)), begin.eq(issue & fresh),
            plane_ends.eq(chunk == self.task.in_chunks - 1), chunk_ends.eq(plane_ends & (done == top)),
            row_ends.eq(chunk_ends & (o == self.task.out_chunks - 1)),
            self.working.eq(issue), self.waiting.eq(fresh & ready & ~queue.free),
            self.busy.eq(full.any() | collecting | ~queue.empty),
        ]
        with m.If(issue):
            m.d.sync += [chunk.eq(Mux(plane_ends, 0, chunk + 1)), fresh.eq(chunk_ends)]
            with m.If(plane_ends):
                m.d.sync += done.eq(Mux(chunk_ends, 0, done + 1))
            with m.If(chunk_ends):
                m.d.sync += [o.eq(Mux(row_ends, 0, o + 1)), offset.eq(Mux(row_ends, 0, offset + self.task.in_chunks))]
            with m.If(row_ends):
                m.d.comb += release.eq(1 << slot)
                m.d.sync += slot.eq(~slot)
        self._read(m, Cat(chunk, slot), (top - done)[:3], offset + chunk, Cat(
            issue, issue & chunk_ends, chunk != 0, (done == 0) & (self.task.q1_kind == Kind.SIGNED)))
        arrives = delays(m, "arrives", self.mac.last, mac_latency(self.lanes), reset=True)[-1]
        m.d.comb += [
            queue.task.eq(self.task), queue.begin.eq(begin), queue.chunk.eq(o),
            queue.context.eq(Array(contexts)[slot]), queue.arrives.eq(arrives),
            queue.sums.eq(Cat(self.mac.result.word_select(column, ACC_BITS)[:self.mac.acc_bits]
                              for column in range(self.lanes))),
        ]
        wiring.connect(m, queue.o, wiring.flipped(self.o))
        return m

    def _collect(self, m: Module, full: Signal, release: Signal) -> tuple[Value, list[Signal], list[Signal]]:
        """Store chunks; returns whether part of a row is here, and of both slots the top plane and the context."""
        bits = ceil_log2(self.chunks)
        store = add_memory(m, "codes", self.lanes * CODE_BITS, 2 << bits, "distributed")
        self._codes = store.read_port(domain="comb")
        write = store.write_port()
        slot, chunk = Signal(name="fill_slot"), Signal(4, name="fill_chunk")
        token = self.i.payload
        accept, ends = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(~Array(full)[slot]), accept.eq(self.i.valid & self.i.ready),
            ends.eq(accept & token.end), write.en.eq(accept), write.addr.eq(Cat(chunk[:bits], slot)),
            write.data.eq(Cat(token.data.word_select(lane, RAW_BITS)[:CODE_BITS] for lane in range(self.lanes))),
        ]
        with m.If(accept):
            m.d.sync += [chunk.eq(Mux(token.end, 0, chunk + 1)), slot.eq(slot ^ token.end)]
        m.d.sync += full.eq(full & ~release | Mux(ends, 1 << slot, 0))
        tops, contexts = [], []
        for k in range(2):
            top = Signal(3, name=f"top{k}", reset_less=True)
            context = Signal(context_layout.size, name=f"context{k}", reset_less=True)
            with m.If(ends & (slot == k)):
                m.d.sync += [top.eq(Mux(token.bits == 0, 0, token.bits - 1)), context.eq(token.context)]
            tops.append(top)
            contexts.append(context)
        return chunk != 0, tops, contexts

    def _read(self, m: Module, place: Value, plane: Value, page: Value, flags: Value) -> None:
        """Two registers between the counters and the MAC array: the address of a plane, and the plane."""
        bits = ceil_log2(self.chunks)
        address, chosen, near = Signal(bits + 1, reset_less=True), Signal(3, reset_less=True), Signal(4)
        number, far = Signal(8, reset_less=True), Signal(4)
        x, page_used = Signal(self.lanes, reset_less=True), Signal(len(self.mac.page), reset_less=True)
        m.d.comb += self._codes.addr.eq(address)
        m.d.sync += [
            address.eq(Cat(place[:bits], place[4])), chosen.eq(plane), number.eq(page), near.eq(flags),
            x.eq(Cat(self._codes.data.word_select(lane, CODE_BITS).bit_select(chosen, 1)
                     for lane in range(self.lanes))),
            page_used.eq(number + self.task.page), far.eq(near),
        ]
        m.d.comb += [self.mac.x.eq(x), self.mac.page.eq(page_used),
                     Cat(self.mac.enable, self.mac.last, self.mac.hold, self.mac.negate).eq(far)]

    @staticmethod
    def model(codes: Sequence[int], weight: Sequence[Sequence[int]]) -> list[int]:
        """Sums of a row: codes [in], weight [in][out]."""
        return MacArray.model(codes, weight)


class Route(wiring.Component):
    """Q1's codes to the combine stage where the pass combines, else straight to the write stage. No registers.

    Members
    -------
    task : In(pass_layout)
        Changes only while no token is in the unit.
    i, combined : In(stream of coded_layout)
        From Q1; from Q2.
    to_combine, o : Out(stream of coded_layout)
        Combine's input; the write stage's.
    """

    task: data.View
    i: stream.Interface
    combined: stream.Interface
    to_combine: stream.Interface
    o: stream.Interface

    def __init__(self, *, lanes: int) -> None:
        codes = stream.Signature(coded_layout(lanes))
        super().__init__({"task": In(pass_layout), "i": In(codes), "combined": In(codes),
                          "to_combine": Out(codes), "o": Out(codes)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        combine = self.task.combine
        m.d.comb += [
            self.to_combine.payload.eq(self.i.payload), self.to_combine.valid.eq(self.i.valid & combine),
            self.o.payload.eq(Mux(combine, self.combined.payload, self.i.payload)),
            self.o.valid.eq(Mux(combine, self.combined.valid, self.i.valid)),
            self.i.ready.eq(Mux(combine, self.to_combine.ready, self.o.ready)),
            self.combined.ready.eq(combine & self.o.ready),
        ]
        return m
