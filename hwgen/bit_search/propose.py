"""Which assignment comes next: SGQuant's loop with a regression tree, and random search beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

from ..studies.study import Assignment, Done

__all__ = ["SAMPLERS", "Proposer", "Sampler"]

Sampler = Literal["tree", "random"]
SAMPLERS: tuple[Sampler, ...] = ("tree", "random")

#: Slots of a round: proposed from what earlier rounds gave, so that as many processes can work side by side.
ROUND = 4
#: Assignments that predictions choose from in a round (SGQuant draws as many).
DRAWN = 2000
#: Share of these that change a knob or two of the best ones that are known, instead of being drawn anew.
NEAR = 0.5


@dataclass(frozen=True, kw_only=True)
class Proposer:
    """Draws assignments; the same for the same arguments.

    Parameters
    ----------
    choices : mapping
        Knob -> widths to choose from, ascending.
    seed : int
    floor : float
        Accuracy that is asked for.
    sampler : "tree" or "random"
    first : int
        Slots that are drawn at random before anything is predicted. The very first has all knobs at their widest.
    """

    choices: Mapping[str, Sequence[int]]
    seed: int
    floor: float
    sampler: Sampler = "tree"
    first: int = 12

    def known_before(self, slot: int) -> int:
        """How many first slots the proposal of a slot rests on."""
        if self.sampler == "random" or slot < self.first:
            return 0
        return self.first + (slot - self.first) // ROUND * ROUND

    def __call__(self, slot: int, known: Sequence[Done]) -> Assignment:
        """The assignment of a slot, from what was measured in the slots that it rests on."""
        if slot == 0:
            return {name: max(widths) for name, widths in self.choices.items()}
        if self.known_before(slot) == 0 or not known:
            return self._named(self._drawn(np.random.default_rng([self.seed, slot]), 1)[0])
        ranked = self._ranked(known, np.random.default_rng([self.seed, self.known_before(slot)]))
        return self._named(ranked[(slot - self.first) % ROUND])

    def _ranked(self, known: Sequence[Done], rng: np.random.Generator) -> NDArray[np.int64]:
        """New assignments: first those that are predicted to be accurate enough, by cost; then by accuracy."""
        done = np.array([[each.assignment[name] for name in self.choices] for each in known])
        cost, accuracy = np.array([each.worth.values for each in known]).T
        good = done[np.lexsort((cost, accuracy < self.floor))[:ROUND]]
        near = int(NEAR * DRAWN)
        drawn = np.vstack([self._drawn(rng, DRAWN - near), self._changed(rng, good, near)])
        drawn = np.unique(drawn, axis=0)
        new = drawn[~(drawn[:, None] == done[None]).all(axis=2).any(axis=1)]
        if not len(new):  # every assignment is known
            return drawn[np.arange(ROUND) % len(drawn)]
        # More bits are hardly ever less accurate: a tree that knows it needs far fewer measurements.
        tree = DecisionTreeRegressor(monotonic_cst=[1] * done.shape[1], random_state=self.seed).fit(done, accuracy)
        likely, costs = tree.predict(new), LinearRegression().fit(done, cost).predict(new)
        order = np.lexsort((costs, np.where(likely >= self.floor, 0.0, -likely)))
        # A round spreads over those that may do, from the cheapest up: where the prediction is wrong, it is wrong for
        # all that are as cheap.
        enough = max(ROUND, int((likely >= self.floor).sum()))
        places = [place * enough // ROUND % len(order) for place in range(ROUND)]
        return np.asarray(new[order[places]])

    def _drawn(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        return np.stack([rng.choice(np.asarray(each), count) for each in self.choices.values()], axis=1)

    def _changed(self, rng: np.random.Generator, good: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """Copies of good assignments with one knob or two drawn anew."""
        base, other = good[rng.integers(len(good), size=count)], self._drawn(rng, count)
        for _ in range(2):
            knob = rng.integers(base.shape[1], size=count)
            base[np.arange(count), knob] = other[np.arange(count), knob]
        return base

    def _named(self, widths: NDArray[np.int64]) -> Assignment:
        return dict(zip(self.choices, (int(each) for each in widths), strict=True))
