"""The end of a server: collects a node's codes into a row, writes it to a bank digit by digit, or to the results."""


from collections.abc import Sequence

from amaranth import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from ...cells.add_memory import add_memory
from ...cells.bank import BankPort, BankWrite
from ...cells.formats import RAW_BITS
from ...cells.structure import structure
from ...shell.signatures import LoadBus, LoadPort
from ...shell.words import BEAT_BITS
from ..formats import UNITS, Target
from ..requantize import CODE_BITS

__all__ = ["ServerWrite"]


class ServerWrite(wiring.Component):
    """Write rows or results; also passes BANK loads on to the banks.

    Codes of chunk c become lanes ``c * requant_lanes`` and up of the row, the low ``code_bits`` of each; lanes of
    chunks that a node does not have are zero. A row of one digit is written the cycle after its last code,
    another one from two cycles after it on, a digit a cycle. No back-pressure: rows must be ``digits``
    cycles apart. A result chunk is written in the cycle after its beat's code, at ``row + chunk``.

    Parameters
    ----------
    lanes, code_bits, digit, requant_lanes, banks, row_bits, address_bits, result_depth, servers : int
        ``banks`` of this server; ``address_bits`` of the entry's row field.

    Members
    -------
    index : In(4)
        The server's number, constant.
    load : In(LoadBus())
        Registered.
    code, raw, chunk, last, fits : In
        Of the beat whose code is there; ``fits``: it belongs to the stage that is written.
    to_result : In(1)
    affine : In(1)
        Codes are unsigned: rows have them minus ``2^(code_bits - 1)``. Only with ``zero_points``.
    row, bank, nothing : In
        Where the present node goes.
    write : Out(BankWrite).array(banks)
    result_address, result_data
        Read latency 2. Result words of more than a beat are read in parts, the lowest lanes at the lower address.
    busy : Out(1)
        Between a node's last code and its last write.
    row_valid, row_bank, row_address, row_data : Out
        Probe.
    """

    index: Signal
    load: LoadPort
    code: Signal
    raw: Signal
    chunk: Signal
    last: Signal
    fits: Signal
    to_result: Signal
    affine: Signal
    row: Signal
    bank: Signal
    nothing: Signal
    write: Sequence[BankPort]
    result_address: Signal
    result_data: Signal
    busy: Signal
    row_valid: Signal
    row_bank: Signal
    row_address: Signal
    row_data: Signal

    def __init__(self, *, lanes: int, code_bits: int, digit: int, requant_lanes: int, banks: int, row_bits: int,
                 address_bits: int, result_depth: int, servers: int, zero_points: bool = False) -> None:
        self.lanes, self.code_bits, self.digit, self.requant_lanes = lanes, code_bits, digit, requant_lanes
        self.banks, self.row_bits, self.servers = banks, row_bits, servers
        self.result_depth, self.zero_points = result_depth, zero_points
        self.digits = code_bits // digit
        word = BankWrite(address_bits=row_bits + exact_log2(self.digits), word_bits=lanes * digit)
        results = requant_lanes * RAW_BITS
        super().__init__({
            "index": In(range(UNITS)), "load": In(LoadBus()), "code": In(requant_lanes * CODE_BITS), "raw": In(results),
            "chunk": In(range(lanes // requant_lanes)), "last": In(1), "fits": In(1), "to_result": In(1),
            "row": In(address_bits), "bank": In(exact_log2(banks)), "nothing": In(1), "write": Out(word).array(banks),
            "result_address": In(range(result_depth)), "result_data": Out(min(BEAT_BITS, results)), "busy": Out(1),
            "row_valid": Out(1),
            "row_bank": Out(exact_log2(banks)), "row_address": Out(address_bits),
            "row_data": Out(max(lanes * code_bits, results)), **({"affine": In(1)} if zero_points else {}),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        cut = [self.code.word_select(k, CODE_BITS)[:self.code_bits] for k in range(self.requant_lanes)]
        if self.zero_points:  # an unsigned code minus half its range, as rows are signed
            cut = [code ^ Cat(Const(0, self.code_bits - 1), self.affine) for code in cut]
        row = structure(data.ArrayLayout(self.requant_lanes * self.code_bits, self.lanes // self.requant_lanes),
                        reset_less=True)
        for k in range(self.lanes // self.requant_lanes):
            with m.If(self.fits & (self.chunk == k)):
                m.d.sync += row[k].eq(Cat(cut))
            if k:  # last, since a flip-flop's reset comes before its enable
                with m.If(self.fits & (self.chunk == 0)):
                    m.d.sync += row[k].eq(0)

        done, full, valid = Signal(), Signal(), Signal()  # last code came; the row is there; a result word is
        address, word = Signal.like(self.row, reset_less=True), Signal.like(self.raw, reset_less=True)
        bank = Signal.like(self.bank, reset_less=True)
        m.d.sync += [
            done.eq(self.last), full.eq(self.last & ~self.nothing & ~self.to_result),
            valid.eq(self.fits & ~self.nothing & self.to_result), word.eq(self.raw), bank.eq(self.bank),
            address.eq(self.row + Mux(self.to_result, self.chunk, 0)),
        ]
        m.d.comb += [self.row_valid.eq(full | valid), self.row_bank.eq(bank), self.row_address.eq(address),
                     self.row_data.eq(Mux(valid, word, row.as_value()))]

        parts = -(-len(word) // BEAT_BITS)
        results = add_memory(m, "results", len(word), -(-self.result_depth // parts), "block")
        write, read = results.write_port(), results.read_port()
        part = Signal(exact_log2(parts), reset_less=True)
        m.d.sync += [part.eq(self.result_address),
                     self.result_data.eq(read.data.word_select(part, len(self.result_data)))]
        m.d.comb += [write.en.eq(valid), write.addr.eq(address), write.data.eq(word),
                     read.addr.eq(self.result_address >> exact_log2(parts)), read.en.eq(1)]
        self._banks(m, row.as_value(), done, full, address, bank)
        return m

    def _banks(self, m: Module, row: Value, done: Value, full: Value, address: Value, bank: Value) -> None:
        """Digits of the row, or a load, to the bank ports."""
        writing, copy = full, row
        step: Value = Const(0, 0)
        m.d.comb += self.busy.eq(done)
        if self.digits > 1:  # the next row's first chunk may come while this one is written
            copy, target, where = (Signal.like(value, name=name, reset_less=True) for value, name in (
                (row, "copy"), (bank, "target"), (address, "where")))
            step = count = Signal(range(self.digits))
            running, writing = Signal(), Signal()
            with m.If(done):
                m.d.sync += [running.eq(1), count.eq(0), writing.eq(full), copy.eq(row), target.eq(bank),
                             where.eq(address)]
            with m.Elif(running):
                m.d.sync += count.eq(count + 1)
                with m.If(count == self.digits - 1):
                    m.d.sync += [running.eq(0), writing.eq(0)]
            m.d.comb += self.busy.eq(done | running)
            address, bank = where, target
        # Lanes' digits: the row seen as [lane][digit], and one digit of every lane taken.
        words = [Cat(copy[lane * self.code_bits + k * self.digit:][:self.digit] for lane in range(self.lanes))
                 for k in range(self.digits)]
        load, bank_bits = self.load, exact_log2(self.servers)
        loading, local = Signal(), Signal.like(self.bank)
        word, to = Signal(len(words[0])), Signal.like(self.write[0].address)
        m.d.comb += [
            loading.eq(load.valid & (load.target == Target.BANK) & (load.unit[:bank_bits] == self.index[:bank_bits])),
            local.eq(Mux(loading, load.unit[bank_bits:4], bank)),
            word.eq(Mux(loading, load.data[:len(word)], Array(words)[step] if self.digits > 1 else words[0])),
            to.eq(Mux(loading, load.address[:len(to)], Cat(step, address[:self.row_bits]))),
        ]
        for k in range(self.banks):
            m.d.comb += [self.write[k].address.eq(to), self.write[k].data.eq(word),
                         self.write[k].enable.eq((loading | writing) & (local == k))]
