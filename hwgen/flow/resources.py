"""Resources of a design: Yosys cells as the vendor counts them, summed over components, against a board."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from pathlib import Path

from boards import Board

from ..errors import CapacityError
from . import yosys
from .families import Family, family_of

__all__ = ["Component", "Resources", "Usage", "count", "estimate"]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """An amount of each resource, in units of the family.

    Parameters
    ----------
    lut : int
        Look-up tables, those used as memory and shift registers included.
    ff : int
    bram36 : float
        In 36 kbit blocks; an 18 kbit block is half of one. GateMate's have 40 and 20.
    uram, dsp : int
    lutram : int
        The part of ``lut`` that is memory or shift register.
    carry8 : int
    """

    lut: int = 0
    ff: int = 0
    bram36: float = 0
    uram: int = 0
    dsp: int = 0
    lutram: int = 0
    carry8: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(**{field.name: getattr(self, field.name) + getattr(other, field.name)
                        for field in fields(self)})

    def __mul__(self, times: int) -> "Usage":
        return Usage(**{field.name: getattr(self, field.name) * times for field in fields(self)})


@dataclass(frozen=True, kw_only=True)
class Component:
    """One kind of component: how often the design has it, and what one takes."""

    name: str
    count: int
    one: Usage


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a design takes, by component.

    Parameters
    ----------
    components : tuple of Component
        Those that the design has many times, and ``shell``.
    method : str
        How it was counted; printed wherever the numbers are.
    """

    components: tuple[Component, ...]
    method: str = "cells of Yosys"

    @property
    def total(self) -> Usage:
        return sum((part.one * part.count for part in self.components), Usage())

    def utilisation(self, board: Board) -> dict[str, tuple[float, int, float]]:
        """Used, available, and the used fraction, of every resource that the board has."""
        have = asdict(board.resources)
        used = asdict(self.total)
        return {name: (used[name], have[name], used[name] / have[name]) for name in have if have[name]}

    def fullest(self, board: Board, limits: Mapping[str, float] | None = None) -> tuple[str, float]:
        """The resource of which the largest share of what may be used is used, and that share: above 1 is too much.

        Parameters
        ----------
        limits : mapping or None
            Share of the board's that may be used; without an entry all of it.
        """
        have, used, limits = asdict(board.resources), asdict(self.total), limits or {}
        shares = {name: used[name] / (limits.get(name, 1.0) * have[name]) if have[name] else float("inf")
                  for name in have if have[name] or used[name]}
        name = max(shares, key=lambda each: shares[each])
        return name, shares[name]

    def check_fit(self, board: Board, space: Mapping[str, Sequence[int]]) -> None:
        """Refuse a design that exceeds the board.

        Parameters
        ----------
        space : mapping
            Hardware parameters that trade area for speed, and their values, largest first.

        Raises
        ------
        CapacityError
            Names the resource, by how much it is exceeded, and the numbers of components or the board that fit.
        """
        over = _exceeded(self.total, board)
        if not over:
            return
        unit = family_of(board).unit
        what = "the design needs " + "; ".join(f"{used:,g} of {have:,} {unit(name)}, {used - have:,g} too many"
                                               for name, used, have in over)
        by = ", by formulas" if "formulas" in self.method else ""
        raise CapacityError(f"{what}{by}", f"board {board.name}", self._fix(board, space))

    def _fix(self, board: Board, space: Mapping[str, Sequence[int]]) -> str:
        """The setting nearest to this one that fits by the same counts, or boards that hold it."""
        have = {part.name: part.count for part in self.components if f"{part.name}s" in space}
        fewer = {name: [count for count in space[f"{name}s"] if count <= most] for name, most in have.items()}
        points = sorted(product(*fewer.values()), key=lambda point: (math.prod(point), point[::-1]), reverse=True)
        for point in points:
            counts = dict(zip(fewer, point, strict=True))
            smaller = Resources(components=tuple(replace(part, count=counts.get(part.name, part.count))
                                                 for part in self.components))
            if not _exceeded(smaller.total, board):
                options = " ".join(f"--{name}s {count}" for name, count in counts.items() if count < have[name])
                return f"use {options}, which fits by the same counts"
        import boards

        larger = [name for name in boards.names() if boards.load(name).family == board.family
                  and not _exceeded(self.total, boards.load(name))]
        if larger:
            return f"use a larger board ({', '.join(larger)})"
        return "use --windows, which runs graphs part by part, or narrower layers: no board holds this"


def count(cells: yosys.Cells, family: Family) -> Usage:
    """Count a component's cells as vendors' reports do.

    Raises
    ------
    ValueError
        A cell of an unknown type: better than a resource that is silently left out.
    """
    known = {name for weights in family.weights.values() for name in weights} | family.free
    if (unknown := set(cells) - known):
        raise ValueError(f"cells of unknown cost: {sorted(unknown)}")
    amounts = {name: sum(cells.get(cell, 0) * weight for cell, weight in weights.items())
               for name, weights in family.weights.items()}
    bram36 = amounts.pop("bram36")
    return Usage(bram36=bram36, **{name: math.ceil(amount) for name, amount in amounts.items()})


def estimate(design: Path, parts: Mapping[str, Sequence[str]], family: Family) -> Resources:
    """Synthesize a design with Yosys (cached by content) and count.

    Parameters
    ----------
    parts : mapping
        As of :func:`hwgen.flow.yosys.synthesize`.
    family : Family

    Raises
    ------
    ToolError
        Yosys failed.
    """
    found = yosys.synthesize(design, parts, family)
    return Resources(components=tuple(Component(name=name, count=times, one=count(cells, family))
                                      for name, (times, cells) in found.items()),
                     method=f"{family.method}; components multiplied and summed")


def _exceeded(usage: Usage, board: Board) -> list[tuple[str, float, int]]:
    have = asdict(board.resources)
    used = asdict(usage)
    return [(name, used[name], have[name]) for name in have if used[name] > have[name]]
