"""A group: schedule reader, sixteen banks, the read network and sixteen processing elements."""

from collections.abc import Sequence

from amaranth import Cat, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..cells.bank import Bank, BankPort, BankWrite
from ..cells.delays import delays
from ..cells.primitives import TWINS, Primitives
from ..cells.timing import BANK_READ
from ..shell.signatures import LoadBus, LoadPort
from .clos import Clos
from .formats import HOLD_DEPTH, UNITS
from .group_timing import GROUP_CLOS, GROUP_PIPE, GROUP_SCHEDULE
from .lane import RAISED_BITS, ProcessingElement
from .schedule_reader import ScheduleReader
from .signatures import Hold, HoldPort, task_layout

__all__ = ["COLUMN_FLAG_BITS", "Group"]

ROUTE_BITS = 2 * GROUP_CLOS
COLUMN_FLAG_BITS = ROUTE_BITS + 2  # of a schedule column, above the row: route, last, add


class Group(wiring.Component):
    """Gather the rows of every node's neighbours and add them, sixteen nodes at a time.

    Follows docs/banked.md, "Words and addresses" and "Groups and stalls"; sums are exact modulo
    ``2^acc_bits``. Latency: GROUP_FIRST_HOLD + ``digits`` + ``hold_depth - 1`` cycles from ``start`` to
    ``hold.valid`` of a node that finishes in the first slot. Slots of ``digits`` cycles without a gap, until an
    element would finish a sum while ``hold_depth`` of them wait there: the whole group freezes until its ``ack``.
    :class:`~rtl_templates.banked.group_timing.GroupTiming` is the cycle-exact behaviour of all single-bit outputs.

    Parameters
    ----------
    lanes, code_bits, digit, acc_bits, hold_depth : int
        As :class:`~rtl_templates.banked.lane.ProcessingElement`; ``code_bits / digit`` is a power of two.
    bank_depth : int
        Rows of a bank, a power of two: two halves.
    slots : int
        Words of the schedule memory.
    zero_points, primitives : bool, Primitives
        As :class:`~rtl_templates.banked.lane.ProcessingElement`: rows stand for their codes minus the task's
        ``dense_pages``, a signed number.

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
        Of each element the oldest finished sum; ``ack`` only while ``valid``.
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
                 slots: int, hold_depth: int = HOLD_DEPTH, zero_points: bool = False,
                 primitives: Primitives = TWINS) -> None:
        if bank_depth < 2 or bank_depth & (bank_depth - 1):
            raise ValueError(f"a bank of {bank_depth} rows has no halves")
        self.lanes, self.code_bits, self.digit, self.acc_bits = lanes, code_bits, digit, acc_bits
        self.bank_depth, self.slots, self.hold_depth = bank_depth, slots, hold_depth
        self.zero_points, self.primitives = zero_points, primitives
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
              read_half: int, zero: int = 0) -> list[list[list[int]]]:
        """Sums of every processing element, in order: ``[element][n][lane]``.

        Parameters
        ----------
        schedule : sequence of int
            Schedule words of the pass.
        banks : sequence of sequence of int
            Words of every bank.
        read_half : int
            Half of the banks that row addresses are relative to.
        zero : int
            Subtracted from every code.
        """
        streams: list[list[tuple[list[int], bool, bool]]] = [[] for _ in range(UNITS)]
        for word in schedule:
            columns = [word >> c * self.column_bits & ((1 << self.column_bits) - 1) for c in range(UNITS)]
            rows = [(c & ((1 << self.row_bits) - 1)) ^ read_half << (self.row_bits - 1) for c in columns]
            route = [c >> self.row_bits & (1 << ROUTE_BITS) - 1 for c in columns]
            arrived = [
                Clos.model([bank[row * self.digits + k] for bank, row in zip(banks, rows, strict=True)], route)
                for k in range(self.digits)]
            for p, column in enumerate(columns):
                flags = column >> self.row_bits + ROUTE_BITS
                streams[p].append(([words[p] for words in arrived], bool(flags >> 1 & 1), bool(flags & 1)))
        return [ProcessingElement.model(stream, lanes=self.lanes, code_bits=self.code_bits, digit=self.digit,
                                        acc_bits=self.acc_bits, raised=-zero) for stream in streams]

    def elaborate(self, platform: object) -> Module:
        """Build the pipeline.

        Only ``enable`` reaches all of it, and it is a register: whether the group freezes is decided in the
        cycle before, from what is about to be in the lanes and in the queues of sums. Registers of flags and
        routes have a reset although they need none: as shift registers they would take look-up tables.
        """
        m = Module()
        enable = Signal(init=1)
        m.submodules.schedule_reader = reader = ScheduleReader(
            slots=self.slots, word_bits=UNITS * self.column_bits, digits=self.digits)
        wiring.connect(m, wiring.flipped(self.load), reader.load)
        m.d.comb += [reader.enable.eq(enable), reader.index.eq(self.index), reader.task.eq(self.task),
                     reader.start.eq(self.start)]
        columns = [reader.word[c * self.column_bits:(c + 1) * self.column_bits] for c in range(UNITS)]
        digit_bits = (self.digits - 1).bit_length()
        half = Signal()
        m.d.sync += half.eq(self.task.read_half)

        # What travels beside the words, to one stage before the operand registers.
        last, add, working, digit = (
            delays(m, name, value, GROUP_PIPE - GROUP_SCHEDULE - 1, reset=True, enable=enable) for name, value in (
                ("last", Cat(c[-2] for c in columns)), ("add", Cat(c[-1] for c in columns)),
                ("valid", reader.valid), ("digit", reader.digit)))

        m.submodules.clos = clos = Clos(word_bits=self.word_bits)
        m.d.comb += clos.enable.eq(enable)
        for c in range(UNITS):
            m.submodules[f"bank{c}"] = bank = Bank(
                depth=self.bank_depth * self.digits, word_bits=self.word_bits)
            wiring.connect(m, wiring.flipped(self.write[c]), bank.write)
            row = columns[c][:self.row_bits]
            route = delays(m, f"route{c}", columns[c][self.row_bits:self.row_bits + ROUTE_BITS], BANK_READ, reset=True,
                           enable=enable)[-1]
            m.d.comb += [
                bank.enable.eq(enable), clos.i[c].eq(bank.data), clos.route[c].eq(route),
                bank.address.eq(Cat(reader.digit[:digit_bits], row[:-1], row[-1] ^ half)),
            ]

        # One-hot digit, out of the stage before.
        step, valid = Signal(self.digits), Signal()
        with m.If(enable):
            m.d.sync += [step.eq(Cat(working[-2] & (digit[-2] == k) for k in range(self.digits))),
                         valid.eq(working[-1])]
        raised = Signal(signed(RAISED_BITS))
        if self.zero_points:
            m.d.sync += raised.eq(-self.task.dense_pages.as_signed())
        blocks = Signal(UNITS)
        for p in range(UNITS):
            m.submodules[f"element{p}"] = element = ProcessingElement(
                lanes=self.lanes, code_bits=self.code_bits, digit=self.digit, acc_bits=self.acc_bits,
                hold_depth=self.hold_depth, zero_points=self.zero_points, primitives=self.primitives)
            if self.zero_points:
                m.d.comb += element.raised.eq(raised)
            wiring.connect(m, wiring.flipped(self.hold[p]), element.hold)
            m.d.comb += [
                element.enable.eq(enable), element.clear.eq(self.start), element.step.eq(step),
                element.add.eq(add[-1][p]), element.last.eq(last[-1][p]), element.word.eq(clos.o[p]),
                element.ack.eq(self.ack[p]), blocks[p].eq(element.blocks),
            ]
        m.d.sync += enable.eq(~blocks.any())
        m.d.comb += [
            self.active.eq(reader.busy | valid | Cat(working[1:]).any()),
            self.stalled.eq(~enable), self.issuing.eq(reader.issuing),
        ]
        return m
