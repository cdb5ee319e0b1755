"""Cycles of a unit's operand fetch (fetch and gather), as plain integers.

Command n of a pass is beat ``n % beats`` of local row ``n // beats``. It is in fetch's last register from cycle c on,
its walk begins in cycle b, and its token is at the output from cycle a on and leaves in cycle t::

    c[0] = start + FETCH_FIRST                 beat counter, beat word, descriptor address, memory, its output
                                               register, list and degree, offset of the row parameter, command
    c[n] = b[n-1] + 1                          fetch is a rigid pipeline that moves whenever its last register is free
    b[n] = max(c[n], b[n-1] + steps[n-1], t[the SLOTS-th token before] + 1)           steps = max(reads, 1)
    a[n] = max(b[n] + steps[n] + GATHER, t[the token before] + 1)

The last term of b is missing where there are not so many tokens before in the run of the unit, and for SKIP beats,
which give no token. GATHER: walker, list memory, its output register, list entry, two of the address, buffer, its
output register, operand; the sum is written to the queue with the last operand. A slot is taken in b and is free again
in t + 1. Since ``c[n] = b[n-1] + 1`` is never the largest but for n = 0, buffer reads follow each other without a
gap, across beats and rows, while slots are free.
"""

from collections import deque

from ..cells.timing import BANK_READ

__all__ = ["ADDRESS", "BUFFER_READ", "FETCH_ADDRESS", "FETCH_DESCRIPTOR", "FETCH_FIRST", "FETCH_STAGES", "GATHER",
           "GATHER_SUM", "LIST_READ", "READ_DELAY", "SLOTS", "GatherTiming"]

# Fetch: registers between the beat counter and the command, numbered from the beat word, 0.
FETCH_ADDRESS = 1  # beside the descriptor's address
FETCH_DESCRIPTOR = FETCH_ADDRESS + BANK_READ  # beside the descriptor
FETCH_WALK = FETCH_DESCRIPTOR + 1  # list, degree and node are known
FETCH_STAGES = FETCH_WALK + 2  # the last one: the offset of the row parameter is known
FETCH_FIRST = 1 + FETCH_STAGES + 1  # start pulse to the first command: counter, stages, command

# Gather
WALKER = 1  # begin of a walk to its first step
LIST_READ = BANK_READ + 1  # a step to its list entry in a register: memory, then the choice of one in eight
ADDRESS = 2  # list entry to the buffer's address: two additions
BUFFER_READ = BANK_READ  # address to data of the node buffer
OPERAND = 1  # data to the adder
READ_DELAY = WALKER + LIST_READ + ADDRESS  # begin of a walk to its first buffer read, the first cycle of ``working``
GATHER_SUM = LIST_READ + ADDRESS + BUFFER_READ + OPERAND  # a step in the walker to its operand at the adder
GATHER = WALKER + GATHER_SUM  # begin of a walk to its token, beside its steps
SLOTS = 16  # tokens that wait or are on their way: as deep as a look-up table's memory, and more than GATHER + 2


class GatherTiming:
    """When tokens are at the output, given when they are taken; proved equal to the RTL by tests.

    A pass begins with :meth:`begin`; then, beat after beat, one :meth:`skip`, or one :meth:`arrive` and, before the
    next beat's call, :meth:`taken`.

    Attributes
    ----------
    free : int
        First cycle in which the next walk may begin, slots aside.
    run : int
        Cycles of ``working`` so far.
    waited : int
        Cycles of its ``waiting``.
    """

    def __init__(self) -> None:
        self.free = self.run = self.waited = 0
        self._taken = -1
        self._slots: deque[int] = deque([-1] * SLOTS, maxlen=SLOTS)

    def begin(self, start: int) -> None:
        """Begin a pass whose start pulse is in cycle ``start``."""
        self.free = start + FETCH_FIRST

    def skip(self) -> None:
        """Pass over a SKIP beat."""
        self.free += 1

    def arrive(self, reads: int, nulls: int = 0) -> int:
        """Return the first cycle in which the next token is valid at the output.

        Parameters
        ----------
        reads : int
            List entries, NULLs included; 1 for SELF, 0 for ONE and for empty lists.
        nulls : int
            How many of them are NULLs.
        """
        begin = self._slots[0] + 1
        if begin < self.free:
            begin = self.free
        else:
            self.waited += begin - self.free
        self.run += reads - nulls
        self.free = done = begin + (reads if reads > 1 else 1)
        return max(done + GATHER, self._taken + 1)

    def taken(self, cycle: int) -> None:
        """Say that the last token left in ``cycle`` (valid and ready)."""
        self._taken = cycle
        self._slots.append(cycle)
