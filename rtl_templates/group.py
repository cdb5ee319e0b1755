"""A group: schedule walker, sixteen banks, the read network and sixteen processing elements."""

from collections.abc import Sequence
from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.hdl import Value
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from .bank import Bank
from .clos import Clos
from .formats import BEAT_BITS, UNITS, Target
from .lane import ProcessingElement
from .signatures import BankWrite, Hold, LoadBus, task_layout
from .timing import GROUP_BANK, GROUP_PIPE

__all__ = ["COLUMN_FLAG_BITS", "Group", "Walker"]

COLUMN_FLAG_BITS = 8  # of a schedule column, above the row: route 6, last, add


class Walker(wiring.Component):
    """Schedule memory, and the counter that walks a pass's part of it, ``digits`` cycles a slot.

    The cycle after ``start`` is the first with ``issuing``; two cycles with ``enable`` later ``word``, ``valid``
    and ``digit`` show that slot (the memory, then its output register). Nothing happens in a dense pass or in
    one of no slots. A load beat is in the memory two cycles after it is on the bus.

    Parameters
    ----------
    slots, word_bits, digits : int
        Words of the schedule memory, bits of a word, cycles of a slot (a power of two).

    Members
    -------
    enable : In(1)
        Clock enable of everything but loading and ``start``.
    index : In(4)
        Number of the group, constant: its load units are ``index * 16 + chunk``.
    load : In(LoadBus)
        Images; target SCHEDULE.
    task, start : In(task_layout), In(1)
        The pass, stable from ``start`` to its end.
    word, valid, digit : Out(word_bits), Out(1), Out(⌈log2 digits⌉ or 1)
        Schedule word, whether it is one, and the digit of its slot.
    issuing, busy : Out(1)
        A digit of a slot is being read; this or a later stage of the walker holds work.
    """

    enable: Signal
    index: Signal
    load: Any
    task: data.View
    start: Signal
    word: Signal
    valid: Signal
    digit: Signal
    issuing: Signal
    busy: Signal

    def __init__(self, *, slots: int, word_bits: int, digits: int) -> None:
        if digits & (digits - 1) or not 2 <= slots < 1 << 16:
            raise ValueError(f"no schedule memory has {slots} slots of {digits} digits")
        self.slots, self.word_bits, self.digits = slots, word_bits, digits
        super().__init__({
            "enable": In(1),
            "index": In(range(UNITS)),
            "load": In(LoadBus()),
            "task": In(task_layout),
            "start": In(1),
            "word": Out(word_bits),
            "valid": Out(1),
            "digit": Out(max(1, (digits - 1).bit_length())),
            "issuing": Out(1),
            "busy": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        """Build one memory for each chunk of a load beat, so that every write is a whole word."""
        m = Module()
        address = Signal(range(self.slots), reset_less=True)
        left = Signal(range(self.slots + 1), reset_less=True)
        digit = Signal(len(self.digit), reset_less=True)
        run, fetched = Signal(), Signal()
        fetched_digit = Signal.like(digit)
        top = digit == self.digits - 1
        with m.If(self.start):
            m.d.sync += [
                run.eq(~self.task.dense & self.task.slot_count.any()), digit.eq(0),
                address.eq(self.task.slot_start[:len(address)]), left.eq(self.task.slot_count[:len(left)]),
            ]
        with m.Elif(run & self.enable):
            m.d.sync += digit.eq(Mux(top, 0, digit + 1))
            with m.If(top):
                m.d.sync += [address.eq(address + 1), left.eq(left - 1), run.eq(left != 1)]

        words: list[Value] = []
        load_address, load_data = Signal(len(address), reset_less=True), Signal(BEAT_BITS, reset_less=True)
        m.d.sync += [load_address.eq(self.load.address[:len(address)]), load_data.eq(self.load.data)]
        for chunk, low in enumerate(range(0, self.word_bits, BEAT_BITS)):
            width = min(BEAT_BITS, self.word_bits - low)
            store: Any = memory.Memory(shape=width, depth=self.slots, init=[], attrs={"ram_style": "block"})
            m.submodules[f"schedule{chunk}"] = store
            reader, writer = store.read_port(), store.write_port()
            hit = Signal(name=f"hit{chunk}")
            m.d.sync += hit.eq(self.load.valid & (self.load.target == Target.SCHEDULE)
                               & (self.load.unit == Cat(Const(chunk, range(UNITS)), self.index)))
            m.d.comb += [
                writer.en.eq(hit), writer.addr.eq(load_address), writer.data.eq(load_data[:width]),
                reader.en.eq(self.enable), reader.addr.eq(address),
            ]
            words.append(reader.data)

        word = Signal(self.word_bits, reset_less=True)
        valid, word_digit = Signal(), Signal.like(digit)
        with m.If(self.enable):
            m.d.sync += [fetched.eq(run), fetched_digit.eq(digit)]
            m.d.sync += [word.eq(Cat(words)), valid.eq(fetched), word_digit.eq(fetched_digit)]
        m.d.comb += [
            self.word.eq(word), self.valid.eq(valid), self.digit.eq(word_digit),
            self.issuing.eq(run & self.enable), self.busy.eq(run | fetched | valid),
        ]
        return m


class Group(wiring.Component):
    """Gather the rows of every node's neighbours and add them, sixteen nodes at a time.

    Follows docs/architecture.md, "Words and addresses" and "Groups and stalls"; sums are exact modulo
    ``2^acc_bits``. Latency: :data:`~rtl_templates.timing.GROUP_FIRST_HOLD` + ``digits`` cycles from ``start``
    to ``hold.valid`` of a node that finishes in the first slot. Slots of ``digits`` cycles without a gap, until
    an element would load its hold register while a sum waits there: the whole group freezes until its ``ack``.
    :class:`~rtl_templates.timing.GroupTiming` is the cycle-exact behaviour of all single-bit outputs.

    Parameters
    ----------
    lanes, code_bits, digit, acc_bits : int
        As :class:`~rtl_templates.lane.ProcessingElement`; ``code_bits / digit`` is a power of two.
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
    load: Any
    task: data.View
    start: Signal
    write: Sequence[Any]
    hold: Sequence[Any]
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
        for n in range(1, GROUP_PIPE - 2):
            late = [Signal.like(x, name=f"{name}{n}") for name, x in
                    zip(("last", "add", "valid", "digit"), stages[-1], strict=True)]
            with m.If(enable):
                m.d.sync += [after.eq(x) for after, x in zip(late, stages[-1], strict=True)]
            stages.append(list(late))
        for n in range(GROUP_BANK):
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
