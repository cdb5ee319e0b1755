"""Cycles of the combine and write stages, exactly: what their tests hold the RTL to.

Cycles are numbered as one likes; a token with arrival ``t`` is valid from cycle ``t`` on, and ``taken`` in the cycle in
which valid and ready meet.

Combine. Chunk c of row n is taken in a[n,c], output chunk o of it begins in b[n,o] and is valid from v[n,o] on; m
counts output chunks over all rows, t[m] is the cycle in which chunk m is taken::

    a[n,c] = max(arrival[n,c], previous a + 1, e[n-2] + 1)       e[n-2]: last plane of the row that had the slot
    b[n,o] = max(a[n,last] + 1, previous b + D, t[m-QUEUE] + 1)  full flag; planes without a gap; a place in the queue
    D      = in_chunks * max(bits, 1)
    v[n,o] = b[n,o] + D - 1 + combine_latency(lanes)
    e[n]   = b[n,last] + D - 1

The queue gives its tokens in order, one a cycle.

Write. A token is taken when the stage is free, and written from the cycle after that on; ``number`` is the cycle's
since the pass's start pulse::

    a[n] = max(arrival[n], w[n-1])
    w[n] = first cycle > a[n] with number % units == index       buffer; RowWrite follows WRITE_REGISTER later
    w[n] = a[n] + words                                          result memory, a word of 8 results a cycle
"""

from ..cells.timing import mac_latency

__all__ = ["QUEUE", "QUEUE_PLACE", "WRITE_REGISTER", "CombineTiming", "WriteTiming", "combine_cycles",
           "combine_latency"]

QUEUE = 16  # output chunks begun and not yet taken
PLANE_ADDRESS = 1  # counters to the address of a plane
PLANE = 1  # address to the plane at the MAC array
QUEUE_WRITE = 1  # a sum to the queue's output
QUEUE_PLACE = 2  # a chunk's begin to its place in a register: the chunk, its offset among the row parameters
WRITE_REGISTER = 1  # from a write's slot to RowWrite


def combine_latency(lanes: int) -> int:
    """From the cycle of a chunk's last plane to the first one with its sum at the output."""
    return PLANE_ADDRESS + PLANE + mac_latency(lanes) + QUEUE_WRITE


def combine_cycles(in_chunks: int, bits: int) -> int:
    """D: cycles of one output chunk."""
    return in_chunks * (bits or 1)


class CombineTiming:
    """The recurrence above, step by step: ``collect`` all chunks of a row, then ``produce`` its output chunks.

    Before ``produce`` of token m, ``taken`` must have been told of token m - QUEUE.

    Attributes
    ----------
    run, waited : int
        Cycles of ``working`` and ``waiting`` so far.
    """

    __slots__ = ("_collected", "_free", "_issued", "_latency", "_made", "_ready", "_slot", "_taken", "_told", "run",
                 "waited")

    def __init__(self, lanes: int) -> None:
        self._latency = combine_latency(lanes) - 1
        self._collected = 0  # first cycle in which a chunk can be taken
        self._free = [0, 0]  # of each slot
        self._slot = 0
        self._ready = 0  # first cycle in which the collected row may begin
        self._issued = 0  # first cycle without a plane
        self._taken = [-1] * QUEUE
        self._made = self._told = 0
        self.run = self.waited = 0

    def collect(self, arrival: int, *, end: bool) -> int:
        """Cycle in which the next chunk from Q1 is taken; ``end``: the last one of its row."""
        cycle = max(arrival, self._collected, self._free[self._slot])
        self._collected = cycle + 1
        if end:
            self._ready = cycle + 1
        return cycle

    def produce(self, cycles: int, *, end: bool) -> int:
        """Cycle from which the next output chunk is valid; ``cycles`` is :func:`combine_cycles`."""
        able = max(self._ready, self._issued)
        begin = max(able, self._taken[self._made] + 1)
        self.run += cycles
        self.waited += begin - able
        self._made = (self._made + 1) % QUEUE
        self._issued = begin + cycles
        if end:
            self._free[self._slot] = self._issued
            self._slot ^= 1
        return self._issued + self._latency

    def taken(self, cycle: int) -> None:
        """The next output chunk was taken in ``cycle``."""
        self._taken[self._told] = cycle
        self._told = (self._told + 1) % QUEUE


class WriteTiming:
    """The recurrence above for one unit and pass, ``start`` being the cycle of the start pulse.

    Attributes
    ----------
    run, waited : int
        Cycles of ``working`` and ``waiting`` so far.
    """

    __slots__ = ("_free", "_phase", "_units", "run", "waited")

    def __init__(self, *, units: int, index: int, start: int) -> None:
        self._units, self._phase, self._free = units, start + index, start
        self.run = self.waited = 0

    def take(self, arrival: int, words: int = 0) -> tuple[int, int]:
        """The next token: cycles in which it is taken, and written.

        Parameters
        ----------
        arrival : int
        words : int
            Result words of the token; 0: it goes to the buffer.
        """
        taken = max(arrival, self._free)
        if words:
            self._free = taken + words
            self.run += words
        else:
            wait = (self._phase - taken - 1) % self._units
            self._free = taken + 1 + wait
            self.run += 1
            self.waited += wait
        return taken, self._free
