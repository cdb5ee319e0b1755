"""Pins and clock of a board, in the words of each tool."""

from boards import Bitstream

__all__ = ["PORTS", "constraints"]

#: Ports of the top, and entries of the board's file with their pins.
PORTS = ("clock_pin", "receive_pin", "transmit_pin")


def constraints(flow: str, pins: Bitstream) -> str:
    """The file that names pins.

    Parameters
    ----------
    flow : str
        ``ecp5`` (LPF), ``gowin`` (CST) or ``gatemate`` (CCF).
    """
    places = {port: getattr(pins, port) for port in PORTS}
    if flow == "ecp5":
        lines = [f'FREQUENCY PORT "clock_pin" {pins.pin_mhz:g} MHZ;']
        for port, pin in places.items():
            lines += [f'LOCATE COMP "{port}" SITE "{pin}";', f'IOBUF PORT "{port}" IO_TYPE={pins.standard};']
    elif flow == "gowin":
        lines = []
        for port, pin in places.items():
            lines += [f'IO_LOC "{port}" {pin};', f'IO_PORT "{port}" IO_TYPE={pins.standard};']
    else:
        lines = [f'Net "{port}" Loc = "{pin}";' for port, pin in places.items()]
    return "\n".join([f"# {pins.source}" if flow != "gowin" else f"// {pins.source}", *lines, ""])
