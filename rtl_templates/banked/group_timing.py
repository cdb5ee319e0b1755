"""Stages of a group in cycles, and when its outputs change, in plain integers: RTL and cycle model read the same."""

from collections.abc import Sequence
from functools import reduce
from operator import and_

from ..cells.timing import BANK_READ

__all__ = ["GROUP_CLOS", "GROUP_FIRST_HOLD", "GROUP_ISSUE", "GROUP_PIPE", "GROUP_SCHEDULE", "GroupTiming", "SumQueues"]

#: From the ``start`` pulse to the cycle that issues digit 0 of the first slot.
GROUP_ISSUE = 1
#: Schedule memory and its output register.
GROUP_SCHEDULE = 2
#: Stages of the Clos network; the last one's register is the operand register of the processing element.
GROUP_CLOS = 3
#: From issuing a digit to the cycle in which the lanes add it.
GROUP_PIPE = GROUP_SCHEDULE + BANK_READ + GROUP_CLOS
#: From ``start`` to ``hold.valid`` of a node that finishes in slot s, without stalls:
#: this + (s + 1) * digits, and a cycle for each register of the queue but the first.
GROUP_FIRST_HOLD = GROUP_ISSUE + GROUP_PIPE


class SumQueues:
    """Queues of finished sums of a group's elements; sets of elements are the bits of an integer.

    Parameters
    ----------
    depth : int
        Registers of a queue.
    """

    def __init__(self, depth: int) -> None:
        self._held = [0] * depth  # elements of which a register is full, the newest sum's first

    @property
    def valid(self) -> int:
        """Elements whose oldest sum waits for its server."""
        return self._held[-1]

    @property
    def full(self) -> int:
        """Elements that can finish no further sum."""
        return reduce(and_, self._held)

    def step(self, ack: int, finished: int) -> None:
        """Go to the next cycle: sums that are read leave, those behind them go on, and new ones come."""
        held = self._held
        held[-1] &= ~ack
        for k in reversed(range(len(held) - 1)):
            goes = held[k] & ~held[k + 1]
            held[k + 1] |= goes
            held[k] ^= goes
        held[0] |= finished


class GroupTiming:
    """Cycle-exact model of a group's single-bit outputs; a test proves it equal to the RTL under random acks.

    The attributes are the outputs in the present cycle; :meth:`step` goes to the next one. A pass begins with
    :meth:`begin` in the cycle of the start pulse, before that cycle's :meth:`step`.

    With e enabled cycles since the first that issued, the lanes add digit ``e - GROUP_PIPE`` of the pass; the
    group is frozen while a processing element is to finish a sum and has ``hold_depth`` waiting. A finished sum goes
    through the empty registers of its queue, one a cycle.

    Parameters
    ----------
    digits : int
        Cycles of a slot.
    hold_depth : int
        Registers of an element's queue of sums.

    Attributes
    ----------
    stalled, active, issuing : bool
        As the members of :class:`rtl_templates.banked.group.Group`.
    """

    def __init__(self, digits: int, hold_depth: int) -> None:
        self.digits = digits
        self._sums = SumQueues(hold_depth)
        self.stalled = self.active = self.issuing = False
        self._finish: list[tuple[int, int]] = []  # (enabled cycles when the lanes finish, elements), in order
        self._next = 0
        self._enabled = self._total = 0
        self._starting = False

    def begin(self, finish: Sequence[int]) -> None:
        """Begin a pass.

        Parameters
        ----------
        finish : sequence of int
            For every slot, bit p is set where processing element p finishes a node (the ``last`` flags). Empty
            for a pass without slots and for a dense pass.
        """
        if self.active:
            raise ValueError("the group is still active")
        self._finish = [
            ((slot + 1) * self.digits - 1 + GROUP_PIPE, mask) for slot, mask in enumerate(finish) if mask]
        self._total = len(finish) * self.digits
        self._next = self._enabled = 0
        self._starting = self._total > 0

    def step(self, ack: int = 0) -> None:
        """Go to the next cycle; bit p of ``ack`` is ``ack[p]`` in the present one."""
        finished = 0
        if self.active and not self.stalled and self._coming:
            finished = self._coming
            self._next += 1
        self._sums.step(ack, finished)
        if self._starting:
            self._starting, self.active, self.issuing = False, True, True
            return
        if not self.active:
            return
        if not self.stalled:
            self._enabled += 1
            self.active = self._enabled < self._total + GROUP_PIPE
        self.stalled = self._coming & self._sums.full != 0
        self.issuing = not self.stalled and self._enabled < self._total

    @property
    def valid(self) -> int:
        """Bit p: ``hold[p].valid``."""
        return self._sums.valid

    @property
    def _coming(self) -> int:
        """Elements that finish a sum with the next enabled cycle."""
        later = self._next >= len(self._finish) or self._finish[self._next][0] != self._enabled
        return 0 if later else self._finish[self._next][1]
