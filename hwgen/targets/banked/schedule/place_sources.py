"""Source rows of the first pass into banks, by how often each group reads them."""

import numpy as np

from ....errors import CapacityError
from ..hardware import UNITS, Hardware
from ..program import Program
from .balance import balance, relative
from .owners import Placing, edge_list, node_rows
from .slots import Owners, SourceRows

__all__ = ["place_sources"]


def place_sources(program: Program, hardware: Hardware, owners: Owners, place: Placing = balance) -> SourceRows:
    """Spread the source rows that this graph reads over the banks, the most popular first (LPT).

    A row may lie in either half, above the node rows of both. Rows that no node reads are not stored.

    Raises
    ------
    CapacityError
        When they do not fit.
    """
    assert program.gathered is not None
    reads = program.gathered.reads
    node, source = edge_list(reads)
    popularity = np.zeros((reads.shape[1], hardware.groups), dtype=np.int64)
    np.add.at(popularity, (source, owners.group[node]), 1)
    used = np.flatnonzero(popularity.any(1))
    half, taken = hardware.bank_depth // 2, node_rows(program.num_nodes)
    free, need = 2 * (half - taken), -(-used.size // UNITS)
    if need > free:
        rows = 2 * taken + need
        raise CapacityError(
            f"{used.size} different weight rows and {program.num_nodes} nodes need {rows} rows a bank, which has "
            f"{hardware.bank_depth}: {rows - hardware.bank_depth} too many",
            f"program {program.name}, hardware.bank_depth {hardware.bank_depth}",
            f"build with --bank-depth {1 << (rows - 1).bit_length()}, or use fewer features")
    demand = relative(popularity[used])
    order = np.argsort(-demand.sum(1), kind="stable")
    bank = place(demand, order, UNITS, free)
    by_bank = np.argsort(bank, kind="stable")
    index = np.empty(used.size, dtype=np.int64)
    index[by_bank] = np.arange(used.size) - np.searchsorted(bank[by_bank], np.arange(UNITS))[bank[by_bank]]
    above = half - taken
    row = np.where(index < above, taken + index, half + taken + index - above)
    return SourceRows(source=used, bank=bank, row=row)
