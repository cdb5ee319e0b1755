"""Three-operand addition at one LUT a bit: a carry-save row and a carry chain in the same LUTs.

LUT6_2 makes the majority of the bit below on O5's neighbour and the sum bit on O6; CARRY8 adds the two (Xilinx UG574,
figure 5-5). Yosys builds two chains for the same sum, so the primitives are instantiated; the twin is ``a + b + c``.
"""

from amaranth import Cat, Const, Instance, Module, Signal, Value, signed

__all__ = ["ternary"]


def _init() -> int:
    """INIT of the LUT6_2: O5 = majority(I0, I1, I2), O6 = I0 ^ I1 ^ I2 ^ I3 while I5 is high."""
    lower = upper = 0
    for i in range(64):
        ones = (i & 1) + (i >> 1 & 1) + (i >> 2 & 1)
        if i < 32:
            lower |= (ones >= 2) << i
        else:
            upper |= ((ones + (i >> 3 & 1)) & 1) << i
    return upper | lower


def ternary(m: Module, name: str, a: Value, b: Value, c: Value, *, width: int, primitives: bool) -> Signal:
    """Return a combinational signed signal of ``width`` bits that is ``a + b + c``, modulo ``2**width``.

    Parameters
    ----------
    m : Module
    name : str
        Prefix of every signal and cell.
    a, b, c : Value
        Extended by their own signs.
    width : int
    primitives : bool
        LUT6_2 and CARRY8 instead of the behavioural twin.
    """
    total = Signal(signed(width), name=f"{name}_sum")
    if not primitives:
        m.d.comb += total.eq(a + b + c)
        return total
    terms = [Signal(signed(width), name=f"{name}_{key}") for key in "abc"]
    m.d.comb += [term.eq(value) for term, value in zip(terms, (a, b, c), strict=True)]
    majority = Signal(width + 1, name=f"{name}_maj")
    half = Signal(width, name=f"{name}_half")
    for i in range(width):
        m.submodules[f"{name}_lut{i}"] = Instance(
            "LUT6_2", p_INIT=Const(_init(), 64), i_I0=terms[0][i], i_I1=terms[1][i], i_I2=terms[2][i],
            i_I3=majority[i], i_I4=Const(0, 1), i_I5=Const(1, 1), o_O6=half[i], o_O5=majority[i + 1])
    carry: Value = Const(0, 1)
    for low in range(0, width, 8):
        n = min(8, width - low)
        chain, out = Signal(8, name=f"{name}_co{low}"), Signal(8, name=f"{name}_o{low}")
        m.submodules[f"{name}_carry{low}"] = Instance(
            "CARRY8", p_CARRY_TYPE="SINGLE_CY8", i_CI=carry, i_CI_TOP=Const(0, 1),
            i_DI=Cat(majority[low:low + n], Const(0, 8 - n)), i_S=Cat(half[low:low + n], Const(0, 8 - n)),
            o_CO=chain, o_O=out)
        m.d.comb += total[low:low + n].eq(out[:n])
        carry = chain[7]
    return total
