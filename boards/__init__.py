"""Boards as data: one TOML file each, loaded into one frozen :class:`Board`."""

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from hwgen.documents import MOST_TOML, parse_toml, read_text
from hwgen.errors import HwgenError
from hwgen.kinds import Within, read_as, shown

__all__ = ["Bitstream", "Board", "Clock", "Memory", "Resources", "load", "names"]

#: Logic families, named as Yosys names them, and the tool chains that make their bitstreams.
FAMILIES = {"xcup": ("vivado", "vitis"), "xc7": ("vivado",), "ecp5": ("ecp5",), "gw5a": ("gowin",),
            "gatemate": ("gatemate",)}


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Totals of the part.

    Parameters
    ----------
    lut, ff : int
        Look-up tables (six inputs; four on ECP5 and Gowin; halves of a GateMate CPE) and flip-flops.
    bram36 : int
        Block RAM in units of 36 kbit, that is two blocks of 18 kbit; GateMate: two of 20 kbit.
    uram : int
        UltraRAM blocks of 288 kbit.
    dsp : int
    lutram : int
        Look-up tables that can serve as memory.
    """

    lut: Annotated[int, Within(1, 1 << 32)]
    ff: Annotated[int, Within(1, 1 << 32)]
    bram36: Annotated[int, Within(0, 1 << 32)]
    uram: Annotated[int, Within(0, 1 << 32)]
    dsp: Annotated[int, Within(0, 1 << 32)]
    lutram: Annotated[int, Within(0, 1 << 32)]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Where the accelerator's clock comes from, and the frequency that estimates assume."""

    assumed_mhz: Annotated[int, Within(1, 10_000)]
    source: str


@dataclass(frozen=True, kw_only=True)
class Memory:
    """External memory: ports into the fabric, their width, and the memory's own peak bandwidth."""

    kind: str
    mebibytes: Annotated[int, Within(1, 1 << 32)]
    ports: Annotated[int, Within(1, 1 << 16)]
    port_bits: Annotated[int, Within(8, 1 << 16)]
    peak_gb_per_s: Annotated[float, Within(0.001, 1e6)]


@dataclass(frozen=True, kw_only=True)
class Bitstream:
    """What an open bitstream needs beside the part: pins of a clock and of a serial line.

    Parameters
    ----------
    device : str
        The part as the place and route tool names it.
    clock_pin, receive_pin, transmit_pin : str
        ``receive_pin`` is the board's input.
    pin_mhz : float
        Of the oscillator.
    standard : str
        Voltage standard of the pins; empty where the tool's constraints have none.
    clock_mhz : float
        The accelerator's clock, unless the user asks for another.
    baud : int
        Of the serial line.
    source : str
        The public file that has the pins.
    """

    device: str
    clock_pin: str
    pin_mhz: Annotated[float, Within(1, 1000)]
    receive_pin: str
    transmit_pin: str
    standard: str
    clock_mhz: Annotated[float, Within(1, 1000)]
    baud: Annotated[int, Within(1200, 100_000_000)]
    source: str


@dataclass(frozen=True, kw_only=True)
class Board:
    """Everything hwgen knows of a board.

    Parameters
    ----------
    name, title : str
        What the user types, and what reports print.
    part, package : str
        The vendor's names.
    board_part : str or None
        Vivado's name of the board, which a processing system is set up from; where it is not installed the block design
        does without. May be left out of the file.
    family : str
        ``xcup`` (UltraScale+), ``xc7`` (7 series), ``ecp5``, ``gw5a`` (Gowin Arora V) or ``gatemate``, as Yosys names
        them.
    flow : str
        Tool chain from RTL to bitstream: ``vivado``, ``vitis``, ``ecp5``, ``gowin`` or ``gatemate``.
    resources : Resources
    clock : Clock
    memory : Memory
    bitstream : Bitstream or None
        None: no pins are known, or no open tool makes bitstreams for it. May be left out of the file.
    """

    name: str
    title: str
    part: str
    package: str
    family: str
    flow: str
    resources: Resources
    clock: Clock
    memory: Memory
    board_part: str | None = None
    bitstream: Bitstream | None = None


def names() -> list[str]:
    """Names of the boards that come with hwgen, sorted."""
    return sorted(entry.name.removesuffix(".toml") for entry in files(__name__).iterdir()
                  if entry.name.endswith(".toml"))


def load(name: str) -> Board:
    """Load a board by name, in any case, or from a path that ends in ``.toml``.

    Raises
    ------
    HwgenError
        Unknown board (the known ones are listed); unknown or missing key; a value of a wrong kind or out of bounds;
        unknown family or flow; a name that is no plain one.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.exists():
            raise HwgenError(f"there is no file {name}", "board", "give the path of a board's TOML file")
        text = read_text(path, "give the path of a board's TOML file", MOST_TOML)
    elif name.lower() in names():
        text = (files(__name__) / f"{name.lower()}.toml").read_text(encoding="utf-8")
    else:
        raise HwgenError(f"unknown board {shown(name)}", "board",
                         f"use one of {', '.join(names())}, or the path of your own board's TOML file")
    board = read_as(Board, parse_toml(text, name, "fix the file's syntax"), name)
    if not re.fullmatch(r"[\w+-][\w.+-]{0,99}", board.name, flags=re.ASCII):
        raise HwgenError(f"name is {shown(board.name)}", f"{name}: name",
                         "use letters, digits, - and _: it names folders")
    for key in ("part", "package", "board_part"):
        value = getattr(board, key) or ""
        if not re.fullmatch(r"[\w.:/+-]{0,100}", value, flags=re.ASCII):
            raise HwgenError(f"{key} is {shown(value)}", f"{name}: {key}",
                             "use the vendor's name: letters, digits and . : / + - _; scripts of tools get it")
    if board.flow not in FAMILIES.get(board.family, ()):
        known = "; ".join(f"{family} with {' or '.join(flows)}" for family, flows in FAMILIES.items())
        raise HwgenError(f"family {board.family!r} with flow {board.flow!r}", f"{name}: family", f"use {known}")
    return board
