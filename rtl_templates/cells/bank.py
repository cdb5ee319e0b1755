"""One bank of node rows: a block memory with its output register."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .add_memory import add_memory

__all__ = ["Bank", "BankPort", "BankWrite"]


class BankPort(wiring.PureInterface):
    """Signals of a bank's write port, for annotations."""

    enable: Signal
    address: Signal
    data: Signal


class BankWrite(wiring.Signature):
    """One bank's write port: a word a cycle, no back-pressure."""

    def __init__(self, *, address_bits: int, word_bits: int) -> None:
        super().__init__({"enable": Out(1), "address": Out(address_bits), "data": Out(word_bits)})


class Bank(wiring.Component):
    """A word a cycle out, a word a cycle in.

    Reading: ``data`` is the word at ``address`` BANK_READ cycles later, counted in cycles with ``enable`` (the memory,
    then its output register). Writing ignores ``enable`` and has no back-pressure; the port is registered once,
    so a write presented in cycle t is read by an address presented from cycle t + BANK_WRITE on.

    Parameters
    ----------
    depth : int
        Words.
    word_bits : int
        Width of a word.

    Members
    -------
    enable : In(1)
        Freezes the read side.
    address : In(range(depth))
        Word to read.
    write : In(BankWrite)
        Word to write.
    data : Out(word_bits)
        Word read.
    """

    enable: Signal
    address: Signal
    write: BankPort
    data: Signal

    def __init__(self, *, depth: int, word_bits: int) -> None:
        if depth < 2 or word_bits < 1:
            raise ValueError(f"a bank needs 2 words of 1 bit, not {depth} of {word_bits}")
        self.depth, self.word_bits = depth, word_bits
        bits = (depth - 1).bit_length()
        super().__init__({
            "enable": In(1),
            "address": In(bits),
            "write": In(BankWrite(address_bits=bits, word_bits=word_bits)),
            "data": Out(word_bits),
        })

    def model(self, words: list[int], writes: list[tuple[int, int]], address: int) -> int:
        """Return the word at ``address`` after ``writes`` (address, data), both plain integers."""
        return {**dict(enumerate(words)), **dict(writes)}[address]

    def elaborate(self, platform: object) -> Module:
        """Build the memory and the registers around it."""
        m = Module()
        store = add_memory(m, "memory", self.word_bits, self.depth, "block")
        reader, writer = store.read_port(), store.write_port()
        enable = Signal()
        address = Signal.like(self.write.address, reset_less=True)
        data = Signal(self.word_bits, reset_less=True)
        output = Signal(self.word_bits, reset_less=True)
        m.d.sync += [enable.eq(self.write.enable), address.eq(self.write.address), data.eq(self.write.data)]
        m.d.comb += [
            writer.en.eq(enable), writer.addr.eq(address), writer.data.eq(data),
            reader.en.eq(self.enable), reader.addr.eq(self.address), self.data.eq(output),
        ]
        with m.If(self.enable):
            m.d.sync += output.eq(reader.data)
        return m
