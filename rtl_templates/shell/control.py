"""Commands in order, status, the first error, the interrupt's events, and the watchdog."""

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .registers import STUCK_PASS
from .status import Error, Stage

__all__ = ["Control"]

_LOAD, _RUN, _STORE, _CLEAR = range(4)


class Control(wiring.Component):
    """Carries out what is written to CONTROL and reports it in STATUS.

    Commands of one write run one after the other: load, run, store. A command while anything is going on or waiting
    is refused with BUSY; one whose turn has come and that cannot be carried out, with the code that its unit gives. An
    error drops the commands that wait. The watchdog expires after ``limit`` busy cycles without progress, a run also
    after ``run_limit`` cycles.

    ``clear`` and both limits end a run, and what else goes on is not reported done: a load or store cannot be ended on
    an AXI bus, it stays busy until memory has answered, and its end sets neither a bit nor an error. Where memory does
    not answer, the watchdog may still report it.

    Parameters
    ----------
    pass_bits : int
        Width of a pass's number.

    Members
    -------
    command : In(4)
        Pulses: load, run, store, clear.
    limit, run_limit : In(32)
        Of the watchdog, and of ``cycles``; 0 is off.
    start : Out(3)
        Pulses to loader, sequencer, store unit.
    busy, done : In(3)
        From the three; ``done`` is a pulse in the last busy cycle.
    load_error, store_error : In(4)
        Valid with ``done``.
    run_refusal, store_refusal : In(4)
        Why the unit could not start now.
    abort : Out(1)
        Pulse: units and sequencer return to their state after reset, the loader drops what comes.
    progress : In(1)
        Something moved.
    serving : In(1)
        Something behind the gather stage works or has work: tells Stage.SERVE from Stage.GATHER.
    index : In(pass_bits)
        Pass that runs.
    cycles : In(32)
        Of the run.
    status : Out(16 + pass_bits), interrupt : Out(2)
        Register STATUS; pulses for INTERRUPT_STATUS.
    """

    command: Signal
    limit: Signal
    run_limit: Signal
    start: Signal
    busy: Signal
    done: Signal
    load_error: Signal
    store_error: Signal
    run_refusal: Signal
    store_refusal: Signal
    abort: Signal
    progress: Signal
    serving: Signal
    index: Signal
    cycles: Signal
    status: Signal
    interrupt: Signal

    def __init__(self, *, pass_bits: int) -> None:
        self.pass_bits = pass_bits
        super().__init__({
            "command": In(4), "limit": In(32), "run_limit": In(32), "start": Out(3), "busy": In(3), "done": In(3),
            "load_error": In(4), "store_error": In(4), "run_refusal": In(4), "store_refusal": In(4), "abort": Out(1),
            "progress": In(1), "serving": In(1), "index": In(pass_bits), "cycles": In(32),
            "status": Out(STUCK_PASS + pass_bits), "interrupt": Out(2),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        waiting, finished = Signal(3), Signal(3)
        dropped = Signal(3)  # go on, but their end is not reported
        ran = Signal()  # the last run ended well: there are results
        error, stuck_stage, stuck_pass = Signal(4), Signal(3), Signal(self.pass_bits)
        going, expired, late = Signal(), Signal(), Signal()
        m.d.comb += [
            going.eq(self.busy.any() | self.start.any()),
            self.status.eq(Cat(self.busy | waiting | self.start, Const(0, 1), finished, Const(0, 1), error,
                               stuck_stage, Const(0, 1), stuck_pass)),
        ]

        ends, failure = Signal(3), Signal(4)
        m.d.comb += ends.eq(self.done & ~dropped)
        with m.If(ends[_LOAD]):
            m.d.comb += failure.eq(self.load_error)
        with m.Elif(ends[_STORE]):
            m.d.comb += failure.eq(self.store_error)
        lowest, refusal = Signal(3), Signal(4)
        m.d.comb += lowest.eq(waiting & (~waiting + 1)[:3])
        with m.If(lowest[_RUN]):
            m.d.comb += refusal.eq(self.run_refusal)
        with m.Elif(lowest[_STORE]):
            m.d.comb += refusal.eq(Mux(ran, self.store_refusal, Error.NOT_RUN))
        m.d.sync += [self.start.eq(0), self.abort.eq(0), self.interrupt.eq(0), dropped.eq(dropped & self.busy)]
        with m.If(ends.any()):
            with m.If(failure == Error.NONE):
                m.d.sync += [finished.eq(finished | ends), self.interrupt[0].eq(waiting == 0), ran.eq(ran | ends[_RUN])]
            with m.Else():
                self._fail(m, error, failure, waiting)
        with m.Elif(~going & lowest.any()):
            with m.If(refusal == Error.NONE):
                m.d.sync += [self.start.eq(lowest), waiting.eq(waiting & ~lowest), ran.eq(ran & ~lowest[_RUN])]
            with m.Else():
                self._fail(m, error, refusal, waiting)
        self._watch(m, going, expired, late)
        # A run that is being aborted is over: a limit that it reached in the cycle of a clear is no error after it.
        lasting = self.busy & ~self.done & ~Cat(Const(0, _RUN), self.abort, Const(0, 1))
        with m.If((expired | late) & lasting.any()):
            self._fail(m, error, Mux(late, Error.RUN_LIMIT, Error.WATCHDOG), waiting)
            m.d.sync += [
                stuck_pass.eq(self.index), self.abort.eq(1), dropped.eq(self.busy),
                stuck_stage.eq(Mux(self.busy[_LOAD], Stage.LOAD, Mux(self.busy[_STORE], Stage.STORE,
                               Mux(self.serving, Stage.SERVE, Stage.GATHER)))),
            ]

        with m.If(self.command[_CLEAR]):
            m.d.sync += [self.abort.eq(1), self.start.eq(0), waiting.eq(0), finished.eq(0), error.eq(Error.NONE),
                         stuck_stage.eq(Stage.NONE), stuck_pass.eq(0), self.interrupt.eq(0),
                         dropped.eq(self.busy | self.start)]
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

    def _fail(self, m: Module, error: Signal, code: Value, waiting: Signal) -> None:
        """Keep the first error, drop what waits, raise the interrupt."""
        m.d.sync += [waiting.eq(0), self.interrupt[1].eq(1)]
        with m.If(error == Error.NONE):
            m.d.sync += error.eq(code)

    def _watch(self, m: Module, going: Signal, expired: Signal, late: Signal) -> None:
        """Count busy cycles without progress; expire once until something moves again, and once a run."""
        still = Signal(32)
        stuck, long = still >= self.limit, self.cycles >= self.run_limit
        with m.If(self.progress | ~going):
            m.d.sync += still.eq(0)
        with m.Elif(~stuck):
            m.d.sync += still.eq(still + 1)
        for pulse, over in ((expired, stuck & going & ~self.progress & (self.limit != 0)),
                            (late, long & self.busy[_RUN] & (self.run_limit != 0))):
            reached, before = Signal(), Signal()
            m.d.sync += [reached.eq(over), before.eq(reached)]
            m.d.comb += pulse.eq(reached & ~before)
