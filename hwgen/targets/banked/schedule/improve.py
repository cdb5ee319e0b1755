"""Passes whose groups wait for servers: other slots, tried by the exact cycles of the pass.

Slots that suit a server's pace are more than the fewest, and each pass has its own: what is tried is kept where it is
faster and the schedule memory holds it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..cycles import pass_cycles, pass_entries
from ..hardware import Hardware
from ..images import task_fields
from ..pace import node_cycles
from ..program import Program
from .reads import Reads
from .serve import Members, serve
from .slots import Schedule, Slots

__all__ = ["improve"]

#: Nodes to look ahead, reads of a slot that is never left out, and hurry, as :func:`.serve.serve` takes them: the later
#: ones fill fewer slots. On Cora and CiteSeer each is the best of some pass, placement and room.
TRIALS = ((4, 1, True), (4, 4, True), (8, 8, True), (2, 8, True), (4, 8, False), (16, 10, False))
#: Share of a pass for which groups must stand still to be worth trials.
WORTH = 0.01

#: Cycles of a pass with slots; no slots of a dense one.
Option = tuple[int, Slots | None]


def improve(program: Program, hardware: Hardware, schedule: Schedule, reads: Sequence[Reads],
            room: int) -> tuple[int, Schedule]:
    """The fewest cycles of all passes that gather, each by its exact model, and a schedule that takes them.

    Parameters
    ----------
    reads : sequence of Reads
        Of each of the schedule's slots.
    room : int
        Slots that it may have, where the schedule that is given has fewer.
    """
    options: list[list[Option]] = []
    for index in range(len(schedule.passes)):
        known = schedule.slots_of(index)
        if known is None:
            options.append([(0, None)])
            continue
        before = pass_cycles(program, hardware, schedule, index, known)
        options.append([(before.cycles, known)])
        if before.waited["gather"] >= WORTH * before.cycles * hardware.groups:
            mine = reads[schedule.slots.index(known)]
            options[-1] += [(pass_cycles(program, hardware, schedule, index, slots).cycles, slots)
                            for slots in _trials(program, hardware, schedule, index, mine)]
    cycles, chosen = _choose(options, max(room, schedule.slots_used))
    return cycles, _with(schedule, chosen, hardware.servers)


def _choose(options: Sequence[Sequence[Option]], room: int) -> tuple[int, tuple[Slots | None, ...]]:
    """Slots for each pass that together take the fewest cycles, and are no more than there is room for.

    Slots that several passes run lie in the memory once. Of choices that may share the same slots with passes to come,
    those stay that no other one beats in slots and cycles.
    """
    shared = {slots for of_pass in options for _, slots in of_pass[:1]}
    states: list[tuple[int, int, tuple[Slots | None, ...]]] = [(0, 0, ())]
    for of_pass in options:
        grown: dict[frozenset[Slots | None], list[tuple[int, int, tuple[Slots | None, ...]]]] = {}
        for used, cycles, chosen in states:
            for more, slots in of_pass:
                known = slots is None or slots in chosen
                total = used + (0 if known or slots is None else slots.count)
                if total <= room:
                    key = frozenset(shared & {*chosen, slots})
                    grown.setdefault(key, []).append((total, cycles + more, (*chosen, slots)))
        states = []
        for alike in grown.values():
            least = None
            for state in sorted(alike, key=lambda each: each[:2]):
                if least is None or state[1] < least:
                    least = state[1]
                    states.append(state)
    _, cycles, chosen = min(states, key=lambda each: (each[1], each[0]))
    return cycles, chosen


def _trials(program: Program, hardware: Hardware, schedule: Schedule, index: int, reads: Reads) -> list[Slots]:
    cycles, entries = node_cycles(program, hardware, index), pass_entries(program, index)
    groups = [Members(counts=reads.counts[mine], unit=reads.owners.unit[mine], cycles=cycles[mine],
                      entries=[entries[node] for node in mine.tolist()]) for mine in reads.members]
    task = task_fields(program, hardware, schedule)[index]
    return [reads.slots(serve(groups, hardware, task, *trial)) for trial in TRIALS]


def _with(schedule: Schedule, slots: Sequence[Slots | None], servers: int) -> Schedule:
    """The schedule with these slots in its passes."""
    order = list(dict.fromkeys(each for each in slots if each is not None))
    starts = np.cumsum([0, *(each.count for each in order)]).tolist()
    passes = [step if mine is None else replace(
        step, start=starts[order.index(mine)], count=mine.count, order=mine.arrivals(servers))
        for step, mine in zip(schedule.passes, slots, strict=True)]
    return replace(schedule, slots=tuple(order), passes=tuple(passes))
