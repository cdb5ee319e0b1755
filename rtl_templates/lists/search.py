"""The search for the nearest entry: a row's largest magnitude, and how many thresholds lie below it."""

from collections.abc import Sequence

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..cells.add_memory import add_memory
from ..cells.delays import delays
from ..shell.signatures import LoadBus, LoadPort
from .formats import V_BITS, Target
from .requantize_parts import ram_style

__all__ = ["Largest", "Search"]


class Largest(wiring.Component):
    """Key of a row's largest magnitude, ``1 + ⌈log2 lanes⌉`` cycles after its values.

    A key is ``2 V`` of a value V >= 0 and ``2 (-V) - 1`` of a negative one: one's complement and sign, no negation.
    Keys order values by magnitude, and ``|V| > t`` is ``key > 2 t``.

    Parameters
    ----------
    lanes : int
        Values a cycle.

    Members
    -------
    value : In(lanes * 24)
    valid, end : In(1)
        There are values; they end a row.
    found : Out(1)
        Pulse: ``key`` is the row's.
    key : Out(24)
    """

    value: Signal
    valid: Signal
    end: Signal
    found: Signal
    key: Signal

    def __init__(self, *, lanes: int) -> None:
        self.lanes = lanes
        super().__init__({"value": In(lanes * V_BITS), "valid": In(1), "end": In(1), "found": Out(1),
                          "key": Out(V_BITS)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        values = [self.value.word_select(lane, V_BITS) for lane in range(self.lanes)]
        keys: list[Value] = [Cat(v[-1], v[:-1] ^ v[-1].replicate(V_BITS - 1)) for v in values]
        level = 0
        while len(keys) > 1:
            after: list[Value] = []
            for k in range(0, len(keys), 2):
                key = Signal(V_BITS, name=f"key{level}_{k}", reset_less=True)
                m.d.sync += key.eq(_larger(*keys[k:k + 2]) if k + 1 < len(keys) else keys[k])
                after.append(key)
            keys, level = after, level + 1
        valid, end = delays(m, "flags", Cat(self.valid, self.end), level, reset=True)[-1]
        fresh = Signal(init=1)
        m.d.sync += self.found.eq(valid & end)
        with m.If(valid):
            m.d.sync += [fresh.eq(end), self.key.eq(_larger(keys[0], self.key & ~fresh.replicate(V_BITS)))]
        return m

    @staticmethod
    def model(values: Sequence[int]) -> int:
        """Key of the largest magnitude."""
        return max(2 * value if value >= 0 else -2 * value - 1 for value in values)


def _larger(a: Value, b: Value) -> Value:
    return Mux(a > b, a, b)


class Search(wiring.Component):
    """Number of thresholds of a table below a magnitude: ``levels`` binary decisions, two cycles each, pipelined.

    Parameters
    ----------
    levels : int
        Decisions, at least 1.
    tables : int
    number : int
        Which THRESHOLD words are its own: units ``16 * number + level``.

    Members
    -------
    load : In(LoadBus())
        Already registered.
    table : In(6)
        Constant while searches are in flight.
    start : In(1), key : In(24)
        A search begins (:class:`Largest`); one a cycle.
    found : Out(1), entry : Out(levels)
        2 * levels cycles later.
    """

    load: LoadPort
    table: Signal
    start: Signal
    key: Signal
    found: Signal
    entry: Signal

    def __init__(self, *, levels: int, tables: int, number: int) -> None:
        if not 1 <= levels <= 10:
            raise ValueError(f"levels is {levels}, not 1 to 10")
        self.levels, self.tables, self.number = levels, tables, number
        super().__init__({"load": In(LoadBus()), "table": In(6), "start": In(1), "key": In(V_BITS), "found": Out(1),
                          "entry": Out(levels)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        mine = self.load.valid & (self.load.target == Target.THRESHOLD) & (self.load.unit[4:] == self.number)
        valid, key = self.start, self.key
        prefix: Value = Signal(0)
        table = self.table[:ceil_log2(self.tables)]
        for level in range(self.levels):
            depth = self.tables << level
            store = add_memory(m, f"level{level}", V_BITS, max(2, depth), ram_style(depth))
            write, read = store.write_port(), store.read_port()
            index_bits = len(write.addr)
            m.d.comb += [
                write.en.eq(mine & (self.load.unit[:4] == level)), write.addr.eq(self.load.address[:index_bits]),
                write.data.eq(self.load.data[:V_BITS]), read.addr.eq(Cat(prefix, table)),
            ]
            read_valid, next_valid = Signal(name=f"read{level}"), Signal(name=f"valid{level}")
            read_key, next_key = (Signal(V_BITS, name=f"{name}{level}", reset_less=True) for name in ("rkey", "key"))
            read_prefix = Signal(level, name=f"rprefix{level}", reset_less=True)
            next_prefix = Signal(level + 1, name=f"prefix{level}", reset_less=True)
            m.d.sync += [
                read_valid.eq(valid), read_key.eq(key), read_prefix.eq(prefix), next_valid.eq(read_valid),
                next_key.eq(read_key), next_prefix.eq(Cat(read_key > (read.data << 1), read_prefix)),
            ]
            valid, key, prefix = next_valid, next_key, next_prefix
        m.d.comb += [self.found.eq(valid), self.entry.eq(prefix)]
        return m

    @staticmethod
    def model(magnitude: int, thresholds: Sequence[int]) -> int:
        """Number of ascending ``thresholds`` below ``magnitude``."""
        return sum(magnitude > threshold for threshold in thresholds)
