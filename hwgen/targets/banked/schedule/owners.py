"""One owner map for all passes: which processing element aggregates a node, which bank owns its row."""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from ....errors import CapacityError
from ...arrays import Floats, Ints
from ..hardware import UNITS, Hardware
from ..pace import node_cycles
from ..program import Program
from .balance import balance, relative
from .slots import Owners

__all__ = ["Placing", "assign", "edge_list", "node_rows"]

#: Shares of items, their order, bins, and items a bin can hold: the bin of each (:func:`.balance.spread`).
Placing = Callable[[Floats, Ints, int, int], Ints]


def edge_list(matrix: csr_array) -> tuple[Ints, Ints]:
    """Every read as (node, source); an entry of value v is v reads.

    Returns
    -------
    node, source : int64 [reads]
        Sorted by node.
    """
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    sources, times = np.asarray(matrix.indices, dtype=np.int64), np.asarray(matrix.data, dtype=np.int64)
    if (times == 1).all():
        return rows, sources
    return np.repeat(rows, times), np.repeat(sources, times)


def node_rows(nodes: int) -> int:
    """Rows that ``nodes`` need in either half of every bank."""
    return -(-nodes // UNITS)


def assign(program: Program, hardware: Hardware, place: Placing = balance) -> Owners:
    """Balance processing elements, banks and servers over all passes at once.

    Nodes are placed one after the other, the heaviest first, first on groups, then on the units of their
    group. A node goes where ``place`` finds its resources cheapest: multi-dimensional LPT (Graham
    1969) over the slots of each kind of pass, the cycles that nodes occupy the processing element's
    server, and how often each group reads the node's row (for the bank).

    Raises
    ------
    CapacityError
        When the nodes' rows do not fit half a bank.
    """
    n, half = program.num_nodes, hardware.bank_depth // 2
    rows = node_rows(n)
    if rows > half:
        raise CapacityError(
            f"{n} nodes need {rows} rows in each half of a bank, which has {half}: {rows - half} too many",
            f"program {program.name}, hardware.bank_depth {hardware.bank_depth}",
            f"build with --bank-depth {1 << (2 * rows - 1).bit_length()}, or use a smaller graph")
    groups = hardware.groups
    reads, occupied = _demands(program, hardware)
    size = relative(np.column_stack((*reads, occupied)))
    order = np.argsort(-size.sum(1), kind="stable")
    group = place(size, order, groups, n)

    # How often each group reads a node's row.
    popularities = []
    for gather in program.schedules:
        if gather.kind == "gather":
            node, source = edge_list(gather.reads)
            popularities.append(np.zeros((n, groups), dtype=np.int64))
            np.add.at(popularities[-1], (source, group[node]), 1)
    # A processing element's load counts in its own group only: one block of columns a group.
    blocks = np.zeros((n, groups, len(reads)))
    blocks[np.arange(n), group] = np.column_stack(reads)
    demand = relative(np.column_stack((*popularities, blocks.reshape(n, -1), occupied)))
    order = np.argsort(-demand.sum(1), kind="stable")
    unit = place(demand, order, UNITS, rows)

    row = np.empty(n, dtype=np.int64)
    by_unit = np.argsort(unit, kind="stable")
    starts = np.searchsorted(unit[by_unit], np.arange(UNITS))
    row[by_unit] = np.arange(n) - starts[unit[by_unit]]
    return Owners(unit=unit, group=group, row=row)


def _demands(program: Program, hardware: Hardware) -> tuple[list[Ints], Ints]:
    """Slots a node takes in each distinct gather, and cycles that it occupies its server in all passes.

    A server takes the larger of a node's bit planes and its requantizer beats (docs/banked.md, server timing contract):
    planes below the beats cost nothing, and balancing them would move nodes for no gain.
    """
    reads = [gather.slots for gather in program.schedules]
    occupied = np.zeros(program.num_nodes, dtype=np.int64)
    for index, step in enumerate(program.passes):
        if step.combine is not None and step.q1 is not None and step.q1.row_bits is not None:
            occupied += node_cycles(program, hardware, index) * program.rows_of(index)
    return reads, occupied
