"""The queue of sums behind the MAC array, and what belongs to each sum beside it."""


from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..cells.add_memory import add_memory
from ..cells.structure import structure
from .combine_timing import QUEUE, QUEUE_PLACE
from .formats import ACC_BITS, COLUMN_ADDRESS, ROW_ADDRESS, Select
from .signatures import accumulated_layout, context_layout, pass_layout

__all__ = ["SumQueue", "row_offset"]

_place_layout = data.StructLayout({"column": COLUMN_ADDRESS, "bias": COLUMN_ADDRESS, "end": 1, "row": ROW_ADDRESS,
                                   "context": context_layout})


class SumQueue(wiring.Component):
    """QUEUE output chunks: where each goes is known when it begins, its sum arrives 4 cycles later at the earliest.

    Parameters
    ----------
    lanes, sum_bits : int
        Sums of a chunk; signed bits of a sum, at most ACC_BITS.

    Members
    -------
    task : In(pass_layout)
    begin, chunk, context : In
        An output chunk begins, its number and its row's context; only while ``free``.
    arrives, sums : In
        The sums of the oldest chunk without.
    o : Out(stream of accumulated_layout)
    free, empty : Out(1)
        Another chunk may begin; no chunk is begun or waits.
    """

    task: data.View
    begin: Signal
    chunk: Signal
    context: data.View
    arrives: Signal
    sums: Signal
    o: stream.Interface
    free: Signal
    empty: Signal

    def __init__(self, *, lanes: int, sum_bits: int) -> None:
        self.lanes, self.sum_bits = lanes, sum_bits
        super().__init__({
            "task": In(pass_layout), "begin": In(1), "chunk": In(4), "context": In(context_layout), "arrives": In(1),
            "sums": In(lanes * sum_bits), "o": Out(stream.Signature(accumulated_layout(lanes))), "free": Out(1),
            "empty": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        task, token = self.task, self.o.payload
        taken = Signal()
        begun, waiting = Signal(range(QUEUE + 1)), Signal(range(QUEUE + 1))
        head, tail, next_place = Signal(range(QUEUE)), Signal(range(QUEUE)), Signal(range(QUEUE))
        m.d.comb += [
            taken.eq(self.o.valid & self.o.ready), self.o.valid.eq(waiting != 0),
            self.free.eq(begun != QUEUE), self.empty.eq(begun == 0),
        ]
        m.d.sync += [begun.eq(begun + self.begin - taken), waiting.eq(waiting + self.arrives - taken),
                     head.eq(head + taken), tail.eq(tail + self.arrives)]

        # The chunk, then its offset in the table of row parameters, then the address: a register each.
        valid, chunk = Signal(QUEUE_PLACE), Signal(4, reset_less=True)
        context = structure(context_layout, reset_less=True)
        place = structure(_place_layout, reset_less=True)
        resolved = structure(_place_layout)
        m.d.sync += [
            valid.eq(Cat(self.begin, valid[:-1])), chunk.eq(self.chunk), context.eq(self.context),
            place.column.eq(task.column + chunk), place.bias.eq(task.bias + chunk),
            place.end.eq(chunk == task.out_chunks - 1), place.context.eq(context),
            place.row.eq(row_offset(task.row_select, task.row_limit, context)), next_place.eq(next_place + valid[-1]),
        ]
        m.d.comb += [resolved.eq(place), resolved.row.eq(place.row + task.row_base)]
        kept = data.View(_place_layout, self._memory(m, "places", valid[-1], next_place, resolved.as_value(), head))
        sums = self._memory(m, "waiting_sums", self.arrives, tail, self.sums, head)
        m.d.comb += [
            token.column.eq(kept.column), token.bias.eq(kept.bias), token.mid.eq(task.mid), token.first.eq(1),
            token.last.eq(1), token.end.eq(kept.end), token.row.eq(kept.row), token.context.eq(kept.context),
            token.x.eq(Cat(_extend(sums.word_select(lane, self.sum_bits)) for lane in range(self.lanes))),
        ]
        return m

    @staticmethod
    def _memory(m: Module, name: str, write: Value, tail: Value, word: Value, head: Value) -> Value:
        store = add_memory(m, name, len(word), QUEUE, "distributed")
        port, read = store.write_port(), store.read_port(domain="comb")
        m.d.comb += [port.en.eq(write), port.addr.eq(tail), port.data.eq(word), read.addr.eq(head)]
        oldest: Value = read.data
        return oldest


def row_offset(select: Value, limit: Value, context: data.View) -> Value:
    """A row's own part of its address in the table of row parameters; NEAREST has none."""
    degree = Mux(context.degree < limit, context.degree, limit)
    return Mux(select == Select.DEGREE, degree, Mux(select == Select.NODE, context.node,
                                                    Mux(select == Select.ENTRY, context.entry, 0)))


def _extend(value: Value) -> Value:
    return Cat(value, value[-1].replicate(ACC_BITS - len(value)))
