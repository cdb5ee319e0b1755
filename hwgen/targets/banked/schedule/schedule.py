"""Program + hardware -> schedule: owners, source rows, and the slots of every pass."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ....errors import CapacityError, HwgenError
from ...arrays import Bools, Ints
from ..hardware import Hardware
from ..pace import node_cycles
from ..program import Gather, Program
from ..sizes import check_capacity
from .balance import balance
from .improve import improve
from .match import LOOK_AHEAD, LOOK_AHEAD_EVEN, match
from .owners import Placing, assign, edge_list
from .place_sources import place_sources
from .quick import quick_match, quick_spread
from .reads import Reads
from .slots import Owners, PassSchedule, Schedule, Slots, SourceRows

__all__ = ["ALL_SLOTS", "BEST", "QUICK", "Method", "schedule", "schedule_reads"]

BUSY = 0.85  #: Share of the bound from which on a pass counts as limited by its servers.
PLACEMENTS = 4  #: That a build tries.
ALL_SLOTS = 1 << 16  #: As many as a task word can name.


@dataclass(frozen=True, kw_only=True)
class Method:
    """How rows are placed and slots are filled.

    Parameters
    ----------
    place : tuple of Placing
        The best method tries all, others the first.
    match : callable
        With the parameters and results of :func:`hwgen.targets.banked.schedule.match.match`.
    """

    place: tuple[Placing, ...]
    match: Callable[[Ints, Ints, int], tuple[Ints, Ints]]


#: For a graph that stays: fewest cycles. Placements that balance as well differ by some percent in cycles.
BEST = Method(place=tuple(partial(balance, seed=seed) for seed in range(PLACEMENTS)), match=match)
#: For graphs that change: a few percent more cycles, in a fraction of the time (docs/decisions/0022-quick-schedule.md).
QUICK = Method(place=(quick_spread,), match=quick_match)


def schedule(program: Program, hardware: Hardware, method: Method = BEST, room: int | None = None) -> Schedule:
    """Place every row and schedule every pass.

    Pass k writes half ``k % 2`` of the banks and pass k + 1 reads it; all passes over the graph's edges that
    read the same rows share one set of slots. Where servers are slower than the gather, an even flow of
    finished nodes is preferred to the shortest schedule, unless only the shortest fits. What does not fit by another
    method is scheduled by the best one, which then tries slots beside the servers (:mod:`.improve`).

    Parameters
    ----------
    room : int or None
        Slots that may be taken to be faster, where fewer would do; None: all that the hardware has.

    Raises
    ------
    CapacityError
        When the program exceeds the hardware anywhere; says by how much.
    """
    check_capacity(program, hardware)
    found = None
    if method is not BEST:
        found = _fitting(program, hardware, method.place[0], method)
    room, least = hardware.slots if room is None else room, None
    for place in () if found else BEST.place:
        plain = _fitting(program, hardware, place, BEST)
        if plain is not None:
            cycles, better = improve(program, hardware, *plain, room)
            if least is None or cycles < least:
                least, found = cycles, (better, plain[1])
    result, _ = found or _schedule(program, hardware, BEST.place[0], BEST, tight=True)
    if result.slots_used > hardware.slots:
        raise CapacityError(
            f"{result.slots_used} slots are needed and the schedule memory has {hardware.slots}: "
            f"{result.slots_used - hardware.slots} too many",
            f"program {program.name}, hardware.slots {hardware.slots}",
            f"build with --slots {result.slots_used}, or with more groups")
    return result


def _fitting(program: Program, hardware: Hardware, place: Placing,
             method: Method) -> tuple[Schedule, list[Reads]] | None:
    """A schedule and its reads, or None where the schedule memory has too few slots."""
    result = _schedule(program, hardware, place, method)
    return None if result[0].slots_used > hardware.slots else result


def _schedule(program: Program, hardware: Hardware, place: Placing, method: Method,
              tight: bool = False) -> tuple[Schedule, list[Reads]]:
    """The schedule, and what each of its slots reads."""
    owners = assign(program, hardware, place)
    sources: SourceRows | None = None
    slots: list[Slots] = []
    passes: list[PassSchedule] = []
    starts: dict[Gather, tuple[int, Slots]] = {}
    every: list[Reads] = []
    for index, step in enumerate(program.passes):
        if step.kind != "gather" and index:
            raise HwgenError(f"{step.kind} is pass {index}", f"{program.name}: {step.name}",
                             "only the first pass can read the input features")
        start, count = 0, 0
        if step.kind == "dense":
            order = _dense_order(owners, hardware, program.rows_of(index))
        else:
            gather = program.gathers[index]
            assert gather is not None
            if gather not in starts:
                node, source = edge_list(gather.reads)
                if step.kind == "gather_features":
                    sources = place_sources(program, hardware, owners, place)
                    bank, row = _look_up(sources, gather.reads.shape[1])
                else:
                    bank, row = owners.unit, owners.row
                reads = Reads.of(owners, hardware.groups, node, bank[source], row[source], gather.rows)
                made = schedule_reads(reads, 0 if tight else _server_slots(program, hardware, owners, gather), method)
                starts[gather] = sum(s.count for s in slots), made
                slots.append(made)
                every.append(reads)
            start, made = starts[gather]
            count, order = made.count, made.arrivals(hardware.servers)
        passes.append(PassSchedule(start=start, count=count, read_half=(index - 1) % 2 if index else 0,
                                   write_half=index % 2, order=order))
    return Schedule(owners=owners, sources=sources, slots=tuple(slots), passes=tuple(passes)), every


def schedule_reads(reads: Reads, server_slots: float = 0, method: Method = BEST) -> Slots:
    """Schedule one gather in all groups, each by itself; shorter groups idle at the end.

    Parameters
    ----------
    reads : Reads
    server_slots : float
        Slots for which the busiest server works. From :data:`BUSY` of the bound on, an even flow of
        finished nodes is worth more than a short schedule.
    method : Method
        Whose ``match`` fills the slots of a group.
    """
    look_ahead = LOOK_AHEAD if server_slots <= BUSY * reads.bound else LOOK_AHEAD_EVEN
    return reads.slots([method.match(reads.counts[mine], reads.owners.unit[mine], look_ahead)
                        for mine in reads.members])


def _server_slots(program: Program, hardware: Hardware, owners: Owners, gather: Gather) -> float:
    """Slots that the busiest server needs in the slowest pass with these reads, by its timing contract."""
    most = 0.0
    for index, step in enumerate(program.passes):
        if program.gathers[index] is gather and step.q1 is not None:
            occupied = node_cycles(program, hardware, index) * gather.rows
            load = np.bincount(owners.unit % hardware.servers, occupied, hardware.servers)
            most = max(most, float(load.max()))
    return most / hardware.digits


def _look_up(sources: SourceRows, count: int) -> tuple[Ints, Ints]:
    """Bank and row of every source row that is stored."""
    bank, row = np.full(count, -1), np.full(count, -1)
    bank[sources.source], row[sources.source] = sources.bank, sources.row
    return bank, row


def _dense_order(owners: Owners, hardware: Hardware, rows: Bools) -> tuple[tuple[Ints, ...], ...]:
    nothing = np.zeros(0, dtype=np.int64)
    server = owners.unit % hardware.servers
    others = [nothing] * (hardware.ports - 1)
    return tuple((np.flatnonzero((server == s) & rows), *others) for s in range(hardware.servers))
