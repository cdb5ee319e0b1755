"""Cycles of a run, exact: the timing twins of the RTL's groups and servers, stepped together; and a guess to rank by.

Nothing of the former is fitted. Each twin is proved cycle-equal to its component by a test, and the sum is compared
with the RTL's own counters by every cosimulation.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from rtl_templates.banked.formats import UNITS
from rtl_templates.banked.group_timing import GroupTiming
from rtl_templates.banked.server.timing import Entry, ServerTiming
from rtl_templates.shell.timing import SHELL_DONE, SHELL_QUIET, SHELL_RUN

from ..arrays import Bools, Ints
from ..pass_cycles import CycleEstimate, PassCycles, Stage
from .hardware import Hardware
from .images import task_fields
from .program import Gather, Pass, Program
from .schedule.slots import Schedule, Slots

__all__ = ["estimate", "guess_cycles", "pass_cycles", "pass_entries"]

_PASS_OVERHEAD = 45  # cycles to fill and drain the pipeline and for the barrier


def estimate(program: Program, hardware: Hardware, schedule: Schedule) -> CycleEstimate:
    """Count the cycles of a run.

    Parameters
    ----------
    program, hardware, schedule
        As :func:`hwgen.targets.banked.images.pack` takes them.
    """
    tasks = task_fields(program, hardware, schedule)
    machine = _Machine(hardware, _port_entries(program, [step.order for step in schedule.passes], hardware.ports,
                                               hardware.servers))
    passes = []
    for index, (step, task) in enumerate(zip(program.passes, tasks, strict=True)):
        finish = _finish_flags(schedule.slots_of(index), hardware.groups)
        nodes = [max(1, len(order[0])) for order in schedule.passes[index].order]
        passes.append(machine.run(step.name, task, finish, nodes))
    stages = (Stage(name="gather", count=hardware.groups), Stage(name="server", count=hardware.servers, waits="in"))
    return CycleEstimate(stages=stages, passes=tuple(passes))


def pass_cycles(program: Program, hardware: Hardware, schedule: Schedule, index: int, slots: Slots) -> PassCycles:
    """Cycles of one pass that gathers, alone, with slots in place of the schedule's."""
    order = slots.arrivals(hardware.servers)
    orders = [order if number == index else None for number in range(len(program.passes))]
    machine = _Machine(hardware, _port_entries(program, orders, hardware.ports, hardware.servers))
    task = task_fields(program, hardware, schedule)[index]
    return machine.run(program.passes[index].name, task, _finish_flags(slots, hardware.groups), [0] * hardware.servers)


def guess_cycles(program: Program, hardware: Hardware) -> float:
    """Cycles of a run: in each pass reading rows and serving nodes, perfectly balanced, side by side."""
    return sum(_PASS_OVERHEAD + _beside(_reading(program.gathers[index], hardware),
                                        _serving(program, step, program.rows_of(index), hardware))
               for index, step in enumerate(program.passes))


def _beside(one: float, other: float) -> float:
    """Cycles of two that wait for each other: those of the slower, and more the nearer they are.

    The exponent is that of guesses over exact cycles with little spread (docs/decisions/0030-exploration.md).
    """
    return float((one ** 4 + other ** 4) ** 0.25)


class _Machine:
    """Groups and servers, wired as :class:`rtl_templates.banked.accelerator.Accelerator` does."""

    def __init__(self, hardware: Hardware, entries: Sequence[Sequence[Sequence[Entry]]]) -> None:
        self.groups = [GroupTiming(hardware.digits, hardware.hold_depth) for _ in range(hardware.groups)]
        self.servers = [
            ServerTiming(ports=hardware.ports, lanes=hardware.lanes, digits=hardware.digits, planes=hardware.planes,
                         lane_sets=hardware.lane_sets, entries=of_ports)
            for of_ports in entries
        ]
        # Server and port of every element.
        count, local = hardware.servers, UNITS // hardware.servers
        self._port = [[(element % count, 1 << index * local + element // count) for element in range(UNITS)]
                      for index in range(hardware.groups)]
        self._lead = SHELL_RUN - 1  # busy cycles before the first start pulse

    def run(self, name: str, task: Mapping[str, int], finish: Sequence[Sequence[int]],
            nodes: Sequence[int]) -> PassCycles:
        """Step through one pass: from the cycle after the last stamp to its own."""
        counts = [0, 0, 0, 0]
        cycles = 0
        for _ in range(self._lead):
            cycles += 1
            self._step(counts)
        for group, flags in zip(self.groups, finish, strict=True):
            group.begin(flags)
        for server, entries in zip(self.servers, nodes, strict=True):
            server.begin(task, entries)
        quiet = -1  # the start pulse counts as activity
        while quiet < SHELL_QUIET:
            cycles += 1
            quiet = 0 if self._step(counts) else quiet + 1
        for _ in range(SHELL_DONE - SHELL_QUIET):
            cycles += 1
            self._step(counts)
        self._lead = 0
        issuing, stalled, working, waiting = counts
        return PassCycles(name=name, cycles=cycles, run={"gather": issuing, "server": working},
                          waited={"gather": stalled, "server": waiting})

    def _step(self, counts: list[int]) -> bool:
        """Count the present cycle and go to the next. Returns whether anything was active in the present one."""
        active = False
        acks = [0] * len(self.groups)
        valid = [0] * len(self.servers)
        for index, group in enumerate(self.groups):
            if group.valid or group.active:
                active = True
                counts[0] += group.issuing
                counts[1] += group.stalled
            if group.valid:
                for element, (owner, bit) in enumerate(self._port[index]):
                    if group.valid >> element & 1:
                        valid[owner] |= bit
                        if self.servers[owner].ack & bit:
                            acks[index] |= 1 << element
        for server, arrived in zip(self.servers, valid, strict=True):
            active |= server.busy
            counts[2] += server.working
            counts[3] += not (server.working or server.busy or arrived)
            server.step(arrived)
        for group, ack in zip(self.groups, acks, strict=True):
            group.step(ack)
        return active


def _finish_flags(slots: Slots | None, groups: int) -> list[list[int]]:
    """For every group and slot of a pass, the processing elements that finish a node, as bits."""
    if slots is None:
        return [[] for _ in range(groups)]
    masks = ((slots.node >= 0).astype(np.int64) << np.arange(UNITS)).sum(axis=2)
    return [masks[:, group].tolist() for group in range(groups)]


def pass_entries(program: Program, index: int) -> list[Entry]:
    """What the row parameters of every node in a pass say of time."""
    step = program.passes[index]
    widths = np.zeros(program.num_nodes, dtype=np.int64)
    if step.q1 is not None and step.q1.kind == "unsigned":
        widths = np.full_like(widths, step.q1.bits) if step.q1.row_bits is None else step.q1.row_bits
    pairs = np.zeros(program.num_nodes, dtype=np.bool_) if step.q1 is None else step.q1.pairs
    return [Entry(*both) for both in zip(widths.tolist(), pairs.tolist(), strict=True)]


def _port_entries(program: Program, orders: Sequence[tuple[tuple[Ints, ...], ...] | None], ports: int,
                  servers: int) -> list[list[list[Entry]]]:
    """Entries of those passes whose orders of arrival are given: server -> port -> entries, in order."""
    found: list[list[list[Entry]]] = [[[] for _ in range(ports)] for _ in range(servers)]
    for index, of_pass in enumerate(orders):
        entries = pass_entries(program, index) if of_pass else []
        for server, of_ports in enumerate(of_pass or ()):
            for port, order in enumerate(of_ports):
                # A dense pass reads one entry even where a server has no node.
                nothing = [Entry(0, False)] if program.passes[index].kind == "dense" and port == 0 else []
                found[server][port] += [entries[node] for node in order.tolist()] or nothing
    return found


def _reading(gather: Gather | None, h: Hardware) -> float:
    """Digits of the rows that an element reads, or of the node that reads most."""
    if gather is None:
        return 0.0
    return h.digits * max(gather.count / (UNITS * h.groups), float(gather.slots.max(initial=0)))


def _serving(program: Program, step: Pass, rows: Bools, h: Hardware) -> float:
    """Nodes of a server times the interval between two (docs/banked.md, server timing contract)."""
    columns = [0 if stage is None else -(-len(stage.column) // h.requant_lanes) for stage in (step.q1, step.q2)]
    write = columns[1] or columns[0] if step.out.kind == "raw" else h.digits
    if step.kind == "dense" and step.combine is not None:
        words = -(-program.input_bits // h.planes) * -(-len(step.combine) // h.lanes)
        interval = float(max(words, columns[1], write, 2))
    else:
        interval = float(max(columns[0], write))
        if step.combine is not None and step.q1 is not None:
            interval = float(max(h.lane_beats(*columns), write))
            bits = step.q1.bits if step.q1.row_bits is None else float(step.q1.row_bits[rows].mean())
            interval = max(interval, bits / h.planes)
        if step.q1 is not None:
            interval += columns[0] * float(step.q1.pairs[rows].mean())
    return int(rows.sum()) * interval / h.servers

