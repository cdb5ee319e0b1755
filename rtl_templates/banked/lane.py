"""Processing element: one digit-serial accumulator per channel, and the queue of finished sums."""

from collections.abc import Iterable, Sequence

from amaranth import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..cells.primitives import TWINS, Primitives
from ..cells.ternary import ternary
from .formats import HOLD_DEPTH
from .signatures import Hold, HoldPort

__all__ = ["RAISED_BITS", "ProcessingElement"]

RAISED_BITS = 9  # minus a zero point of 8 signed bits


class ProcessingElement(wiring.Component):
    """Add neighbour rows, a digit of every channel a cycle.

    In digit ``k`` of a slot, ``acc[lane] += digit << (digit_bits * k)`` when ``add``, the top digit signed.
    In the top digit with ``last`` the sum including that digit goes to the queue and the accumulators are cleared.
    Sums wrap at ``acc_bits``. One digit a cycle; a sum is valid 1 + ``hold_depth`` cycles after its last digit: the
    operand register, then the adder and the registers of the queue, if these are empty. Full, it gives a sum a cycle.

    Back-pressure: when ``blocks``, ``enable`` must be low in the next cycle.

    Parameters
    ----------
    lanes, code_bits, digit, acc_bits : int
        Channels; bits of a code; how many of them are added a cycle, a divisor; signed bits of a sum, at
        least ``code_bits``.
    hold_depth : int
        Registers of the queue.
    zero_points : bool
        Every row that is added comes with ``raised``: codes have a zero point.
    primitives : Primitives
        Device primitives in the adders of that.

    Members
    -------
    enable : In(1)
        Clock enable of all but ``clear`` and ``ack``.
    clear : In(1)
        Clears the accumulators, which have no reset; at rest only.
    step : In(code_bits // digit)
        One-hot: the digit of this cycle, lowest first; zero without work.
    add, last : In(1)
        Flags of the slot.
    word : In(lanes * digit)
        The digit of every lane, lane 0 lowest.
    raised : In(signed(9))
        What a code of 0 stands for; constant while there is work. Only with ``zero_points``.
    hold : Out(Hold(lanes, acc_bits))
        Oldest finished sum, stable while valid.
    ack : In(1)
        The sum is read: the next cycle has the one after it, or none.
    blocks : Out(1)
        In the next cycle this element would finish a sum while its queue is full.
    """

    enable: Signal
    clear: Signal
    step: Signal
    add: Signal
    last: Signal
    word: Signal
    raised: Signal
    hold: HoldPort
    ack: Signal
    blocks: Signal

    def __init__(self, *, lanes: int, code_bits: int, digit: int, acc_bits: int,
                 hold_depth: int = HOLD_DEPTH, zero_points: bool = False, primitives: Primitives = TWINS) -> None:
        if code_bits % digit or acc_bits < code_bits:
            raise ValueError(f"no digits of {digit} and sums of {acc_bits} bits for {code_bits}-bit codes")
        self.lanes, self.code_bits, self.digit, self.acc_bits = lanes, code_bits, digit, acc_bits
        if hold_depth < 1:
            raise ValueError(f"a queue of {hold_depth} registers keeps no sum")
        self.hold_depth, self.zero_points, self.primitives = hold_depth, zero_points, primitives
        self.digits = code_bits // digit
        super().__init__({
            "enable": In(1),
            "clear": In(1),
            "step": In(self.digits),
            "add": In(1),
            "last": In(1),
            "word": In(lanes * digit),
            **({"raised": In(signed(RAISED_BITS))} if zero_points else {}),
            "hold": Out(Hold(lanes=lanes, acc_bits=acc_bits)),
            "ack": In(1),
            "blocks": Out(1),
        })

    @staticmethod
    def model(slots: Iterable[tuple[Sequence[int], bool, bool]], *, lanes: int, code_bits: int, digit: int,
              acc_bits: int, raised: int = 0) -> list[list[int]]:
        """Sums in the order in which they finish.

        Parameters
        ----------
        slots : iterable of (words, add, last)
            ``words[k]`` is the word of digit ``k``.
        lanes, code_bits, digit, acc_bits : int
            As the constructor's.
        raised : int
            Added with each row.

        Returns
        -------
        list of list of int
            A signed sum per lane.
        """
        mask, half = (1 << acc_bits) - 1, 1 << (acc_bits - 1)
        sums, acc = [], [0] * lanes
        for words, add, last in slots:
            for lane in range(lanes if add else 0):
                code = 0
                for k, word in enumerate(words):
                    code |= (word >> lane * digit & ((1 << digit) - 1)) << k * digit
                acc[lane] += code - ((code >> (code_bits - 1)) << code_bits) + raised
            if last:
                sums.append([((x & mask) ^ half) - half for x in acc])
                acc = [0] * lanes
        return sums

    def elaborate(self, platform: object) -> Module:
        """Build the lanes.

        What would be multiplexers is left to flip-flops: a digit's place and ``add`` are synchronous resets of
        the operand register, and clearing is the synchronous reset of the accumulators, because the last sum
        goes to the queue only. A bit of a lane is then one look-up table, whatever the digit.
        """
        m = Module()
        finish, load = Signal(), Signal()
        coming = self.last & self.step[-1]
        m.d.comb += load.eq(finish & self.enable)
        operand = [Signal(len(self.word), name=f"operand{k}", reset_less=True) for k in range(self.digits)]
        with m.If(self.enable):
            m.d.sync += finish.eq(coming)
            m.d.sync += [x.eq(Mux(self.step[k] & self.add, self.word, 0)) for k, x in enumerate(operand)]
        raised = Signal(signed(RAISED_BITS), reset_less=True)
        if self.zero_points:
            with m.If(self.enable):
                m.d.sync += raised.eq(Mux(self.step[0] & self.add, self.raised, 0))
        sums = []
        for lane in range(self.lanes):
            code = Cat(x[lane * self.digit:(lane + 1) * self.digit] for x in operand)
            total = Signal(self.acc_bits, name=f"total{lane}")
            acc = Signal(self.acc_bits, name=f"acc{lane}", reset_less=True)
            m.d.comb += total.eq(acc + code.as_signed() if not self.zero_points else ternary(
                m, f"both{lane}", acc, code.as_signed(), raised, width=self.acc_bits, primitives=self.primitives))
            with m.If(load | self.clear):
                m.d.sync += acc.eq(0)
            with m.Elif(self.enable):
                m.d.sync += acc.eq(total)
            sums.append(total)
        full = self._queue(m, load, Cat(sums))
        m.d.comb += self.blocks.eq(Mux(self.enable, coming, finish) & full)
        return m

    def _queue(self, m: Module, load: Value, total: Value) -> Value:
        """Registers in a row, the newest sum first; returns whether all of them will be full in the next cycle.

        A sum goes on when the register ahead is empty or about to be. So a register has one input and needs no
        multiplexer: a queue costs flip-flops, and an empty one a cycle for each register.
        """
        valid = [Signal(name=f"valid{k}") for k in range(self.hold_depth)]
        stays: list[Value] = [valid[-1] & ~self.ack]
        for before in reversed(valid[:-1]):
            stays.insert(0, before & stays[0])
        arrives = [load, *(full & ~kept for full, kept in zip(valid[:-1], stays[:-1], strict=True))]
        for k, (sum_arrives, kept) in enumerate(zip(arrives, stays, strict=True)):
            data = Signal(len(total), name=f"data{k}", reset_less=True)
            with m.If(sum_arrives):
                m.d.sync += data.eq(total)
            m.d.sync += valid[k].eq(sum_arrives | kept)
            total = data
        m.d.comb += [self.hold.data.eq(total), self.hold.valid.eq(valid[-1])]
        return Cat(sum_arrives | kept for sum_arrives, kept in zip(arrives, stays, strict=True)).all()
