"""Source rows of the first pass into banks, by how often each group reads them."""

import numpy as np

from ....errors import CapacityError
from ...arrays import Floats, Ints
from ..hardware import UNITS, Hardware
from ..program import Program
from .balance import balance, relative
from .owners import Placing, edge_list
from .slots import Owners, SourceRows

__all__ = ["place_sources"]


def place_sources(program: Program, hardware: Hardware, owners: Owners, place: Placing = balance) -> SourceRows:
    """Spread the source rows that this graph reads over the banks, the most popular first (LPT).

    A row may lie in either half, wherever no node's row is written. Rows that no node reads are not stored.

    Raises
    ------
    CapacityError
        When they do not fit.
    """
    gather = program.gathers[0]
    assert gather is not None
    reads = gather.reads
    node, source = edge_list(reads)
    popularity = np.zeros((reads.shape[1], hardware.groups), dtype=np.int64)
    np.add.at(popularity, (source, owners.group[node]), 1)
    used = np.flatnonzero(popularity.any(1))
    free = _free(program, hardware, owners)
    room = np.bincount(free // hardware.bank_depth, minlength=UNITS)
    if used.size > free.size:
        depth = -(-(UNITS * hardware.bank_depth + used.size - free.size) // UNITS)
        raise CapacityError(
            f"{used.size} different weight rows and {program.num_nodes} nodes need {depth} rows a bank, which has "
            f"{hardware.bank_depth}: {depth - hardware.bank_depth} too many",
            f"program {program.name}, hardware.bank_depth {hardware.bank_depth}",
            f"build with --bank-depth {1 << (depth - 1).bit_length()}, or use fewer features")
    demand = relative(popularity[used])
    order = np.argsort(-demand.sum(1), kind="stable")
    bank = _spread(demand, order, room, place)
    by_bank = np.argsort(bank, kind="stable")
    index = np.empty(used.size, dtype=np.int64)
    index[by_bank] = np.arange(used.size) - np.searchsorted(bank[by_bank], np.arange(UNITS))[bank[by_bank]]
    first = np.cumsum(room) - room
    return SourceRows(source=used, bank=bank, row=free[first[bank] + index] % hardware.bank_depth)


def _spread(demand: Floats, order: Ints, room: Ints, place: Placing) -> Ints:
    """Banks of rows: where they balance, as many as every bank has room for; the least popular ones where room is."""
    least = int(room.min())
    head, tail = order[:UNITS * least], order[UNITS * least:]
    bank = np.empty(len(order), dtype=np.int64)
    bank[head] = place(relative(demand[head]), np.arange(len(head)), UNITS, least)
    bank[tail] = np.repeat(np.arange(UNITS), room - least)[:len(tail)]
    return bank


def _free(program: Program, hardware: Hardware, owners: Owners) -> Ints:
    """Rows of the banks that no node's row is written to, as ``bank * depth + row``, ascending."""
    taken = np.zeros((UNITS, 2, hardware.bank_depth // 2), dtype=np.bool_)
    for half, written in enumerate(program.written):
        taken[owners.unit[written], half, owners.row[written]] = True
    return np.flatnonzero(~taken)
