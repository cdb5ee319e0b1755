"""Bytes on a wire: one start bit, eight bits of data, the lowest first, one stop bit."""

from amaranth import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["LEAST_DIVISOR", "Receiver", "Transmitter"]

LEAST_DIVISOR = 4  # cycles of a bit: a start is seen up to a cycle late, and the middle is still the middle


def _check(divisor: int) -> None:
    if divisor < LEAST_DIVISOR:
        raise ValueError(f"a bit takes {LEAST_DIVISOR} cycles or more, not {divisor}")


class Receiver(wiring.Component):
    """Bytes from a wire. A byte whose stop bit is wrong is not told of.

    Parameters
    ----------
    divisor : int
        Cycles of a bit.

    Members
    -------
    wire : In(1)
        Asynchronous: registered twice.
    valid : Out(1)
        Pulse, in the middle of the stop bit; ``data`` belongs to it.
    """

    wire: Signal
    valid: Signal
    data: Signal

    def __init__(self, *, divisor: int) -> None:
        _check(divisor)
        self.divisor = divisor
        super().__init__({"wire": In(1), "valid": Out(1), "data": Out(8)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        early, level = Signal(init=1), Signal(init=1)
        left, bits, going = Signal(range(self.divisor)), Signal(range(10)), Signal()
        shift = Signal(8)
        m.d.sync += [early.eq(self.wire), level.eq(early), self.valid.eq(0)]
        m.d.comb += self.data.eq(shift)
        with m.If(~going):
            with m.If(~level):
                m.d.sync += [going.eq(1), bits.eq(0), left.eq(self.divisor // 2 - 1)]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Else():  # the middle of a bit: start, eight of data, stop
            m.d.sync += [left.eq(self.divisor - 1), bits.eq(bits + 1)]
            with m.If(bits == 0):
                m.d.sync += going.eq(~level)  # a start bit that is gone already was none
            with m.Elif(bits == 9):
                m.d.sync += [going.eq(0), self.valid.eq(level)]
            with m.Else():
                m.d.sync += shift.eq(Cat(shift[1:], level))
        return m


class Transmitter(wiring.Component):
    """Bytes to a wire.

    Parameters
    ----------
    divisor : int
        Cycles of a bit.

    Members
    -------
    valid, ready, data
        A byte is taken while both are high; ``ready`` comes back in the last cycle of its stop bit.
    wire : Out(1)
    """

    valid: Signal
    ready: Signal
    data: Signal
    wire: Signal

    def __init__(self, *, divisor: int) -> None:
        _check(divisor)
        self.divisor = divisor
        super().__init__({"valid": In(1), "ready": Out(1), "data": In(8), "wire": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left, bits = Signal(range(self.divisor)), Signal(range(10))
        level, shift = Signal(init=1), Signal(9)
        m.d.comb += [self.ready.eq((bits == 0) & (left == 0)), self.wire.eq(level)]
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Elif(bits != 0):
            m.d.sync += [level.eq(shift[0]), shift.eq(Cat(shift[1:], Const(1, 1))), bits.eq(bits - 1),
                         left.eq(self.divisor - 1)]
        with m.Elif(self.valid):
            m.d.sync += [level.eq(0), shift.eq(Cat(self.data, Const(1, 1))), bits.eq(9), left.eq(self.divisor - 1)]
        return m
