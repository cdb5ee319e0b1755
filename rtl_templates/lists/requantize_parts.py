"""Small parts of the requantizer: queues, tables of row parameters."""

from amaranth import Module, Mux, Signal, Value
from amaranth.lib.memory import ReadPort

from ..cells.add_memory import RamStyle, add_memory
from ..shell.signatures import LoadPort
from .formats import BLOCK_ENTRIES, Target

__all__ = ["parameters", "queue", "ram_style"]


def ram_style(depth: int) -> RamStyle:
    """Kind of memory for a table with a registered read."""
    return "block" if depth >= BLOCK_ENTRIES else "distributed"


def parameters(m: Module, name: str, load: LoadPort, *, bits: int, depth: int, number: int) -> ReadPort:
    """Read port of a copy of the table of row parameters: its low ``bits``, a cycle after the address."""
    store = add_memory(m, name, bits, max(2, depth), ram_style(depth))
    write = store.write_port()
    m.d.comb += [write.en.eq(load.valid & (load.target == Target.PARAM) & (load.unit == number)),
                 write.addr.eq(load.address[:len(write.addr)]), write.data.eq(load.data[:bits])]
    return store.read_port()


def queue(m: Module, name: str, word: Value, *, depth: int, push: Value, pop: Value) -> Value:
    """Oldest of at most ``depth`` words, combinational, from the cycle after its push; the user counts them."""
    store = add_memory(m, name, len(word), depth, "distributed")
    write, read = store.write_port(), store.read_port(domain="comb")
    for port, go in ((write, push), (read, pop)):
        place = Signal(range(depth), name=f"{name}_{'push' if port is write else 'pop'}")
        with m.If(go):
            m.d.sync += place.eq(Mux(place == depth - 1, 0, place + 1))
        m.d.comb += port.addr.eq(place)
    m.d.comb += [write.en.eq(push), write.data.eq(word)]
    value: Value = read.data
    return value
