"""The bridge: frames from a host to registers and queues, and an answer to each."""

from amaranth import Cat, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..shell.axi import AxiRead, AxiWrite, Bus
from ..shell.axi_lite import ADDRESS_BITS, AxiLite
from ..shell.words import BEAT_BITS
from .lite_master import LiteMaster
from .protocol import (
    BEAT_BYTES,
    CHUNK,
    CRC_BITS,
    CRC_ONES,
    CRC_POLYNOMIAL,
    CRC_RESIDUE,
    DEPTH,
    HEADER,
    HEADER_BYTES,
    Operation,
    hello,
)
from .queues import POSITION_BITS, LoadQueue, ResultQueue
from .uart import Receiver, Transmitter

__all__ = ["RESET_CYCLES", "Bridge"]

RESET_CYCLES = BEAT_BYTES  # that HELLO holds the accelerator in reset: the counter of bytes counts them

_header = data.StructLayout(dict(HEADER))


class Bridge(wiring.Component):
    """Takes a frame, does what it asks for, answers; one after the other. What comes meanwhile is not heard.

    A frame counts once its checksum is right. Where bytes of it stay out for ``patience`` cycles, what has come is
    forgotten. So a frame that was lost or damaged has no effect and no answer, and the host sends it again; a frame
    that comes twice, since its answer was lost, has one effect:

    * HELLO resets, again or for the first time: it is what a host begins with.
    * WRITE acts where its sequence number is not that of the frame before.
    * PUSH adds beats where ``value`` is the position that comes next, and all of them have room. The answer's
      ``value`` is the position that then comes next.
    * PULL frees what lies before ``value`` and sends what follows, at most ``count`` beats and no more than
      there are; the answer's ``count`` says how many. A position that is not there frees and sends nothing.

    Parameters
    ----------
    divisor : int
        Cycles of a bit on the wire.
    patience : int
        Cycles without a byte that end a frame.
    chunk, depth : int
        Beats of the longest frame, and of a queue; ``depth`` is a power of two.

    Members
    -------
    receive : In(1), transmit : Out(1)
        The wires.
    control : Out(AxiLite()), read : In(AxiRead()), write : In(AxiWrite())
        The accelerator's three buses.
    restart : Out(1)
        High for RESET_CYCLES: reset the accelerator.
    busy : Out(1)
        A frame is being received or answered: a light.
    """

    receive: Signal
    transmit: Signal
    control: Bus
    read: Bus
    write: Bus
    restart: Signal
    busy: Signal

    def __init__(self, *, divisor: int, patience: int, chunk: int = CHUNK, depth: int = DEPTH) -> None:
        self.divisor, self.patience, self.chunk, self.depth = divisor, patience, chunk, depth
        super().__init__({"receive": In(1), "transmit": Out(1), "control": Out(AxiLite()), "read": In(AxiRead()),
                          "write": In(AxiWrite()), "restart": Out(1), "busy": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = Receiver(divisor=self.divisor)
        m.submodules.transmitter = transmitter = Transmitter(divisor=self.divisor)
        load, results, lite = LoadQueue(depth=self.depth), ResultQueue(depth=self.depth), LiteMaster()
        m.submodules.load = ResetInserter(self.restart)(load)
        m.submodules.results = ResetInserter(self.restart)(results)
        m.submodules.lite = ResetInserter(self.restart)(lite)
        wiring.connect(m, lite.bus, wiring.flipped(self.control))
        wiring.connect(m, wiring.flipped(self.read), load.axi)
        wiring.connect(m, wiring.flipped(self.write), results.axi)
        m.d.comb += [receiver.wire.eq(self.receive), self.transmit.eq(transmitter.wire)]

        # Bytes come into the top of this word, and leave from its bottom.
        word, crc, place = Signal(BEAT_BITS), Signal(CRC_BITS, init=CRC_ONES), Signal(range(BEAT_BYTES))
        fields, beats, last = Signal(8 * HEADER_BYTES), Signal(range(self.chunk + 1)), Signal(8)
        head = data.View(_header, fields)
        waited, byte = Signal(range(self.patience + 1)), Signal(8)
        shifted = Cat(word[8:], receiver.data)
        grown = _crc_step(crc, byte)
        framed, accepted = Signal(), Signal()
        m.d.comb += [
            byte.eq(receiver.data), transmitter.data.eq(word[:8]), lite.address.eq(head.count[:ADDRESS_BITS]),
            lite.value.eq(head.value), load.beat.eq(shifted), load.place.eq(beats), load.count.eq(head.count),
            results.position.eq(head.value), results.place.eq(beats), self.busy.eq(1),
            framed.eq((head.operation == Operation.PUSH) & (head.count != 0) & (head.count <= self.chunk)),
        ]

        def forget() -> None:
            """Wait for a new frame."""
            m.d.sync += [place.eq(0), beats.eq(0), waited.eq(0), crc.eq(CRC_ONES)]
            m.next = "header"

        def take(end: int) -> Value:
            """A byte into the word; true with the last one of so many."""
            with m.If(receiver.valid):
                m.d.sync += [word.eq(shifted), crc.eq(grown), place.eq(Mux(place == end - 1, 0, place + 1)),
                             waited.eq(0)]
            with m.Elif(waited == self.patience):
                forget()
            with m.Else():
                m.d.sync += waited.eq(waited + 1)
            return receiver.valid & (place == end - 1)

        def give(end: int) -> Value:
            """A byte out of the word; true with the last one of so many."""
            m.d.comb += [transmitter.valid.eq(1), byte.eq(word[:8])]
            with m.If(transmitter.ready):
                m.d.sync += [word.eq(word >> 8), crc.eq(grown), place.eq(Mux(place == end - 1, 0, place + 1))]
            return transmitter.ready & (place == end - 1)

        with m.FSM():
            with m.State("header"):
                m.d.comb += self.busy.eq(place != 0)
                with m.If(take(HEADER_BYTES)):
                    m.d.sync += fields.eq(shifted[-8 * HEADER_BYTES:])
                    m.next = "judge"
            with m.State("judge"):
                m.d.sync += accepted.eq(framed & (head.value == load.tail) & (head.count + load.level <= self.depth))
                m.next = "check"
                with m.If(framed):
                    m.next = "beats"
            with m.State("beats"):
                whole = take(BEAT_BYTES)
                m.d.comb += load.put.eq(whole & accepted)
                with m.If(whole):
                    m.d.sync += beats.eq(beats + 1)
                    with m.If(beats + 1 == head.count):
                        m.next = "check"
            with m.State("check"):
                with m.If(take(CRC_BITS // 8)):
                    m.next = "verify"
            with m.State("verify"):
                m.next = "act"
                with m.If(crc != CRC_RESIDUE):
                    forget()
            with m.State("act"):
                m.d.sync += [beats.eq(0), last.eq(head.sequence)]
                m.next = "answer"
                with m.Switch(head.operation):
                    with m.Case(Operation.HELLO):
                        m.next = "restart"
                    with m.Case(Operation.READ):
                        m.d.comb += lite.read.eq(1)
                        m.next = "access"
                    with m.Case(Operation.WRITE):
                        with m.If(head.sequence != last):
                            m.d.comb += lite.write.eq(1)
                            m.next = "access"
                    with m.Case(Operation.PUSH):
                        m.d.comb += load.commit.eq(accepted)
                    with m.Case(Operation.PULL):
                        with m.If(_distance(results.head, head.value) <= _distance(results.head, results.tail)):
                            m.d.comb += results.free.eq(1)
                        with m.Else():
                            m.d.sync += head.count.eq(0)
            with m.State("restart"):
                m.d.comb += self.restart.eq(1)
                m.d.sync += place.eq(place + 1)
                with m.If(place == RESET_CYCLES - 1):
                    m.d.sync += place.eq(0)
                    m.next = "answer"
            with m.State("access"):
                with m.If(lite.done):
                    m.next = "answer"
            self._answer(m, head, word, crc, load, results, lite)
            with m.State("send header"):
                with m.If(give(HEADER_BYTES)):
                    m.next = "seal"
                    with m.If((head.operation == Operation.PULL) & (head.count != 0)):
                        m.next = "look up"
            with m.State("look up"):
                m.next = "fill"
            with m.State("fill"):
                m.d.sync += word.eq(results.beat)
                m.next = "send beat"
            with m.State("send beat"):
                with m.If(give(BEAT_BYTES)):
                    m.d.sync += beats.eq(beats + 1)
                    m.next = "look up"
                    with m.If(beats + 1 == head.count):
                        m.next = "seal"
            with m.State("seal"):
                m.d.sync += word.eq(~crc)
                m.next = "send check"
            with m.State("send check"):
                with m.If(give(CRC_BITS // 8)):
                    forget()
        return m

    def _answer(self, m: Module, head: data.View, word: Signal, crc: Signal, load: LoadQueue, results: ResultQueue,
                lite: LiteMaster) -> None:
        """The state in which the answer's header is made; ``head.count`` becomes that of the answer."""
        value, count = Signal(32), Signal(16)
        have = Signal(range(self.depth + 1))
        with m.State("answer"):
            m.d.comb += [value.eq(head.value), count.eq(head.count), have.eq(_distance(results.head, results.tail))]
            with m.Switch(head.operation):
                with m.Case(Operation.HELLO):
                    m.d.comb += value.eq(hello(self.chunk, self.depth))
                with m.Case(Operation.READ):
                    m.d.comb += value.eq(lite.result)
                with m.Case(Operation.PUSH):
                    m.d.comb += value.eq(load.tail)
                with m.Case(Operation.PULL):
                    most = Mux(have < self.chunk, have, self.chunk)
                    m.d.comb += [value.eq(results.tail), count.eq(Mux(head.count < most, head.count, most))]
            m.d.sync += [word.eq(Cat(head.sequence, head.operation, count, value)), head.count.eq(count),
                         crc.eq(CRC_ONES)]
            m.next = "send header"


def _distance(earlier: Value, later: Value) -> Value:
    """From one position to another, modulo 2^32."""
    return (later - earlier)[:POSITION_BITS]


def _crc_step(state: Value, byte: Value) -> Value:
    """As :func:`.protocol.crc_step`."""
    state = state ^ byte
    for _ in range(8):
        state = (state >> 1) ^ Mux(state[0], CRC_POLYNOMIAL, 0)
    return state[:CRC_BITS]
