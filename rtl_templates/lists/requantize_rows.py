"""Rows on their way through a requantizer: which parameters each gets, and what else is known of it."""


from amaranth import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..cells.delays import delays
from ..cells.formats import Kind
from ..shell.signatures import LoadBus, LoadPort
from .formats import ENTRY_BITS, ROW_ADDRESS, ROW_BITS, V_BITS, Select
from .requantize_codes import RAW_MULTIPLIER
from .requantize_parts import parameters, queue
from .requantize_timing import LOOKUP
from .search import Largest, Search
from .signatures import context_layout

__all__ = ["RowParameters"]

BITS = 4  # of a width


class RowParameters(wiring.Component):
    """Look up ``(Q, bits)`` of each row once its values are known: LOOKUP cycles after ``ended``, or after the search.

    Parameters
    ----------
    requant_lanes, chunks, param_depth, levels, tables, number : int
        As :class:`rtl_templates.lists.requantize.Requantizer`.
    value_slots, code_slots : int
        Chunks that either stage holds: no more rows are in flight.

    Members
    -------
    load : In(LoadBus())
    kind, select, base, limit, table
        Of the pass word.
    accept : In(1), arriving : In(context_layout), last_chunk : In
        A row is through stage A but for its pipeline; its context and number of chunks less one.
    value : In(requant_lanes * 24), valid : In(1), ended : In(1)
        Values; the row's last.
    ready : Out(1), multiplier : Out(17), bits : Out(4), chunks : Out
        The next row for stage B; ``begun`` (In) lets go of it.
    out_bits : Out(4), out_context : Out(context_layout)
        The row at the output; ``taken`` (In) lets go of it.
    """

    load: LoadPort
    kind: Signal
    select: Signal
    base: Signal
    limit: Signal
    table: Signal
    accept: Signal
    arriving: data.View
    last_chunk: Signal
    value: Signal
    valid: Signal
    ended: Signal
    ready: Signal
    multiplier: Signal
    bits: Signal
    chunks: Signal
    begun: Signal
    out_bits: Signal
    out_context: data.View
    taken: Signal

    def __init__(self, *, requant_lanes: int, chunks: int, param_depth: int, levels: int, tables: int, number: int,
                 value_slots: int, code_slots: int) -> None:
        self.requant_lanes, self.param_depth, self.number = requant_lanes, param_depth, number
        self.levels, self.tables, self.value_slots, self.code_slots = levels, tables, value_slots, code_slots
        super().__init__({
            "load": In(LoadBus()), "kind": In(2), "select": In(3), "base": In(ROW_ADDRESS), "limit": In(ROW_ADDRESS),
            "table": In(6), "accept": In(1), "arriving": In(context_layout), "last_chunk": In(range(chunks)),
            "value": In(requant_lanes * V_BITS), "valid": In(1), "ended": In(1), "ready": Out(1),
            "multiplier": Out(ROW_BITS), "bits": Out(BITS), "chunks": Out(range(chunks)), "begun": In(1),
            "out_bits": Out(BITS), "out_context": Out(context_layout), "taken": In(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        known, nearest = Signal(), Signal(max(1, self.levels))
        self._search(m, known, nearest)
        record = queue(m, "arrived", Cat(self.arriving, self.last_chunk), depth=self.value_slots, push=self.accept,
                       pop=known)
        context = data.View(context_layout, record[:context_layout.size])
        chunks = record[context_layout.size:]

        over = context.degree > self.limit
        offset = Signal(16, reset_less=True)
        m.d.sync += offset.eq(Array([0, Mux(over, self.limit, context.degree), context.node, context.entry, nearest])[
            self.select])
        port = parameters(m, "table_of_rows", self.load, bits=ROW_BITS + BITS, depth=self.param_depth,
                          number=self.number)
        m.d.comb += port.addr.eq(self.base + offset)
        # To the cycle in which the parameters are there.
        push = delays(m, "known", known, LOOKUP - 1, reset=True)[-1]
        passed = delays(m, "passed", Cat(context.degree, context.node, chunks), LOOKUP - 1)[-1]
        entry = Signal(ENTRY_BITS, reset_less=True)
        m.d.sync += entry.eq(offset)
        raw = self.kind == Kind.RAW
        multiplier = Mux(raw, RAW_MULTIPLIER, port.data[:ROW_BITS])
        bits = Mux(raw, 0, port.data[ROW_BITS:])

        begins = queue(m, "begins", Cat(multiplier, bits, passed[32:]), depth=self.value_slots, push=push,
                       pop=self.begun)
        outs = queue(m, "outs", Cat(passed[:32], entry, bits), depth=self.value_slots + self.code_slots,
                     push=push, pop=self.taken)
        rows = Signal(range(self.value_slots + 1))
        m.d.sync += rows.eq(rows + push - self.begun)
        m.d.comb += [
            self.ready.eq(rows != 0), Cat(self.multiplier, self.bits, self.chunks).eq(begins),
            Cat(self.out_context.as_value(), self.out_bits).eq(outs),
        ]
        return m

    def _search(self, m: Module, known: Signal, nearest: Signal) -> None:
        """The cycle in which a row's entry can be told: that of its last values, or the end of its search."""
        if not self.levels:
            m.d.comb += known.eq(self.ended)
            return
        m.submodules.largest = largest = Largest(lanes=self.requant_lanes)
        m.submodules.search = search = Search(levels=self.levels, tables=self.tables, number=self.number)
        wiring.connect(m, wiring.flipped(self.load), search.load)
        # A search may take longer than a row needs whose entry is known: none begins in vain, to end in the next pass.
        wanted = self.select == Select.NEAREST
        m.d.comb += [
            largest.value.eq(self.value), largest.valid.eq(self.valid), largest.end.eq(self.ended),
            search.start.eq(largest.found & wanted), search.key.eq(largest.key), search.table.eq(self.table),
            known.eq(Mux(wanted, search.found, self.ended)), nearest.eq(search.entry),
        ]
