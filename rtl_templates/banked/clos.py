"""The read network of a group: three stages of four 4×4 switches, routed by the host."""

from collections.abc import Sequence

from amaranth import Array, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .formats import UNITS
from .group_timing import GROUP_CLOS

__all__ = ["Clos"]

RADIX = 4
STAGES = GROUP_CLOS


class Clos(wiring.Component):
    """Bring any bank's word to any processing element; a Clos network routes every permutation (Clos 1953).

    Stage-1 output ``4i+k`` selects among inputs ``4i..4i+3`` and feeds input ``i`` of middle switch ``k``;
    stage-2 output ``4k+m`` feeds input ``k`` of output switch ``m``; stage-3 output ``4m+j`` is output ``4m+j``.
    Output ``n`` of each stage selects by two bits of ``route[n]``: 1:0, 3:2, 5:4.

    Latency 2 cycles with ``enable``, a permutation a cycle; ``enable`` low freezes all stages. The last stage has
    no register: that is the operand register of the processing element.

    Parameters
    ----------
    word_bits : int
        Width of a word.

    Members
    -------
    enable : In(1)
        Clock enable.
    i, route : In(word_bits).array(16), In(6).array(16)
        Words and their routes, in the same cycle; the network delays the later stages' routes itself.
    o : Out(word_bits).array(16)
        Words.
    """

    enable: Signal
    i: Sequence[Signal]
    route: Sequence[Signal]
    o: Sequence[Signal]

    latency = STAGES - 1

    def __init__(self, *, word_bits: int) -> None:
        self.word_bits = word_bits
        super().__init__({
            "enable": In(1),
            "i": In(word_bits).array(UNITS),
            "route": In(2 * STAGES).array(UNITS),
            "o": Out(word_bits).array(UNITS),
        })

    @staticmethod
    def model(words: Sequence[int], route: Sequence[int]) -> list[int]:
        """Sixteen words and sixteen routes to the sixteen words at the outputs."""
        stage = list(words)
        for level in range(STAGES):
            if level:
                stage = [stage[_from(n)] for n in range(UNITS)]
            stage = [stage[n // RADIX * RADIX + (route[n] >> 2 * level & 3)] for n in range(UNITS)]
        return stage

    def elaborate(self, platform: object) -> Module:
        """Build the switches: a 4:1 multiplexer is one six-input table a bit, before its flip-flop."""
        m = Module()
        words: list[Signal] = list(self.i)
        routes: list[Signal] = list(self.route)
        for level in range(STAGES):
            if level:
                words = [words[_from(n)] for n in range(UNITS)]
            chosen = [Array(words[n // RADIX * RADIX:][:RADIX])[routes[n][:2]] for n in range(UNITS)]
            if level == STAGES - 1:
                m.d.comb += [o.eq(x) for o, x in zip(self.o, chosen, strict=True)]
                break
            words = [Signal(self.word_bits, name=f"stage{level}_{n}", reset_less=True) for n in range(UNITS)]
            # With a reset, so that they stay flip-flops: shift registers would take look-up tables.
            rest = [Signal(len(route) - 2, name=f"route{level}_{n}") for n, route in enumerate(routes)]
            with m.If(self.enable):
                m.d.sync += [word.eq(x) for word, x in zip(words, chosen, strict=True)]
                m.d.sync += [after.eq(route[2:]) for after, route in zip(rest, routes, strict=True)]
            routes = rest
        return m


def _from(n: int) -> int:
    """Output of the stage before that feeds input ``n``: switch and port change places."""
    return n % RADIX * RADIX + n // RADIX
