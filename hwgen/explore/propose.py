"""Which design comes next: an evolution of those that no other beats, and random search beside it.

Optuna's NSGA-II crosses only what all designs have, and targets share no knob; and it asks its journal once a knob.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np

from ..studies.study import Assignment, Done
from .front import layers
from .space import target_of

__all__ = ["SAMPLERS", "Proposer", "Sampler"]

T = TypeVar("T")

Sampler = Literal["evolution", "random"]
SAMPLERS: tuple[Sampler, ...] = ("evolution", "random")

#: Slots of a generation: proposed from what earlier ones gave, so that as many processes can work side by side.
GENERATION = 24
#: Designs that the next generation descends from.
PARENTS = 32
#: Tries to find a design that is not known; and shares of children that one of two parents makes alone, and of
#: knobs that move to the next value, where they move at all.
TRIES, ALONE, NEXT = 20, 0.4, 0.5


@dataclass(frozen=True, kw_only=True)
class Proposer:
    """Draws assignments; the same for the same arguments.

    Parameters
    ----------
    knobs : sequence of mapping
        Of each target: knob -> values, ascending.
    seed : int
    sampler : "evolution" or "random"
    begin : sequence of Assignment
        What the evolution's first slots are: the default.
    first : int
        Slots, those of ``begin`` among them, before anything descends.
    """

    knobs: Sequence[Mapping[str, Sequence[int]]]
    seed: int
    sampler: Sampler = "evolution"
    begin: Sequence[Assignment] = ()
    first: int = 48
    _made: dict[int, list[Assignment]] = field(default_factory=dict, compare=False)

    def known_before(self, slot: int) -> int:
        """How many first slots the proposal of a slot rests on."""
        if self.sampler == "random" or slot < self.first:
            return 0
        return self.first + (slot - self.first) // GENERATION * GENERATION

    def __call__(self, slot: int, known: Sequence[Done]) -> Assignment:
        """The assignment of a slot, from what was measured in the slots that it rests on."""
        if self.sampler == "evolution" and slot < len(self.begin):
            return self.begin[slot]
        since = self.known_before(slot)
        if since == 0 or not known:
            return self._drawn(np.random.default_rng([self.seed, slot]))
        if since not in self._made:
            self._made.clear()
            self._made[since] = self._children(known, np.random.default_rng([self.seed, since]))
        return self._made[since][slot - since]

    def _children(self, known: Sequence[Done], rng: np.random.Generator) -> list[Assignment]:
        """A generation, each new if one is found."""
        parents = [each.assignment for layer in layers(known, PARENTS) for each in layer][:PARENTS]
        seen = {_key(each.assignment) for each in known}
        found: list[Assignment] = []
        for _ in range(GENERATION):
            for _ in range(TRIES):
                child = self._child(parents, rng)
                if _key(child) not in seen:
                    break
            else:
                child = self._drawn(rng)
            seen.add(_key(child))
            found.append(child)
        return found

    def _child(self, parents: Sequence[Assignment], rng: np.random.Generator) -> Assignment:
        """One or two parents crossed, and about a knob moved; better parents, which come first, more often."""
        one = parents[int(rng.integers(len(parents)) * rng.random())]
        same = [each for each in parents if target_of(each) == target_of(one)]
        other = one if rng.random() < ALONE else _one(same, rng)
        knobs = next(each for each in self.knobs if each.keys() == one.keys())
        child = {}
        for name, values in knobs.items():
            value = (one if rng.random() < 0.5 else other)[name]
            if rng.random() < 1.2 / len(knobs):
                value = _moved(values, value, rng)
            child[name] = value
        return child

    def _drawn(self, rng: np.random.Generator) -> Assignment:
        """Any design, of each target as likely."""
        return {name: _one(values, rng) for name, values in _one(self.knobs, rng).items()}


def _moved(values: Sequence[int], value: int, rng: np.random.Generator) -> int:
    """The next value, or any."""
    if rng.random() < NEXT:
        place = values.index(value) + (1 if rng.random() < 0.5 else -1)
        return values[min(max(place, 0), len(values) - 1)]
    return _one(values, rng)


def _one(every: Sequence[T], rng: np.random.Generator) -> T:
    return every[int(rng.integers(len(every)))]


def _key(assignment: Assignment) -> tuple[tuple[str, int], ...]:
    return tuple(assignment.items())
