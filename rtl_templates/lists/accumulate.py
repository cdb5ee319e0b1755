"""The accumulators of a unit: sum or maximum of gathered rows, a row a cycle."""

from collections.abc import Iterable

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Accumulator"]


class Accumulator(wiring.Component):
    """``lanes`` accumulators: ``acc + code``, ``2 * acc + code``, ``-acc`` or ``max(acc, code)`` in each.

    A row is at ``word`` in the cycle of its step, its flags ``read`` and so on with it; ``double`` and ``finish``
    come one cycle later, with ``total``, which then includes the row: an operand register lies between. After
    ``finish`` all accumulators are 0. Sums wrap at ``acc_bits``. A row a cycle, no back-pressure.

    Parameters
    ----------
    lanes, code_bits : int
    acc_bits : int
        Signed bits of a sum, more than ``code_bits``.

    Members
    -------
    word : In(lanes * code_bits)
        The row, lane 0 lowest.
    read, one : In(1)
        There is a row; otherwise ``one`` is added to every lane. A maximum's rows come without a pause.
    signed : In(1)
        How codes extend.
    turn : In(1)
        Of a sum: there is no row, and the accumulator changes its sign; never with ``double``.
    maximum, first : In(1)
        The token takes the maximum; this is its first step.
    double, finish : In(1)
        Of the step before: the accumulator is doubled first; it ends the token.
    total : Out(lanes * acc_bits)
    """

    word: Signal
    read: Signal
    one: Signal
    turn: Signal
    signed: Signal
    maximum: Signal
    first: Signal
    double: Signal
    finish: Signal
    total: Signal

    def __init__(self, *, lanes: int, code_bits: int, acc_bits: int) -> None:
        if acc_bits <= code_bits:
            raise ValueError(f"sums of {acc_bits} bits hold no codes of {code_bits} bits")
        self.lanes, self.code_bits, self.acc_bits = lanes, code_bits, acc_bits
        super().__init__({
            "word": In(lanes * code_bits), "read": In(1), "one": In(1), "turn": In(1), "signed": In(1),
            "maximum": In(1), "first": In(1), "double": In(1), "finish": In(1), "total": Out(lanes * acc_bits),
        })

    @staticmethod
    def model(rows: Iterable[tuple[int | None, bool]], *, lanes: int, code_bits: int, acc_bits: int, signed: bool,
              maximum: bool) -> list[int]:
        """Sum or maximum of a token's steps.

        Parameters
        ----------
        rows : iterable of (word, double)
            Words read; a NULL that doubles is the word 0, one that does not None: the sum turns. A maximum has none.
        lanes, code_bits, acc_bits : int
            As the constructor's.
        signed, maximum : bool

        Returns
        -------
        list of int [lanes]
            Signed; zeros without rows.
        """
        half = 1 << code_bits - 1 if signed else 0
        acc: list[int] = []
        for word, double in rows:
            if word is None:
                acc = [-a for a in acc]
                continue
            codes = [((word >> lane * code_bits & (1 << code_bits) - 1) ^ half) - half for lane in range(lanes)]
            if maximum and acc:
                acc = [max(pair) for pair in zip(acc, codes, strict=True)]
            else:
                acc = [a * (1 + double) + code for a, code in zip(acc or [0] * lanes, codes, strict=True)]
        wrap = 1 << acc_bits - 1
        return [(a + wrap) % (2 * wrap) - wrap for a in acc] or [0] * lanes

    def elaborate(self, platform: object) -> Module:
        """Build the lanes.

        A maximum is kept in the operand register, whose clock enable is the comparison, and the accumulator behind it
        stays 0: adding needs no selection. What is not read, and an accumulator that is done, is a synchronous reset.
        """
        m = Module()
        keep, turned = Signal(), Signal()  # the operand register has a maximum, or the 1 of -acc = ~acc + 1
        m.d.sync += [keep.eq(self.maximum), turned.eq(self.turn)]
        totals = []
        for lane in range(self.lanes):
            field = self.word.word_select(lane, self.code_bits)
            code = Cat(field, field[-1] & self.signed).as_signed()
            operand = Signal.like(code, name=f"operand{lane}")
            acc = Signal(self.acc_bits, name=f"acc{lane}")
            total = Signal(self.acc_bits, name=f"total{lane}")
            with m.If(~self.read):
                m.d.sync += operand.eq(self.one | self.turn)
            with m.Elif(~self.maximum | self.first | (code > operand)):
                m.d.sync += operand.eq(code)
            m.d.comb += total.eq(operand + (Mux(self.double, acc << 1, acc) ^ turned.replicate(self.acc_bits)))
            with m.If(self.finish):
                m.d.sync += acc.eq(0)
            with m.Elif(~keep):
                m.d.sync += acc.eq(total)
            totals.append(total)
        m.d.comb += self.total.eq(Cat(totals))
        return m
