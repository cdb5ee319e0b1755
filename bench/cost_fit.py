"""The fit of cost functions: coefficients of their terms, by least squares of relative errors."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from hwgen.flow.resources import Usage
from hwgen.targets.banked import area as banked_area
from hwgen.targets.banked.hardware import Hardware as Banked
from hwgen.targets.costs import Cost
from hwgen.targets.lists import area as lists_area
from hwgen.targets.lists.hardware import Hardware as Lists

__all__ = ["PARTS", "RESOURCES", "Point", "as_text", "cost_of", "fit", "points"]

PARTS = (("banked", "group"), ("banked", "server"), ("banked", "shell"), ("lists", "unit"), ("lists", "shell"))
RESOURCES = ("lut", "ff", "lutram")
NOISE = 0.015  # of a count that no term explains
#: How far coefficients may be from what is expected, as a standard deviation: by their own size, and by what they make
#: of a count; of what the structure says, and of families that are alike. Few points leave terms undecided.
SPREAD = {False: (0.3, 0.03), True: (0.15, 0.01)}
#: What the structure says of coefficients: bits that are a look-up table each (of six inputs, of four).
EXPECTED: Mapping[str, tuple[float, float]] = {
    "network": (1, 2), "sums": (1, 1), "raised": (0, 2), "sections": (1, 1), "old words": (0, 3), "queues": (2, 3),
    "two operands": (1, 1), "three operands": (1, 3), "table addresses": (1, 2), "tables": (1, 1), "hold": (1, 1),
    "planes": (1, 2), "word": (1, 2), "digits": (0.3, 1), "codes": (2, 5), "results": (1, 1), "second word": (1, 1),
    "joined slices": (1, 1),
    "lanes": (35, 290), "pairs": (1.7, 3.4), "accumulators": (1, 2), "words": (1, 1), "steps": (1, 1), "store": (1, 2),
    "requantizer lanes": (120, 300), "control": (250, 480), "search": (14, 28), "largest": (36, 60), "leaky": (24, 48),
    "old sums": (1, 2), "maxima": (36, 60), "maximum": (0.5, 1)}
REGISTERS: Mapping[str, float] = {"control": 150}  # the same of flip-flops
#: Coefficients that may be negative: what optimization takes away from what was counted.
FREE = frozenset({"one", "lanes", "requantizer lanes", "own lanes", "second lanes", "combine", "wide"})


@dataclass(frozen=True, kw_only=True)
class Point:
    """A part that was synthesized."""

    hardware: Banked | Lists
    counted: Usage
    cost: Cost


def cost_of(target: str, part: str, hardware: Mapping[str, int], family: str) -> tuple[Banked | Lists, Cost]:
    """Hardware of a line, and what its cost function says."""
    if target == "banked":
        banked = Banked(**hardware)
        return banked, banked_area.COSTS[part](banked, family)
    lists = Lists(**hardware)
    return lists, lists_area.COSTS[part](lists, family)


def points(lines: Iterable[Mapping[str, Any]]) -> list[Point]:
    """Lines of parts as points."""
    found = []
    for line in lines:
        hardware, cost = cost_of(line["target"], line["part"], line["hardware"], line["family"])
        found.append(Point(hardware=hardware, counted=Usage(**line["used"]), cost=cost))
    return found


def fit(some: Sequence[Point], resource: str, four: bool,
        before: Mapping[str, float] | None = None) -> dict[str, float]:
    """Coefficients of the terms of a resource.

    Parameters
    ----------
    some : sequence of Point
        Of one part and family.
    four : bool
        Look-up tables have four inputs.
    before : mapping or None
        Coefficients of families that are alike: what is expected.
    """
    names = sorted({name for point in some for name in getattr(point.cost, resource)})
    if not names:
        return dict(before or {})
    counted = np.array([max(1, getattr(point.counted, resource)) for point in some], dtype=float)
    exact = np.array([getattr(point.cost.exact, resource) for point in some])
    terms = np.array([[getattr(point.cost, resource)[name] for name in names] for point in some]) / counted[:, None]
    rest = np.array([getattr(point.counted, resource) for point in some]) / counted - exact / counted
    expected = np.array([_expected(name, resource, four, before) for name in names])
    own, share = SPREAD[before is not None]
    spread = np.array([own * abs(mean) if mean else share / max(size, 1e-9)
                       for mean, size in zip(expected, np.abs(terms).mean(axis=0), strict=True)])
    spread[[name == "one" for name in names]] = np.inf
    found = _least_squares(terms, rest, expected, [name in FREE for name in names], NOISE / spread)
    return {name: round(float(each), 4) for name, each in zip(names, found, strict=True) if abs(each) > 1e-4}


def _expected(name: str, resource: str, four: bool, before: Mapping[str, float] | None) -> float:
    if before is not None:
        return before.get(name, 0.0)
    return EXPECTED.get(name, (0, 0))[four] if resource == "lut" else REGISTERS.get(name, 0.0)


def _least_squares(terms: NDArray[np.float64], rest: NDArray[np.float64], expected: NDArray[np.float64],
                   free: Sequence[bool], pull: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of relative errors, and of how far coefficients are from what is expected, in units of the same noise."""
    matrix = np.vstack([terms, np.diag(pull)])
    wanted = np.concatenate([rest, pull * expected])
    low = np.where(free, -np.inf, 0.0)
    found: NDArray[np.float64] = lsq_linear(matrix, wanted, bounds=(low, np.inf)).x
    return found


def as_text(data: Mapping[str, Any]) -> str:
    """Of a file that people compare line by line."""
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
