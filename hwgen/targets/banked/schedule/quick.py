"""What makes a schedule quick: greedy placement and slots in linear time, in compiled loops.

Decision 22 (docs/decisions/0022-quick-schedule.md) has what they cost and give beside :mod:`balance` and :mod:`match`.
"""

import ctypes
from pathlib import Path

import numpy as np

from ....native import library, numbers, pointer
from ...arrays import Floats, Ints
from ..hardware import UNITS
from .match import LOOK_AHEAD, insert_empty, lower_bound
from .quick_python import match_loop, spread_loop

__all__ = ["SOURCE", "quick_match", "quick_spread", "stable_order"]

SOURCE = Path(__file__).with_suffix(".cpp")


def quick_spread(demand: Floats, order: Ints, bins: int, limit: int) -> Ints:
    """Put items into bins: parameters and result are those of :func:`hwgen.targets.banked.schedule.balance.spread`.

    The price of a load L relative to its fair share F is ``(L / F) ** 16`` instead of an exponential, so that all
    machines compute the same. Time: items x bins x resources.
    """
    demand, order = np.ascontiguousarray(demand), np.ascontiguousarray(order)
    fair = np.maximum(1 / bins, demand.max(0, initial=0))
    loops = library(SOURCE)
    if loops is None:
        return spread_loop(demand, fair, order, bins, limit)
    where = np.empty(len(demand), dtype=np.int64)
    loops.quick_spread(*numbers(*demand.shape, bins, limit), *map(pointer, (demand, fair, order, where)))
    return where


def quick_match(counts: Ints, unit: Ints, look_ahead: int = LOOK_AHEAD) -> tuple[Ints, Ints]:
    """Schedule the reads of one group: parameters and results are those of :func:`match`.

    In a slot the elements choose one after the other, the busiest first, among the free banks of their open node, or
    of the nodes that they may open next: the bank where urgency (as of :func:`match`) and the part of the open node's
    reads that crowd there are largest together. One that finds no free bank takes that of an element that can read
    another: an augmenting path of one step. Sets of banks are bits. Time: reads x look-ahead at most.
    """
    counts, unit = np.ascontiguousarray(counts), np.ascontiguousarray(unit)
    left = counts.sum(1)
    order = np.argsort(left, kind="stable")
    loops = library(SOURCE)
    if loops is None:
        bank, node = match_loop(counts, unit, order, look_ahead)
    else:
        room, slots = lower_bound(counts, unit), -1
        while slots < 0 or slots > room:
            room = max(2 * room, slots)
            bank, node = (np.empty((room, UNITS), dtype=np.int64) for _ in range(2))
            loops.quick_match.restype = ctypes.c_int64
            slots = loops.quick_match(*numbers(len(unit)), *map(pointer, (counts, unit, order)),
                                      *numbers(look_ahead, room), *map(pointer, (bank, node)))
        bank, node = bank[:slots], node[:slots]
    return insert_empty(bank, node, np.flatnonzero(left == 0), unit)


def stable_order(key: Ints, bins: int) -> Ints:
    """``np.argsort(key, kind="stable")`` of keys from 0 to ``bins - 1``, in linear time."""
    loops = library(SOURCE)
    if loops is None:
        return np.argsort(key, kind="stable")
    key = np.ascontiguousarray(key)
    order = np.empty(key.size, dtype=np.int64)
    loops.stable_order(*numbers(key.size, bins), *map(pointer, (key, order)))
    return order
