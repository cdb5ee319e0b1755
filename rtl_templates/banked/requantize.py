"""The requantizer lanes of a server: two multiplies, rounding by carry-in, clipping."""

from collections.abc import Sequence
from itertools import pairwise

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..cells.add_memory import add_memory
from ..cells.delays import delays
from ..cells.dsp import multiply_accumulate, select_multiply_add
from ..cells.formats import RAW_BITS, Kind, clip_range
from ..cells.primitives import TWINS, Primitives
from ..shell.signatures import LoadBus, LoadPort
from .formats import (
    ACC_BITS,
    AFFINE,
    BIAS_BITS,
    MID_BITS,
    MID_SHIFT,
    RAW_SHIFT,
    ROW_BITS,
    SHIFT,
    TASK,
    ZERO,
    Target,
    column_bits,
)
from .requantize_timing import REQUANT_BIAS, REQUANT_CODE, REQUANT_MULTIPLIER, REQUANT_ROUND, REQUANT_SUM
from .signatures import task_layout

__all__ = ["Requantizer", "beat_layout"]

CODE_BITS = 8
P_USED = 46  # bits of the second sum that differ: two products of 27 and 18 signed bits

#: A beat: Q2 or Q1, of a rank-1 pair, the second of that, entries of the column and bias tables.
beat_layout = data.StructLayout({"q2": 1, "pair": 1, "b": 1, "column": TASK["q1_column"], "bias": TASK["q1_bias"]})


class Requantizer(wiring.Component):
    """Requantize one accumulator per lane a cycle: :func:`hwgen.numeric.requantize` in two multipliers a lane.

    A rank-1 pair is two beats in consecutive cycles, a (``x * C``, times ``row_r``) and b (``B``, times ``bias_r``);
    only the code of b counts. Everything else is one beat. In cycles after a beat's slot: accumulators, ``beat``
    0; multipliers and bits REQUANT_MULTIPLIER; code and raw REQUANT_CODE, combinational. No back-pressure.
    Codes clip to ``2^bits - 1`` (unsigned, below at 0) or ±``signed_max``, which is ``2^k - 1`` and at least 1; raw
    results are 16 bits of the rounded sum and do not clip, since the lowering proves their range. Affine codes, in
    designs with zero points, are unsigned: ``zero`` is added before they clip to ``signed_max``, which may be 255 then.

    Parameters
    ----------
    lanes : int
    in_bits : int
        Signed bits of a lane's aggregated accumulator, at most ``sum_bits``.
    column_depth, bias_depth : int
        Entries of a lane's tables.
    sum_bits : int
        Signed bits of the MAC array's results: ACC_BITS, or WIDE_ACC_BITS, which leaves factors WIDE_COLUMN_BITS.
    zero_points : bool
        Listen to ``zero``.
    primitives : Primitives
        Device multipliers instead of behavioural twins.

    Members
    -------
    load : In(LoadBus())
        COLUMN and BIAS entries, already registered.
    task : In(task_layout)
        Constant while beats are in flight.
    zero : In(8)
        Zero point of affine codes, constant as the task. Only with ``zero_points``.
    beat : In(beat_layout)
    q1_x : In(lanes * in_bits), q2_x : In(lanes * sum_bits)
        Accumulators of the two stages.
    row_r, bias_r, q2_r : In(17)
    q1_bits, q2_bits : In(4)
    code : Out(lanes * 8)
        Two's complement, or unsigned.
    raw : Out(lanes * 16)
    """

    load: LoadPort
    task: data.View
    zero: Signal
    beat: data.View
    q1_x: Signal
    q2_x: Signal
    row_r: Signal
    bias_r: Signal
    q2_r: Signal
    q1_bits: Signal
    q2_bits: Signal
    code: Signal
    raw: Signal

    def __init__(self, *, lanes: int, in_bits: int, column_depth: int, bias_depth: int,
                 sum_bits: int = ACC_BITS, zero_points: bool = False, primitives: Primitives = TWINS) -> None:
        if not 1 <= in_bits <= sum_bits:
            raise ValueError(f"in_bits is {in_bits}, not 1 to {sum_bits}")
        self.sum_bits = sum_bits
        self.lanes, self.in_bits, self.primitives = lanes, in_bits, primitives
        self.column_depth, self.bias_depth, self.zero_points = column_depth, bias_depth, zero_points
        super().__init__({
            "load": In(LoadBus()), "task": In(task_layout), "beat": In(beat_layout), "q1_x": In(lanes * in_bits),
            "q2_x": In(lanes * sum_bits), "row_r": In(ROW_BITS), "bias_r": In(ROW_BITS), "q2_r": In(ROW_BITS),
            "q1_bits": In(4), "q2_bits": In(4), "code": Out(lanes * CODE_BITS), "raw": Out(lanes * RAW_BITS),
            **({"zero": In(ZERO["zero"])} if zero_points else {}),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        task = self.task
        q2 = delays(m, "q2", self.beat.q2, REQUANT_CODE)
        b = delays(m, "b", self.beat.b, REQUANT_CODE)
        bias_entry = delays(m, "bias", self.beat.bias, REQUANT_BIAS)[-1]

        multiplier = Signal(ROW_BITS, reset_less=True)
        bits = [Signal(4, name=f"bits{k}", reset_less=True) for k in range(REQUANT_SUM - 1 - REQUANT_MULTIPLIER)]
        m.d.sync += [
            multiplier.eq(Mux(q2[REQUANT_MULTIPLIER], self.q2_r,
                              Mux(b[REQUANT_MULTIPLIER], self.bias_r, self.row_r))),
            bits[0].eq(Mux(q2[REQUANT_MULTIPLIER], self.q2_bits, self.q1_bits)),
            *(late.eq(early) for early, late in pairwise(bits)),
        ]
        kind = [Mux(flag, task.q2_kind, task.q1_kind) for flag in q2]
        is_signed = kind[REQUANT_SUM - 1] == Kind.SIGNED
        of_task = is_signed | (kind[REQUANT_SUM - 1] == AFFINE) if self.zero_points else is_signed
        mask = [Signal(CODE_BITS, name=f"mask{k}", reset_less=True) for k in range(2)]
        signs = [Signal(name=f"signed{k}", reset_less=True) for k in range(2)]
        m.d.sync += [
            mask[0].eq(Mux(of_task, task.signed_max, (1 << bits[-1]) - 1)), mask[1].eq(mask[0]),
            signs[0].eq(is_signed), signs[1].eq(signs[0]),
        ]
        half = Signal(SHIFT - 1)  # half - 1, then a carry: both at the second multiplier's adder
        plus, minus = Signal(), Signal()  # carry for every sign; carry for mid < 0
        raw_next, up_next, b_next = Signal(reset_less=True), Signal(reset_less=True), Signal(reset_less=True)
        m.d.sync += [raw_next.eq(kind[REQUANT_ROUND - 1] == Kind.RAW), b_next.eq(b[REQUANT_ROUND - 1]),
                     up_next.eq(Mux(q2[REQUANT_ROUND - 1], task.q2_half_up, task.q1_half_up))]
        m.d.comb += [half.eq(Mux(raw_next, (1 << RAW_SHIFT - 1) - 1, (1 << SHIFT - 1) - 1)),
                     plus.eq(~b_next), minus.eq(~b_next & up_next)]
        addend: Value = half
        if self.zero_points:  # whole codes above the half
            zero = Signal(len(self.zero), reset_less=True)
            m.d.sync += zero.eq(Mux(kind[REQUANT_ROUND - 1] == AFFINE, self.zero, 0))
            addend = Cat(half, Const(0, SHIFT - len(half)), zero)
        bias_used = Signal(reset_less=True)  # a pair's bias comes in beat b; nothing of the accumulator does
        pair = delays(m, "pair", self.beat.pair, REQUANT_BIAS - 1)[-1]
        m.d.sync += bias_used.eq(b[REQUANT_BIAS - 1] | ~pair)

        for lane in range(self.lanes):
            factor = self._table(m, lane, "factor", Target.COLUMN, column_bits(self.sum_bits), self.column_depth,
                                 self.beat.column)
            offset = self._table(m, lane, "offset", Target.BIAS, BIAS_BITS, self.bias_depth, bias_entry)
            first = select_multiply_add(
                m, f"first{lane}", x=self.q1_x.word_select(lane, self.in_bits).as_signed(),
                d=self.q2_x.word_select(lane, self.sum_bits).as_signed(), use_x=~(self.beat.q2 | self.beat.b),
                use_d=self.beat.q2, a=factor, c=Cat(Const(0, MID_SHIFT), offset).as_signed(), use_c=bias_used,
                primitives=self.primitives, wide=self.sum_bits > ACC_BITS)
            mid = first[MID_SHIFT:MID_SHIFT + MID_BITS].as_signed()
            negative = Signal(name=f"negative{lane}", reset_less=True)
            m.d.sync += negative.eq(mid[-1])
            second = multiply_accumulate(
                m, f"second{lane}", a=mid, b=multiplier, c=addend, accumulate=b_next,
                carry=Mux(negative, minus, plus), primitives=self.primitives)
            m.d.comb += self.code.word_select(lane, CODE_BITS).eq(_clip(m, lane, second[SHIFT:P_USED], mask, signs))
            late = Signal(RAW_BITS, name=f"raw{lane}", reset_less=True)
            m.d.sync += late.eq(second[RAW_SHIFT:RAW_SHIFT + RAW_BITS])
            m.d.comb += self.raw.word_select(lane, RAW_BITS).eq(late)
        return m

    def _table(self, m: Module, lane: int, name: str, target: Target, bits: int, depth: int, entry: Value) -> Value:
        """A table of the lane: its word at ``entry``."""
        load, index_bits = self.load, ceil_log2(depth)
        store = add_memory(m, f"{name}{lane}", bits, depth, "distributed")
        write, read = store.write_port(), store.read_port(domain="comb")
        m.d.comb += [
            write.en.eq(load.valid & (load.target == target) & (load.unit[:ceil_log2(self.lanes)] == lane)),
            write.addr.eq(load.address[:index_bits]), write.data.eq(load.data[:bits]),
            read.addr.eq(entry[:index_bits]),
        ]
        word: Value = read.data
        return word

    @staticmethod
    def model(x: int, column: int, bias: int, row_r: int, bias_r: int | None, *, kind: int, half_up: bool, bits: int,
              signed_max: int, zero: int = 0) -> int:
        """Code (or raw result) of one accumulator; ``bias_r`` None where it is no pair."""
        mid = (x * column >> MID_SHIFT) + (bias if bias_r is None else 0)
        total = mid * row_r + (0 if bias_r is None else bias * bias_r)
        shift = RAW_SHIFT if kind == Kind.RAW else SHIFT
        code = total + (1 << shift - 1) - 1 + (half_up or mid >= 0) >> shift
        if kind == AFFINE:
            return min(max(code + zero, 0), signed_max)
        low, high = clip_range(kind, signed_max if kind == Kind.SIGNED else (1 << bits) - 1)
        return (code - low) % (high - low + 1) + low if kind == Kind.RAW else min(max(code, low), high)


def _clip(m: Module, lane: int, rounded: Value, mask: Sequence[Value], signs: Sequence[Value]) -> Value:
    """Clip to [0, mask] or [-mask, mask] in two cycles; ``mask`` is 2^k - 1, so a range check is a bit test.

    Out of range: a bit above the mask differs from the sign, or the value is -mask - 1 (all bits under the mask
    zero below the sign).
    """
    low, negative, out = (Signal(n, name=f"{name}{lane}", reset_less=True)
                          for name, n in (("low", CODE_BITS), ("below", 1), ("out", 1)))
    sign = rounded[-1]
    differs = rounded[:-1] ^ sign.replicate(len(rounded) - 1)
    m.d.sync += [
        low.eq(rounded[:CODE_BITS]), negative.eq(sign),
        out.eq((differs[CODE_BITS:] != 0) | ((differs[:CODE_BITS] & ~mask[0]) != 0)
               | (sign & signs[0] & ((rounded[:CODE_BITS] & mask[0]) == 0))),
    ]
    limit = Mux(negative, Cat(mask[1][0], ~mask[1][1:]) & signs[1].replicate(CODE_BITS), mask[1])
    kept = low & (~negative | signs[1]).replicate(CODE_BITS)
    return Mux(out, limit, kept)
