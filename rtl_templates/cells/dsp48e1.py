"""The multipliers of cells/dsp.py in DSP48E1 slices of the 7 series: 25 by 18 bits, pre-added on the wide side.

UG479, "7 Series DSP48E1 Slice": figure 2-1 (slice), table 2-5 (OPMODE), table 2-12 (INMODE). Latencies are those of
the DSP48E2, so that a design takes the same cycles on every family.
"""

from typing import Any

from amaranth import Cat, ClockSignal, Const, Instance, Module, Mux, Signal, Value, signed

__all__ = ["COMMON", "LOW", "multiply_accumulate", "product", "select_multiply_add"]

P_BITS = 48
A_BITS = 25  # signed, of the multiplier
LOW = 24  #: Bits of the wider factor that the first of two slices multiplies: no sign among them.

_ENABLES = {f"i_CE{name}": Const(1, 1) for name in ("A1", "A2", "B1", "B2", "C", "D", "AD", "M", "P", "CTRL", "INMODE",
                                                     "CARRYIN", "ALUMODE")}
_RESETS = {f"i_RST{name}": Const(0, 1) for name in ("A", "B", "C", "D", "M", "P", "CTRL", "INMODE", "ALLCARRYIN",
                                                     "ALUMODE")}
#: What every slice has, DSP48E2 too.
COMMON = {"p_CREG": 1, "p_MREG": 1, "p_PREG": 1, "p_OPMODEREG": 1, "p_ALUMODEREG": 0, "p_CARRYINREG": 1,
          "p_CARRYINSELREG": 0, "p_INMODEREG": 1, "p_USE_MULT": "MULTIPLY", "p_USE_SIMD": "ONE48",
          "i_ALUMODE": Const(0, 4), "i_CARRYINSEL": Const(0, 3), **_ENABLES, **_RESETS}

_UNREGISTERED = {f"p_{name}": 0 for name in ("CREG", "MREG", "PREG", "OPMODEREG", "CARRYINREG", "INMODEREG")}


def _slice(m: Module, name: str, *, a: Value, b: Value, c: Value, z: Value, registers: tuple[int, int] | None,
           carry: Value | None = None, d: Value | None = None, use_a: Value | None = None,
           use_d: Value | None = None) -> Signal:
    """``P = (a or a selection of a and d) * b + Z + carry``.

    Parameters
    ----------
    registers : (int, int) or None
        Of a and of b, before the multiplier; the pre-adder has one more. None: the slice has none at all.
    z : Value
        Three bits of OPMODE: 000 zero, 010 P, 011 C.
    d, use_a, use_d : Value or None
        With the pre-adder, its other operand, and which of both are added.
    """
    p = Signal(signed(P_BITS), name=f"{name}_p")
    ports = {key: Signal(signed(bits), name=f"{name}_{key}")
             for key, bits in (("a", 30), ("b", 18), ("c", P_BITS), ("d", A_BITS))}
    m.d.comb += [ports["a"].eq(a), ports["b"].eq(b), ports["c"].eq(c), ports["d"].eq(0 if d is None else d)]
    added, other = registers or (0, 0)
    mode: Value = Const(0, 5)
    own: dict[str, Any] = {"p_USE_DPORT": "FALSE", "p_DREG": 0, "p_ADREG": 0}
    if use_a is not None and use_d is not None:
        mode, own = Cat(Const(0, 1), ~use_a, use_d, Const(0, 2)), {"p_USE_DPORT": "TRUE", "p_DREG": 1, "p_ADREG": 1}
    m.submodules[name] = Instance(
        "DSP48E1", **COMMON | own | ({} if registers else _UNREGISTERED), p_AREG=added, p_ACASCREG=added, p_BREG=other,
        p_BCASCREG=other, i_CLK=ClockSignal(), i_A=ports["a"], i_B=ports["b"], i_C=ports["c"], i_D=ports["d"],
        i_CARRYIN=Const(0, 1) if carry is None else carry, i_OPMODE=Cat(Const(0b0101, 4), z), i_INMODE=mode, o_P=p)
    return p


def select_multiply_add(m: Module, name: str, *, x: Value, d: Value, use_x: Value, use_d: Value, a: Value, c: Value,
                        use_c: Value, wide: bool) -> Signal:
    """As :func:`rtl_templates.cells.dsp.select_multiply_add`, in one slice.

    With ``wide`` the pre-adder selects; operands and their sum have at most 25 bits. Else look-up tables do, before the
    narrow side, which has no pre-adder.

    Raises
    ------
    ValueError
        Operands that exceed the multiplier.
    """
    z = Cat(use_c, use_c, Const(0, 1))
    if max(len(x), len(d)) > (A_BITS if wide else 18) or len(a) >= (18 if wide else A_BITS):
        raise ValueError(f"{name}: {len(x)}, {len(d)} by {len(a)} bits exceed a multiplier of {A_BITS} by 18")
    if wide:
        return _slice(m, name, a=x, d=d, use_a=use_x, use_d=use_d, b=a, c=c, z=z, registers=(1, 2))
    x1, d1 = (Signal(signed(18), name=f"{name}_{key}1", reset_less=True) for key in "xd")
    uses, chosen = Signal(2, name=f"{name}_uses", reset_less=True), Signal(signed(18), name=f"{name}_chosen")
    m.d.sync += [x1.eq(x), d1.eq(d), uses.eq(Cat(~use_x, use_d))]
    m.d.comb += chosen.eq(Mux(uses[1], d1, 0) + Mux(uses[0], 0, x1))
    return _slice(m, name, a=a, b=chosen, c=c, z=z, registers=(2, 1))


def multiply_accumulate(m: Module, name: str, *, a: Value, b: Value, c: Value, accumulate: Value,
                        carry: Value) -> Signal:
    """As :func:`rtl_templates.cells.dsp.multiply_accumulate`, in two slices and an adder behind them.

    ``a`` is cut: its low LOW bits in one slice with addend and carry, the rest, signed, in the other; both accumulate.
    """
    factor = Signal(signed(27), name=f"{name}_factor")
    m.d.comb += factor.eq(a)
    low = _slice(m, f"{name}_low", a=Cat(factor[:LOW], Const(0, 1)), b=b, c=c,
                 z=Cat(~accumulate, Const(1, 1), Const(0, 1)), carry=carry, registers=(1, 1))
    high = _slice(m, f"{name}_high", a=factor[LOW:].as_signed(), b=b, c=Const(0, 1),
                  z=Cat(Const(0, 1), accumulate, Const(0, 1)), registers=(1, 1))
    p = Signal(signed(P_BITS), name=f"{name}_p")
    m.d.comb += p.eq(Cat(low[:LOW], low[LOW:] + high))
    return p


def product(m: Module, name: str, a: Value, b: Value) -> Value:
    """As :func:`rtl_templates.cells.dsp.product`, in a slice, or in two and an adder where one has more than 25 bits.

    Raises
    ------
    ValueError
        Operands that exceed two slices.
    """
    wide, narrow = (a, b) if len(a) > len(b) else (b, a)
    bits, other = (len(value) + (not value.shape().signed) for value in (wide, narrow))
    if bits > LOW + A_BITS or other > 18:
        raise ValueError(f"{name}: {len(a)} by {len(b)} bits exceed two multipliers of {A_BITS} by 18")
    nothing: dict[str, Any] = {"c": Const(0, 1), "z": Const(0, 3), "registers": None}
    if bits <= A_BITS:
        result: Value = _slice(m, name, a=wide, b=narrow, **nothing)
    else:
        factor = Signal(signed(bits), name=f"{name}_factor")
        m.d.comb += factor.eq(wide)
        low = _slice(m, f"{name}_low", a=Cat(factor[:LOW], Const(0, 1)), b=narrow, **nothing)
        high = _slice(m, f"{name}_high", a=factor[LOW:].as_signed(), b=narrow, **nothing)
        result = Cat(low[:LOW], low[LOW:] + high)
    return result[:len(a) + len(b)].as_signed()
