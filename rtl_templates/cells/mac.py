"""The bit-serial MAC array: distributed arithmetic over bit planes of activations, most significant plane first."""

from collections.abc import Sequence
from typing import NamedTuple

from amaranth import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2, exact_log2

from ..shell.signatures import LoadBus, LoadPort
from .add_memory import add_memory
from .delays import delays
from .mac_plan import CHUNK_SHIFT, DEEPEST, TABLE_WORDS, Tree, mac_plan, mac_tree
from .primitives import TWINS, Primitives
from .ternary import ternary, ternary_apart
from .timing import MAC_TABLE

__all__ = ["MacArray"]


class _Term(NamedTuple):
    """An operand; ``also`` is ORed into its top bit."""

    value: Value
    also: Value | None = None

    @property
    def top(self) -> Value | None:
        """What is ORed, at its place."""
        return None if self.also is None else Cat(Const(0, len(self.value) - 1), self.also)


class _Input(NamedTuple):
    """What addresses tables, in one cycle."""

    x: Value
    other: Value
    page: Value
    negate: Value


class MacArray(wiring.Component):
    """``result[c] = sum_i x[i] * weight[page][i][c]``, ``planes`` bits of every x[i] a cycle.

    Distributed arithmetic (Peled and Liu 1974): a table of sums over some inputs (:mod:`~rtl_templates.cells.mac_plan`)
    turns a bit plane of these into one read for each column; ``acc = (acc << planes) + sum`` with the most significant
    planes first. The last adder before the accumulator adds the two last terms as well. With ``hold`` the
    sum is added without the shift: a further page of the same planes. A dot product begins after ``last`` (or
    an idle cycle) with a zero accumulator; the cycle after ``last`` may begin the next. From ``x`` to ``result``
    ``mac_latency(lanes, planes)`` cycles, one plane a cycle; the result stands until the next ``last`` arrives. No
    back-pressure. Sums are exact while they fit ``x_bits``.

    Parameters
    ----------
    lanes, columns : int
        Inputs and outputs.
    weight_bits : int
        Signed bits of a weight, which is ``±(2**(weight_bits - 1) - 1)`` at most.
    planes : int
        Bit planes a cycle, 1 or 2.
    pages : int
        Weight matrices that stay resident.
    x_bits : int
        Width of a result; the accumulators have less where no sum needs as much.
    signed : bool
        Listen to ``negate``; one plane a cycle only.
    target : int
        Target of TABLE on the load bus.
    block : int
        Of so many inputs, the last ones, tables are block memories: pays where these are as deep as a block memory.
    table_words : int
        Words of a memory of look-up tables, for which the tables are chosen: 32, or 16.
    primitives : Primitives
        Device primitives in the adders instead of behavioural twins.

    Members
    -------
    load : In(LoadBus())
        TABLE entries, already registered; never while planes arrive.
    x, other : In(planes * lanes)
        The planes, lower-weight plane lowest; the two sources are ORed.
    page : In(range(pages))
    enable, last, hold : In(1)
        Planes are present; they end a dot product; they share the weight of the planes before.
    negate : In(1)
        The plane is subtracted: the sign plane of two's complement codes.
    result : Out(columns * x_bits)
    """

    load: LoadPort
    x: Signal
    other: Signal
    page: Signal
    enable: Signal
    last: Signal
    hold: Signal
    negate: Signal
    result: Signal

    def __init__(self, *, lanes: int, columns: int, weight_bits: int, planes: int = 1, pages: int = 1,
                 x_bits: int, target: int, signed: bool = False, block: int = 0,
                 table_words: int = TABLE_WORDS, primitives: Primitives = TWINS) -> None:
        if planes not in (1, 2):
            raise ValueError(f"planes is {planes}, not 1 or 2")
        if signed and planes != 1:
            raise ValueError("signed codes come one plane a cycle")
        self.lanes, self.columns, self.planes, self.pages = lanes, columns, planes, pages
        self.x_bits, self.signed, self.target, self.block = x_bits, signed, target, block
        self.primitives = primitives
        self.plan = mac_plan(lanes=lanes, columns=columns, weight_bits=weight_bits, planes=planes, pages=pages,
                             signed=signed, block=block, words=table_words)
        #: Signed bits of an accumulator: what all inputs at 255 can reach, x_bits at most.
        self.acc_bits = min(x_bits, bits_for((255 * lanes * pages) * ((1 << weight_bits - 1) - 1)) + 1)
        super().__init__({
            "load": In(LoadBus()), "x": In(planes * lanes), "other": In(planes * lanes), "page": In(range(pages)),
            "enable": In(1), "last": In(1), "hold": In(1), "negate": In(1),
            "result": Out(columns * x_bits),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        levels = mac_tree(self.lanes, self.planes)
        inputs = [_Input(*values) for values in zip(*(
            delays(m, name, getattr(self, name), levels, reset=True) for name in _Input._fields), strict=True)]
        ends = [self._sums(m, root, levels, inputs, apart=self.pages == 1 and index == 0)
                for index, root in enumerate(self.plan.roots)]
        late = delays(m, "flags", Cat(self.enable, self.last, self.hold), MAC_TABLE + levels, reset=True)
        enable, last = late[-1][0], late[-1][1]
        held = late[-2][2]  # the next planes share the weight of these
        for column in range(self.columns):
            x, y = [end[column] for end in ends] if len(ends) > 1 else (_Term(Const(0, 1)), ends[0][column])
            # The total, moved for the next planes or as it is: the one that is not wanted is cleared, by the
            # flip-flops' own reset, and the adder ORs them.
            moved, whole = (Signal(signed(self.acc_bits), name=f"{name}{column}", reset_less=True)
                            for name in ("moved", "whole"))
            result = Signal(signed(self.acc_bits), name=f"result{column}", reset_less=True)
            operands = (x.value, y.value, moved, whole) if self.pages > 1 else (moved, y.value, x.value, x.top)
            total = ternary(m, f"total{column}", *operands[:3], also=operands[3], width=self.acc_bits,
                            primitives=self.primitives)
            m.d.sync += moved.eq(total << self.planes)
            with m.If(~enable | last | (held if self.pages > 1 else 0)):
                m.d.sync += moved.eq(0)
            if self.pages > 1:
                m.d.sync += whole.eq(total)
                with m.If(~enable | last | ~held):
                    m.d.sync += whole.eq(0)
            with m.If(last):
                m.d.sync += result.eq(total)
            m.d.comb += self.result.word_select(column, self.x_bits).eq(result)
        return m

    def _sums(self, m: Module, tree: Tree, delay: int, inputs: Sequence[_Input], *, apart: bool) -> list[_Term]:
        """Registered terms of all columns, ``delay`` cycles after those of a table whose inputs are not delayed.

        ``apart``: the top bit may come in two.
        """
        if not tree.parts:
            return self._table(m, tree.plane, tree.table, inputs[delay])
        # of the operands of an adder of three, one may have its top bit in two
        first = next((index for index, part in enumerate(tree.parts) if self._apart(part)), None)
        parts = [self._sums(m, part, delay - 1, inputs, apart=index == first and len(tree.parts) == 3)
                 for index, part in enumerate(tree.parts)]
        width, sign = self.plan.width(tree), self.plan.reach(tree)[0] < 0
        name, terms = f"sum{tree.plane}_{tree.table}_{delay}", []
        for column, operands in enumerate(zip(*parts, strict=True)):
            late = Signal(signed(width) if sign else width, name=f"{name}_{column}", reset_less=True)
            a, *b, c = sorted(operands, key=lambda term: term.also is not None)
            also = None
            if not b:
                m.d.sync += late.eq(a.value + c.value)
            elif apart and self._apart(tree):
                total, spare = ternary_apart(m, f"{name}_{column}", a.value, b[0].value, c.value, also=c.top,
                                             width=width, primitives=self.primitives)
                also = Signal(name=f"{name}_{column}_also", reset_less=True)
                m.d.sync += [late.eq(total), also.eq(spare)]
            else:
                m.d.sync += late.eq(ternary(m, f"{name}_{column}", a.value, b[0].value, c.value, also=c.top,
                                            width=width, primitives=self.primitives))
            terms.append(_Term(late, also))
        return terms

    def _apart(self, tree: Tree) -> bool:
        """Whether the sum of three terms without a sign has a bit more than each of them."""
        return (len(tree.parts) == 3 and self.plan.reach(tree)[0] >= 0
                and max(map(self.plan.width, tree.parts)) < self.plan.width(tree))

    def _table(self, m: Module, plane: int, number: int, given: _Input) -> list[_Term]:
        """Registered entries of a table, with the weight of its plane."""
        table, page_bits = self.plan.tables[number], ceil_log2(self.pages)
        low = plane * self.lanes + table.first
        bits = (given.x | given.other)[low:low + table.inputs]
        if self.signed:
            bits = bits ^ given.negate.replicate(table.inputs)
        writing = Signal(name=f"writing{plane}_{number}")
        index = Signal(table.address_bits + page_bits, name=f"index{plane}_{number}")
        own = Cat(bits, given.negate if table.address_bits > table.inputs else Const(0, 0), given.page[:page_bits])
        m.d.comb += [writing.eq(self.load.valid & (self.load.target == self.target)),
                     index.eq(Mux(writing, self.load.address[:len(index)], own))]
        entries: list[list[Value]] = [[Const(0, plane)] for _ in range(self.columns)]
        for place, piece in enumerate(self.plan.slices):
            if piece.table != number:
                continue
            for chunk, first in enumerate(self.plan.chunks):
                count, name = min(self.plan.chunk, self.columns - first), f"{plane}_{place}_{chunk}"
                mine = writing & (self.load.unit[:CHUNK_SHIFT + ceil_log2(len(self.plan.chunks))]
                                  == place | chunk << CHUNK_SHIFT)
                data = Cat(self.load.data.word_select(k, self.plan.field)[:piece.width] for k in range(count))
                entry = (self._block if table.block else self._distributed)(m, name, table.depth, index, mine, data)
                for k in range(count):
                    entries[first + k].append(entry.word_select(k, piece.width))
        values = [Cat(*parts) for parts in entries]
        return [_Term(value.as_signed() if table.low < 0 else value) for value in values]

    def _distributed(self, m: Module, name: str, depth: int, index: Value, writing: Value, data: Value) -> Value:
        """Entry ``index``, a cycle later, in memories of DEEPEST entries at most."""
        entry = Signal(len(data), name=f"entry{name}", reset_less=True)
        low, high = index[:exact_log2(DEEPEST)], index[exact_log2(DEEPEST):]
        reads = []
        for block, first in enumerate(range(0, depth, DEEPEST)):
            store = add_memory(m, f"table{name}" + (f"_{block}" if depth > DEEPEST else ""), len(data),
                               min(DEEPEST, depth - first), "distributed")
            write, read = store.write_port(), store.read_port(domain="comb")
            m.d.comb += [write.en.eq(writing & (high == block)), write.addr.eq(low), read.addr.eq(low),
                         write.data.eq(data)]
            reads.append(read.data)
        m.d.sync += entry.eq(Array(reads)[high] if len(reads) > 1 else reads[0])
        return entry

    def _block(self, m: Module, name: str, depth: int, index: Value, writing: Value, data: Value) -> Value:
        """Entry ``index`` in a block memory, a cycle later: its own register is the one of the entry."""
        store = add_memory(m, f"table{name}", len(data), depth, "block")
        write, read = store.write_port(), store.read_port()
        m.d.comb += [write.en.eq(writing), write.addr.eq(index), read.addr.eq(index), write.data.eq(data)]
        entry: Value = read.data
        return entry

    @staticmethod
    def model(codes: Sequence[int], weight: Sequence[Sequence[int]]) -> list[int]:
        """``codes @ weight``: codes [lanes], weight [lanes][columns]."""
        return [sum(code * row[column] for code, row in zip(codes, weight, strict=True))
                for column in range(len(weight[0]))]
