"""Commands, their order, and what clear ends: rtl_templates/shell/control.py."""

from amaranth import Mux, Signal

from rtl_templates.shell.control import Control
from rtl_templates.shell.status import Error

from ..harness import Harness
from ..proof import Mutant, Patch, Proof

LOAD, RUN, STORE, CLEAR = range(4)


def build(h: Harness) -> None:
    """Any commands and limits; units that begin with their pulse and end when they like, the sequencer with abort."""
    dut = h.place(Control(pass_bits=2))
    busy = Signal(3)
    for k in range(3):
        with h.m.If(dut.start[k]):
            h.m.d.sync += busy[k].eq(1)
        with h.m.Elif(dut.done[k]):
            h.m.d.sync += busy[k].eq(0)
    with h.m.If(dut.abort):
        h.m.d.sync += busy[RUN].eq(0)
    h.drive(dut.busy, busy)
    h.assume((dut.done & ~busy) == 0)
    waiting, finished, error = dut.signal("waiting"), dut.signal("finished"), dut.signal("error")
    dropped = dut.signal("dropped")
    command, ordinary = dut.command, dut.command[:3].any() & ~dut.command[CLEAR]

    # One start at a time, of a unit that rests while all rest, and of what was commanded.
    one = (dut.start & (dut.start - 1)[:3]) == 0
    h.check(one & (~dut.start.any() | ~busy.any()))
    commanded = Signal(3)  # by the last write that was carried out, and not begun
    accepted = ordinary & ~(busy.any() | dut.start.any() | (waiting != 0))
    with h.m.If(command[CLEAR]):
        h.m.d.sync += commanded.eq(0)
    with h.m.Elif(accepted):
        h.m.d.sync += commanded.eq(command[:3])
    with h.m.Else():
        h.m.d.sync += commanded.eq(commanded & ~dut.start)
    h.check((dut.start & ~commanded) == 0)
    h.check((waiting & ~commanded) == 0)
    h.check(((commanded & ~waiting & ~dut.start) == 0) | (waiting == 0))
    # In order: what begins is the first of those that wait.
    for k in range(1, 3):
        h.check(~dut.start[k] | ((waiting & ((1 << k) - 1)) == 0))
    # No starvation: with all at rest, what waits begins in the next cycle, or all that waits is dropped and reported.
    idle = ~busy.any() & ~dut.start.any() & (waiting != 0) & ~command[CLEAR]
    h.check(~h.past(idle) | dut.start.any() | ((waiting == 0) & (error != Error.NONE)))

    # After clear, until the next command: nothing begins, nothing is done or fails. Only a load or store that memory
    # does not answer, which cannot be ended, may still be reported by the watchdog.
    cleared, remained = Signal(), Signal()
    with h.m.If(command[CLEAR]):
        h.m.d.sync += cleared.eq(1)
    with h.m.Elif(ordinary):
        h.m.d.sync += cleared.eq(0)
    h.check(~h.past(command[CLEAR]) | dut.abort)
    h.check(~cleared | ((dut.start == 0) & (waiting == 0) & (finished == 0) & ~dut.interrupt[0]))
    h.check(~cleared | (error == Error.NONE) | ((error == Error.WATCHDOG) & remained))
    h.check(~cleared | ~dut.interrupt[1] | remained)
    # What clear or a limit ends is never reported done, whenever it really ends.
    gone, ended = dut.done | (dut.abort << RUN), Signal(3)
    expires = (dut.signal("expired") | dut.signal("late")) & (busy & ~gone).any()
    h.m.d.sync += ended.eq(Mux(command[CLEAR] | expires, busy | dut.start, ended) & ~gone)
    with h.m.If(command[CLEAR]):
        h.m.d.sync += remained.eq(0)
    with h.m.Elif(ended[LOAD] | ended[STORE]):
        h.m.d.sync += remained.eq(1)
    for k in range(3):
        h.check(~h.past(ended[k] & dut.done[k] & ~finished[k]) | ~finished[k])
    h.check(~h.past(expires) | (dut.abort & (waiting == 0)))
    # The first error stays until a command is carried out or clear.
    keeps = (error != Error.NONE) & ~command[CLEAR] & ~accepted
    h.check(~h.past(keeps) | (error == h.past(error)))
    # Invariants
    h.check((ended & ~(busy & dropped)) == 0)
    h.check((busy & (busy - 1)[:3]) == 0)
    h.check(~cleared | ((busy & ~ended) == 0))
    h.check(~ended[RUN] | dut.abort)
    h.cover(dut.start[STORE] & finished[LOAD] & finished[RUN])
    h.cover(cleared & ended[LOAD] & dut.done[LOAD])
    h.cover(dut.abort & (error == Error.WATCHDOG) & ended[STORE])


FILE = "shell/control.py"
PROOFS = (
    Proof(
        "control",
        f"{FILE}: Control",
        "passes of 2 bits",
        "one unit begins at a time, while all rest, in order, and only what was commanded; what waits begins a cycle "
        "after "
        "all rest, or is dropped with an error; after clear nothing begins, ends well, fails or is signalled until the "
        "next command; what clear or a limit ended is never reported done; the first error stays",
        build,
        3,
        cover=14,
        mutants=(
            Mutant(
                "clear leaves what waits",
                Patch(FILE, "self.start.eq(0), waiting.eq(0), finished.eq(0)", "self.start.eq(0), finished.eq(0)"),
                6,
            ),
            Mutant(
                "a load that was cleared is reported done",
                Patch(FILE, "dropped.eq(self.busy | self.start)]", "dropped.eq(self.start)]"),
                8,
            ),
            Mutant(
                "a limit that is reached in the cycle of a clear is an error after it",
                Patch(FILE, " & ~Cat(Const(0, _RUN), self.abort, Const(0, 1))", ""),
                9,
            ),
            Mutant(
                "the highest command first",
                Patch(FILE, "waiting & (~waiting + 1)[:3]", "Mux(waiting[2], 4, waiting & (~waiting + 1)[:3])"),
                16,
            ),
            Mutant("a command begins while a unit is busy", Patch(FILE, "~going & lowest.any()", "lowest.any()"), 6),
        ),
    ),
)
