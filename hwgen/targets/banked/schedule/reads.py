"""What the nodes of a pass read, and slots of it in the terms of the schedule memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from ...arrays import Bools, Ints
from ..hardware import UNITS
from .match import lower_bound
from .quick import stable_order
from .slots import Owners, Slots

__all__ = ["Reads"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reads:
    """The reads of a gather where rows and nodes have their places.

    Parameters
    ----------
    owners : Owners
        Who aggregates which node.
    counts : int64 [n, 16]
        Reads of each node from each bank.
    key, row : int64 [reads]
        ``node * 16 + bank`` and the row of each read, in any order.
    members : tuple of int64 arrays
        Nodes of each group that sum up, whether they read anything or not.
    """

    owners: Owners
    counts: Ints
    key: Ints
    row: Ints
    members: tuple[Ints, ...]

    @classmethod
    def of(cls, owners: Owners, groups: int, node: Ints, bank: Ints, row: Ints,
           summing: Bools | None = None) -> Self:
        """What each node reads, in any order; ``summing`` None: all nodes sum up."""
        n = owners.unit.size
        key = node * UNITS + bank
        summing = np.ones(n, dtype=np.bool_) if summing is None else summing
        return cls(owners=owners, counts=np.bincount(key, minlength=n * UNITS).reshape(n, UNITS), key=key, row=row,
                   members=tuple(np.flatnonzero((owners.group == g) & summing) for g in range(groups)))

    @property
    def bound(self) -> int:
        """Slots that no schedule of any group can beat."""
        return max(lower_bound(self.counts[mine], self.owners.unit[mine]) for mine in self.members)

    def slots(self, parts: Sequence[tuple[Ints, Ints]]) -> Slots:
        """The slots of every group, as :func:`.match.match` returns them, with the rows that they read."""
        groups, n = len(self.members), self.owners.unit.size
        total = max(banks.shape[0] for banks, _ in parts)
        all_banks = np.full((total, groups, UNITS), -1)
        all_nodes = np.full((total, groups, UNITS), -1)
        for g, (mine, (banks, nodes)) in enumerate(zip(self.members, parts, strict=True)):
            all_banks[: len(banks), g] = banks
            all_nodes[: len(nodes), g] = np.where(nodes >= 0, mine[nodes], -1) if mine.size else nodes

        # The k-th time a node reads a bank it reads the k-th of its rows there.
        flat_banks, flat_nodes = all_banks.ravel(), all_nodes.ravel()
        reading = np.flatnonzero(flat_banks >= 0)
        events = reading[stable_order(flat_nodes[reading] * UNITS + flat_banks[reading], n * UNITS)]
        rows = np.zeros_like(flat_banks)
        rows[events] = self.row[stable_order(self.key, n * UNITS)]

        working = np.flatnonzero(flat_nodes >= 0)
        last = np.full(n, -1)
        last[flat_nodes[working]] = working // (groups * UNITS)  # slots rise: the last one stays
        finishing = np.full_like(all_nodes, -1)
        done = np.concatenate(self.members)
        finishing[last[done], self.owners.group[done], self.owners.unit[done]] = done
        return Slots(bank=all_banks, row=rows.reshape(all_banks.shape), node=finishing, bound=self.bound)
