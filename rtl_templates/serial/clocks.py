"""Clocks of boards: a pin's clock, or what a family's PLL makes of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amaranth import Const, Instance, Module, Signal

__all__ = ["Clock", "clock_of"]

# EHXPLLL (Lattice FPGA-DS-02012, "ECP5 and ECP5-5G Family Data Sheet", sysCLOCK PLL timing), MHz.
_VCO = (400.0, 800.0)
_LEAST_REFERENCE = 8.0
_MOST_DIVISOR = 128


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A clock, and what makes it of the pin's.

    Parameters
    ----------
    mhz : float
        What comes out.
    family : str
        Whose PLL; empty: none, the pin itself.
    pin_mhz : float
    divisors : tuple of int
        Of an ECP5: of the reference, of the feedback, of the output.
    """

    mhz: float
    family: str
    pin_mhz: float
    divisors: tuple[int, int, int] = (1, 1, 1)

    def place(self, m: Module, pin: Signal) -> tuple[Signal, Signal]:
        """The clock, and whether it is steady."""
        clock, locked = Signal(name="pll_clock"), Signal(name="pll_locked")
        if self.family == "ecp5":
            m.submodules.pll = _ecp5(self, pin, clock, locked)
        elif self.family == "gatemate":
            m.submodules.pll = Instance(
                "CC_PLL", p_REF_CLK=f"{self.pin_mhz:g}", p_OUT_CLK=f"{self.mhz:g}", p_PERF_MD="ECONOMY",
                p_LOW_JITTER=1, p_CI_FILTER_CONST=2, p_CP_FILTER_CONST=4, i_CLK_REF=pin, i_CLK_FEEDBACK=Const(0, 1),
                i_USR_CLK_REF=Const(0, 1), i_USR_LOCKED_STDY_RST=Const(0, 1), o_CLK0=clock, o_USR_PLL_LOCKED=locked)
        else:
            m.d.comb += [clock.eq(pin), locked.eq(1)]
        return clock, locked


def clock_of(family: str, pin_mhz: float, wanted_mhz: float) -> Clock:
    """The fastest clock that is not faster than wanted: by a PLL that the open tools can set, else the pin's.

    Raises
    ------
    ValueError
        There is none.
    """
    if family == "ecp5":
        found = max(_ecp5_clocks(pin_mhz, wanted_mhz), default=None,
                    key=lambda clock: (clock.mhz, -clock.divisors[0]))
    elif family == "gatemate":
        found = Clock(mhz=wanted_mhz, family=family, pin_mhz=pin_mhz) if wanted_mhz >= 1 else None
    else:
        found = Clock(mhz=pin_mhz, family="", pin_mhz=pin_mhz) if wanted_mhz >= pin_mhz else None
    if found is None:
        raise ValueError(f"{wanted_mhz:g} MHz cannot be made of {pin_mhz:g} MHz")
    return found


def _ecp5_clocks(pin_mhz: float, wanted_mhz: float) -> Iterator[Clock]:
    """Every setting whose feedback comes from the output: f = pin * feedback / reference, VCO = f * output."""
    for reference in range(1, int(pin_mhz / _LEAST_REFERENCE) + 1):
        for feedback in range(1, _MOST_DIVISOR + 1):
            mhz = pin_mhz * feedback / reference
            if mhz > wanted_mhz * (1 + 1e-9):
                break
            output = min(_MOST_DIVISOR, int(_VCO[1] / mhz))
            if _VCO[0] <= mhz * output <= _VCO[1]:
                yield Clock(mhz=mhz, family="ecp5", pin_mhz=pin_mhz, divisors=(reference, feedback, output))


def _ecp5(clock: Clock, pin: Signal, out: Signal, locked: Signal) -> Instance:
    reference, feedback, output = clock.divisors
    off: dict[str, Any] = {f"i_{name}": Const(0, 1) for name in (
        "RST", "STDBY", "PHASESEL0", "PHASESEL1", "PHASEDIR", "PHASESTEP", "PHASELOADREG", "PLLWAKESYNC", "ENCLKOP",
        "ENCLKOS", "ENCLKOS2", "ENCLKOS3")}
    return Instance(
        "EHXPLLL", p_CLKI_DIV=reference, p_CLKFB_DIV=feedback, p_CLKOP_DIV=output, p_CLKOP_ENABLE="ENABLED",
        p_CLKOP_CPHASE=output // 2, p_CLKOP_FPHASE=0, p_FEEDBK_PATH="CLKOP", p_PLLRST_ENA="DISABLED",
        p_INTFB_WAKE="DISABLED", p_STDBY_ENABLE="DISABLED", p_DPHASE_SOURCE="DISABLED", p_OUTDIVIDER_MUXA="DIVA",
        i_CLKI=pin, i_CLKFB=out, o_CLKOP=out, o_LOCK=locked, **off)
