"""Boards as data: one TOML file each, loaded into one frozen :class:`Board`."""

import tomllib
from dataclasses import dataclass, is_dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

__all__ = ["Board", "BoardError", "Clock", "Memory", "Resources", "load", "names"]

T = TypeVar("T")

#: Logic families, named as Yosys names them, and the tool chains that make their bitstreams.
FAMILIES = {"xcup": ("vivado", "vitis"), "xc7": ("vivado",), "ecp5": ("ecp5",)}


class BoardError(ValueError):
    """A board that cannot be used: what is wrong, where, and what fixes it."""

    def __init__(self, what: str, where: str, fix: str) -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(f"{what}\n  at {where}\n  {fix}")


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Totals of the part.

    Parameters
    ----------
    lut, ff : int
        Look-up tables (six inputs; four on ECP5) and flip-flops.
    bram36 : int
        Block RAM in units of 36 kbit.
    uram : int
        UltraRAM blocks of 288 kbit.
    dsp : int
    lutram : int
        Look-up tables that can serve as memory.
    """

    lut: int
    ff: int
    bram36: int
    uram: int
    dsp: int
    lutram: int


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Where the accelerator's clock comes from, and the frequency that estimates assume."""

    assumed_mhz: int
    source: str


@dataclass(frozen=True, kw_only=True)
class Memory:
    """External memory: ports into the fabric, their width, and the memory's own peak bandwidth."""

    kind: str
    mebibytes: int
    ports: int
    port_bits: int
    peak_gb_per_s: float


@dataclass(frozen=True, kw_only=True)
class Board:
    """Everything hwgen knows of a board.

    Parameters
    ----------
    name, title : str
        What the user types, and what reports print.
    part, package : str
        The vendor's names.
    family : str
        ``xcup`` (UltraScale+), ``xc7`` or ``ecp5``, as Yosys names them.
    flow : str
        Tool chain from RTL to bitstream: ``vivado``, ``vitis`` or ``ecp5``.
    resources : Resources
    clock : Clock
    memory : Memory
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


def names() -> list[str]:
    """Names of the boards that come with hwgen, sorted."""
    return sorted(entry.name.removesuffix(".toml") for entry in files(__name__).iterdir()
                  if entry.name.endswith(".toml"))


def load(name: str) -> Board:
    """Load a board by name, or from a path that ends in ``.toml``.

    Raises
    ------
    BoardError
        Unknown board (the known ones are listed); unknown or missing key; wrong type; unknown family or flow.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise BoardError(f"there is no file {name}", "board", "give the path of a board's TOML file")
        text = path.read_text(encoding="utf-8")
    elif name in names():
        text = (files(__name__) / f"{name}.toml").read_text(encoding="utf-8")
    else:
        raise BoardError(f"unknown board {name!r}", "board",
                         f"use one of {', '.join(names())}, or the path of your own board's TOML file")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"not TOML: {error}", name, "fix the file's syntax") from None
    board = _read(Board, data, name, "")
    if board.flow not in FAMILIES.get(board.family, ()):
        known = "; ".join(f"{family} with {' or '.join(flows)}" for family, flows in FAMILIES.items())
        raise BoardError(f"family {board.family!r} with flow {board.flow!r}", f"{name}: family",
                         f"use {known}")
    return board


def _read(kind: type[T], data: dict[str, Any], source: str, prefix: str) -> T:
    """Build a dataclass out of a table, refusing keys that are unknown, missing or of the wrong type."""
    types_ = get_type_hints(kind)
    expected = list(types_)
    for key in data:
        if key not in expected:
            raise BoardError(f"unknown key {prefix}{key}", source,
                             f"use {', '.join(prefix + known for known in expected)}")
    values: dict[str, Any] = {}
    for key in expected:
        if key not in data:
            raise BoardError(f"key {prefix}{key} is missing", source,
                             f"add {prefix}{key} ({_noun(types_[key])})")
        value = data[key]
        if is_dataclass(types_[key]) and isinstance(value, dict):
            values[key] = _read(types_[key], value, source, f"{prefix}{key}.")
        elif _fits(value, types_[key]):
            values[key] = value
        else:
            raise BoardError(f"{prefix}{key} is {value!r}", source, f"make it {_noun(types_[key])}")
    return kind(**values)


def _fits(value: object, kind: type) -> bool:
    if kind is str:
        return isinstance(value, str) and bool(value)
    if isinstance(value, bool) or is_dataclass(kind):
        return False
    return isinstance(value, (int, float) if kind is float else int) and value >= 0


def _noun(kind: type) -> str:
    nouns = {str: "a non-empty string", int: "an integer, zero or more", float: "a number, zero or more"}
    return nouns.get(kind, "a table")
