"""Which device primitives templates instantiate: what a family of logic has of them, as plain data."""

from dataclasses import dataclass

__all__ = ["TWINS", "Primitives"]


@dataclass(frozen=True, kw_only=True)
class Primitives:
    """Forms of the cells that synthesis does not find by itself; what is left out is a behavioural twin.

    Parameters
    ----------
    carry : str
        CARRY8 or CARRY4: adders of three operands are LUT6_2 with this chain (cells/ternary.py).
    multiplexers : bool
        MUXF7 and MUXF8 join look-up tables of six inputs (cells/multiplex.py).
    multiply_add : str
        DSP48E2 or DSP48E1, with registers and adder (cells/dsp.py).
    product : str
        MULTALU27X18: the multiplier alone, where Yosys infers none (cells/dsp.py).
    distributed : bool
        Look-up tables can be memories. False: synthesis chooses what memories are made of.
    """

    carry: str = ""
    multiplexers: bool = False
    multiply_add: str = ""
    product: str = ""
    distributed: bool = True


#: None of them: what simulation uses.
TWINS = Primitives()
