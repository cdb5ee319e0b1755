"""The requantizer of a unit: beats of accumulated operands to rows of codes, each row with its own step."""

from collections.abc import Sequence
from typing import NamedTuple

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..cells.delays import delays
from ..cells.formats import RAW_BITS, Kind, clip_range
from ..cells.primitives import TWINS, Primitives
from ..shell.signatures import LoadBus, LoadPort
from .formats import ACC_BITS, BIAS_SHIFT, MID_SHIFTS, Q_SHIFT, ROW_BITS, SLOPE_SHIFT, V_SHIFT, Select
from .requantize_codes import Codes
from .requantize_parts import queue
from .requantize_rows import RowParameters
from .requantize_timing import CODE, code_slots, steps, value_slots
from .requantize_values import Values
from .search import Search
from .signatures import accumulated_layout, coded_layout, pass_layout

__all__ = ["Beat", "Requantizer"]


class Beat(NamedTuple):
    """One operand of one chunk, for the model: ``x``, C (``column``) and B (``bias``) of each lane, and R."""

    x: Sequence[int]
    column: Sequence[int]
    bias: Sequence[int]
    mid: int
    multiplier: int
    first: bool
    last: bool
    join_max: bool = False


class Requantizer(wiring.Component):
    """Requantize rows: docs/lists.md has the arithmetic, requantize_timing.py the cycles.

    A beat takes ``lanes / requant_lanes`` cycles, and so does a chunk of codes; both go without a pause while there
    is room for values. ``i.ready`` comes in the last cycle of a beat, which stays at the input so long.

    Parameters
    ----------
    lanes, requant_lanes, chunks, column_depth, param_depth, levels, tables, leaky, joined, maxima : int
        As :class:`hwgen.targets.lists.hardware.Hardware`. Not ``joined``: every beat is ``first`` and ``last``.
    number : int
        0: Q1, the pass word's ``q1`` fields; 1: Q2, ``q2``. Tells which load words are its own.
    primitives : Primitives
        Device multipliers instead of behavioural twins.

    Members
    -------
    load : In(LoadBus())
        COLUMN, BIAS, PARAM and THRESHOLD words, already registered.
    task : In(pass_layout)
        Constant while rows are in flight.
    start : In(1)
        Nothing to do: whatever a pass leaves behind, the next one may find.
    i : In(stream of accumulated_layout(lanes))
    o : Out(stream of coded_layout(lanes))
        Codes as two's complement of 16 bits. ``context.entry`` is the entry chosen here, less ``base``.
    busy : Out(1)
        A beat is at the input, or rows are in flight.
    working : Out(1)
        The cycles of a beat.
    waiting : Out(1)
        A beat waits for room for its values.
    """

    load: LoadPort
    task: data.View
    start: Signal
    i: stream.Interface
    o: stream.Interface
    busy: Signal
    working: Signal
    waiting: Signal

    def __init__(self, *, lanes: int, requant_lanes: int, chunks: int, column_depth: int, param_depth: int,
                 levels: int, tables: int, leaky: int, joined: int, maxima: int, number: int,
                 primitives: Primitives = TWINS) -> None:
        if lanes % 8 or not 8 <= lanes <= 64 or not 1 <= requant_lanes <= lanes or lanes % requant_lanes:
            raise ValueError(f"{requant_lanes} lanes a cycle do not divide {lanes} lanes, 8 to 64 by eights")
        self.lanes, self.requant_lanes, self.chunks = lanes, requant_lanes, chunks
        self.column_depth, self.param_depth = column_depth, param_depth
        self.levels, self.tables, self.number = levels, tables, number
        self.leaky, self.joined, self.maxima, self.primitives = leaky, joined, maxima, primitives
        self.steps = steps(lanes, requant_lanes)
        self.value_slots = value_slots(lanes, requant_lanes, chunks)
        self.code_slots = code_slots(lanes, requant_lanes)
        super().__init__({
            "load": In(LoadBus()), "task": In(pass_layout), "start": In(1),
            "i": In(stream.Signature(accumulated_layout(lanes))),
            "o": Out(stream.Signature(coded_layout(lanes))), "busy": Out(1), "working": Out(1), "waiting": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        task, prefix = self.task, ("q1_", "q2_")[self.number]
        m.submodules.rows = rows = RowParameters(
            requant_lanes=self.requant_lanes, chunks=self.chunks, param_depth=self.param_depth, levels=self.levels,
            tables=self.tables, number=self.number, value_slots=self.value_slots, code_slots=self.code_slots)
        wiring.connect(m, wiring.flipped(self.load), rows.load)
        for name in ("kind", "select", "base", "limit", "table"):
            m.d.comb += getattr(rows, name).eq(task[prefix + name])
        values_used, codes_used = Signal(range(self.value_slots + 1)), Signal(range(self.code_slots + 1))
        room = values_used != self.value_slots
        values, reserve = self._accumulate(m, rows, task[prefix + "slope"], room)
        begin = self._encode(m, rows, task[prefix + "kind"], values, codes_used != self.code_slots)
        m.d.sync += [
            values_used.eq(values_used + reserve - begin),
            codes_used.eq(codes_used + begin - (self.o.valid & self.o.ready)),
        ]
        m.d.comb += self.busy.eq(self.i.valid | (values_used != 0) | (codes_used != 0))
        return m

    def _accumulate(self, m: Module, rows: RowParameters, slope: Value, room: Value) -> tuple[Values, Value]:
        """Stage A: beats to values. Returns the datapath, and the cycles that reserve a slot for values."""
        m.submodules.values = values = Values(
            lanes=self.lanes, requant_lanes=self.requant_lanes, column_depth=self.column_depth,
            param_depth=self.param_depth, leaky=self.leaky, joined=self.joined, maxima=self.maxima,
            number=self.number, primitives=self.primitives)
        wiring.connect(m, wiring.flipped(self.load), values.load)
        token = self.i.payload
        step = Signal(range(self.steps))
        count = Signal(range(self.chunks))
        fresh, done = step == 0, step == self.steps - 1
        go = self.i.valid & (~fresh | ~token.last | room)
        accepted = go & done & token.last
        with m.If(go):
            m.d.sync += step.eq(Mux(done, 0, step + 1))
        with m.If(accepted):
            m.d.sync += count.eq(Mux(token.end, 0, count + 1))
        m.d.comb += [
            self.i.ready.eq(go & done), self.working.eq(go),
            self.waiting.eq(self.i.valid & fresh & token.last & ~room),
            values.slope.eq(slope), values.valid.eq(go), values.step.eq(step), values.end.eq(token.end & done),
            values.x.eq(token.x.word_select(step, self.requant_lanes * ACC_BITS)),
            rows.accept.eq(accepted & token.end), rows.arriving.eq(token.context), rows.last_chunk.eq(count),
            rows.value.eq(values.value), rows.valid.eq(values.ready), rows.ended.eq(values.ended),
        ]
        for name in ("column", "bias", "mid", "join_max", "first", "last", "row"):
            m.d.comb += getattr(values, name).eq(token[name])
        return values, go & fresh & token.last

    def _encode(self, m: Module, rows: RowParameters, kind: Value, values: Values, room: Value) -> Value:
        """Stage B: values to codes, and codes to chunks. Returns the cycles in which a chunk begins."""
        m.submodules.codes = codes = Codes(requant_lanes=self.requant_lanes, primitives=self.primitives)
        step, chunk = Signal(range(self.steps)), Signal(range(self.chunks))
        begin, go, end, ending = Signal(), Signal(), Signal(), Signal(reset_less=True)
        value = queue(m, "kept", values.value, depth=self.value_slots * self.steps, push=values.ready, pop=go)
        multiplier, bits = Signal(ROW_BITS, reset_less=True), Signal(4, reset_less=True)
        m.d.comb += [
            begin.eq((step == 0) & rows.ready & room), go.eq(begin | (step != 0)), end.eq(chunk == rows.chunks),
            rows.begun.eq(begin & end), codes.kind.eq(kind), codes.value.eq(value), codes.multiplier.eq(multiplier),
            codes.bits.eq(bits),
        ]
        with m.If(go):
            m.d.sync += step.eq(Mux(step == self.steps - 1, 0, step + 1))
        with m.If(begin):
            m.d.sync += [multiplier.eq(rows.multiplier), bits.eq(rows.bits), ending.eq(end),
                         chunk.eq(Mux(end, 0, chunk + 1))]

        # Codes wait as they come; the chunk in front is put together, its last lanes never leave the queue.
        push = delays(m, "push", go, CODE - 1, reset=True)[-1]
        last = delays(m, "last", Mux(begin, end, ending), CODE - 1)[-1]
        level, place = Signal(range(self.code_slots * self.steps + 1)), Signal(range(self.steps))
        whole, pop = place == self.steps - 1, Signal()
        head = queue(m, "coded", Cat(codes.data, last), depth=self.code_slots * self.steps, push=push, pop=pop)
        m.d.sync += level.eq(level + push - pop)
        m.d.comb += pop.eq((level != 0) & (~whole | self.o.ready))
        with m.If(pop):
            m.d.sync += place.eq(Mux(whole, 0, place + 1))
        lanes = [Signal(self.requant_lanes * RAW_BITS, name=f"lanes{k}", reset_less=True)
                 for k in range(self.steps - 1)]
        for k, group in enumerate(lanes):
            with m.If(pop & (place == k)):
                m.d.sync += group.eq(head)
        output = self.o.payload
        m.d.comb += [
            self.o.valid.eq((level != 0) & whole), output.data.eq(Cat(lanes, head[:-1])), output.end.eq(head[-1]),
            output.bits.eq(rows.out_bits), output.context.eq(rows.out_context),
            rows.taken.eq(pop & whole & head[-1]),
        ]
        return begin

    @staticmethod
    def model(beats: Sequence[Beat], params: Sequence[tuple[int, int]], thresholds: Sequence[int], *, slope: int,
              kind: int, select: int, base: int, limit: int, degree: int, node: int,
              entry: int) -> tuple[list[list[int]], int, int]:
        """Codes of each chunk, their width, and the entry of a whole row.

        Parameters
        ----------
        beats : sequence of Beat
            Of all chunks in turn; BIAS words have B + BIAS_HALF.
        params : sequence of (Q, bits)
        thresholds : ascending int
            Of the pass's table.
        """
        chunks, totals = [], list[int]()
        for beat in beats:
            products = [(x * c >> MID_SHIFTS[beat.mid]) * beat.multiplier
                        for x, c in zip(beat.x, beat.column, strict=True)]
            if beat.first or beat.join_max:
                products = [p + (b << BIAS_SHIFT) for p, b in zip(products, beat.bias, strict=True)]
            if beat.first:
                totals = products
            elif beat.join_max:
                totals = [max(p, old) for p, old in zip(products, totals, strict=True)]
            else:
                totals = [p + old for p, old in zip(products, totals, strict=True)]
            if beat.last:
                values = [total + (1 << V_SHIFT - 1) >> V_SHIFT for total in totals]
                chunks.append([v if v >= 0 else v * slope >> SLOPE_SHIFT for v in values])
        largest = max(abs(v) for values in chunks for v in values)
        chosen = {Select.CONSTANT: 0, Select.DEGREE: min(degree, limit), Select.NODE: node, Select.ENTRY: entry,
                  Select.NEAREST: Search.model(largest, thresholds)}[Select(select)]
        multiplier, bits = (0, 0) if kind == Kind.RAW else params[base + chosen]
        low, top = clip_range(kind, max(0, (1 << max(bits - (kind == Kind.SIGNED), 0)) - 1))
        if kind == Kind.RAW:
            return [[(v - low) % (top - low + 1) + low for v in values] for values in chunks], 0, chosen
        return [[min(max(v * multiplier + (1 << Q_SHIFT - 1) - (v < 0) >> Q_SHIFT, low), top) for v in values]
                for values in chunks], bits, chosen
