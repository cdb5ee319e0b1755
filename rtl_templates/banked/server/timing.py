"""Stages of a server in cycles, and its cycle-exact model, which the cycle model of a run steps beside the groups."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...cells.timing import mac_latency
from ..requantize_timing import REQUANT_CODE

__all__ = ["QUEUE_DEPTH", "SERVER_MAC", "Entry", "ServerTiming", "server_q2_delay", "server_q2_wait"]

# A beat takes slot e: the cycle in which its accumulators enter the lanes. A node issued in cycle t takes slots
# t + 1 .. t + q1_beats.
SERVER_ACTIVATION = 1  # a code to the register that collects a node's
SERVER_HELD = 1  # that register to the one whose planes are read
SERVER_MAC = REQUANT_CODE + SERVER_ACTIVATION + SERVER_HELD  # a node's last Q1 slot to the first plane it reads
SERVER_PLANE = 1  # a plane that is read to the MAC array's input
SERVER_ROW = 1  # a row's last code to the row
SERVER_SETTLE = 2  # start of a dense pass to the first cycle that adds a step's words
#: Nodes in flight: at most 27 when they come every cycle, fewer when their beats are more; with two sets of lanes nodes
#: that combine may come every cycle too.
QUEUE_DEPTH = {1: 32, 2: 64}


def server_q2_delay(lanes: int, planes: int) -> int:
    """From the end of a node's occupation of the MAC array (issue + occupation) to one cycle before issues yield.

    A node issued in cycle t reads its last plane in ``t + q1_beats + SERVER_MAC + occupation - 1``, and its first q2
    slot is SERVER_PLANE + mac_latency later, which is ``t + occupation + this + q1_beats + 1``.
    """
    return SERVER_MAC + SERVER_PLANE + mac_latency(lanes, planes) - 2


def server_q2_wait(lanes: int, planes: int, q1_beats: int, q2_beats: int, lane_sets: int = 1) -> int:
    """Cycles that Q2 beats should wait for the gap between the Q1 beats of nodes that come without pause.

    Nodes that the lanes limit are ``q1_beats + q2_beats`` apart and occupy the MAC array as long, so the wait is
    what is left of :func:`server_q2_delay` to a whole number of them. Zero where the result would be gone by then,
    but at least so much that a pair sees the Q2 beats that it would meet. Zero with two sets of lanes.
    """
    if lane_sets > 1:
        return 0
    least = max(0, q1_beats + 1 - server_q2_delay(lanes, planes))
    wait = -server_q2_delay(lanes, planes) % (q1_beats + q2_beats)
    return wait if least <= wait <= q1_beats else least


class Entry(NamedTuple):
    """What a PARAM entry says of time: stored bits of the node, and whether it is a rank-1 pair."""

    bits: int
    pair: bool


class ServerTiming:
    """When a server takes nodes, acknowledges and works; a test proves it equal to the RTL under random arrivals.

    The attributes are the outputs in the present cycle; :meth:`step` goes to the next one. A pass begins with
    :meth:`begin` in the cycle of its start pulse, before that cycle's :meth:`step`. A new object is a server in the
    cycle of a run's first start pulse, one after ``run_start``.

    Parameters
    ----------
    ports, lanes, digits, planes, lane_sets : int
        As :class:`rtl_templates.banked.server.server.Server`; ``digits`` is ``code_bits // digit``.
    entries : sequence of Entry sequences
        Of each port, its PARAM entries in order, through all passes of a run.

    Attributes
    ----------
    ack : int
        Bit p: ``ack[p]``.
    busy, working : bool
        As the members of the server; ``waiting`` is ``not busy and not valid``.
    """

    def __init__(self, *, ports: int, lanes: int, digits: int, planes: int, lane_sets: int = 1,
                 entries: Sequence[Sequence[Entry]]) -> None:
        if len(entries) != ports:
            raise ValueError(f"{len(entries)} orders for {ports} ports")
        self.ports, self.digits, self.planes, self._lane_sets = ports, digits, planes, lane_sets
        self.ack = 0
        self.busy = self.working = False
        self._lanes = lanes
        self._tail = REQUANT_CODE + SERVER_ROW + (digits if digits > 1 else 0)
        self._entries = entries
        self._next = [0] * ports
        self._recent = self._taken = 0
        self._fetch = self._held = -1  # port in the stage, or none
        self._entry = Entry(0, False)  # of the held node
        self._now = 0
        self._open = 0  # first cycle in which the next node may be issued
        self._yields: deque[int] = deque()  # cycles from which issues yield to a node's Q2 beats
        self._ack_at = self._ack_port = -1
        self._work = 0  # bit k: work in k cycles from now
        self._busy_until = -1
        self._dense_left = self._dense_from = 0
        self._dense = self._dense_next = False

    def begin(self, task: Mapping[str, int], nodes: int = 0) -> None:
        """Begin a pass.

        Parameters
        ----------
        task : mapping
            Fields of the task word.
        nodes : int
            PARAM entries of a dense pass; unused in others.
        """
        write_beats = 1 if task["to_result"] else self.digits
        self._recent = 0
        self._dense = bool(task["dense"])
        self._combine = bool(task["combine"]) or self._dense
        self._q1 = 1 if self._dense else task["q1_chunks"]
        self._q2 = task["q2_chunks"]
        own = 0 if self._dense else self._q1
        self._floor = max(self._q2 + own if self._lane_sets == 1 else max(self._q2, own), write_beats)
        self._delay = server_q2_delay(self._lanes, self.planes) + task["q2_wait"]
        self._base = max(self._q1, write_beats)
        if self._dense:
            self._dense_left = nodes
            self._dense_from = self._now + SERVER_SETTLE + task["dense_steps"]
            self._dense_next = True
            self._words = max(self._floor, task["dense_steps"] * task["dense_pages"])

    def step(self, valid: int) -> int:
        """Go to the next cycle; bit p of ``valid`` is ``hold[p].valid`` in the present one. Returns the new ``ack``."""
        now, dense, taken = self._now, self._dense, self._taken
        issue = self._held >= 0 and now >= self._open and self._may(now, valid)
        if self.ack:
            taken &= ~self.ack
        last_dense = issue and dense and self._dense_left == 1
        free = valid & ~self._taken
        if issue:
            self._issue(now)
            if self.ports == 1 and not dense:
                taken |= 1
        move = self._held < 0 or issue
        fetch = self._fetch
        if dense:
            # The RTL reads `final` beside the issue; before it, one node is under way at most.
            take = self._dense_left > 0 and not self._dense_next and fetch < 0 and (
                self._held < 0 or (issue and not last_dense))
            chosen = 0
        else:
            take = (fetch < 0 or move) and (self.ports == 1 or free != 0)
            if take:
                chosen = self._recent
                for k in range(1, self.ports + 1):
                    chosen = (self._recent + k) % self.ports
                    if free >> chosen & 1:
                        break
                self._recent = chosen
                if self.ports > 1:
                    taken |= 1 << chosen
        if move:
            self._held = fetch
            if fetch >= 0:
                order, place = self._entries[fetch], self._next[fetch]
                self._entry = order[place] if place < len(order) else Entry(0, False)
                self._next[fetch] = place + 1
        if take:
            self._fetch = chosen
        elif move:
            self._fetch = -1
        if issue and dense:
            self._dense_left -= 1
        self._taken, self._dense_next = taken, False

        self._now = now = now + 1
        self._work >>= 1
        self.working = bool(self._work & 1)
        self.busy = now <= self._busy_until or (dense and self._dense_left > 0)
        self.ack = 1 << self._ack_port if now == self._ack_at else 0
        return self.ack

    def _may(self, now: int, valid: int) -> bool:
        """Whether anything but the interval keeps the held node from being issued."""
        if self._dense:
            return self._dense_left > 0 and now >= self._dense_from
        while self._yields and self._yields[0] + self._q1 + self._q2 - 1 <= now:
            self._yields.popleft()
        if self._yields and self._yields[0] - (self._q1 if self._entry.pair else 0) <= now:
            return False
        return self.ports > 1 or bool(valid & ~self._taken & 1)

    def _issue(self, now: int) -> None:
        """Everything that follows from an issue, at once: the pipeline is rigid."""
        occupation, more = 0, 0
        if self._dense:
            occupation = self._words
        else:
            more = self._q1 if self._entry.pair else 0
            self._work |= ((1 << self._q1 + more) - 1) << 1
            self._ack_at, self._ack_port = now + self._q1 + (more and more - 1), self._held
            if self._combine:
                occupation = max(-(-self._entry.bits // self.planes), self._floor)
        last = self._q1 + more
        if self._combine:
            q2 = occupation + self._delay + last + 1
            self._work |= ((1 << occupation) - 1) << last + SERVER_MAC
            self._work |= ((1 << self._q2) - 1) << q2
            if not self._dense and self._lane_sets == 1:
                self._yields.append(now + q2 - self._q1)
            last = q2 + self._q2 - 1
        self._open = now + max(self._base, occupation) + more
        self._busy_until = now + last + self._tail
