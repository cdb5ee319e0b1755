"""One unit's copy of the node buffer: words of codes, and the entry of the row that each belongs to."""

from collections.abc import Iterable, Sequence

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..cells.bank import Bank
from ..shell.signatures import LoadBus, LoadPort
from ..shell.words import BEAT_BITS
from .formats import ENTRY_BITS, Target
from .signatures import RowPort, RowWrite

__all__ = ["NodeBuffer"]


class NodeBuffer(wiring.Component):
    """A word and its entry a cycle out, one a cycle in.

    Reading: ``data`` and ``entry`` are those of ``address`` gather_timing.BUFFER_READ cycles later. Writing has no
    back-pressure; a word presented in cycle t is read by an address presented from t + 2 on, and which word an
    address presented in t or t + 1 reads is not defined. A load writes 128 bits of a word, and entry 0; loads and
    writes never come in the same cycle.

    Parameters
    ----------
    lanes, code_bits : int
        Of a word.
    depth : int
        Words.

    Members
    -------
    load : In(LoadBus())
        ROWS, already registered.
    write : In(RowWrite(lanes, code_bits))
    address : In(range(depth))
    data : Out(lanes * code_bits)
    entry : Out(ENTRY_BITS)
    """

    load: LoadPort
    write: RowPort
    address: Signal
    data: Signal
    entry: Signal

    def __init__(self, *, lanes: int, code_bits: int, depth: int) -> None:
        self.word_bits, self.depth = lanes * code_bits, depth
        super().__init__({
            "load": In(LoadBus()), "write": In(RowWrite(lanes=lanes, code_bits=code_bits)),
            "address": In(ceil_log2(depth)), "data": Out(self.word_bits), "entry": Out(ENTRY_BITS),
        })

    def model(self, loads: Iterable[tuple[int, int, int]], writes: Iterable[tuple[int, int, int]]) \
            -> tuple[Sequence[int], Sequence[int]]:
        """Content of a buffer of zeros after ``loads`` and then ``writes``.

        Parameters
        ----------
        loads : iterable of (chunk, address, 128 bits)
        writes : iterable of (address, word, entry)

        Returns
        -------
        words, entries : list of int [depth]
        """
        words, entries = [0] * self.depth, [0] * self.depth
        for chunk, address, beat in loads:
            mask = (1 << BEAT_BITS) - 1 << chunk * BEAT_BITS
            words[address] = (words[address] & ~mask | beat << chunk * BEAT_BITS) & (1 << self.word_bits) - 1
            entries[address] = 0
        for address, word, entry in writes:
            words[address], entries[address] = word, entry
        return words, entries

    def elaborate(self, platform: object) -> Module:
        """Build a memory for every 128 bits, so that a load writes one of them, and one for the entries."""
        m = Module()
        address, loading = Signal.like(self.address), Signal()
        m.d.comb += [
            loading.eq(self.load.valid & (self.load.target == Target.ROWS)),
            address.eq(Mux(loading, self.load.address, self.write.address)),
        ]
        parts = []
        for chunk, low in enumerate(range(0, self.word_bits, BEAT_BITS)):
            width = min(BEAT_BITS, self.word_bits - low)
            bank = Bank(depth=self.depth, word_bits=width)
            m.submodules[f"words{chunk}"] = bank
            mine = loading & (self.load.unit == chunk)
            word = Mux(loading, self.load.data[:width], self.write.data[low:low + width])
            m.d.comb += [bank.enable.eq(1), bank.address.eq(self.address), bank.write.address.eq(address),
                         bank.write.enable.eq(self.write.enable | mine), bank.write.data.eq(word)]
            parts.append(bank.data)
        m.submodules.entries = entries = Bank(depth=self.depth, word_bits=ENTRY_BITS)
        m.d.comb += [
            entries.enable.eq(1), entries.address.eq(self.address), entries.write.address.eq(address),
            entries.write.enable.eq(self.write.enable | loading),
            entries.write.data.eq(Mux(loading, 0, self.write.entry)),
            self.data.eq(Cat(parts)), self.entry.eq(entries.data),
        ]
        return m
