"""First half of a requantizer: accumulated operands of a chunk to its values V."""

from itertools import pairwise
from math import lcm

from amaranth import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2, exact_log2

from ..cells.add_memory import add_memory
from ..cells.delays import delays
from ..cells.dsp import product
from ..cells.primitives import TWINS, Primitives
from ..shell.signatures import LoadBus, LoadPort
from .formats import (
    ACC_BITS,
    BIAS_BITS,
    BIAS_SHIFT,
    COLUMN_ADDRESS,
    COLUMN_BITS,
    MID_BITS,
    MID_SHIFTS,
    ROW_ADDRESS,
    ROW_BITS,
    SLOPE_ONE,
    SLOPE_SHIFT,
    V_BITS,
    V_SHIFT,
    Target,
)
from .requantize_parts import parameters, ram_style
from .requantize_timing import LEAKY, MIDDLE, MULTIPLY, PRODUCT, READ, SCALED, TOTAL, VALUE

__all__ = ["LaneTable", "Values"]

WORD = 4  # lanes of a load word
TOTAL_BITS = V_SHIFT + V_BITS  # of P: what lies above is proved to repeat the sign


class LaneTable(wiring.Component):
    """Constants of every channel: those of ``requant_lanes`` lanes a cycle after their address.

    Parameters
    ----------
    lanes, requant_lanes, depth, bits : int
        ``depth`` entries of ``lanes`` constants of ``bits``, read ``requant_lanes`` at a time.
    target : Target
    number : int
        Which load words are its own: units ``16 * number + lane // 4``.

    Members
    -------
    load : In(LoadBus())
        Already registered.
    entry : In(10), step : In
        Lanes ``step * requant_lanes`` and following of the entry.
    data : Out(requant_lanes * bits)
    """

    load: LoadPort
    entry: Signal
    step: Signal
    data: Signal

    def __init__(self, *, lanes: int, requant_lanes: int, depth: int, bits: int, target: Target, number: int) -> None:
        self.lanes, self.requant_lanes, self.depth, self.bits = lanes, requant_lanes, depth, bits
        self.target, self.number = target, number
        super().__init__({
            "load": In(LoadBus()), "entry": In(COLUMN_ADDRESS), "step": In(ceil_log2(lanes // requant_lanes)),
            "data": Out(requant_lanes * bits),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        load = self.load
        group = lcm(self.requant_lanes, WORD)  # lanes side by side, so that a load word has one address
        low = exact_log2(group // self.requant_lanes)
        memories = group // WORD
        row_bits = ceil_log2(self.lanes // group)
        row, place = Signal(row_bits), Signal(range(memories))
        with m.Switch(load.unit[:4]):
            for word in range(self.lanes // WORD):
                with m.Case(word):
                    m.d.comb += [row.eq(word // memories), place.eq(word % memories)]
        mine = load.valid & (load.target == self.target) & (load.unit[4:] == self.number)
        parts = []
        for k in range(memories):
            depth = max(2, self.depth << row_bits)
            store = add_memory(m, f"lanes{k}", WORD * self.bits, depth, ram_style(depth))
            write, read = store.write_port(), store.read_port()
            m.d.comb += [write.en.eq(mine & (place == k)), write.addr.eq(Cat(row, load.address)),
                         write.data.eq(load.data[:WORD * self.bits]), read.addr.eq(Cat(self.step[low:], self.entry))]
            parts.append(read.data)
        part = Signal(low, reset_less=True)
        m.d.sync += part.eq(self.step[:low])
        m.d.comb += self.data.eq(Cat(parts).word_select(part, self.requant_lanes * self.bits))
        return m


class Values(wiring.Component):
    """``requant_lanes`` channels of a beat a cycle; VALUE cycles later, with leaky LEAKY more, those of V.

    Parameters
    ----------
    lanes, requant_lanes, column_depth, param_depth, leaky, joined, maxima, number, primitives
        As :class:`rtl_templates.lists.requantize.Requantizer`.

    Members
    -------
    load : In(LoadBus())
    slope : In(13)
    valid : In(1), step : In
        A step of a beat; the steps of a beat come in consecutive cycles.
    x : In(requant_lanes * 24)
        Accumulators of the step's lanes.
    column, bias, mid, join_max, first, last, row
        Of the beat; ``end`` goes with its last step.
    value : Out(requant_lanes * 24), ready : Out(1), ended : Out(1)
        Values of a finished chunk, and whether they are the row's last.
    """

    load: LoadPort
    slope: Signal
    valid: Signal
    step: Signal
    x: Signal
    column: Signal
    bias: Signal
    mid: Signal
    join_max: Signal
    first: Signal
    last: Signal
    end: Signal
    row: Signal
    value: Signal
    ready: Signal
    ended: Signal

    def __init__(self, *, lanes: int, requant_lanes: int, column_depth: int, param_depth: int, leaky: int,
                 joined: int, maxima: int, number: int, primitives: Primitives = TWINS) -> None:
        self.lanes, self.requant_lanes, self.steps = lanes, requant_lanes, lanes // requant_lanes
        self.column_depth, self.param_depth, self.leaky, self.number = column_depth, param_depth, leaky, number
        self.joined, self.maxima, self.primitives = joined, joined and maxima, primitives
        super().__init__({
            "load": In(LoadBus()), "slope": In(range(SLOPE_ONE + 1)), "valid": In(1), "step": In(ceil_log2(self.steps)),
            "x": In(requant_lanes * ACC_BITS), "column": In(COLUMN_ADDRESS), "bias": In(COLUMN_ADDRESS), "mid": In(2),
            "join_max": In(1), "first": In(1), "last": In(1), "end": In(1), "row": In(ROW_ADDRESS),
            "value": Out(requant_lanes * V_BITS), "ready": Out(1), "ended": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valid = delays(m, "valid", self.valid, TOTAL, reset=True)
        finish = delays(m, "finish", Cat(self.last & self.valid, self.end & self.last & self.valid),
                        VALUE + LEAKY if self.leaky else VALUE, reset=True)
        # Of a maximum each beat is a sum of its own, and V is the largest: rounding keeps the order.
        alone = delays(m, "alone", self.first | self.join_max if self.maxima else self.first, SCALED)
        join = delays(m, "join", self.join_max & ~self.first, TOTAL)[-1] if self.maxima else None
        mid = delays(m, "mid", self.mid, PRODUCT)
        tables = [LaneTable(lanes=self.lanes, requant_lanes=self.requant_lanes, depth=self.column_depth, bits=bits,
                            target=target, number=self.number)
                  for bits, target in ((COLUMN_BITS, Target.COLUMN), (BIAS_BITS, Target.BIAS))]
        m.submodules.factors, m.submodules.biases = factors, biases = tables
        for table in tables:
            wiring.connect(m, wiring.flipped(self.load), table.load)
        port = parameters(m, "rows", self.load, bits=ROW_BITS, depth=self.param_depth, number=self.number)
        late = delays(m, "late", Cat(self.bias, self.step), SCALED - READ)[-1]
        multiplier = Signal(ROW_BITS, reset_less=True)
        m.d.comb += [
            factors.entry.eq(self.column), factors.step.eq(self.step), biases.entry.eq(late[:COLUMN_ADDRESS]),
            biases.step.eq(late[COLUMN_ADDRESS:]), port.addr.eq(delays(m, "row", self.row, MIDDLE - READ)[-1]),
        ]
        m.d.sync += multiplier.eq(port.data)

        totals = [Signal(signed(TOTAL_BITS), name=f"total{lane}", reset_less=True)
                  for lane in range(self.requant_lanes)]
        olds = self._olds(m, "totals", totals, valid[SCALED], valid[TOTAL]) if self.joined else totals
        for lane, (total, old) in enumerate(zip(totals, olds, strict=True)):
            scaled = self._product(m, lane, factors.data, mid[PRODUCT], multiplier)
            bias = Signal(signed(BIAS_BITS), name=f"bias{lane}", reset_less=True)
            m.d.sync += bias.eq(biases.data.word_select(lane, BIAS_BITS))
            with m.If(valid[SCALED]):  # else it stays: where a beat has one step, the next beat reads it
                m.d.sync += total.eq((Mux(alone[SCALED], bias << BIAS_SHIFT, old) if self.joined else
                                      bias << BIAS_SHIFT) + scaled)
        values = self._joined(m, [total[V_SHIFT:].as_signed() for total in totals], join, valid[TOTAL])
        m.d.comb += [self.value.eq(Cat(self._sloped(m, lane, value) for lane, value in enumerate(values))),
                     Cat(self.ready, self.ended).eq(finish[-1])]
        return m

    def _product(self, m: Module, lane: int, factors: Value, mid: Value, multiplier: Value) -> Value:
        """``(x * C >> shift) * R``, SCALED cycles after x."""
        def register(name: str, bits: int) -> Signal:
            return Signal(signed(bits), name=f"{name}{lane}", reset_less=True)

        x1, x2, factor = register("x1_", ACC_BITS), register("x2_", ACC_BITS), register("factor", COLUMN_BITS)
        first = [register(f"first{k}_", ACC_BITS + COLUMN_BITS) for k in range(MULTIPLY)]
        middle = register("middle", MID_BITS)
        second = [register(f"second{k}_", TOTAL_BITS) for k in range(MULTIPLY)]
        choices = Cat((first[-1] >> shift)[:MID_BITS] for shift in MID_SHIFTS)
        m.d.sync += [
            x1.eq(self.x.word_select(lane, ACC_BITS)), x2.eq(x1), factor.eq(factors.word_select(lane, COLUMN_BITS)),
            first[0].eq(product(m, f"by_column{lane}", x2, factor, primitives=self.primitives)),
            *(late.eq(early) for early, late in pairwise(first)),
            middle.eq(choices.word_select(mid, MID_BITS)),
            second[0].eq(product(m, f"by_row{lane}", middle, multiplier, primitives=self.primitives)),
            *(late.eq(early) for early, late in pairwise(second)),
        ]
        return second[-1]

    def _olds(self, m: Module, name: str, registers: list[Signal], enters: Value, stands: Value) -> list[Value]:
        """What the beats before left in registers that are written where ``enters``, and have it where ``stands``.

        A memory of a word a step; the register itself where a beat has one step.
        """
        if self.steps == 1:
            return list(registers)
        bits = len(registers[0])
        store = add_memory(m, name, bits * len(registers), self.steps, "distributed")
        write, read = store.write_port(), store.read_port(domain="comb")
        step = Signal(range(self.steps), name=f"{name}_step")
        with m.If(enters):
            m.d.sync += step.eq(Mux(step == self.steps - 1, 0, step + 1))
        m.d.comb += [read.addr.eq(step), write.addr.eq(delays(m, f"{name}_at", step, 1)[1]), write.en.eq(stands),
                     write.data.eq(Cat(registers))]
        return [read.data.word_select(lane, bits).as_signed() for lane in range(len(registers))]

    def _joined(self, m: Module, rounded: list[Value], join: Value | None, enters: Value) -> list[Signal]:
        """V before a slope: rounded sums, and the maximum of those of the beats that ``join``; ReLU of them."""
        values = [Signal(signed(V_BITS), name=f"value{lane}", reset_less=True) for lane in range(len(rounded))]
        clear: Value = ~self.slope[SLOPE_SHIFT]
        if join is None:
            m.d.sync += [value.eq(new) for value, new in zip(values, rounded, strict=True)]
        else:
            olds = self._olds(m, "values", values, enters, delays(m, "stands", enters, 1, reset=True)[-1])
            with m.If(enters):  # else it stays, as a total does
                m.d.sync += [value.eq(Mux(join & (old > new), old, new))
                             for value, old, new in zip(values, olds, rounded, strict=True)]
            clear = clear & enters & ~join  # what has been cleared is larger than any negative value
        if not self.leaky:
            for value, new in zip(values, rounded, strict=True):
                with m.If(clear & new[-1]):  # the flip-flop's own reset
                    m.d.sync += value.eq(0)
        return values

    def _sloped(self, m: Module, lane: int, value: Signal) -> Value:
        """Negative values times the slope, in leaky designs."""
        if not self.leaky:
            return value
        products = [Signal(signed(V_BITS + SLOPE_SHIFT + 1), name=f"sloped{lane}_{k}", reset_less=True)
                    for k in range(MULTIPLY)]
        late = delays(m, f"linear{lane}", value, MULTIPLY)[-1]
        result = Signal(V_BITS, name=f"result{lane}", reset_less=True)
        m.d.sync += [products[0].eq(product(m, f"by_slope{lane}", value, self.slope, primitives=self.primitives)),
                     *(late.eq(early) for early, late in pairwise(products)),
                     result.eq(Mux(late[-1], products[-1] >> SLOPE_SHIFT, late))]
        return result
