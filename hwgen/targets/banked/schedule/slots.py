"""IR 4, the schedule: where rows live, who computes which node, and what every cycle reads."""

from dataclasses import dataclass

from ...arrays import Ints

__all__ = ["Owners", "PassSchedule", "Schedule", "Slots", "SourceRows"]


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

    unit: Ints
    group: Ints
    row: Ints


@dataclass(frozen=True, kw_only=True)
class SourceRows:
    """Where the source rows of the first pass live. A row that many nodes read may have several copies.

    Parameters
    ----------
    source : int64 [copies]
        Number of the row, of :attr:`hwgen.targets.banked.program.Program.gathered`, that this copy holds.
    bank : int64 [copies]
    row : int64 [copies]
        Full row address, top bit (half) included.
    """

    source: Ints
    bank: Ints
    row: Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Slots:
    """A conflict-free schedule of one gather: in a slot each processing element adds at most one row.

    Parameters
    ----------
    bank : int64 [slots, groups, 16]
        Bank that processing element p reads; -1 when it adds nothing. Distinct within a group and slot.
    row : int64 [slots, groups, 16]
        Row in that bank, before the pass's ``read_half`` toggles the top bit; 0 where nothing is read.
    node : int64 [slots, groups, 16]
        Node that finishes in this slot, or -1. A node without any read finishes in a slot with bank -1.
    bound : int
        Slots that no schedule can beat: the busiest bank or processing element of any group.
    """

    bank: Ints
    row: Ints
    node: Ints
    bound: int

    @property
    def count(self) -> int:
        """Slots of the schedule memory it fills."""
        return int(self.bank.shape[0])

    def arrivals(self, servers: int) -> tuple[tuple[Ints, ...], ...]:
        """Nodes in the order in which they arrive at a port: ``[server][port]``."""
        _, groups, units = self.node.shape
        order: list[list[Ints]] = [[] for _ in range(servers)]
        for g in range(groups):
            for unit in range(units):  # ports of a server come in rising order of unit // servers
                column = self.node[:, g, unit]
                order[unit % servers].append(column[column >= 0])
        return tuple(tuple(ports) for ports in order)


@dataclass(frozen=True, kw_only=True)
class PassSchedule:
    """A pass's part of the schedule memory.

    Parameters
    ----------
    start, count : int
        Slots of the schedule memory; zero for dense passes.
    read_half, write_half : int
        Halves of the banks that the pass reads and writes (the top row address bit). Source rows are read
        with half 0, since their addresses name their half. The last pass writes results, not rows.
    order : tuple of tuples of int64 arrays
        Nodes in the order in which they arrive at a port: ``order[server][port]``. A dense pass walks port 0.
    """

    start: int
    count: int
    read_half: int
    write_half: int
    order: tuple[tuple[Ints, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Placement and schedule of a whole program.

    Parameters
    ----------
    owners : Owners
    sources : SourceRows or None
        None when no pass gathers features.
    slots : tuple of Slots
        The distinct schedules, in the order in which they lie in the schedule memory.
    passes : tuple of PassSchedule
        One a pass; passes that gather the same neighbours point at the same slots.
    """

    owners: Owners
    sources: SourceRows | None
    slots: tuple[Slots, ...]
    passes: tuple[PassSchedule, ...]

    @property
    def slots_used(self) -> int:
        """Words of each group's schedule memory."""
        return sum(slots.count for slots in self.slots)

    def slots_of(self, index: int) -> Slots | None:
        """The slots that a pass runs; None of a dense one."""
        step, start = self.passes[index], 0
        for slots in self.slots:
            if step.count and step.start == start:
                return slots
            start += slots.count
        return None
