"""Slots of all groups of a pass, one after the other, beside the servers that take their sums.

A group stands still while one of its elements would finish a sum that has no room. A scheduler that knows when servers
read sums lets the element wait alone: its last read comes once there is room, and the others go on meanwhile
(docs/decisions/0024-slots-beside-servers.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from rtl_templates.banked.group_timing import SumQueues
from rtl_templates.banked.server.timing import Entry, ServerTiming

from ...arrays import Bools, Ints
from ..hardware import UNITS, Hardware
from .match import URGENCY, queues

__all__ = ["Members", "serve"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Members:
    """Nodes of a group.

    Parameters
    ----------
    counts : int64 [nodes, 16]
        Reads of each node from each bank.
    unit, cycles : int64 [nodes]
        Processing element of each node, and cycles that it keeps its server from the next one.
    entries : sequence of Entry [nodes]
    """

    counts: Ints
    unit: Ints
    cycles: Ints
    entries: Sequence[Entry]


def serve(groups: Sequence[Members], hardware: Hardware, task: Mapping[str, int], look_ahead: int,
          fewest: int, hurry: bool) -> list[tuple[Ints, Ints]]:
    """Schedule the reads of all groups, with the sums that wait for each server in view.

    Weights of a slot's matching are those of :func:`.match.match`. No element finishes a sum that its queue has no room
    for. Slots are kept dense: one of few reads is left out (the group stands still where it runs) while all of its
    servers have sums to take.

    Parameters
    ----------
    groups : sequence of Members
    hardware : Hardware
    task : mapping
        Fields of the pass's task word.
    look_ahead : int
        Nodes that an element chooses its next one among, the shortest first.
    fewest : int
        Reads of a slot that is never left out.
    hurry : bool
        None is left out either while an element has as much to read as its server has to do.

    Returns
    -------
    list of (bank, node)
        Of each group, as :func:`.match.match` returns them.
    """
    servers = hardware.servers
    states = [_Group(members, look_ahead) for members in groups]
    orders: list[list[list[Entry]]] = [[[] for _ in range(hardware.ports)] for _ in range(servers)]
    timing = [ServerTiming(ports=hardware.ports, lanes=hardware.lanes, digits=hardware.digits, planes=hardware.planes,
                           lane_sets=hardware.lane_sets, entries=of_ports) for of_ports in orders]
    for server in timing:
        server.begin(task)
    sums = [SumQueues(hardware.hold_depth) for _ in groups]
    port = [[index * (UNITS // servers) + element // servers for element in range(UNITS)]
            for index in range(len(groups))]
    ahead = np.zeros(UNITS, dtype=np.int64)  # cycles of nodes that are not finished, of each element's server
    for members in groups:
        np.add.at(ahead, members.unit % servers, members.cycles)
    ahead = ahead[np.arange(UNITS) % servers]
    finished = [0] * len(groups)
    while any(state.remaining for state in states):
        for digit in range(hardware.digits):
            waiting = _cycle(timing, sums, port, finished if digit == 0 else [0] * len(groups))
        hungry = ~waiting[np.arange(UNITS) % servers]
        for index, (state, queue) in enumerate(zip(states, sums, strict=True)):
            finished[index] = 0
            busy = state.load > 0
            late = (hungry & busy).any() or (hurry and (busy & (state.load * hardware.digits >= ahead)).any())
            for element, node in state.slot(queue.full, 1 if late else fewest):
                finished[index] |= 1 << element
                orders[element % servers][port[index][element]].append(groups[index].entries[node])
                ahead[element % servers::servers] -= groups[index].cycles[node]
    return [state.slots for state in states]


def _cycle(timing: Sequence[ServerTiming], sums: Sequence[SumQueues], port: Sequence[Sequence[int]],
           finished: Sequence[int]) -> Bools:
    """One cycle of servers and queues. Returns which servers have a sum that waits."""
    valid, acks = [0] * len(timing), [0] * len(sums)
    for index, queue in enumerate(sums):
        held = queue.valid
        for element in range(UNITS):
            if held >> element & 1:
                server, bit = element % len(timing), 1 << port[index][element]
                valid[server] |= bit
                if timing[server].ack & bit:
                    acks[index] |= 1 << element
    for each, of_ports in zip(timing, valid, strict=True):
        each.step(of_ports)
    for queue, ack, mask in zip(sums, acks, finished, strict=True):
        queue.step(ack, mask)
    return np.array(valid) > 0


class _Group:
    """One group on its way through its slots."""

    def __init__(self, members: Members, look_ahead: int) -> None:
        self.counts, self.look_ahead = members.counts, look_ahead
        self.left = members.counts.sum(1)
        self.queues = queues(self.left, members.unit)
        empty = np.flatnonzero(self.left == 0)
        self.empty: list[list[int]] = [empty[members.unit[empty] == p].tolist() for p in range(UNITS)]
        self.load = np.bincount(members.unit, np.maximum(self.left, 1), UNITS)
        self.bank_load = members.counts.sum(0).astype(np.float64)
        self.remaining = int(np.maximum(self.left, 1).sum())
        self.open_node = np.full(UNITS, -1)
        self.open_left = np.ones(UNITS)
        self.wanted = np.zeros((UNITS, UNITS))  # reads left of the open node; banks of the nodes that may be opened
        self.longer = np.zeros((UNITS, UNITS))  # of the latter those of several reads only
        for p in range(UNITS):
            self._offer(p)
        self.banks: list[Ints] = []
        self.nodes: list[Ints] = []

    @property
    def slots(self) -> tuple[Ints, Ints]:
        shape = (len(self.banks), UNITS)
        return (np.array(self.banks, dtype=np.int64).reshape(shape),
                np.array(self.nodes, dtype=np.int64).reshape(shape))

    def slot(self, full: int, fewest: int) -> list[tuple[int, int]]:
        """Fill a slot, or none; elements of ``full`` must not finish. Returns elements and nodes that finish."""
        if not self.remaining:
            return []
        blocked = (full >> np.arange(UNITS) & 1).astype(np.bool_)
        idle = self.open_node < 0
        allowed = np.where((blocked & idle)[:, None], self.longer, self.wanted)
        allowed[blocked & ~idle & (self.open_left == 1)] = 0
        top = max(self.bank_load.max(), self.load.max())
        crowd = allowed * ~idle[:, None] / self.open_left[:, None]
        weight = 1 + (self.bank_load / top) ** URGENCY + ((self.load / top) ** URGENCY)[:, None] + crowd
        units, chosen = linear_sum_assignment(np.where(allowed > 0, weight, 0), maximize=True)
        real = allowed[units, chosen] > 0
        units, chosen = units[real], chosen[real]
        reads = set(units.tolist())
        alone = [p for p in range(UNITS) if self.empty[p] and idle[p] and not blocked[p] and p not in reads]
        if len(units) + len(alone) < fewest:
            return []
        return self._take(units, chosen, alone, blocked)

    def _take(self, units: Ints, chosen: Ints, alone: Sequence[int],
              blocked: Bools) -> list[tuple[int, int]]:
        """Read a row in each of some elements, and finish nodes that read nothing in others."""
        for p, bank in zip(units.tolist(), chosen.tolist(), strict=True):
            if self.open_node[p] < 0:
                self._open(p, bank, bool(blocked[p]))
        self.wanted[units, chosen] -= 1
        self.open_left[units] -= 1
        self.bank_load[chosen] -= 1
        self.load[units] -= 1
        banks = np.full(UNITS, -1)
        banks[units] = chosen
        nodes = np.where(banks >= 0, self.open_node, -1)
        done = units[self.open_left[units] == 0].tolist()
        for p in done:
            self.open_node[p], self.open_left[p] = -1, 1
            self._offer(p)
        for p in alone:
            nodes[p] = self.empty[p].pop()
            self.load[p] -= 1
        self.banks.append(banks)
        self.nodes.append(nodes)
        self.remaining -= len(units) + len(alone)
        return [(p, int(nodes[p])) for p in (*done, *alone)]

    def _open(self, p: int, bank: int, longer: bool) -> None:
        """Open the node of an element's window that crowds most in a bank."""
        window = np.array(self.queues[p][:self.look_ahead])
        left = self.left[window]
        share = np.where(left > longer, self.counts[window, bank] / left, 0)
        node = int(window[share.argmax()])
        self.queues[p].remove(node)
        self.open_node[p], self.open_left[p] = node, self.left[node]
        self.wanted[p] = self.counts[node]

    def _offer(self, p: int) -> None:
        """Banks of the nodes that an element may open next."""
        window = np.array(self.queues[p][:self.look_ahead], dtype=np.int64)
        self.wanted[p] = self.counts[window].any(0)
        self.longer[p] = self.counts[window[self.left[window] > 1]].any(0)
