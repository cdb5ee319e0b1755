"""Latencies of the pipeline in cycles, as plain integers: the RTL and the cycle model read the same numbers."""

from collections.abc import Sequence

# Shell (rtl_templates/banked/sequencer.py). With s and e the cycles of a pass's start pulse and of its last activity:
# CYCLES = SHELL_RUN + sum(e - s) + (passes - 1) * SHELL_BARRIER + SHELL_DONE.
SHELL_QUIET = 4  # cycles without any activity that end a pass
SHELL_OBSERVE = 2  # registers between the units' activity and the sequencer
SHELL_RUN = 2  # accepted run command to the first start pulse
SHELL_BARRIER = SHELL_QUIET + SHELL_OBSERVE + 1  # last activity to the next pass's start pulse
SHELL_DONE = SHELL_QUIET + SHELL_OBSERVE  # last activity to the last cycle that counts
SHELL_LOAD_DRAIN = 32  # last beat of a load to its end: every consumer has written

# Group (rtl_templates/banked/group.py).

#: From the ``start`` pulse to the cycle that issues digit 0 of the first slot.
GROUP_ISSUE = 1
#: Schedule memory and its output register.
GROUP_SCHEDULE = 2
#: Bank and its output register.
GROUP_BANK = 2
#: Stages of the Clos network.
GROUP_CLOS = 3
#: From issuing a digit to the cycle in which the lanes add it.
GROUP_PIPE = GROUP_SCHEDULE + GROUP_BANK + GROUP_CLOS
#: From ``start`` to ``hold.valid`` of a node that finishes in slot s, without stalls:
#: this + (s + 1) * digits.
GROUP_FIRST_HOLD = GROUP_ISSUE + GROUP_PIPE
#: A bank write presented in cycle t is read by an address that is at the bank in cycle t + this or later; the
#: first address of a pass is there GROUP_ISSUE + GROUP_SCHEDULE after ``start``.
GROUP_BANK_WRITE = 2


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

# Server (server/server.py). A beat takes slot e: the cycle in which its accumulators enter the lanes.
# A node issued in cycle t takes slots t + 1 .. t + pre_beats.

REQUANT_MULTIPLIER = 3  # from the slot to the cycle in which row multipliers and bits are wanted
REQUANT_CODE = 8  # from the slot to the cycle in which the code is captured
SERVER_MAC = REQUANT_CODE + 2  # from a node's last pre slot to the first plane it reads
MAC_READ = 2  # plane register and table register
MAC_SUM = 1  # accumulator


def mac_tree(lanes: int) -> int:
    """Registered levels of ternary adders that sum one table per six lanes."""
    count, levels = -(-lanes // 6), 0
    while count > 1:
        count, levels = -(-count // 3), levels + 1
    return levels


def mac_latency(lanes: int) -> int:
    """From reading a plane to the cycle that sees it in the MAC array's result, which is the first post slot."""
    return MAC_READ + mac_tree(lanes) + MAC_SUM


def server_post_delay(lanes: int) -> int:
    """From the end of a node's occupation of the MAC array (issue + occupation) to one cycle before picks yield.

    The post beats follow ``pre_beats + 1`` cycles later: ``SERVER_MAC + mac_latency`` less those two and the
    cycles that are counted elsewhere.
    """
    return SERVER_MAC + mac_latency(lanes) - 2


def server_post_wait(lanes: int, pre_beats: int, post_beats: int) -> int:
    """Cycles that post beats should wait for the gap between the pre beats of nodes that come without pause.

    Nodes that the lanes limit are ``pre_beats + post_beats`` apart and occupy the MAC array as long, so the wait is
    what is left of :func:`server_post_delay` to a whole number of them. Zero where the result would be gone by then.
    """
    wait = -server_post_delay(lanes) % (pre_beats + post_beats)
    return wait if wait <= pre_beats else 0
