"""Where windows end: as many consecutive rows as the memories hold."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from rtl_templates.lists.formats import NULL_INDEX, SETUP

from ....errors import CapacityError
from ...arrays import Ints
from ..batch import Lists
from ..layout import Layout
from .layout import ReadyPass, first_entries

__all__ = ["Demand", "Distinct", "cut", "window_ends"]


class Distinct:
    """Counts different keys in any range of rows.

    Parameters
    ----------
    count : int64 [rows]
        Keys of each row.
    keys : int64 [sum of count]
        Row after row.
    """

    def __init__(self, count: Ints, keys: Ints) -> None:
        self.start = np.r_[0, np.cumsum(count)]
        order = np.argsort(keys, kind="stable")
        self.before = np.full(len(keys), -1, dtype=np.int64)  # position of the same key before this one
        again = keys[order[1:]] == keys[order[:-1]]
        self.before[order[1:][again]] = order[:-1][again]

    def prefixes(self, begin: int, end: int) -> Ints:
        """Different keys in rows ``begin`` to each of ``begin`` .. ``end - 1``, both included: int64 [end - begin]."""
        first, last = self.start[begin], self.start[end]
        seen = np.r_[0, np.cumsum(self.before[first:last] < first)]
        return np.asarray(seen[self.start[begin + 1 : end + 1] - first], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What rows take of one memory.

    Parameters
    ----------
    name : str
        Parameter of the hardware.
    what : str
    have : int
        Words left for windows.
    each : int
        Words of every row.
    kinds : sequence of (Distinct, int)
        Words of every different key.
    """

    name: str
    what: str
    have: int
    each: int = 0
    kinds: Sequence[tuple[Distinct, int]] = ()

    def prefixes(self, begin: int, end: int) -> Ints:
        """Words of rows ``begin`` to each of ``begin`` .. ``end - 1``: int64 [end - begin]."""
        words = self.each * np.arange(1, end - begin + 1)
        for distinct, size in self.kinds:
            words = words + size * distinct.prefixes(begin, end)
        return np.asarray(words, dtype=np.int64)


def cut(entries: Ints, longest: int, room: int, units: int, demands: Sequence[Demand], where: str) -> list[int]:
    """Ends of windows.

    Parameters
    ----------
    entries : int64 [rows]
        List entries of each row.
    longest : int
        Most rows of a window.
    room : int
        List entries that fit a unit. Dealt rows differ by the heaviest row at most.
    units : int
    demands : sequence of Demand
    where : str
        For messages.

    Raises
    ------
    CapacityError
        If a row alone is too much.
    """
    ends, begin = [0], 0
    total = np.r_[0, np.cumsum(entries)]
    while begin < len(entries):
        limit = min(begin + longest, len(entries), int(np.searchsorted(total, total[begin] + units * room, "right")))
        limit = max(limit, begin + 1)
        share = total[begin + 1 : limit + 1] - total[begin]
        if units > 1:
            share = -(-share // units) + np.maximum.accumulate(entries[begin:limit])
            share[0] = entries[begin]
        fits = share <= room
        words = [demand.prefixes(begin, limit) for demand in demands]
        for demand, taken in zip(demands, words, strict=True):
            fits &= taken <= demand.have
        count = int(np.argmin(np.r_[fits, False]))
        if count == 0:
            _refuse(int(share[0]), room, [int(taken[0]) for taken in words], demands, where)
        begin += count
        ends.append(begin)
    return ends


def _refuse(entries: int, room: int, words: Sequence[int], demands: Sequence[Demand], where: str) -> None:
    wanted, name, what, have = (-(-entries // 8), "list_depth", "list entries", room // 8)
    for demand, taken in zip(demands, words, strict=True):
        if entries <= room and taken > demand.have:
            wanted, name, what, have = taken, demand.name, demand.what, demand.have
            break
    raise CapacityError(f"one row alone needs {wanted} words of {what}; the design has room for {have}, "
                        f"{wanted - have} too few", f"{where}, hardware.{name}",
                        f"build a design with {name} larger by {wanted - have}, or leave out neighbours of hubs")


def window_ends(ready: ReadyPass, rows: Ints) -> list[int]:
    """Where in ``rows``, int64 [rows], the windows of a pass begin; and the end."""
    plan, each, hardware = ready.plan, ready.task, ready.plan.hardware
    lists = {name: ready.lists[name].taken(rows) for name in each.walked}
    entries = sum((one.count for one in lists.values()), np.zeros(len(rows), dtype=np.int64))
    layout = first_entries(plan, ready.index, deepcopy(plan.tables))
    units, per_unit = hardware.units, hardware.result_depth // layout.result_words
    if each.sets:
        per_unit = min(per_unit, 2 * (hardware.descriptor_depth // len(each.sets)))
    local = [k for k in each.weights if k not in plan.resident]
    kinds: list[tuple[Distinct, int]] = []
    demands: list[Demand] = []
    for domain, names, tensors in each.gathered(plan.program):
        found = _together([*([_single(rows)] if each.both and domain == each.step.domain else []),
                           *(_without_nulls(lists[name]) for name in names)])
        kinds.append((found, sum(map(plan.chunks, tensors))))
        demands.append(Demand(name="buffer_depth", what="rows that lists name", have=NULL_INDEX, kinds=[(found, 1)]))
    if local:
        found = _together([_without_nulls(lists["features"])])
        kinds.append((found, sum(map(plan.chunks, local))))
        demands.append(Demand(name="buffer_depth", what="features that lists name", have=NULL_INDEX,
                              kinds=[(found, 1)]))
    own = [*each.own, *([each.step.target] if each.kept and each.step.target is not None else [])]
    demands.append(Demand(name="buffer_depth", what="rows of sources", have=hardware.buffer_depth - plan.resident_words,
                          each=sum(map(plan.chunks, own)), kinds=kinds))
    if each.choices:
        numbers = Distinct(np.ones(len(rows), dtype=np.int64), ready.key(rows))
        tables = max(_by_number(layout))
        demands.append(Demand(name="param_depth", what="row parameters",
                              have=hardware.param_depth - max(plan.tables.param_entries), kinds=[(numbers, tables)]))
    longest = min(units * max(1, per_unit), (1 << SETUP["nodes"]) - 1)
    return cut(entries, longest, 8 * hardware.list_depth, units, demands, f"pass {each.step.name}")


def _by_number(layout: Layout) -> tuple[int, int]:
    """Tables by number that a pass has, at most, of each requantizer."""
    step = layout.program.passes[0]
    rows = [operand.row.select for block in step.blocks for operand in block.operands]
    after = [] if step.combine is None else [step.combine.row.select, step.combine.final.select]
    return [*rows, step.final.select].count("node"), after.count("node")


def _single(rows: Ints) -> Lists:
    """Lists that name the rows themselves."""
    one = np.ones(len(rows), dtype=np.int64)
    return Lists(length=one, count=one, index=rows, double=np.zeros(len(rows), dtype=bool))


def _without_nulls(lists: Lists) -> Lists:
    row = np.repeat(np.arange(len(lists.count)), lists.count)
    kept = lists.index != NULL_INDEX
    return replace(lists, count=np.bincount(row[kept], minlength=len(lists.count)), index=lists.index[kept],
                   double=lists.double[kept])


def _together(lists: Sequence[Lists]) -> Distinct:
    """Different rows that several lists of each row name."""
    row = np.concatenate([np.repeat(np.arange(len(each.count)), each.count) for each in lists])
    index = np.concatenate([each.index for each in lists])
    if len(lists) > 1:
        index = index[np.argsort(row, kind="stable")]
    return Distinct(np.asarray(sum(each.count for each in lists)), index)
