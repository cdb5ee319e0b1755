"""One multiply-add in the registers of a DSP48E2: the primitive, and the behavioural twin that simulation uses.

UG579, "UltraScale Architecture DSP Slice": figure 1-1 (slice), table 1-5 (INMODE), table 1-3 (OPMODE). Yosys infers
neither the pipeline registers nor the post-adder, so the primitive is instantiated; on the 7 series as DSP48E1
(cells/dsp48e1.py), which is narrower. Elsewhere the twin is what is synthesized, and only its product may be a
primitive. Functions, not components: a design holds hundreds of these, and a module each would only slow Verilator
down.
"""

from amaranth import Cat, ClockSignal, Const, Instance, Module, Mux, Signal, Value, signed

from . import dsp48e1
from .dsp48e1 import COMMON
from .primitives import Primitives

__all__ = ["P_BITS", "multiply_accumulate", "product", "select_multiply_add"]

P_BITS = 48
_GOWIN = (27, 18)  # signed operands of MULTALU27X18


def _opmode(z: Value, w: int = 0) -> Value:
    """X = Y = M, Z as given (000 zero, 010 P, 011 C), W zero."""
    return Cat(Const(0b0101, 4), z, Const(w, 2))


def product(m: Module, name: str, a: Value, b: Value, *, primitives: Primitives) -> Value:
    """``a * b`` in the same cycle; the registers around it are the caller's.

    Parameters
    ----------
    m : Module
    name : str
        Of the primitive.
    a, b : Value
        One has at most 27 bits and the other 18, as signed numbers, where the family has a primitive for it.
    primitives : Primitives
        MULTALU27X18 (Gowin UG305, "Arora V DSP", table 3-1: all operands signed), whose adder, registers and cascades
        stay at their defaults; DSP48E1, which synthesis does not infer (:data:`hwgen.flow.families.FAMILIES`).
    """
    if primitives.multiply_add == "DSP48E1":
        return dsp48e1.product(m, name, a, b)
    if not primitives.product:
        return a * b
    wide, narrow = (a, b) if len(a) > len(b) else (b, a)
    result = Signal(signed(P_BITS), name=f"{name}_dout")
    ports = {key: Signal(signed(bits), name=f"{name}_{key}") for key, bits in zip("ab", _GOWIN, strict=True)}
    for value, bits in zip((wide, narrow), _GOWIN, strict=True):
        if len(value) + (not value.shape().signed) > bits:
            raise ValueError(f"{name}: {len(a)} by {len(b)} bits exceed a multiplier of {_GOWIN[0]} by {_GOWIN[1]}")
    m.d.comb += [ports["a"].eq(wide), ports["b"].eq(narrow)]
    zeros = {"SIA": 27, "C": 48, "D": 26, "CASI": 48, "ACCSEL": 1, "PSEL": 1, "ASEL": 1, "PADDSUB": 1, "CSEL": 1,
             "CASISEL": 1, "ADDSUB": 2, "CLK": 2, "CE": 2, "RESET": 2}
    m.submodules[name] = Instance(primitives.product, i_A=ports["a"], i_B=ports["b"], o_DOUT=result,
                                  **{f"i_{port}": Const(0, bits) for port, bits in zeros.items()})
    return result[:len(a) + len(b)].as_signed()


def select_multiply_add(
    m: Module, name: str, *, x: Value, d: Value, use_x: Value, use_d: Value, a: Value, c: Value, use_c: Value,
    primitives: Primitives, wide: bool = False,
) -> Signal:
    """``P = (use_x * x + use_d * d) * a + use_c * c``: the pre-adder selects an operand at no cost.

    ``x``, ``d``, ``a``, ``use_x`` and ``use_d`` belong to cycle e, ``c`` and ``use_c`` to e + SELECT_ADDEND; P is
    visible at e + SELECT_SUM (timing.py). One result a cycle.

    Parameters
    ----------
    m : Module
        Where the statements go.
    name : str
        Prefix of the registers or name of the primitive.
    x, d : Value
        Signed, at most 18 bits, if ``wide`` 27; at most one is used, or their sum fits as many.
    a : Value
        Unsigned, at most 26 bits, if ``wide`` 17.
    c : Value
        Signed, at most 48 bits.
    use_x, use_d, use_c : Value
        One bit each.
    primitives : Primitives
        Which primitive instead of the twin.
    wide : bool
        The operands of the pre-adder have the wider side of the multiplier, ``a`` the other.
    """
    p = Signal(signed(P_BITS), name=f"{name}_p", reset_less=True)
    sums, factors = (27, 18) if wide else (18, 27)
    if primitives.multiply_add == "DSP48E1":
        return dsp48e1.select_multiply_add(m, name, x=x, d=d, use_x=use_x, use_d=use_d, a=a, c=c, use_c=use_c,
                                           wide=wide)
    if primitives.multiply_add:
        left, right = (x, a) if wide else (a, x)
        added, other = (1, 2) if wide else (2, 1)  # registers before the multiplier: the pre-adder's is one
        ports = {key: Signal(signed(bits), name=f"{name}_{key}") for key, bits in
                (("a", 30), ("b", 18), ("c", 48), ("d", 27))}
        m.d.comb += [ports["a"].eq(left), ports["b"].eq(right), ports["c"].eq(c), ports["d"].eq(d)]
        z = Cat(use_c, use_c, Const(0, 1))
        m.submodules[name] = Instance(
            "DSP48E2", **{**COMMON, "p_CARRYINREG": 0}, p_AREG=added, p_ACASCREG=added, p_BREG=other, p_BCASCREG=other,
            p_DREG=1, p_ADREG=1, p_AMULTSEL="AD" if wide else "A", p_BMULTSEL="B" if wide else "AD",
            p_PREADDINSEL="A" if wide else "B", i_CLK=ClockSignal(), i_A=ports["a"],
            i_B=ports["b"], i_C=ports["c"], i_D=ports["d"], i_CARRYIN=Const(0, 1), i_OPMODE=_opmode(z),
            i_INMODE=Cat(Const(0, 1), ~use_x, use_d, Const(0, 2)), o_P=p)
        return p
    x1 = Signal(signed(sums), name=f"{name}_x1", reset_less=True)
    d1 = Signal(signed(sums), name=f"{name}_d1", reset_less=True)
    uses = Signal(2, name=f"{name}_uses", reset_less=True)
    x2 = Signal(signed(sums), name=f"{name}_x2", reset_less=True)
    a1 = Signal(signed(factors), name=f"{name}_a1", reset_less=True)
    a2 = Signal(signed(factors), name=f"{name}_a2", reset_less=True)
    c1 = Signal(signed(P_BITS), name=f"{name}_c1", reset_less=True)
    used = Signal(name=f"{name}_used", reset_less=True)
    multiplied = Signal(signed(45), name=f"{name}_m", reset_less=True)
    m.d.sync += [
        x1.eq(x), d1.eq(d), uses.eq(Cat(~use_x, use_d)), x2.eq(Mux(uses[1], d1, 0) + Mux(uses[0], 0, x1)), a1.eq(a),
        a2.eq(a1), multiplied.eq(product(m, f"{name}_x", *((x2, a2) if wide else (a2, x2)), primitives=primitives)),
        c1.eq(c), used.eq(use_c), p.eq(multiplied + Mux(used, c1, 0)),
    ]
    return p


def multiply_accumulate(
    m: Module, name: str, *, a: Value, b: Value, c: Value, accumulate: Value, carry: Value, primitives: Primitives,
) -> Signal:
    """``P = a * b + (accumulate ? P : c) + carry``.

    ``a`` and ``b`` belong to cycle e, ``c``, ``accumulate`` and ``carry`` to e + ACCUMULATE_ADDEND; P is visible at
    e + ACCUMULATE_SUM. One result a cycle.

    Parameters
    ----------
    m : Module
    name : str
    a : Value
        Signed, at most 27 bits.
    b : Value
        Unsigned, at most 17 bits.
    c : Value
        Unsigned, at most 47 bits.
    accumulate, carry : Value
        One bit each.
    primitives : Primitives
    """
    p = Signal(signed(P_BITS), name=f"{name}_p", reset_less=True)
    if primitives.multiply_add == "DSP48E1":
        return dsp48e1.multiply_accumulate(m, name, a=a, b=b, c=c, accumulate=accumulate, carry=carry)
    if primitives.multiply_add:
        wide = {key: Signal(signed(bits), name=f"{name}_{key}") for key, bits in (("a", 30), ("b", 18), ("c", 48))}
        m.d.comb += [wide["a"].eq(a), wide["b"].eq(b), wide["c"].eq(c)]
        z = Cat(~accumulate, Const(1, 1), Const(0, 1))
        m.submodules[name] = Instance(
            "DSP48E2", **COMMON, p_AREG=1, p_ACASCREG=1, p_BREG=1, p_BCASCREG=1, p_DREG=0, p_ADREG=0, p_AMULTSEL="A",
            p_BMULTSEL="B", i_CLK=ClockSignal(), i_A=wide["a"], i_B=wide["b"], i_C=wide["c"], i_D=Const(0, 27),
            i_CARRYIN=carry, i_OPMODE=_opmode(z), i_INMODE=Const(0, 5), o_P=p)
        return p
    a1 = Signal(signed(27), name=f"{name}_a1", reset_less=True)
    b1 = Signal(signed(18), name=f"{name}_b1", reset_less=True)
    c1 = Signal(P_BITS - 1, name=f"{name}_c1", reset_less=True)
    again = Signal(name=f"{name}_again", reset_less=True)
    one = Signal(name=f"{name}_one", reset_less=True)
    multiplied = Signal(signed(45), name=f"{name}_m", reset_less=True)
    m.d.sync += [
        a1.eq(a), b1.eq(b), multiplied.eq(product(m, f"{name}_x", a1, b1, primitives=primitives)), c1.eq(c),
        again.eq(accumulate), one.eq(carry), p.eq(multiplied + Mux(again, p, c1) + one),
    ]
    return p
