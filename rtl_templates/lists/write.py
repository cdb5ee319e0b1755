"""The write stage: a unit's rows into every node buffer, or into its own result memory."""


from amaranth import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..cells.add_memory import add_memory
from ..cells.formats import RAW_BITS
from ..cells.structure import structure
from .formats import PLACE, RESULT_LANES
from .signatures import RowPort, RowWrite, coded_layout, pass_layout

__all__ = ["Write"]


class Write(wiring.Component):
    """Writes chunk o of local row r to word ``target + (r * units + index) * stride + o``, in this unit's cycles only.

    With ``task.to_result`` the raw lanes go to the result memory instead, RESULT_LANES a cycle: row r is
    ``result_words`` words from word ``r * result_words`` on. One token is held; combine_timing.py has the cycles.

    Parameters
    ----------
    units, lanes, code_bits : int
    result_depth : int
        Words of the result memory.

    Members
    -------
    task : In(pass_layout)
        Constant while tokens are in flight, and from the cycle after ``start`` on.
    start : In(1)
        Pulse before the pass's first token.
    index : In(2)
        Number of this unit.
    slot : In(1)
        This unit may write: true in one of ``units`` cycles, in another one for each unit.
    i : In(stream of coded_layout)
    write : Out(RowWrite)
        One cycle after the slot; zeros without ``enable``, so that units can be ORed.
    result_address : In, result_data : Out(128)
        READ_LATENCY (store.py) apart.
    busy, working, waiting : Out(1)
        A token is here or on its way into a memory; a word is written; a token waits for its slot.
    """

    task: data.View
    start: Signal
    index: Signal
    slot: Signal
    i: stream.Interface
    write: RowPort
    result_address: Signal
    result_data: Signal
    busy: Signal
    working: Signal
    waiting: Signal

    def __init__(self, *, units: int, lanes: int, code_bits: int, result_depth: int) -> None:
        self.units, self.lanes, self.code_bits, self.result_depth = units, lanes, code_bits, result_depth
        super().__init__({
            "task": In(pass_layout), "start": In(1), "index": In(2), "slot": In(1),
            "i": In(stream.Signature(coded_layout(lanes))),
            "write": Out(RowWrite(lanes=lanes, code_bits=code_bits)), "result_address": In(range(result_depth)),
            "result_data": Out(RESULT_LANES * RAW_BITS), "busy": Out(1), "working": Out(1), "waiting": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        task = self.task
        held = structure(coded_layout(self.lanes), reset_less=True)
        valid, leaves, begun = Signal(), Signal(), Signal()
        m.d.comb += [self.i.ready.eq(~valid | leaves), self.waiting.eq(valid & ~task.to_result & ~self.slot)]
        m.d.sync += begun.eq(self.start)
        with m.If(self.i.ready):
            m.d.sync += [valid.eq(self.i.valid), held.eq(self.i.payload)]

        place, chunk = Signal(PLACE, reset_less=True), Signal(4)  # first word of the row, and the word of it
        row_ends = leaves & held.end
        write = self.write
        m.d.sync += [signal.eq(0) for signal in (write.enable, write.address, write.data, write.entry)]
        with m.If(begun):
            m.d.sync += [place.eq(task.target + self.index * task.stride), chunk.eq(0)]
        with m.Elif(leaves):
            m.d.sync += chunk.eq(Mux(held.end, 0, chunk + 1))
            with m.If(row_ends):
                m.d.sync += place.eq(place + self.units * task.stride)
            with m.If(~task.to_result):
                m.d.sync += [
                    write.enable.eq(1), write.address.eq(place + chunk), write.entry.eq(held.context.entry),
                    write.data.eq(Cat(held.data.word_select(lane, RAW_BITS)[:self.code_bits]
                                      for lane in range(self.lanes))),
                ]
        last_word, stored = self._results(m, valid & task.to_result, held, begun, row_ends)
        m.d.comb += [
            leaves.eq(valid & Mux(task.to_result, last_word, self.slot)),
            self.working.eq(valid & (task.to_result | self.slot)),
            self.busy.eq(valid | write.enable | stored),
        ]
        return m

    def _results(self, m: Module, going: Value, held: data.View, begun: Value, row_ends: Value) -> tuple[Value, Value]:
        """The result memory; returns whether a chunk's last word is written, and whether one is on its way."""
        words = self.lanes // RESULT_LANES
        store = add_memory(m, "results", RESULT_LANES * RAW_BITS, self.result_depth, "block")
        write, read = store.write_port(), store.read_port()
        index, left = Signal(range(words)), Signal(8, reset_less=True)  # word of the chunk; words left of the row
        address, last = Signal(range(self.result_depth)), Signal()
        enable, place, word = (Signal(name="store_enable"),
                               Signal(range(self.result_depth), name="store_place", reset_less=True),
                               Signal(RESULT_LANES * RAW_BITS, name="store_word", reset_less=True))
        m.d.comb += [
            last.eq((index == words - 1) | (left == 1)), read.en.eq(1), read.addr.eq(self.result_address),
            write.en.eq(enable), write.addr.eq(place), write.data.eq(word),
        ]
        m.d.sync += [
            self.result_data.eq(read.data), enable.eq(going), place.eq(address),
            word.eq(Array(held.data.word_select(k, RESULT_LANES * RAW_BITS) for k in range(words))[index]),
        ]
        with m.If(begun):
            m.d.sync += [index.eq(0), left.eq(self.task.result_words), address.eq(0)]
        with m.Elif(going):
            m.d.sync += [index.eq(Mux(last, 0, index + 1)), address.eq(address + 1),
                         left.eq(Mux(row_ends, self.task.result_words, left - 1))]
        return last, enable
