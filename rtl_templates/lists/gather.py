"""The gather stage: walks lists, reads rows from the node buffer, accumulates them, and queues the tokens."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from amaranth import Array, Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..cells.add_memory import add_memory
from ..cells.bank import Bank
from ..cells.delays import delays
from ..cells.structure import structure
from ..shell.signatures import LoadBus, LoadPort
from ..shell.words import unpack
from .accumulate import Accumulator
from .fetch import COPIED, INDEX_BITS, LIST_WORD, command_layout, meta_layout
from .formats import ACC_BITS, ENTRY_BITS, LIST_ENTRY, NULL_INDEX, ROW_ADDRESS, Target
from .gather_timing import ADDRESS, BUFFER_READ, GATHER_SUM, LIST_READ, SLOTS
from .signatures import accumulated_layout

__all__ = ["Gather"]

entry_layout = data.StructLayout(dict(LIST_ENTRY))


class Gather(wiring.Component):
    """Accumulate one command a token, a buffer word a cycle.

    A walk begins when a slot of the output queue is free, and then takes max(reads, 1) cycles without a pause;
    gather_timing.py has the cycles. SKIP commands give no token. A NULL adds nothing, but takes its cycle: with
    ``double`` the sum is doubled, without it turns its sign; lists of maxima have none, and no ``double``.

    Parameters
    ----------
    lanes, code_bits : int
        Of a buffer word.
    acc_bits : int
        Signed bits of a sum, at most ACC_BITS; sums wrap.
    buffer_depth : int
        Words.
    list_depth : int
        Words of the list memory.
    maxima : int
        0: no command takes a maximum.

    Members
    -------
    load : In(LoadBus())
        LIST, already registered.
    index : In(2)
        The unit's number, constant.
    start : In(1)
        Pulse; never while busy. Forgets the entry of the last row.
    i : In(stream.Signature(command_layout(list_depth)))
    address : Out, data : In(lanes * code_bits), entry : In(ENTRY_BITS)
        The node buffer's.
    o : Out(stream.Signature(accumulated_layout(lanes)))
    busy : Out(1)
        A walk is on its way, or a token has not left.
    working : Out(1)
        ``address`` counts: a buffer word is read.
    waiting : Out(1)
        A command could begin but for a slot.
    """

    load: LoadPort
    index: Signal
    start: Signal
    i: stream.Interface
    address: Signal
    data: Signal
    entry: Signal
    o: stream.Interface
    busy: Signal
    working: Signal
    waiting: Signal

    def __init__(self, *, lanes: int, code_bits: int, acc_bits: int, buffer_depth: int, list_depth: int,
                 maxima: int = 1) -> None:
        if not code_bits < acc_bits <= ACC_BITS:
            raise ValueError(f"sums have {code_bits + 1} to {ACC_BITS} bits, not {acc_bits}")
        self.lanes, self.code_bits, self.acc_bits = lanes, code_bits, acc_bits
        self.list_depth, self.address_bits, self.maxima = list_depth, ceil_log2(buffer_depth), maxima
        super().__init__({
            "load": In(LoadBus()), "index": In(2), "start": In(1),
            "i": In(stream.Signature(command_layout(list_depth))),
            "address": Out(self.address_bits), "data": In(lanes * code_bits), "entry": In(ENTRY_BITS),
            "o": Out(stream.Signature(accumulated_layout(lanes))),
            "busy": Out(1), "working": Out(1), "waiting": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        command = self.i.payload
        used = Signal(range(SLOTS + 1))
        slot, free, begin = Signal(), Signal(), Signal()
        active, final = Signal(), Signal()  # a step is in the walker; it is the walk's last
        m.d.comb += [
            slot.eq((used != SLOTS) | command.skip), free.eq(~active | final), self.i.ready.eq(free & slot),
            begin.eq(self.i.valid & free & slot), self.waiting.eq(self.i.valid & free & ~slot),
            self.busy.eq(active | (used != 0)),
        ]
        walk = structure(command.shape(), reset_less=True)
        first = Signal(reset_less=True)
        with m.If(free):
            m.d.sync += [active.eq(begin), walk.eq(command), final.eq(command.short), first.eq(1)]
        with m.Else():
            m.d.sync += [walk.place.eq(walk.place + 1), walk.count.eq(walk.count - 1), final.eq(walk.count == 2),
                         first.eq(0)]

        sums = self._pipeline(m, walk, active, final & ~walk.skip, first)
        taken = self.o.valid & self.o.ready
        m.d.sync += used.eq(used + (begin & ~command.skip) - taken)
        self._queue(m, begin & ~command.skip, taken, *sums)
        return m

    def _pipeline(self, m: Module, walk: View, active: Value, last: Value, first: Value) -> tuple[Value, Value]:
        """From a step in the walker to the sum: return when a token is finished, and then its sums and entries."""
        m.submodules.lists = lists = Bank(depth=self.list_depth, word_bits=LIST_WORD * entry_layout.size)
        m.d.comb += [
            lists.enable.eq(1), lists.address.eq(walk.place[3:]), lists.write.address.eq(self.load.address),
            lists.write.data.eq(self.load.data),
            lists.write.enable.eq(self.load.valid & (self.load.target == Target.LIST) & (self.load.unit == self.index)),
        ]
        # The list's word, then its entry (a SELF beat's place is the index itself), then two additions.
        listed = delays(m, "list", walk.list, LIST_READ - 1)[-1]
        place = delays(m, "place", walk.place[:INDEX_BITS], LIST_READ - 1)[-1]
        chosen = data.View(entry_layout, Array(
            lists.data.word_select(k, entry_layout.size) for k in range(LIST_WORD))[place[:3]])
        index, double = Signal(INDEX_BITS, reset_less=True), Signal(reset_less=True)
        m.d.sync += [index.eq(Mux(listed, chosen.index, place)), double.eq(chosen.double)]
        bits = self.address_bits
        low, high = Signal(bits, reset_less=True), Signal(bits, reset_less=True)
        null, turn = Signal(reset_less=True), Signal(reset_less=True)
        nothing = delays(m, "listed", listed, 1)[-1] & (index[:len(chosen.index)] == NULL_INDEX)
        address, reading = Signal(bits, reset_less=True), Signal()
        stride = delays(m, "stride", walk.stride, LIST_READ)[-1]
        m.d.sync += [
            low.eq(Mux(stride[0], index, 0) + Mux(stride[1], index << 1, 0)),
            high.eq(Mux(stride[2], index, 0) + Mux(stride[3], index << 1, 0)),
            null.eq(nothing), turn.eq(nothing & ~double),
            address.eq(low + (high << 2) + delays(m, "base", walk.base[:bits], LIST_READ + ADDRESS - 1)[-1]),
            reading.eq(delays(m, "reads", active & walk.reads, LIST_READ + ADDRESS - 1, reset=True)[-1] & ~null),
        ]
        m.d.comb += [self.address.eq(address), self.working.eq(reading)]

        m.submodules.accumulator = lanes = Accumulator(
            lanes=self.lanes, code_bits=self.code_bits, acc_bits=self.acc_bits)
        read = delays(m, "read", reading, BUFFER_READ, reset=True)[-1]
        finish = delays(m, "finish", active & last, GATHER_SUM, reset=True)[-1]
        m.d.comb += [
            lanes.word.eq(self.data), lanes.read.eq(read), lanes.finish.eq(finish),
            lanes.one.eq(delays(m, "one", active & walk.one, GATHER_SUM - 1, reset=True)[-1]),
            lanes.turn.eq(delays(m, "turn", turn, GATHER_SUM - LIST_READ - 2)[-1]),
            lanes.signed.eq(delays(m, "signed", walk.signed, GATHER_SUM - 1)[-1]),
            lanes.maximum.eq(delays(m, "max", walk.max, GATHER_SUM - 1)[-1] if self.maxima else 0),
            lanes.first.eq(delays(m, "first", first, GATHER_SUM - 1)[-1]),
            lanes.double.eq(delays(m, "late_double", double, GATHER_SUM - LIST_READ)[-1]),
        ]
        own, kept = Signal(ENTRY_BITS), Signal(ENTRY_BITS)  # entries of the last row, and for the context
        held = Signal(ENTRY_BITS)
        m.d.comb += kept.eq(Mux(delays(m, "entry", walk.entry, GATHER_SUM)[-1], own, held))
        with m.If(self.start):
            m.d.sync += [own.eq(0), held.eq(0)]
        with m.Else():
            with m.If(read):
                m.d.sync += own.eq(self.entry)
            with m.If(finish):
                m.d.sync += held.eq(kept)
        return finish, Cat(lanes.total, own, kept)

    def _queue(self, m: Module, begin: Value, taken: Value, finish: Value, sums: Value) -> None:
        """Two memories with one slot each a token: what is known when its walk begins, and what when it ends."""
        level = Signal(range(SLOTS + 1))  # tokens at the output
        shape = data.StructLayout({"x": data.ArrayLayout(signed(self.acc_bits), self.lanes), "own": ENTRY_BITS,
                                   "kept": ENTRY_BITS})
        read = Signal(range(SLOTS))
        queues: list[data.View] = []
        for name, layout, push, word in (("meta", meta_layout, begin, self.i.payload.meta),
                                         ("sums", shape, finish, sums)):
            store = add_memory(m, name, layout.size, SLOTS, "distributed")
            place, write, port = Signal.like(read, name=f"{name}_place"), store.write_port(), store.read_port(
                domain="comb")
            m.d.comb += [write.en.eq(push), write.addr.eq(place), write.data.eq(word), port.addr.eq(read)]
            m.d.sync += place.eq(place + push)
            queues.append(data.View(layout, port.data))
        meta, done = queues
        m.d.sync += [read.eq(read + taken), level.eq(level + finish - taken)]
        token = self.o.payload
        m.d.comb += [
            self.o.valid.eq(level != 0), token.row.eq(meta.row + Mux(meta.by_entry, done.own, 0)),
            token.context.degree.eq(meta.degree), token.context.node.eq(meta.node), token.context.entry.eq(done.kept),
            *(token.x.word_select(lane, ACC_BITS).eq(done.x[lane]) for lane in range(self.lanes)),
            *(getattr(token, name).eq(getattr(meta, name)) for name in COPIED),
        ]

    @staticmethod
    def model(commands: Iterable[Mapping[str, int]], lists: Sequence[int], words: Sequence[int],
              entries: Sequence[int], *, lanes: int, code_bits: int, acc_bits: int) -> Iterator[dict[str, Any]]:
        """Yield the tokens of a pass: fields of ``accumulated_layout``, ``x`` a list, ``context``'s fields beside.

        Parameters
        ----------
        commands : iterable of mapping
            As :meth:`rtl_templates.lists.fetch.Fetch.model` yields them.
        lists : sequence of int
            The unit's list entries, 16 bits each.
        words, entries : sequence of int
            Of the node buffer.
        """
        own = held = 0
        for command in commands:
            rows = []
            for k in range(command["place"], command["place"] + command["count"]):
                entry = unpack(LIST_ENTRY, lists[k]) if command["list"] else {"index": k, "double": 0}
                if command["list"] and entry["index"] == NULL_INDEX:
                    rows.append((0, True) if entry["double"] else (None, False))
                    continue
                address = (command["base"] + entry["index"] * command["stride"]) % (1 << ceil_log2(len(words)))
                rows.append((words[address], bool(entry["double"])))
                own = entries[address]
            if command["skip"]:
                continue
            x = Accumulator.model(rows, lanes=lanes, code_bits=code_bits, acc_bits=acc_bits,
                                  signed=bool(command["signed"]), maximum=bool(command["max"]))
            held = own if command["entry"] else held
            yield {
                **{name: command[name] for name in (*COPIED, "degree", "node")}, "entry": held,
                "x": [1] * lanes if command["one"] else x,
                "row": (command["row"] + (own if command["by_entry"] else 0)) % (1 << ROW_ADDRESS),
            }
