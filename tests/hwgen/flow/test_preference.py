"""The order in which designs are tried."""

from dataclasses import dataclass
from typing import Any

import pytest

import boards
from hwgen.flow.preference import COMFORT, WORTH, order, stages
from hwgen.flow.resources import Component, Resources, Usage
from hwgen.flow.wishes import Wishes

BOARD = boards.load("ultra96")
FULL: dict[str, float] = {}


@dataclass(frozen=True)
class Design:
    """What the order asks of a candidate."""

    target: str
    cycles: float
    share: float

    @property
    def area(self) -> Resources:
        """That share of the board's look-up tables."""
        one = Usage(lut=self.share * BOARD.resources.lut)
        return Resources(components=(Component(name="all", count=1, one=one),))


def tried(*designs: Design, limits: Any = FULL) -> list[Design]:
    return list(order(designs, BOARD, limits))


def test_the_fastest_comes_first_and_of_a_target_only_smaller_ones_follow() -> None:
    fastest, as_large, larger, smaller = (Design("banked", cycles, share) for cycles, share in (
        (100, 0.5), (120, 0.5), (150, 0.7), (200, 0.3)))
    other = Design("lists", 130, 0.9)
    assert tried(smaller, other, larger, as_large, fastest) == [fastest, other, smaller]


def test_of_designs_about_as_fast_the_smallest_comes_first() -> None:
    fastest, close, slower = Design("banked", 100, 0.5), Design("banked", 100 * WORTH, 0.4), Design("lists", 104, 0.1)
    assert tried(fastest, close, slower) == [close, slower]


def test_what_is_too_large_is_not_tried() -> None:
    inside, above = Design("banked", 200, COMFORT["lut"]), Design("lists", 100, COMFORT["lut"] + 0.01)
    assert tried(inside, above, limits=COMFORT) == [inside]
    assert tried(inside, above) == [above, inside]


@pytest.mark.parametrize(("wishes", "expected"), [
    (Wishes(), [(False, COMFORT), (True, COMFORT), (False, FULL), (True, FULL)]),
    (Wishes(hardware={"groups": 4}), [(False, COMFORT), (False, FULL), (True, COMFORT), (True, FULL)]),
    (Wishes(windows=True), [(True, COMFORT), (True, FULL)]),
    (Wishes(windows=False, hardware={"groups": 4}), [(False, COMFORT), (False, FULL)]),
], ids=("nothing is fixed", "fixed hardware", "windows", "whole graphs on fixed hardware"))
def test_comfort_comes_before_whole_graphs_unless_the_hardware_is_fixed(wishes: Wishes, expected: object) -> None:
    assert stages(wishes) == expected
