"""Wide multiplexers: MUXF7 and MUXF8 join LUT6s at no cost, which Yosys does not use by itself."""

from collections.abc import Sequence

from amaranth import Array, Instance, Module, Signal, Value

from .primitives import Primitives

__all__ = ["multiplex"]


def multiplex(m: Module, name: str, choices: Sequence[Value], index: Value, *, primitives: Primitives) -> Value:
    """Return ``choices[index]``; an index past the end selects anything.

    Parameters
    ----------
    m : Module
    name : str
        Prefix of signals and cells.
    choices : sequence of Value
        Of equal width.
    index : Value
    primitives : Primitives
        Join groups of four choices by MUXF7 and MUXF8 instead of leaving the whole to synthesis.
    """
    if len(choices) == 1:
        return choices[0]
    if not primitives.multiplexers or len(choices) <= 4:
        return Array(choices)[index]
    width = len(choices[0])
    level: list[Value] = [Array(choices[k:k + 4])[index[:2]] for k in range(0, len(choices), 4)]
    for bit, cell in ((2, "MUXF7"), (3, "MUXF8")):
        if len(level) == 1:
            break
        joined: list[Value] = []
        for pair in range(0, len(level), 2):
            if pair + 1 == len(level):
                joined.append(level[pair])
                continue
            out = Signal(width, name=f"{name}_{cell}_{pair}")
            sides = []
            for side in range(2):
                sides.append(Signal(width, name=f"{name}_{cell}_{pair}_{side}"))
                m.d.comb += sides[-1].eq(level[pair + side])
            for k in range(width):
                m.submodules[f"{name}_{cell}_{pair}_{k}"] = Instance(
                    cell, i_I0=sides[0][k], i_I1=sides[1][k], i_S=index[bit], o_O=out[k])
            joined.append(out)
        level = joined
    return Array(level)[index[4:]] if len(level) > 1 else level[0]
