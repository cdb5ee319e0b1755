"""Commands in order, status, the first error, the interrupt's events, and the watchdog."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .registers import STUCK_PASS, Error, Stage

__all__ = ["Control"]

_LOAD, _RUN, _STORE, _CLEAR = range(4)


class Control(wiring.Component):
    """Carries out what is written to CONTROL and reports it in STATUS.

    Commands of one write run one after the other: load, run, store. A command while anything is going on or waiting
    is refused with BUSY. An error drops the commands that wait. The watchdog expires after ``limit`` busy cycles
    without progress: a run is ended through ``abort``; a load or store that memory does not answer cannot be ended
    on an AXI bus, it stays busy until memory answers.

    Parameters
    ----------
    pass_bits : int
        Width of a pass's number.

    Members
    -------
    command : In(4)
        Pulses: load, run, store, clear.
    limit : In(32)
        Of the watchdog; 0 is off.
    start : Out(3)
        Pulses to loader, sequencer, store unit.
    busy, done : In(3)
        From the three; ``done`` is a pulse in the last busy cycle.
    load_error, store_error : In(4)
        Valid with ``done``.
    abort : Out(1)
        Pulse: units and sequencer return to their state after reset.
    progress : In(1)
        Something moved.
    serving : In(1)
        Something behind the gather stage works or has work: tells Stage.SERVE from Stage.GATHER.
    index : In(pass_bits)
        Pass that runs.
    status : Out(16 + pass_bits), interrupt : Out(2)
        Register STATUS; pulses for INTERRUPT_STATUS.
    """

    command: Signal
    limit: Signal
    start: Signal
    busy: Signal
    done: Signal
    load_error: Signal
    store_error: Signal
    abort: Signal
    progress: Signal
    serving: Signal
    index: Signal
    status: Signal
    interrupt: Signal

    def __init__(self, *, pass_bits: int) -> None:
        self.pass_bits = pass_bits
        super().__init__({
            "command": In(4), "limit": In(32), "start": Out(3), "busy": In(3), "done": In(3), "load_error": In(4),
            "store_error": In(4), "abort": Out(1), "progress": In(1), "serving": In(1),
            "index": In(pass_bits), "status": Out(STUCK_PASS + pass_bits),
            "interrupt": Out(2),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        waiting, finished = Signal(3), Signal(3)
        error, stuck_stage, stuck_pass = Signal(4), Signal(3), Signal(self.pass_bits)
        going, expired = Signal(), Signal()
        m.d.comb += [
            going.eq(self.busy.any() | self.start.any()),
            self.status.eq(Cat(self.busy | waiting | self.start, Const(0, 1), finished, Const(0, 1), error,
                               stuck_stage, Const(0, 1), stuck_pass)),
        ]

        failure = Signal(4)
        with m.If(self.done[_LOAD]):
            m.d.comb += failure.eq(self.load_error)
        with m.Elif(self.done[_STORE]):
            m.d.comb += failure.eq(self.store_error)
        m.d.sync += [self.start.eq(0), self.abort.eq(0), self.interrupt.eq(0)]
        with m.If(self.done.any()):
            with m.If(failure == Error.NONE):
                m.d.sync += [finished.eq(finished | self.done), self.interrupt[0].eq(waiting == 0)]
            with m.Else():
                self._fail(m, error, failure, waiting)
        with m.Elif(~going & (waiting != 0)):
            lowest = waiting & (~waiting + 1)[:3]
            m.d.sync += [self.start.eq(lowest), waiting.eq(waiting & ~lowest)]
        self._watch(m, going, expired)
        with m.If(expired):
            self._fail(m, error, Const(Error.WATCHDOG, 4), waiting)
            m.d.sync += [
                stuck_pass.eq(self.index), self.abort.eq(self.busy[_RUN]),
                stuck_stage.eq(Mux(self.busy[_LOAD], Stage.LOAD, Mux(self.busy[_STORE], Stage.STORE,
                               Mux(self.serving, Stage.SERVE, Stage.GATHER)))),
            ]

        with m.If(self.command[_CLEAR]):
            m.d.sync += [self.abort.eq(1), self.start.eq(0), waiting.eq(0), finished.eq(0), error.eq(Error.NONE),
                         stuck_stage.eq(Stage.NONE), stuck_pass.eq(0)]
        with m.Elif(self.command[:3].any()):
            with m.If(going | (waiting != 0)):
                with m.If(error == Error.NONE):
                    m.d.sync += [error.eq(Error.BUSY), self.interrupt[1].eq(1)]
            with m.Else():
                m.d.sync += [
                    waiting.eq(self.command[:3]), finished.eq(finished & ~self.command[:3]),
                    error.eq(Error.NONE), stuck_stage.eq(Stage.NONE), stuck_pass.eq(0),
                ]
        return m

    def _fail(self, m: Module, error: Signal, code: Signal | Const, waiting: Signal) -> None:
        """Keep the first error, drop what waits, raise the interrupt."""
        m.d.sync += [waiting.eq(0), self.interrupt[1].eq(1)]
        with m.If(error == Error.NONE):
            m.d.sync += error.eq(code)

    def _watch(self, m: Module, going: Signal, expired: Signal) -> None:
        """Count busy cycles without progress; expire once until something moves again."""
        still, reached, off = Signal(32), Signal(), Signal()
        m.d.sync += [reached.eq((still == self.limit) & going & ~self.progress), off.eq(self.limit == 0)]
        with m.If(self.progress | ~going):
            m.d.sync += still.eq(0)
        with m.Elif(still != self.limit):
            m.d.sync += still.eq(still + 1)
        previous = Signal()
        m.d.sync += previous.eq(reached)
        m.d.comb += expired.eq(reached & ~previous & ~off)
