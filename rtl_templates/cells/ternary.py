"""Three-operand addition at one LUT a bit: a carry-save row and a carry chain in the same LUTs.

LUT6_2 makes the majority of the bit below on O5's neighbour and the sum bit on O6; CARRY8 adds the two (Xilinx UG574,
figure 5-5), on the 7 series CARRY4 (UG474, figure 2-24). Its free fifth input takes a value that is ORed into the third
operand. Yosys builds two chains for the same sum, so the primitives are instantiated; the twin is ``a + b + c``.
"""

from collections.abc import Mapping
from typing import Any

from amaranth import Cat, Const, Instance, Module, Signal, Value, signed

from .primitives import TWINS, Primitives

__all__ = ["ternary", "ternary_apart"]


#: Bits of a carry chain's cell, and what it has beside the ports of all of them.
_CHAINS: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    "CARRY8": (8, {"p_CARRY_TYPE": "SINGLE_CY8", "i_CI_TOP": Const(0, 1)}),
    "CARRY4": (4, {"i_CYINIT": Const(0, 1)}),
}


def _init() -> int:
    """INIT of the LUT6_2: O5 = majority(I0, I1, I2 | I4), O6 = I0 ^ I1 ^ (I2 | I4) ^ I3 while I5 is high."""
    lower = upper = 0
    for i in range(64):
        ones = (i & 1) + (i >> 1 & 1) + ((i >> 2 | i >> 4) & 1)
        if i < 32:
            lower |= (ones >= 2) << i
        else:
            upper |= ((ones + (i >> 3 & 1)) & 1) << i
    return upper | lower


def ternary(m: Module, name: str, a: Value, b: Value, c: Value, *, width: int, primitives: Primitives,
            also: Value | None = None) -> Signal:
    """Return a combinational signed signal of ``width`` bits that is ``a + b + (c | also)``, modulo ``2**width``.

    Parameters
    ----------
    m : Module
    name : str
        Prefix of every signal and cell.
    a, b, c : Value
        Extended by their own signs.
    width : int
    primitives : Primitives
        LUT6_2 and its carry chain instead of the behavioural twin.
    also : Value or None
        Bits that may replace zeros of ``c``; extended by its own sign.
    """
    if not primitives.carry:
        total = Signal(signed(width), name=f"{name}_sum")
        m.d.comb += total.eq(a + b + (c if also is None else c | also))
        return total
    return _adder(m, name, a, b, c, also, width, width, primitives.carry)[0]


def ternary_apart(m: Module, name: str, a: Value, b: Value, c: Value, *, width: int, primitives: Primitives,
                  also: Value | None = None) -> tuple[Signal, Signal]:
    """The same of operands below ``2**(width - 1)``, without a LUT for the top bit.

    That is the carry of the chain or the last majority, of which one at most is set: the first is the top bit of the
    sum that is returned, the second is returned beside it. Whoever adds the sum ORs the two.
    """
    if not primitives.carry:
        whole = ternary(m, f"{name}_whole", a, b, c, width=width, primitives=TWINS, also=also)
        total, spare = Signal(signed(width), name=f"{name}_sum"), Signal(name=f"{name}_spare")
        c = c if also is None else c | also
        m.d.comb += [spare.eq((a & b | a & c | b & c) >> width - 2), total.eq(Cat(whole[:-1], whole[-1] & ~spare))]
        return total, spare
    return _adder(m, name, a, b, c, also, width, width - 1, primitives.carry)


def _adder(m: Module, name: str, a: Value, b: Value, c: Value, also: Value | None, width: int,
           count: int, cell: str) -> tuple[Signal, Signal]:
    """The primitives of ``count`` bits; above them, in a sum of a bit more, the carry, and beside it the majority."""
    total, spare = Signal(signed(width), name=f"{name}_sum"), Signal(name=f"{name}_spare")
    terms = [Signal(signed(width), name=f"{name}_{key}") for key in "abcd"]
    values = (a, b, c, Const(0, 1) if also is None else also)
    m.d.comb += [term.eq(value) for term, value in zip(terms, values, strict=True)]
    majority = Signal(count + 1, name=f"{name}_maj")
    half = Signal(count, name=f"{name}_half")
    for i in range(count):
        m.submodules[f"{name}_lut{i}"] = Instance(
            "LUT6_2", p_INIT=Const(_init(), 64), i_I0=terms[0][i], i_I1=terms[1][i], i_I2=terms[2][i],
            i_I3=majority[i], i_I4=terms[3][i], i_I5=Const(1, 1), o_O6=half[i], o_O5=majority[i + 1])
    carry: Value = Const(0, 1)
    size, own = _CHAINS[cell]
    for low in range(0, count, size):
        n = min(size, count - low)
        chain, out = Signal(size, name=f"{name}_co{low}"), Signal(size, name=f"{name}_o{low}")
        m.submodules[f"{name}_carry{low}"] = Instance(
            cell, i_CI=carry, **own, i_DI=Cat(majority[low:low + n], Const(0, size - n)),
            i_S=Cat(half[low:low + n], Const(0, size - n)), o_CO=chain, o_O=out)
        m.d.comb += total[low:low + n].eq(out[:n])
        carry = chain[n - 1]
    if count < width:
        m.d.comb += [total[count:].eq(carry), spare.eq(majority[count])]
    return total, spare
