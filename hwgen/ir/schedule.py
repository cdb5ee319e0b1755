"""IR 4, the schedule: where rows live, who computes which node, and what every cycle reads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Owners", "PassSchedule", "Slots"]


@dataclass(frozen=True, kw_only=True)
class Owners:
    """One owner map for all passes.

    Parameters
    ----------
    unit : int64 [n]
        Bank (= processing element index in its group) that owns the node; its server is ``unit % servers``.
    group : int64 [n]
        Group whose processing element aggregates the node.
    row : int64 [n]
        The node's row inside its bank, below half the bank's depth; the two halves ping-pong between passes.
    """

    unit: NDArray[np.int64]
    group: NDArray[np.int64]
    row: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Slots:
    """A conflict-free schedule of one gather: in a slot each processing element adds at most one row.

    Parameters
    ----------
    bank : int64 [slots, groups, 16]
        Bank that processing element p reads; -1 when it adds nothing. Distinct within a group and slot.
    row : int64 [slots, groups, 16]
        Row in that bank.
    node : int64 [slots, groups, 16]
        Node that finishes in this slot, or -1. A node without any read finishes in a slot with bank -1.
    bound : int
        Slots that no schedule can beat: the busiest bank or processing element of any group.
    """

    bank: NDArray[np.int64]
    row: NDArray[np.int64]
    node: NDArray[np.int64]
    bound: int


@dataclass(frozen=True, kw_only=True)
class PassSchedule:
    """A pass's part of the schedule memory.

    Parameters
    ----------
    start, count : int
        Slots of the schedule memory; zero for dense passes.
    read_half : int
        Half of the bank that the pass reads (toggles the top row address bit).
    order : tuple of int64 arrays, one per (server, port)
        Nodes in the order in which they arrive at that port: ``order[server][port]``.
    """

    start: int
    count: int
    read_half: int
    order: tuple[tuple[NDArray[np.int64], ...], ...]
