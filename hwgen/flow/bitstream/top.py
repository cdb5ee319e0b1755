"""Verilog of the top of a bitstream: clock, serial bridge, and the accelerator that a build has."""

from rtl_templates.serial.clocks import Clock, clock_of
from rtl_templates.serial.top import SerialTop

from ...errors import HwgenError
from ..verilog import TOP, convert

__all__ = ["SERIAL_TOP", "Clock", "choose_clock", "divisor_of", "top_verilog"]

SERIAL_TOP = "serial_top"

#: Seconds without a byte after which the bridge forgets a frame: a host's USB stack may pause, and it must be over
#: before the host sends again (hwgen/driver/serial_board.py: PATIENCE_S).
PATIENCE_S = 0.1

#: Of the wire: both ends sample in the middle of a bit, ten bits after the edge that they count from.
MOST_DEVIATION = 0.02


def choose_clock(family: str, pin_mhz: float, wanted_mhz: float) -> Clock:
    """The fastest clock that a board's oscillator gives and that is not faster than wanted.

    Raises
    ------
    HwgenError
        There is none.
    """
    try:
        return clock_of(family, pin_mhz, wanted_mhz)
    except ValueError as error:
        raise HwgenError(str(error), "clock of the bitstream",
                         f"ask for {pin_mhz:g} MHz or more; without a PLL there is no other clock") from None


def divisor_of(clock: Clock, baud: int) -> int:
    """Cycles of a bit.

    Raises
    ------
    HwgenError
        The clock is too slow for it, or no number of cycles is near enough.
    """
    divisor = round(clock.mhz * 1e6 / baud)
    if divisor < 4 or abs(clock.mhz * 1e6 / divisor / baud - 1) > MOST_DEVIATION:
        raise HwgenError(f"{baud:,} baud cannot be made of {clock.mhz:g} MHz", "baud rate of the bitstream",
                         f"choose a clock that is a multiple of it, or at most {clock.mhz * 1e6 / 4:,.0f} baud")
    return divisor


def top_verilog(clock: Clock, *, divisor: int, patience: int) -> str:
    """The top, without the accelerator: module :data:`SERIAL_TOP`."""
    return convert({SERIAL_TOP: SerialTop(TOP, clock=clock, divisor=divisor, patience=patience)})
