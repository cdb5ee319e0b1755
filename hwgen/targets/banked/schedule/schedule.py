"""Program + hardware -> schedule: owners, source rows, and the slots of every pass."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....errors import CapacityError, HwgenError
from ..hardware import UNITS, Hardware
from ..program import Gather, Program
from ..sizes import check_capacity
from .balance import balance
from .match import LOOK_AHEAD, LOOK_AHEAD_EVEN, lower_bound, match
from .owners import Placing, assign, edge_list
from .place_sources import place_sources
from .quick import quick_match, quick_spread, stable_order
from .slots import Owners, PassSchedule, Schedule, Slots, SourceRows

__all__ = ["ALL_SLOTS", "BEST", "QUICK", "Method", "schedule", "schedule_reads"]

Ints = NDArray[np.int64]
BUSY = 0.85  #: Share of the bound from which on a pass counts as limited by its servers.
ALL_SLOTS = 1 << 16  #: As many as a task word can name.


@dataclass(frozen=True, kw_only=True)
class Method:
    """How rows are placed and slots are filled.

    Parameters
    ----------
    place : Placing
    match : callable
        With the parameters and results of :func:`hwgen.targets.banked.schedule.match.match`.
    """

    place: Placing
    match: Callable[[Ints, Ints, int], tuple[Ints, Ints]]


#: For a graph that stays: fewest cycles.
BEST = Method(place=balance, match=match)
#: For graphs that change: a few percent more cycles, in a fraction of the time (docs/decisions/0022-quick-schedule.md).
QUICK = Method(place=quick_spread, match=quick_match)


def schedule(program: Program, hardware: Hardware, method: Method = BEST) -> Schedule:
    """Place every row and schedule every pass.

    Pass k writes half ``k % 2`` of the banks and pass k + 1 reads it; all passes over the graph's edges that
    read the same rows share one set of slots. Where servers are slower than the gather, an even flow of
    finished nodes is preferred to the shortest schedule, unless only the shortest fits. What does not fit by another
    method is scheduled by the best one.

    Raises
    ------
    CapacityError
        When the program exceeds the hardware anywhere; says by how much.
    """
    check_capacity(program, hardware)
    result = _schedule(program, hardware, method)
    if result.slots_used > hardware.slots and method is not BEST:
        result = _schedule(program, hardware, BEST)
    if result.slots_used > hardware.slots:
        result = _schedule(program, hardware, BEST, tight=True)
    if result.slots_used > hardware.slots:
        raise CapacityError(
            f"{result.slots_used} slots are needed and the schedule memory has {hardware.slots}: "
            f"{result.slots_used - hardware.slots} too many",
            f"program {program.name}, hardware.slots {hardware.slots}",
            f"build with --slots {result.slots_used}, or with more groups")
    return result


def _schedule(program: Program, hardware: Hardware, method: Method, tight: bool = False) -> Schedule:
    owners = assign(program, hardware, method.place)
    sources: SourceRows | None = None
    slots: list[Slots] = []
    passes: list[PassSchedule] = []
    starts: list[tuple[Gather, int, Slots]] = []
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
            known = next((each for each in starts if each[0] is gather), None)
            if known is None:
                node, source = edge_list(gather.reads)
                if step.kind == "gather_features":
                    sources = place_sources(program, hardware, owners, method.place)
                    bank, row = _look_up(sources, gather.reads.shape[1])
                else:
                    bank, row = owners.unit, owners.row
                made = schedule_reads(owners, hardware.groups, node, bank[source], row[source],
                                      0 if tight else _server_slots(program, hardware, owners, gather), method,
                                      gather.rows)
                known = gather, sum(s.count for s in slots), made
                starts.append(known)
                slots.append(made)
            _, start, made = known
            count, order = made.count, _arrival_order(made, hardware)
        passes.append(PassSchedule(start=start, count=count, read_half=(index - 1) % 2 if index else 0,
                                   write_half=index % 2, order=order))
    return Schedule(owners=owners, sources=sources, slots=tuple(slots), passes=tuple(passes))


def schedule_reads(
    owners: Owners, groups: int, node: Ints, bank: Ints, row: Ints, server_slots: float = 0,
    method: Method = BEST, summing: NDArray[np.bool_] | None = None,
) -> Slots:
    """Schedule one gather in all groups; shorter groups idle at the end.

    Parameters
    ----------
    owners : Owners
        Who aggregates which node.
    groups : int
        Number of groups.
    node, bank, row : int64 [reads]
        What each node reads, in any order.
    server_slots : float
        Slots for which the busiest server works. From :data:`BUSY` of the bound on, an even flow of
        finished nodes is worth more than a short schedule.
    method : Method
        Whose ``match`` fills the slots of a group.
    summing : bool [n] or None
        Nodes that sum up, whether they read anything or not; None: all.
    """
    n = owners.unit.size
    key = node * UNITS + bank
    counts = np.bincount(key, minlength=n * UNITS).reshape(n, UNITS)
    summing = np.ones(n, dtype=np.bool_) if summing is None else summing
    members = [np.flatnonzero((owners.group == g) & summing) for g in range(groups)]
    bound = max(lower_bound(counts[mine], owners.unit[mine]) for mine in members)
    look_ahead = LOOK_AHEAD if server_slots <= BUSY * bound else LOOK_AHEAD_EVEN
    parts = []
    for mine in members:
        banks, nodes = method.match(counts[mine], owners.unit[mine], look_ahead)
        parts.append((banks, np.where(nodes >= 0, mine[nodes], -1) if mine.size else nodes))
    total = max(banks.shape[0] for banks, _ in parts)
    all_banks = np.full((total, groups, UNITS), -1)
    all_nodes = np.full((total, groups, UNITS), -1)
    for g, (banks, nodes) in enumerate(parts):
        all_banks[: len(banks), g], all_nodes[: len(nodes), g] = banks, nodes

    # The k-th time a node reads a bank it reads the k-th of its rows there.
    flat_banks, flat_nodes = all_banks.ravel(), all_nodes.ravel()
    reading = np.flatnonzero(flat_banks >= 0)
    events = reading[stable_order(flat_nodes[reading] * UNITS + flat_banks[reading], n * UNITS)]
    rows = np.zeros_like(flat_banks)
    rows[events] = row[stable_order(key, n * UNITS)]

    working = np.flatnonzero(flat_nodes >= 0)
    last = np.full(n, -1)
    last[flat_nodes[working]] = working // (groups * UNITS)  # slots rise: the last one stays
    finishing = np.full_like(all_nodes, -1)
    done = np.flatnonzero(summing)
    finishing[last[done], owners.group[done], owners.unit[done]] = done
    return Slots(bank=all_banks, row=rows.reshape(all_banks.shape), node=finishing, bound=bound)


def _server_slots(program: Program, hardware: Hardware, owners: Owners, gather: Gather) -> float:
    """Slots that the busiest server needs in the slowest pass with these reads, by its timing contract."""
    most = 0.0
    for index, step in enumerate(program.passes):
        if program.gathers[index] is not gather or step.q1 is None:
            continue
        chunks = beats = -(-len(step.q1.column) // hardware.requant_lanes)
        cycles = np.full(program.num_nodes, 1 if index == len(program.passes) - 1 else hardware.digits)
        if step.combine is not None and step.q2 is not None:
            beats += -(-len(step.q2.column) // hardware.requant_lanes)  # the same lanes do both stages
            if step.q1.row_bits is not None:
                cycles = np.maximum(cycles, -(-step.q1.row_bits // hardware.planes))
        occupied = (np.maximum(cycles, beats) + chunks * step.q1.pairs) * gather.rows
        load = np.bincount(owners.unit % hardware.servers, occupied, hardware.servers)
        most = max(most, float(load.max()))
    return most / hardware.digits


def _look_up(sources: SourceRows, count: int) -> tuple[Ints, Ints]:
    """Bank and row of every source row that is stored."""
    bank, row = np.full(count, -1), np.full(count, -1)
    bank[sources.source], row[sources.source] = sources.bank, sources.row
    return bank, row


def _arrival_order(slots: Slots, hardware: Hardware) -> tuple[tuple[Ints, ...], ...]:
    servers = hardware.servers
    order: list[list[Ints]] = [[] for _ in range(servers)]
    for g in range(hardware.groups):
        for unit in range(UNITS):  # ports of a server come in rising order of unit // servers
            column = slots.node[:, g, unit]
            order[unit % servers].append(column[column >= 0])
    return tuple(tuple(ports) for ports in order)


def _dense_order(owners: Owners, hardware: Hardware, rows: NDArray[np.bool_]) -> tuple[tuple[Ints, ...], ...]:
    nothing = np.zeros(0, dtype=np.int64)
    server = owners.unit % hardware.servers
    others = [nothing] * (hardware.ports - 1)
    return tuple((np.flatnonzero((server == s) & rows), *others) for s in range(hardware.servers))
