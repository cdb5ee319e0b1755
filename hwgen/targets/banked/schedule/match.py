"""The slot scheduler of one group: who reads which bank in every slot (docs/decisions/0003-scheduler.md)."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from ...arrays import Ints
from ..hardware import UNITS

__all__ = ["LOOK_AHEAD", "LOOK_AHEAD_EVEN", "insert_empty", "lower_bound", "match", "queues"]

LOOK_AHEAD = 64
"""Nodes a processing element chooses its next one among."""

LOOK_AHEAD_EVEN = 4
"""The same where servers limit: nodes of like size then finish together, which keeps all servers busy."""

URGENCY = 4
"""Power of a bank's (a processing element's) remaining load relative to the busiest, in a read's weight."""


def lower_bound(counts: Ints, unit: Ints) -> int:
    """Slots that no schedule can beat: the load of the busiest bank or processing element.

    Parameters are those of :func:`match`.
    """
    busiest = np.bincount(unit, np.maximum(counts.sum(1), 1), UNITS).max(initial=0)
    return int(max(counts.sum(0).max(initial=0), busiest))


def match(counts: Ints, unit: Ints, look_ahead: int = LOOK_AHEAD) -> tuple[Ints, Ints]:
    """Schedule the reads of one group.

    Every slot is a maximum-weight bipartite matching of processing elements and banks (Kuhn 1955; SciPy's
    Jonker-Volgenant). An element with an open node can use the banks that node still reads; one without can
    use those of any node it may open next. A read weighs 1, so that idle elements come last; the more the
    nearer its bank and its element are to being the busiest (critical bank first); and, for an open node,
    the larger the part of its remaining reads that crowd in this bank. An element opens the node that
    crowds most in the bank it got.

    Parameters
    ----------
    counts : int64 [nodes, 16]
        Reads of each node from each bank.
    unit : int64 [nodes]
        Processing element of each node.
    look_ahead : int
        Nodes to choose the next one among: more is better and slower.

    Returns
    -------
    bank : int64 [slots, 16]
        Bank each element reads; -1 for none.
    node : int64 [slots, 16]
        Node it works on; -1 when idle. A node without reads takes one slot with bank -1.
    """
    left = counts.sum(1)
    waiting = queues(left, unit)
    bank_load = counts.sum(0).astype(np.float64)
    unit_load = np.bincount(unit, np.maximum(left, 1), UNITS)
    windows = [queue[:look_ahead] for queue in waiting]
    taken = [len(window) for window in windows]
    wanted = np.zeros((UNITS, UNITS))  # reads left of the open node, or 1 per bank of the window's nodes
    for p, window in enumerate(windows):
        wanted[p] = counts[window].any(0)
    open_node = np.full(UNITS, -1)
    open_left = np.ones(UNITS)
    remaining = int(left.sum())
    banks, nodes = [], []
    while remaining:
        top = max(bank_load.max(), unit_load.max())
        bank_urgency = (bank_load / top) ** URGENCY
        crowd = (wanted * (open_node >= 0)[:, None]) / open_left[:, None]
        weight = 1 + bank_urgency + ((unit_load / top) ** URGENCY)[:, None] + crowd
        units, chosen = linear_sum_assignment(np.where(wanted > 0, weight, 0), maximize=True)
        real = wanted[units, chosen] > 0
        units, chosen = units[real], chosen[real]
        idle = open_node[units] < 0
        for p, b in zip(units[idle].tolist(), chosen[idle].tolist(), strict=True):
            window = windows[p]
            best = int((counts[window, b] / left[window]).argmax())
            open_node[p] = window[best]
            wanted[p], open_left[p] = counts[window[best]], left[window[best]]
            if taken[p] < len(waiting[p]):
                window[best] = waiting[p][taken[p]]
                taken[p] += 1
            else:
                window.pop(best)
        bank = np.full(UNITS, -1)
        bank[units] = chosen
        banks.append(bank)
        nodes.append(np.where(bank >= 0, open_node, -1))
        wanted[units, chosen] -= 1
        open_left[units] -= 1
        bank_load[chosen] -= 1
        unit_load[units] -= 1
        remaining -= len(units)
        for p in units[open_left[units] == 0].tolist():
            open_node[p], open_left[p] = -1, 1
            wanted[p] = counts[windows[p]].any(0)
    shape = (len(banks), UNITS)
    return insert_empty(np.array(banks, dtype=np.int64).reshape(shape),
                        np.array(nodes, dtype=np.int64).reshape(shape), np.flatnonzero(left == 0), unit)


def queues(left: Ints, unit: Ints) -> list[list[int]]:
    """Nodes of each element, shortest first: servers get their first work early."""
    order = np.argsort(left, kind="stable")
    order = order[left[order] > 0]
    return [order[unit[order] == p].tolist() for p in range(UNITS)]


def insert_empty(bank: Ints, node: Ints, empty: Ints, unit: Ints) -> tuple[Ints, Ints]:
    """Give each node without reads an idle slot of its element between two nodes, or one at the end."""
    for p in np.unique(unit[empty]):
        mine = empty[unit[empty] == p]
        column = node[:, p]
        busy = np.flatnonzero(column >= 0)
        before = np.searchsorted(busy, np.arange(len(column)))  # busy slots before each slot
        around = np.concatenate(([-1], column[busy], [-1]))
        free = np.flatnonzero((column < 0) & ((around[before] != around[before + 1]) | (around[before] < 0)))
        extra = max(len(mine) - len(free), 0)
        if extra:
            filler = np.full((extra, UNITS), -1)
            free = np.concatenate((free, np.arange(len(node), len(node) + extra)))
            bank, node = np.concatenate((bank, filler)), np.concatenate((node, filler))
        node[free[: len(mine)], p] = mine
    return bank, node
