"""Second half of a requantizer: values V to codes, or to raw results."""

from itertools import pairwise

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..cells.delays import delays
from ..cells.dsp import product
from ..cells.formats import RAW_BITS, Kind
from ..cells.primitives import TWINS, Primitives
from .formats import CODE_BITS, Q_SHIFT, ROW_BITS, V_BITS
from .requantize_timing import CUT, FACTOR, MULTIPLY

__all__ = ["RAW_MULTIPLIER", "Codes"]

RAW_MULTIPLIER_BITS = 16
RAW_MULTIPLIER = 1 << RAW_MULTIPLIER_BITS  # raw results pass the multiplier unchanged, so that only one path is delayed
PRODUCT_BITS = V_BITS + ROW_BITS
NEAR = CODE_BITS + 1  # bits that tell codes from what is beyond all of them


class Codes(wiring.Component):
    """``requant_lanes`` values a cycle; their codes CODE - 1 cycles later, combinational.

    Parameters
    ----------
    requant_lanes : int
    primitives : Primitives
        A device multiplier instead of its behavioural twin.

    Members
    -------
    kind : In(2)
        Constant while values are in flight.
    value : In(requant_lanes * 24)
    multiplier : In(17), bits : In(4)
        Of the row, one cycle after its values: Q, or RAW_MULTIPLIER for raw results.
    data : Out(requant_lanes * 16)
        Two's complement codes, or the low 16 bits of V.
    """

    kind: Signal
    value: Signal
    multiplier: Signal
    bits: Signal
    data: Signal

    def __init__(self, *, requant_lanes: int, primitives: Primitives = TWINS) -> None:
        self.requant_lanes, self.primitives = requant_lanes, primitives
        super().__init__({
            "kind": In(2), "value": In(requant_lanes * V_BITS), "multiplier": In(ROW_BITS), "bits": In(4),
            "data": Out(requant_lanes * RAW_BITS),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = delays(m, "bits", self.bits, CUT - FACTOR)[-1]
        masks = [Signal(CODE_BITS, name=f"mask{k}", reset_less=True) for k in range(2)]
        is_signed, raw = self.kind == Kind.SIGNED, self.kind == Kind.RAW
        full = Mux(bits > CODE_BITS, CODE_BITS, bits)
        unsigned = ((1 << full) - 1)[:CODE_BITS]
        m.d.sync += [masks[0].eq(Mux(is_signed, unsigned >> 1, unsigned)), masks[1].eq(masks[0])]
        for lane in range(self.requant_lanes):
            value = self.value.word_select(lane, V_BITS).as_signed()
            m.d.comb += self.data.word_select(lane, RAW_BITS).eq(
                self._lane(m, lane, value, masks=masks, is_signed=is_signed, raw=raw))
        return m

    def _lane(self, m: Module, lane: int, value: Value, *, masks: list[Signal], is_signed: Value, raw: Value) -> Value:
        def register(name: str, bits: int) -> Signal:
            return Signal(bits, name=f"{name}{lane}", reset_less=True)

        factor = Signal(signed(V_BITS), name=f"value{lane}", reset_less=True)
        products = [Signal(signed(PRODUCT_BITS), name=f"product{lane}_{k}", reset_less=True) for k in range(MULTIPLY)]
        m.d.sync += [factor.eq(value),
                     products[0].eq(product(m, f"by_step{lane}", factor, self.multiplier, primitives=self.primitives)),
                     *(late.eq(early) for early, late in pairwise(products))]

        # Half away from zero: a tie of a negative product is left where the floor put it.
        cut, p = products[-1][Q_SHIFT:], products[-1]
        up, far, below = register("up", 1), register("far", 1), register("below", 1)
        kept = register("kept", RAW_BITS)
        high = cut[NEAR - 1:]
        m.d.sync += [
            up.eq(~raw & p[Q_SHIFT - 1] & (~p[-1] | p[:Q_SHIFT - 1].any())), below.eq(p[-1]),
            far.eq(high.any() & ~high.all()), kept.eq(Mux(raw, p[RAW_MULTIPLIER_BITS:], cut)),
        ]
        # Rounding can only add one: what is far from all codes stays so.
        near = Signal(signed(NEAR + 1), name=f"near{lane}", reset_less=True)
        far_late, below_late, rest = register("far_late", 1), register("below_late", 1), register("rest", CODE_BITS)
        m.d.sync += [near.eq(kept[:NEAR].as_signed() + up), far_late.eq(far), below_late.eq(below),
                     rest.eq(kept[CODE_BITS:])]

        mask = masks[0]  # 2^k - 1, so that a range check is a bit test
        low, out, negative, upper = (register(name, bits) for name, bits in
                                     (("low", CODE_BITS), ("out", 1), ("negative", 1), ("upper", CODE_BITS)))
        sign = Mux(far_late, below_late, near[-1])
        differs = (near[:NEAR] ^ sign.replicate(NEAR)) & Cat(~mask, Const(1, 1))  # 255.5 rounds beyond every mask
        m.d.sync += [
            low.eq(near[:CODE_BITS]), negative.eq(sign),
            out.eq(~raw & (far_late | differs.any() | (sign & (~is_signed | ((near[:CODE_BITS] & mask) == 0))))),
            upper.eq(Mux(raw, rest, (sign & is_signed & mask[0]).replicate(CODE_BITS))),
        ]
        least = Cat(masks[1][0], ~masks[1][1:]) & (is_signed & masks[1][0]).replicate(CODE_BITS)
        return Cat(Mux(out, Mux(negative, least, masks[1]), low), upper)
