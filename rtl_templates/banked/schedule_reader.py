"""The schedule reader of a group: schedule memory, and the counter that reads a pass's part of it."""


from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.hdl import Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..cells.add_memory import add_memory
from ..shell.signatures import LoadBus, LoadPort
from ..shell.words import BEAT_BITS
from .formats import UNITS, Target
from .signatures import task_layout

__all__ = ["ScheduleReader"]


class ScheduleReader(wiring.Component):
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
        A digit of a slot is being read; this or a later stage of the reader holds work.
    """

    enable: Signal
    index: Signal
    load: LoadPort
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
            store = add_memory(m, f"schedule{chunk}", width, self.slots, "block")
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
