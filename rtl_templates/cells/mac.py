"""The bit-serial MAC array: distributed arithmetic over bit planes of activations, most significant plane first."""

from collections.abc import Sequence

from amaranth import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2, exact_log2

from ..shell.signatures import LoadBus, LoadPort
from ..shell.words import BEAT_BITS
from .add_memory import add_memory
from .delays import delays
from .formats import TABLE_INPUTS, table_bits
from .ternary import ternary
from .timing import MAC_TABLE, mac_tree

__all__ = ["MacArray"]

BLOCK = 256  # entries of a distributed memory: Yosys maps no deeper one with a single address


class MacArray(wiring.Component):
    """``result[c] = sum_i x[i] * weight[page][i][c]``, ``planes`` bits of every x[i] a cycle.

    Distributed arithmetic (Peled and Liu 1974): a table of 64 sums per six inputs and column turns a bit plane of six
    inputs into one read; ``acc = (acc << planes) + sum`` with the most significant planes first. With ``hold`` the
    sum is added without the shift: a further page of the same planes. A dot product begins after ``last`` (or
    an idle cycle) with a zero accumulator; the cycle after ``last`` may begin the next. From ``x`` to ``result``
    ``mac_latency(lanes)`` cycles, one plane a cycle; the result stands until the next ``last`` arrives. No
    back-pressure. Sums are exact while they fit ``x_bits``.

    Parameters
    ----------
    lanes, columns : int
        Inputs and outputs.
    weight_bits : int
        Signed bits of a weight.
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
    block : bool
        Tables in block memories: pays where their depth, 64 a page, is one of a block memory's.
    primitives : bool
        LUT6_2 and CARRY8 adders instead of behavioural twins.

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
                 x_bits: int, target: int, signed: bool = False, block: bool = False,
                 primitives: bool = False) -> None:
        if planes not in (1, 2):
            raise ValueError(f"planes is {planes}, not 1 or 2")
        if signed and planes != 1:
            raise ValueError("signed codes come one plane a cycle")
        self.lanes, self.columns, self.weight_bits, self.planes, self.pages = lanes, columns, weight_bits, planes, pages
        self.x_bits, self.signed, self.target, self.block = x_bits, signed, target, block
        self.primitives = primitives
        self.table_bits = table_bits(weight_bits)
        #: Signed bits of an accumulator: what all inputs at 255 can reach, x_bits at most.
        self.acc_bits = min(x_bits, bits_for((255 * lanes * pages) << weight_bits - 1) + 1)
        super().__init__({
            "load": In(LoadBus()), "x": In(planes * lanes), "other": In(planes * lanes), "page": In(range(pages)),
            "enable": In(1), "last": In(1), "hold": In(1), "negate": In(1),
            "result": Out(columns * x_bits),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        page_bits = ceil_log2(self.pages)
        writing = Signal()
        address = self.load.address[:TABLE_INPUTS + page_bits]
        m.d.comb += writing.eq(self.load.valid & (self.load.target == self.target))
        sums = [self._plane(m, plane, writing, address, page_bits) for plane in range(self.planes)]

        flags: Value = Cat(self.enable, self.last, self.hold, *([self.negate] if self.signed else []))
        flags = delays(m, "flags", flags, MAC_TABLE + mac_tree(self.lanes), reset=True)[-1]
        for column in range(self.columns):
            acc = Signal(signed(self.acc_bits), name=f"acc{column}", reset_less=True)
            result = Signal(signed(self.acc_bits), name=f"result{column}", reset_less=True)
            shifted = (acc << self.planes)[:self.acc_bits].as_signed()
            old = Mux(flags[2], acc, shifted).as_signed() if self.pages > 1 else shifted
            if self.signed:  # the bit below makes a carry of negate: ~sum + 1
                total = Signal(signed(self.acc_bits), name=f"total{column}")
                term = sums[0][column].as_unsigned() ^ flags[3].replicate(len(sums[0][column]))
                m.d.comb += total.eq((Cat(flags[3], term).as_signed() + Cat(flags[3], old).as_signed()) >> 1)
            elif self.planes == 1:
                total = Signal(signed(self.acc_bits), name=f"total{column}")
                m.d.comb += total.eq(sums[0][column] + old)
            else:
                total = ternary(m, f"total{column}", sums[0][column], (sums[1][column] << 1).as_signed(), old,
                                width=self.acc_bits, primitives=self.primitives)
            m.d.sync += acc.eq(total)
            with m.If(~flags[0] | flags[1]):  # a clear, not a selection: the flip-flop's own reset
                m.d.sync += acc.eq(0)
            with m.If(flags[1]):
                m.d.sync += result.eq(total)
            m.d.comb += self.result.word_select(column, self.x_bits).eq(result)
        return m

    def _plane(self, m: Module, plane: int, writing: Value, address: Value, page_bits: int) -> list[Value]:
        """Registered sum of every column over all tables for one plane."""
        per_chunk = BEAT_BITS // self.table_bits
        chunks = -(-self.columns // per_chunk)
        inputs = (self.x | self.other)[plane * self.lanes:(plane + 1) * self.lanes]
        terms: list[list[Value]] = [[] for _ in range(self.columns)]
        for table in range(-(-self.lanes // TABLE_INPUTS)):
            bits = inputs[table * TABLE_INPUTS:(table + 1) * TABLE_INPUTS]
            index = Signal(TABLE_INPUTS + page_bits, name=f"index{plane}_{table}")
            m.d.comb += index.eq(Mux(writing, address, Cat(bits, Const(0, TABLE_INPUTS - len(bits)),
                                                           self.page[:page_bits])))
            width = min(self.table_bits, self.weight_bits + ceil_log2(len(bits)))
            for chunk in range(chunks):
                columns = range(chunk * per_chunk, min((chunk + 1) * per_chunk, self.columns))
                name = f"{plane}_{table}_{chunk}"
                mine = writing & (self.load.unit[:5 + ceil_log2(chunks)] == table + 32 * chunk)
                data = Cat(self.load.data.word_select(k, self.table_bits)[:width] for k in range(len(columns)))
                if self.block:
                    entry = self._block(m, name, index, mine, data)
                else:
                    entry = Signal(width * len(columns), name=f"entry{name}", reset_less=True)
                    m.d.sync += entry.eq(self._table(m, name, index, mine, data))
                for k, column in enumerate(columns):
                    terms[column].append(entry.word_select(k, width).as_signed())
        return [self._tree(m, f"sum{plane}_{column}", values) for column, values in enumerate(terms)]

    def _table(self, m: Module, name: str, index: Value, writing: Value, data: Value) -> Value:
        """Entry ``index`` of a table, in memories of BLOCK entries at most: what distributed memories are made for."""
        blocks, reads = -(-64 * self.pages // BLOCK), []
        low, high = index[:exact_log2(BLOCK)], index[exact_log2(BLOCK):]
        for block in range(blocks):
            store = add_memory(m, f"table{name}" + (f"_{block}" if blocks > 1 else ""), len(data),
                               min(BLOCK, 64 * self.pages - BLOCK * block), "distributed")
            write, read = store.write_port(), store.read_port(domain="comb")
            m.d.comb += [write.en.eq(writing & (high == block)), write.addr.eq(low), read.addr.eq(low),
                         write.data.eq(data)]
            reads.append(read.data)
        return Array(reads)[high] if blocks > 1 else reads[0]

    def _block(self, m: Module, name: str, index: Value, writing: Value, data: Value) -> Value:
        """Entry ``index`` of a table in a block memory, a cycle later: its own register is the one of the entry."""
        store = add_memory(m, f"table{name}", len(data), 64 * self.pages, "block")
        write, read = store.write_port(), store.read_port()
        m.d.comb += [write.en.eq(writing), write.addr.eq(index), read.addr.eq(index), write.data.eq(data)]
        entry: Value = read.data
        return entry

    def _tree(self, m: Module, name: str, terms: Sequence[Value]) -> Value:
        """Sum terms three by three, a register after each level."""
        level, terms = 0, list(terms)
        top = self.table_bits + ceil_log2(len(terms))
        while len(terms) > 1:
            sums: list[Value] = []
            for k in range(0, len(terms), 3):
                group = terms[k:k + 3]
                width = min(top, max(len(term) for term in group) + (0, 0, 1, 2)[len(group)])
                late = Signal(signed(width), name=f"{name}_{level}_{k}", reset_less=True)
                if len(group) == 3:
                    m.d.sync += late.eq(ternary(m, f"{name}_{level}_{k}", group[0], group[1], group[2], width=width,
                                                primitives=self.primitives))
                else:
                    m.d.sync += late.eq(group[0] + group[1] if len(group) == 2 else group[0])
                sums.append(late)
            terms, level = sums, level + 1
        return terms[0]

    @staticmethod
    def model(codes: Sequence[int], weight: Sequence[Sequence[int]]) -> list[int]:
        """``codes @ weight``: codes [lanes], weight [lanes][columns]."""
        return [sum(code * row[column] for code, row in zip(codes, weight, strict=True))
                for column in range(len(weight[0]))]

    @staticmethod
    def tables(weight: Sequence[Sequence[int]], table_bits: int) -> dict[tuple[int, int], int]:
        """Load data of one page: (unit, subset) -> beat."""
        lanes, columns, per_chunk = len(weight), len(weight[0]), BEAT_BITS // table_bits
        beats = {}
        for table in range(-(-lanes // TABLE_INPUTS)):
            rows = weight[table * TABLE_INPUTS:(table + 1) * TABLE_INPUTS]
            for subset in range(1 << TABLE_INPUTS):
                sums = [sum(row[c] for i, row in enumerate(rows) if subset >> i & 1) for c in range(columns)]
                for chunk in range(-(-columns // per_chunk)):
                    part = sums[chunk * per_chunk:(chunk + 1) * per_chunk]
                    beats[table + 32 * chunk, subset] = sum(
                        (value % (1 << table_bits)) << k * table_bits for k, value in enumerate(part))
        return beats
