"""What no other beats: of two values that are to be small, among those that fit."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from ..studies.study import Done

__all__ = ["fits", "front_of", "layers", "spread", "unbeaten"]

T = TypeVar("T")


def unbeaten(every: Sequence[T], values: Callable[[T], tuple[float, ...]]) -> list[T]:
    """Those that no other is as good as in both values and better in one, by the first; equal ones count once."""
    found: list[T] = []
    for each in sorted(every, key=values):
        if not found or values(each)[1] < values(found[-1])[1]:
            found.append(each)
    return found


def front_of(done: Sequence[Done]) -> list[Done]:
    """The front of those that fit, the fastest first."""
    return unbeaten([each for each in done if fits(each)], lambda each: each.worth.values)


def layers(done: Sequence[Done], count: int) -> Iterator[list[Done]]:
    """The front, the front of what is left, and so on, until there are so many; then the nearest to fitting."""
    left = {each.slot: each for each in done if fits(each)}
    given = 0
    while left and given < count:
        layer = unbeaten(list(left.values()), lambda each: each.worth.values)
        for each in layer:
            del left[each.slot]
        given += len(layer)
        yield layer
    if given < count:
        yield sorted((each for each in done if not fits(each)), key=lambda each: each.worth.excess or 0.0)


def fits(done: Done) -> bool:
    """Whether the board holds it with room for the router."""
    return done.worth.excess is not None and done.worth.excess <= 0


def spread(front: Sequence[T], count: int, keep: int) -> list[T]:
    """So many of a front at most, three at least: both ends, the place ``keep``, and others evenly between."""
    if len(front) <= max(3, count):
        return list(front)
    steps = max(1, count - 2)
    return [front[place] for place in sorted({keep, *(round(k * (len(front) - 1) / steps) for k in range(steps + 1))})]
