"""What is preferred of designs that a board could hold: room for the router, whole graphs, few cycles, then area."""

from collections.abc import Mapping, Sequence

from boards import Board

from ..targets.target import Candidate
from .wishes import Wishes

__all__ = ["ANY", "COMFORT", "WORTH", "kinds", "order", "stages"]

#: Largest share of each resource that a chosen design may take: routers want room.
COMFORT: Mapping[str, float] = {"lut": 0.85, "ff": 0.85, "lutram": 0.90, "dsp": 0.90, "bram36": 0.97, "uram": 0.97}

_FULL: Mapping[str, float] = {}  # no more than there is
ANY: Mapping[str, float] = dict.fromkeys(COMFORT, float("inf"))

#: A smaller design is preferred to one that is expected to be faster by less than this.
WORTH = 1.03


def kinds(wishes: Wishes) -> list[bool]:
    """Whether runs are windows: whole graphs are preferred, unless the user says otherwise."""
    return [False, True] if wishes.windows is None else [wishes.windows]


def stages(wishes: Wishes) -> list[tuple[bool, Mapping[str, float]]]:
    """Whether runs are windows, and limits, best first: comfort decides first, unless the hardware is fixed."""
    if wishes.hardware:
        return [(windows, limits) for windows in kinds(wishes) for limits in (COMFORT, _FULL)]
    return [(windows, limits) for limits in (COMFORT, _FULL) for windows in kinds(wishes)]


def order(candidates: Sequence[Candidate], board: Board, limits: Mapping[str, float]) -> list[Candidate]:
    """Those that are expected to fit, the fastest first, and of those about as fast the smallest.

    A design that is no smaller than a refused one of its target is not tried.
    """
    size = {id(each): each.area.fullest(board, limits)[1] for each in candidates}
    left = [each for each in candidates if size[id(each)] <= 1]
    chosen: list[Candidate] = []
    while left:
        fastest = min(each.cycles for each in left)
        best = min((each for each in left if each.cycles <= WORTH * fastest), key=lambda each: size[id(each)])
        chosen.append(best)
        left = [each for each in left if each.target is not best.target or size[id(each)] < size[id(best)]]
    return chosen
