"""The fetch stage: a pass's rows and beats as commands, a command a cycle, with descriptors read ahead."""

from collections.abc import Iterator, Mapping, Sequence

from amaranth import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2, exact_log2

from ..cells.add_memory import add_memory
from ..cells.bank import Bank
from ..cells.structure import structure
from ..shell.signatures import LoadBus, LoadPort
from .formats import COLUMN_ADDRESS, DESCRIPTOR, PLACE, ROW_ADDRESS, SETUP, Operand, Select, Set, Target
from .gather_timing import FETCH_ADDRESS, FETCH_DESCRIPTOR, FETCH_STAGES
from .signatures import beat_layout, pass_layout

__all__ = ["COPIED", "INDEX_BITS", "LIST_WORD", "Fetch", "command_layout", "meta_layout"]

LIST_WORD = 8  # list entries in a word
INDEX_BITS = 16  # number of a row: a list entry's, or a SELF beat's own
#: Fields of a command that are its beat's; a token takes along the second lot.
WALK = ("base", "stride", "max", "signed", "entry")
COPIED = ("column", "bias", "mid", "join_max", "first", "last", "end")

#: What a token takes along unchanged; ``row`` still lacks the entry where ``by_entry``.
meta_layout = data.StructLayout({
    "column": COLUMN_ADDRESS, "bias": COLUMN_ADDRESS, "mid": 2, "join_max": 1, "first": 1, "last": 1, "end": 1,
    "row": ROW_ADDRESS, "by_entry": 1, "degree": 16, "node": 16,
})
descriptor_layout = data.StructLayout(dict(DESCRIPTOR))
setup_layout = data.StructLayout(dict(SETUP))


def command_layout(list_depth: int) -> data.StructLayout:
    """One beat of one row: ``count`` reads from list entry ``place`` on, or, without ``list``, of row ``place``."""
    bits = bits_for(list_depth * LIST_WORD)
    return data.StructLayout({
        "list": 1, "one": 1, "skip": 1, "reads": 1, "short": 1, "place": max(bits, INDEX_BITS), "count": bits,
        "base": PLACE, "stride": 4, "max": 1, "signed": 1, "entry": 1, "meta": meta_layout,
    })


class Fetch(wiring.Component):
    """Walk local rows 0, 1, ... of a pass, and in each its beats.

    Local row r is row ``r * units + index``. The first command is valid FETCH_FIRST cycles after ``start``, the others
    in the cycle after the one before was taken: a pipeline that stands still while its last register is full.
    ``degree`` and ``node`` are those of the last beat with ``degree`` (LIST or SKIP), and 0 at the start of a pass;
    degrees saturate at 65535.

    Parameters
    ----------
    units : int
        A power of two.
    list_depth : int
        Words of the list memory.
    descriptor_depth : int
        Words of 2 descriptors.
    beats : int
        Of the beat memory.

    Members
    -------
    load : In(LoadBus())
        BEAT, DESCRIPTOR, SETUP; already registered.
    index : In(2)
        The unit's number, constant.
    start : In(1)
        Pulse; never while busy.
    task : In(pass_layout)
        Constant from the cycle of ``start`` on.
    o : Out(stream.Signature(command_layout(list_depth)))
    busy : Out(1)
        From the cycle after ``start`` until the last command is taken; never without rows.
    """

    load: LoadPort
    index: Signal
    start: Signal
    task: data.View
    o: stream.Interface
    busy: Signal

    def __init__(self, *, units: int, list_depth: int, descriptor_depth: int, beats: int) -> None:
        self.units, self.list_depth, self.descriptor_depth, self.beats = units, list_depth, descriptor_depth, beats
        super().__init__({
            "load": In(LoadBus()), "index": In(2), "start": In(1), "task": In(pass_layout),
            "o": Out(stream.Signature(command_layout(list_depth))), "busy": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        """Build the pipeline: stages A (counters) to H (command), a register each."""
        m = Module()
        load, task, output = self.load, self.task, self.o
        enable = Signal()
        m.d.comb += enable.eq(~output.valid | output.ready)

        setup = structure(setup_layout, reset_less=True)
        mine = load.valid & (load.unit == self.index)
        with m.If(mine & (load.target == Target.SETUP)):
            m.d.sync += setup.eq(load.data[:setup_layout.size])
        beat_bits = max(1, ceil_log2(self.beats))
        store = add_memory(m, "beats", beat_layout.size, max(2, self.beats), "distributed")
        write, read = store.write_port(), store.read_port(domain="comb")
        m.d.comb += [write.en.eq(load.valid & (load.target == Target.BEAT)), write.addr.eq(load.address[:beat_bits]),
                     write.data.eq(load.data[:beat_layout.size])]

        # A: which row and beat
        running, row, rows = Signal(), Signal(16, reset_less=True), Signal(16, reset_less=True)
        beat, left = Signal(beat_bits, reset_less=True), Signal(8, reset_less=True)
        count = Mux(task.graphs, setup.graphs, setup.nodes)
        row_ends = left == 1
        with m.If(self.start | enable & running & row_ends):
            m.d.sync += [beat.eq(task.beat_start), left.eq(task.beat_count)]
        with m.Elif(enable):
            m.d.sync += [beat.eq(beat + 1), left.eq(left - 1)]
        with m.If(self.start):
            m.d.sync += [running.eq(count != 0), row.eq(0), rows.eq(count)]
        with m.Elif(enable & running & row_ends):
            m.d.sync += [running.eq(rows != 1), row.eq(row + 1), rows.eq(rows - 1)]
        m.d.comb += read.addr.eq(beat)

        # B: its beat; C: where its descriptor is; D, E: the memory and its output register
        stages = "bcdefgh"[:FETCH_STAGES]
        valid = [Signal(name=f"valid_{stage}") for stage in stages]
        word = [structure(beat_layout, name=f"beat_{stage}", reset_less=True) for stage in stages]
        local = [Signal(16, name=f"row_{stage}", reset_less=True) for stage in stages[:FETCH_DESCRIPTOR + 1]]
        first = Array(getattr(setup, each.name.lower()) for each in Set)
        bank = Bank(depth=max(2, self.descriptor_depth), word_bits=2 * descriptor_layout.size)
        m.submodules.descriptors = bank
        address = Signal.like(bank.address, reset_less=True)
        m.d.comb += [bank.enable.eq(enable), bank.address.eq(address),
                     bank.write.enable.eq(mine & (load.target == Target.DESCRIPTOR)),
                     bank.write.address.eq(load.address[:len(address)]), bank.write.data.eq(load.data)]
        with m.If(enable):
            m.d.sync += [late.eq(early) for late, early in zip(valid, [running, *valid], strict=False)]
            m.d.sync += [late.eq(early) for late, early in zip(word, [read.data, *word], strict=False)]
            m.d.sync += [late.eq(early) for late, early in zip(local, [row, *local], strict=False)]
            m.d.sync += address.eq(first[word[FETCH_ADDRESS - 1].set] + local[FETCH_ADDRESS - 1][1:])
        half = data.View(descriptor_layout,
                              bank.data.word_select(local[FETCH_DESCRIPTOR][0], descriptor_layout.size))
        self._command(m, enable, word[FETCH_DESCRIPTOR:], valid[FETCH_DESCRIPTOR:], half,
                      Cat(self.index[:exact_log2(self.units)], local[FETCH_DESCRIPTOR])[:INDEX_BITS])
        m.d.comb += self.busy.eq(running | Cat(valid).any() | output.valid)
        return m

    def _command(self, m: Module, enable: Signal, beat: list[data.View], valid: list[Signal], half: data.View,
                 row: Value) -> None:
        """Stages F (list, degree and node), G (offset of the row parameter) and H (command) from the words of E."""
        output, command = self.o, self.o.payload
        place, count = (Signal.like(field, reset_less=True) for field in (command.place, command.count))
        late_place, late_count = Signal.like(place, reset_less=True), Signal.like(count, reset_less=True)
        degree, node = Signal(16), Signal(16)
        late_degree, late_node = Signal(16, reset_less=True), Signal(16, reset_less=True)
        offset = Signal(ROW_ADDRESS, reset_less=True)
        with m.If(self.start):
            m.d.sync += [degree.eq(0), node.eq(0)]
        with m.Elif(enable & valid[0] & beat[0].degree):
            m.d.sync += [degree.eq(Mux(half.count[16:].any(), 0xffff, half.count)), node.eq(half.node)]
        with m.If(enable):
            m.d.sync += [
                place.eq(Mux(beat[0].operand == Operand.LIST, half.start, row)),
                count.eq(Mux(beat[0].operand == Operand.LIST, half.count, beat[0].operand == Operand.SELF)),
                late_place.eq(place), late_count.eq(count), late_degree.eq(degree), late_node.eq(node),
                offset.eq(0),
            ]
            with m.If(beat[1].row_kind == Select.DEGREE):
                m.d.sync += offset.eq(Mux(degree < beat[1].row_limit, degree, beat[1].row_limit))
            with m.If(beat[1].row_kind == Select.NODE):
                m.d.sync += offset.eq(node)
            m.d.sync += output.valid.eq(valid[2])
            last = beat[2]
            m.d.sync += [
                command.list.eq(last.operand == Operand.LIST), command.one.eq(last.operand == Operand.ONE),
                command.skip.eq(last.operand == Operand.SKIP), command.reads.eq(late_count != 0),
                command.short.eq(late_count <= 1), command.place.eq(late_place), command.count.eq(late_count),
                command.meta.row.eq(last.row_base + offset), command.meta.by_entry.eq(last.row_kind == Select.ENTRY),
                command.meta.degree.eq(late_degree), command.meta.node.eq(late_node),
            ]
            m.d.sync += [getattr(command, name).eq(getattr(last, name)) for name in WALK]
            m.d.sync += [getattr(command.meta, name).eq(getattr(last, name)) for name in COPIED]

    @staticmethod
    def model(task: Mapping[str, int], beats: Sequence[Mapping[str, int]], setup: Mapping[str, int],
              descriptors: Sequence[Mapping[str, int]], *, units: int, index: int) -> Iterator[dict[str, int]]:
        """Yield the fields of the commands of a pass, those of ``meta`` among them.

        Parameters
        ----------
        task, setup : mapping
            Fields of PASS and of the unit's SETUP.
        beats : sequence of mapping
            The beat memory, fields of BEAT.
        descriptors : sequence of mapping
            The unit's, fields of DESCRIPTOR, two a word.
        units, index : int
        """
        degree = node = 0
        for row in range(setup["graphs" if task["graphs"] else "nodes"]):
            for beat in beats[task["beat_start"]:task["beat_start"] + task["beat_count"]]:
                operand = beat["operand"]
                walk = {"start": 0, "count": 0, "node": 0}
                if operand in (Operand.LIST, Operand.SKIP):
                    walk = dict(descriptors[2 * setup[Set(beat["set"]).name.lower()] + row])
                    if beat["degree"]:
                        degree, node = min(walk["count"], 0xffff), walk["node"]
                count = walk["count"] if operand == Operand.LIST else int(operand == Operand.SELF)
                offset = {Select.DEGREE: min(degree, beat["row_limit"]), Select.NODE: node}.get(
                    Select(beat["row_kind"]), 0)
                yield {
                    **{name: beat[name] for name in (*WALK, *COPIED)},
                    "list": int(operand == Operand.LIST), "one": int(operand == Operand.ONE),
                    "skip": int(operand == Operand.SKIP), "reads": int(count > 0), "short": int(count <= 1),
                    "place": walk["start"] if operand == Operand.LIST else row * units + index, "count": count,
                    "row": (beat["row_base"] + offset) % (1 << ROW_ADDRESS),
                    "by_entry": int(beat["row_kind"] == Select.ENTRY), "degree": degree, "node": node,
                }
