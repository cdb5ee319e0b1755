"""A group: schedule walker, sixteen banks, the read network and sixteen processing elements."""

from collections.abc import Sequence

from amaranth import Cat, Module, Signal
from amaranth.hdl import Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..cells.bank import Bank, BankPort, BankWrite
from ..cells.timing import BANK_READ
from ..shell.signatures import LoadBus, LoadPort
from .clos import Clos
from .formats import UNITS
from .group_timing import GROUP_PIPE, GROUP_SCHEDULE
from .lane import ProcessingElement
from .schedule_reader import Walker
from .signatures import Hold, HoldPort, task_layout

__all__ = ["COLUMN_FLAG_BITS", "Group"]

COLUMN_FLAG_BITS = 8  # of a schedule column, above the row: route 6, last, add


class Group(wiring.Component):
    """Gather the rows of every node's neighbours and add them, sixteen nodes at a time.

    Follows docs/banked.md, "Words and addresses" and "Groups and stalls"; sums are exact modulo
    ``2^acc_bits``. Latency: GROUP_FIRST_HOLD + ``digits`` cycles from ``start`` to ``hold.valid`` of a node that
    finishes in the first slot. Slots of ``digits`` cycles without a gap, until an element would load its hold register
    while a sum waits there: the whole group freezes until its ``ack``.
    :class:`~rtl_templates.banked.group_timing.GroupTiming` is the cycle-exact behaviour of all single-bit outputs.

    Parameters
    ----------
    lanes, code_bits, digit, acc_bits : int
        As :class:`~rtl_templates.banked.lane.ProcessingElement`; ``code_bits / digit`` is a power of two.
    bank_depth : int
        Rows of a bank, a power of two: two halves.
    slots : int
        Words of the schedule memory.

    Members
    -------
    index : In(4)
        Number of the group, constant. A port, so that all groups are one module.
    load : In(LoadBus)
        Images; the group takes its own SCHEDULE words.
    task, start : In(task_layout), In(1)
        The pass, stable from ``start`` to its end; ``start`` while ``active`` is not allowed. Held sums of the
        pass before may still wait.
    write : In(BankWrite).array(16)
        One port per bank, no back-pressure. A write up to one cycle after ``start`` is seen by that pass.
    hold, ack : Out(Hold(lanes, acc_bits)).array(16), In(1).array(16)
        Finished sums, one register per element; ``ack`` only while ``valid``.
    active : Out(1)
        From the cycle after ``start`` until the last slot has left the lanes. Zero in dense and empty passes.
    stalled, issuing : Out(1)
        Frozen in this cycle; a digit of a slot is issued in this cycle, ``slot_count * digits`` times a pass.
    """

    index: Signal
    load: LoadPort
    task: data.View
    start: Signal
    write: Sequence[BankPort]
    hold: Sequence[HoldPort]
    ack: Sequence[Signal]
    active: Signal
    stalled: Signal
    issuing: Signal

    def __init__(self, *, lanes: int, code_bits: int, digit: int, acc_bits: int, bank_depth: int,
                 slots: int) -> None:
        if bank_depth < 2 or bank_depth & (bank_depth - 1):
            raise ValueError(f"a bank of {bank_depth} rows has no halves")
        self.lanes, self.code_bits, self.digit, self.acc_bits = lanes, code_bits, digit, acc_bits
        self.bank_depth, self.slots = bank_depth, slots
        self.digits = code_bits // digit
        self.row_bits = bank_depth.bit_length() - 1
        self.column_bits = self.row_bits + COLUMN_FLAG_BITS
        self.word_bits = lanes * digit
        super().__init__({
            "index": In(range(UNITS)),
            "load": In(LoadBus()),
            "task": In(task_layout),
            "start": In(1),
            "write": In(BankWrite(address_bits=(bank_depth * self.digits).bit_length() - 1,
                                  word_bits=self.word_bits)).array(UNITS),
            "hold": Out(Hold(lanes=lanes, acc_bits=acc_bits)).array(UNITS),
            "ack": In(1).array(UNITS),
            "active": Out(1),
            "stalled": Out(1),
            "issuing": Out(1),
        })

    def model(self, schedule: Sequence[int], banks: Sequence[Sequence[int]],
              read_half: int) -> list[list[list[int]]]:
        """Sums of every processing element, in order: ``[element][n][lane]``.

        Parameters
        ----------
        schedule : sequence of int
            Schedule words of the pass.
        banks : sequence of sequence of int
            Words of every bank.
        read_half : int
            Half of the banks that row addresses are relative to.
        """
        streams: list[list[tuple[list[int], bool, bool]]] = [[] for _ in range(UNITS)]
        for word in schedule:
            columns = [word >> c * self.column_bits & ((1 << self.column_bits) - 1) for c in range(UNITS)]
            rows = [(c & ((1 << self.row_bits) - 1)) ^ read_half << (self.row_bits - 1) for c in columns]
            route = [c >> self.row_bits & 63 for c in columns]
            arrived = [
                Clos.model([bank[row * self.digits + k] for bank, row in zip(banks, rows, strict=True)], route)
                for k in range(self.digits)]
            for p, column in enumerate(columns):
                streams[p].append(([words[p] for words in arrived], bool(column >> (self.row_bits + 7) & 1),
                                   bool(column >> (self.row_bits + 6) & 1)))
        return [ProcessingElement.model(stream, lanes=self.lanes, code_bits=self.code_bits, digit=self.digit,
                                        acc_bits=self.acc_bits) for stream in streams]

    def elaborate(self, platform: object) -> Module:
        """Build the pipeline.

        Only ``enable`` reaches all of it, and it is a register: whether the group freezes is decided in the
        cycle before, from what is about to be in the lanes and in the hold registers. Registers of flags and
        routes have a reset although they need none: as shift registers they would take look-up tables.
        """
        m = Module()
        enable = Signal(init=1)
        m.submodules.walker = walker = Walker(
            slots=self.slots, word_bits=UNITS * self.column_bits, digits=self.digits)
        wiring.connect(m, wiring.flipped(self.load), walker.load)
        m.d.comb += [walker.enable.eq(enable), walker.index.eq(self.index), walker.task.eq(self.task),
                     walker.start.eq(self.start)]
        columns = [walker.word[c * self.column_bits:(c + 1) * self.column_bits] for c in range(UNITS)]
        digit_bits = (self.digits - 1).bit_length()
        half = Signal()
        m.d.sync += half.eq(self.task.read_half)

        # What travels beside the words: stage[n] is n cycles after the schedule word.
        route: list[Value] = [column[self.row_bits:self.row_bits + 6] for column in columns]
        flags: list[Value] = [
            Cat(c[-2] for c in columns), Cat(c[-1] for c in columns), walker.valid, walker.digit]
        stages = [flags]
        for n in range(1, GROUP_PIPE - GROUP_SCHEDULE):
            late = [Signal.like(x, name=f"{name}{n}") for name, x in
                    zip(("last", "add", "valid", "digit"), stages[-1], strict=True)]
            with m.If(enable):
                m.d.sync += [after.eq(x) for after, x in zip(late, stages[-1], strict=True)]
            stages.append(list(late))
        for n in range(BANK_READ):
            late_route = [Signal(6, name=f"route{n}_{c}") for c in range(UNITS)]
            with m.If(enable):
                m.d.sync += [after.eq(x) for after, x in zip(late_route, route, strict=True)]
            route = list(late_route)

        m.submodules.clos = clos = Clos(word_bits=self.word_bits)
        m.d.comb += clos.enable.eq(enable)
        for c in range(UNITS):
            m.submodules[f"bank{c}"] = bank = Bank(
                depth=self.bank_depth * self.digits, word_bits=self.word_bits)
            wiring.connect(m, wiring.flipped(self.write[c]), bank.write)
            row = columns[c][:self.row_bits]
            m.d.comb += [
                bank.enable.eq(enable), clos.i[c].eq(bank.data), clos.route[c].eq(route[c]),
                bank.address.eq(Cat(walker.digit[:digit_bits], row[:-1], row[-1] ^ half)),
            ]

        # One stage before the operand registers: one-hot digit, out of the stage before.
        (_, _, early, digit), (last, add, working, _) = stages[-2], stages[-1]
        step, valid = Signal(self.digits), Signal()
        with m.If(enable):
            m.d.sync += [step.eq(Cat(early & (digit == k) for k in range(self.digits))), valid.eq(working)]
        blocks = Signal(UNITS)
        for p in range(UNITS):
            m.submodules[f"element{p}"] = element = ProcessingElement(
                lanes=self.lanes, code_bits=self.code_bits, digit=self.digit, acc_bits=self.acc_bits)
            wiring.connect(m, wiring.flipped(self.hold[p]), element.hold)
            m.d.comb += [
                element.enable.eq(enable), element.clear.eq(self.start), element.step.eq(step),
                element.add.eq(add[p]), element.last.eq(last[p]), element.word.eq(clos.o[p]),
                element.ack.eq(self.ack[p]), blocks[p].eq(element.blocks),
            ]
        m.d.sync += enable.eq(~blocks.any())
        m.d.comb += [
            self.active.eq(walker.busy | valid | Cat(stage[2] for stage in stages[1:]).any()),
            self.stalled.eq(~enable), self.issuing.eq(walker.issuing),
        ]
        return m
