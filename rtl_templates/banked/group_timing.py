"""Stages of a group in cycles, and when its outputs change, in plain integers: RTL and cycle model read the same."""

from collections.abc import Sequence

from ..cells.timing import BANK_READ

__all__ = ["GROUP_CLOS", "GROUP_FIRST_HOLD", "GROUP_ISSUE", "GROUP_PIPE", "GROUP_SCHEDULE", "GroupTiming"]

#: From the ``start`` pulse to the cycle that issues digit 0 of the first slot.
GROUP_ISSUE = 1
#: Schedule memory and its output register.
GROUP_SCHEDULE = 2
#: Stages of the Clos network; the last one's register is the operand register of the processing element.
GROUP_CLOS = 3
#: From issuing a digit to the cycle in which the lanes add it.
GROUP_PIPE = GROUP_SCHEDULE + BANK_READ + GROUP_CLOS
#: From ``start`` to ``hold.valid`` of a node that finishes in slot s, without stalls:
#: this + (s + 1) * digits.
GROUP_FIRST_HOLD = GROUP_ISSUE + GROUP_PIPE


class GroupTiming:
    """Cycle-exact model of a group's single-bit outputs; a test proves it equal to the RTL under random acks.

    The attributes are the outputs in the present cycle; :meth:`step` goes to the next one. A pass begins with
    :meth:`begin` in the cycle of the start pulse, before that cycle's :meth:`step`.

    With e enabled cycles since the first that issued, the lanes add digit ``e - GROUP_PIPE`` of the pass; the
    group is frozen while a processing element is to load a hold register that is full.

    Parameters
    ----------
    digits : int
        Cycles of a slot.

    Attributes
    ----------
    valid : int
        Bit p: ``hold[p].valid``.
    stalled, active, issuing : bool
        As the members of :class:`rtl_templates.banked.group.Group`.
    """

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.valid = 0
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
        self.valid &= ~ack
        if self._starting:
            self._starting, self.active, self.issuing = False, True, True
            return
        if not self.active:
            return
        if not self.stalled:
            if self._next < len(self._finish) and self._finish[self._next][0] == self._enabled:
                self.valid |= self._finish[self._next][1]
                self._next += 1
            self._enabled += 1
            self.active = self._enabled < self._total + GROUP_PIPE
        self.stalled = (self._next < len(self._finish) and self._finish[self._next][0] == self._enabled
                        and self._finish[self._next][1] & self.valid != 0)
        self.issuing = not self.stalled and self._enabled < self._total

    def quiet(self) -> int:
        """Cycles that :meth:`skip` may take at once: without an ack, ``valid`` and ``stalled`` stay as they are.

        Zero when the next cycle differs or may differ; a very large number when nothing happens until an ack.
        """
        if self._starting:
            return 0
        if self.stalled or not self.active:
            return 1 << 60
        coming = self._finish[self._next][0] if self._next < len(self._finish) else self._total + GROUP_PIPE
        return max(0, coming - self._enabled - 1)

    def skip(self, cycles: int) -> None:
        """Take ``cycles`` steps without an ack at once; at most :meth:`quiet`."""
        if self.active and not self.stalled:
            self._enabled += cycles
            self.issuing = self._enabled < self._total
