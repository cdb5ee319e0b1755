"""The loops of a quick schedule in Python: what quick.cpp does, result for result."""

from fractions import Fraction

import numpy as np

from ...arrays import Floats, Ints
from ..hardware import UNITS

__all__ = ["match_loop", "spread_loop"]

REFRESH = 8
"""Slots after which urgencies, and the order of elements, are those of the loads again."""

SCALE, SHIFT = 256, 16
"""Largest urgency, and largest share of a node's reads that crowd in a bank; bits of its inverse behind the point."""

POWER_OF_TWO = 4
"""A bin's price is the 2 ** this-th power of its load relative to its fair share."""


def spread_loop(demand: Floats, fair: Floats, order: Ints, bins: int, limit: int) -> Ints:
    """The bin of each item, as :func:`hwgen.targets.banked.schedule.quick.quick_spread`."""
    load, price = np.zeros((bins, len(fair))), np.zeros((bins, len(fair)))
    room = np.full(bins, limit)
    where = np.empty(len(demand), dtype=np.int64)
    for item in order.tolist():
        cost = np.where(room > 0, 0, np.inf)
        for resource in np.flatnonzero(demand[item]).tolist():  # one after the other: sums round as in C++
            cost += price[:, resource] * demand[item, resource]
        best = int(cost.argmin())
        where[item] = best
        room[best] -= 1
        load[best] += demand[item]
        price[best] = load[best] / fair
        for _ in range(POWER_OF_TWO):
            price[best] *= price[best]
    return where


def match_loop(counts: Ints, unit: Ints, order: Ints, look_ahead: int) -> tuple[Ints, Ints]:
    """Banks and nodes of every slot, as :func:`hwgen.targets.banked.schedule.quick.quick_match`, no empty nodes."""
    group = _Group(counts, unit, order, look_ahead)
    remaining = sum(group.reads)
    banks: list[list[int]] = []
    nodes: list[list[int]] = []
    while remaining:
        if len(banks) % REFRESH == 0:
            group.refresh()
        got = group.slot()
        banks.append(got)
        nodes.append([-1 if bank < 0 else node for bank, node in zip(got, group.open, strict=True)])
        for element, bank in enumerate(got):
            if bank >= 0:
                group.take(element, bank)
                remaining -= 1
    shape = (len(banks), UNITS)
    return np.array(banks, dtype=np.int64).reshape(shape), np.array(nodes, dtype=np.int64).reshape(shape)


class _Group:
    """One group on its way through its slots. Sets of banks are the bits of an integer."""

    def __init__(self, counts: Ints, unit: Ints, order: Ints, look_ahead: int) -> None:
        self.counts: list[list[int]] = counts.tolist()
        self.reads: list[int] = counts.sum(1).tolist()
        self.banks: list[int] = ((counts > 0) << np.arange(UNITS)).sum(1).tolist()
        self.queue: list[list[int]] = [[] for _ in range(UNITS)]
        for node in order.tolist():
            if self.reads[node]:
                self.queue[int(unit[node])].append(node)
        self.window = [queue[:look_ahead] for queue in self.queue]
        self.taken = [len(window) for window in self.window]
        self.offered = [0] * UNITS
        for element in range(UNITS):
            self._offer(element)
        self.open = [-1] * UNITS
        self.left: list[list[int]] = [[0] * UNITS for _ in range(UNITS)]
        self.open_left = [0] * UNITS
        self.inverse = [0] * UNITS  # SCALE / open_left, fixed point
        self.want = [0] * UNITS
        self.bank_load: list[int] = counts.sum(0).tolist()
        self.unit_load = [sum(self.reads[node] for node in queue) for queue in self.queue]
        self.urgency = [0] * UNITS
        self.order = list(range(UNITS))  # elements, the busiest first

    def _offer(self, element: int) -> None:
        """Banks of the nodes that an element chooses among."""
        self.offered[element] = 0
        for node in self.window[element]:
            self.offered[element] |= self.banks[node]

    def refresh(self) -> None:
        """The fourth power of each bank's load relative to the largest, up to SCALE; the busiest elements first."""
        top = max(1, *self.bank_load, *self.unit_load)
        for bank, load in enumerate(self.bank_load):
            share = SCALE * load // top
            self.urgency[bank] = share * share // SCALE * share // SCALE * share // SCALE
        self.order.sort(key=lambda element: -self.unit_load[element])

    def choose(self, element: int, choices: int) -> int:
        """The most urgent bank, in which most of the open node's reads crowd; -1 where there is no choice."""
        best, most = -1, -1
        for bank in range(UNITS):
            if choices >> bank & 1:
                score = self.urgency[bank]
                if self.open[element] >= 0:
                    score += self.left[element][bank] * self.inverse[element] >> SHIFT
                if score > most:
                    best, most = bank, score
        return best

    def begin(self, element: int, bank: int) -> None:
        """Open the node of the window that crowds most in a bank."""
        window = self.window[element]
        place = max(range(len(window)), key=lambda k: Fraction(self.counts[window[k]][bank], self.reads[window[k]]))
        node = window[place]
        self.open[element], self.open_left[element], self.want[element] = node, self.reads[node], self.banks[node]
        self.inverse[element] = (SCALE << SHIFT) // self.reads[node]
        self.left[element] = list(self.counts[node])
        if self.taken[element] < len(self.queue[element]):
            window[place] = self.queue[element][self.taken[element]]
            self.taken[element] += 1
        else:
            del window[place]
        self._offer(element)

    def slot(self) -> list[int]:
        """The bank that each element reads, or -1."""
        free = (1 << UNITS) - 1
        got, owner = [-1] * UNITS, [-1] * UNITS
        for element in self.order:
            wanted = self.offered[element] if self.open[element] < 0 else self.want[element]
            bank = self.choose(element, wanted & free)
            if bank < 0:  # one that is taken, where its element may read another
                for taken in (bank for bank in range(UNITS) if wanted >> bank & 1):
                    instead = self.choose(owner[taken], self.want[owner[taken]] & free)
                    if instead >= 0:
                        got[owner[taken]], owner[instead] = instead, owner[taken]
                        free &= ~(1 << instead)
                        bank = taken
                        break
            if bank < 0:
                continue
            if self.open[element] < 0:
                self.begin(element, bank)
            got[element], owner[bank] = bank, element
            free &= ~(1 << bank)
        return got

    def take(self, element: int, bank: int) -> None:
        """An element reads a bank."""
        self.bank_load[bank] -= 1
        self.unit_load[element] -= 1
        self.left[element][bank] -= 1
        self.open_left[element] -= 1
        if not self.left[element][bank]:
            self.want[element] &= ~(1 << bank)
        if self.open_left[element]:
            self.inverse[element] = (SCALE << SHIFT) // self.open_left[element]
        else:
            self.open[element] = -1
