"""What a server feeds its MAC array in a pass that gathers: the bit planes of a node's activations."""

from collections.abc import Sequence

from amaranth import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from ...cells.delays import delays
from ...cells.multiplex import multiplex
from ...cells.primitives import Primitives
from ...cells.structure import structure
from ..requantize import CODE_BITS
from ..requantize_timing import REQUANT_MULTIPLIER
from .timing import SERVER_MAC

__all__ = ["ActivationPlanes"]


class ActivationPlanes(wiring.Component):
    """Collect a node's codes, hold them, and read their planes, most significant first; a plane a cycle.

    ``running`` begins SERVER_MAC - REQUANT_MULTIPLIER cycles after ``begin`` and lasts ``occupation`` cycles, ``left``
    counting down to 0; ``x`` is a cycle later the planes of weight ``planes * left`` and up, zero above the codes'
    CODE_BITS bits. The node's last code comes a cycle before the latest of these at the latest; nodes are
    ``occupation`` cycles apart.

    Parameters
    ----------
    lanes, planes : int
        Of the MAC array: ``planes`` bit planes of ``lanes`` codes a cycle.
    requant_lanes : int
        Codes of a chunk.
    occupation_bits : int
    primitives : Primitives
        Device primitives in wide multiplexers.

    Members
    -------
    code, take, chunk : In
        Codes of a chunk; they are Q1's; its number. Chunk 0 clears the others.
    begin, occupation : In
        A node that combines has its last beat at REQUANT_MULTIPLIER; its cycles in the MAC array.
    dense : In(1)
        The node has features instead of codes: ``x`` stays zero.
    running, left : Out
    x, enable, last : Out
        The MAC array's.
    act_valid, act_data : Out(1), Out(lanes * CODE_BITS)
        Probe: a node's codes, as they are held.
    """

    code: Signal
    take: Signal
    chunk: Signal
    begin: Signal
    occupation: Signal
    dense: Signal
    running: Signal
    left: Signal
    x: Signal
    enable: Signal
    last: Signal
    act_valid: Signal
    act_data: Signal

    def __init__(self, *, lanes: int, planes: int, requant_lanes: int, occupation_bits: int,
                 primitives: Primitives) -> None:
        self.lanes, self.planes, self.requant_lanes, self.primitives = lanes, planes, requant_lanes, primitives
        super().__init__({
            "code": In(requant_lanes * CODE_BITS), "take": In(1), "chunk": In(range(lanes // requant_lanes)),
            "begin": In(1), "occupation": In(occupation_bits), "dense": In(1), "running": Out(1),
            "left": Out(occupation_bits), "x": Out(planes * lanes), "enable": Out(1), "last": Out(1),
            "act_valid": Out(1), "act_data": Out(lanes * CODE_BITS),
        })

    @staticmethod
    def model(codes: Sequence[int], occupation: int, planes: int) -> list[int]:
        """``x`` cycle by cycle: ``codes`` [lanes], ``occupation`` words of ``planes * lanes`` bits."""
        return [sum((code >> step * planes + plane & 1) << plane * len(codes) + lane
                    for plane in range(planes) for lane, code in enumerate(codes))
                for step in reversed(range(occupation))]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        chunks = self.lanes // self.requant_lanes
        codes = structure(data.ArrayLayout(len(self.code), chunks), reset_less=True)  # chunks as they come
        held = Signal(self.lanes * CODE_BITS, reset_less=True)  # a whole node, while its planes are read
        for k in range(chunks):
            with m.If(self.take & (self.chunk == k)):
                m.d.sync += codes[k].eq(self.code)
            if k:  # last, since a flip-flop's reset comes before its enable
                with m.If(self.take & (self.chunk == 0)):
                    m.d.sync += codes[k].eq(0)

        # The occupation travels to the cycle in which the activations are complete.
        late = SERVER_MAC - 1 - REQUANT_MULTIPLIER
        begin = delays(m, "begin", self.begin, late, reset=True)[-1]
        count = delays(m, "occupation", self.occupation, late)[-1]
        running, left = self.running, self.left
        with m.If(begin):
            m.d.sync += [running.eq(1), left.eq(count - 1), held.eq(codes.as_value())]
        with m.Else():
            m.d.sync += [running.eq(left != 0), left.eq(Mux(left == 0, 0, left - 1))]
        m.d.sync += self.act_valid.eq(begin & ~self.dense)
        m.d.comb += self.act_data.eq(held)

        planes = Signal.like(self.x, reset_less=True)
        steps = CODE_BITS // self.planes
        chosen = left[:exact_log2(steps)]
        for plane in range(self.planes):
            for lane in range(self.lanes):
                code = held.word_select(lane, CODE_BITS)
                m.d.sync += planes[plane * self.lanes + lane].eq(multiplex(
                    m, f"plane{plane}_{lane}", [code[k * self.planes + plane] for k in range(steps)], chosen,
                    primitives=self.primitives))
        with m.If(~running | self.dense | (left >= steps)):
            m.d.sync += planes.eq(0)
        m.d.comb += self.x.eq(planes)
        m.d.sync += [self.enable.eq(running), self.last.eq(running & (left == 0))]
        return m
