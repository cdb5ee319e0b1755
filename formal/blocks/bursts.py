"""The split of a range into AXI bursts: rtl_templates/shell/axi.py."""

from amaranth import Cat, Const, Mux, Signal

from rtl_templates.shell.axi import Bursts

from ..harness import Harness
from ..proof import Mutant, Patch, Proof

BEATS_BITS = 12


def build(h: Harness) -> None:
    """Any range, any permission, any READY; a start only at rest, as loader and store unit give it."""
    dut = h.place(Bursts(beats_bits=BEATS_BITS))
    h.assume(~dut.start | ~dut.busy)
    h.stable(dut.valid, dut.ready, dut.address, dut.size, dut.length)
    h.check(dut.valid == dut.register("valid"))
    taken = dut.valid & dut.ready

    # The bursts follow each other without a gap, from base to the end of the range, as long as they can be.
    following, left = Signal(60), Signal(BEATS_BITS)
    with h.m.If(dut.start):
        h.m.d.sync += [following.eq(dut.base[4:]), left.eq(dut.beats)]
    with h.m.Elif(taken):
        h.m.d.sync += [following.eq(following + dut.size), left.eq(left - dut.size)]
    room = Const(256, 9) - following[:8]
    h.check(dut.busy == (left != 0))
    h.check(~dut.valid | (dut.address == Cat(Const(0, 4), following)))
    h.check(~dut.valid | (dut.size == Mux(left < room, left, room)))
    h.check(~dut.valid | ((dut.size != 0) & (dut.length == dut.size - 1)))
    h.check(~dut.valid | (dut.address[4:12] + dut.size <= 256))  # a page of 4 KiB is 256 beats
    # A burst comes with permission only, and then at once.
    asked = dut.busy & dut.allow & ~dut.start & ~dut.valid
    h.check(~h.past(asked) | dut.valid)
    h.check(~h.past(~dut.valid & ~asked) | ~dut.valid)
    # Invariants: its registers are what the range says.
    h.check(dut.signal("left") == left)
    h.check((left == 0) | (Cat(dut.signal("offset"), dut.signal("page")) == following))
    h.check(~dut.valid | (left != 0))
    h.cover(taken & (left == dut.size) & (following[:8] == 0) & (h.past(dut.beats, 5) > 256))


FILE = "shell/axi.py"
PROOFS = (
    Proof(
        "bursts",
        f"{FILE}: Bursts",
        f"{BEATS_BITS} bits of beats",
        "bursts are stable until READY, within 4 KiB, follow each other without a gap or overlap to the end of the "
        "range, "
        "are as long as may be, and come a cycle after permission; VALID is a register",
        build,
        3,
        cover=12,
        mutants=(
            Mutant(
                "a burst of up to 257 beats crosses a page",
                Patch(FILE, "BURST_BEATS - offset", "BURST_BEATS + 1 - offset"),
                5,
            ),
            Mutant(
                "the second burst begins where the page began before", Patch(FILE, "offset.eq(0)]", "offset.eq(1)]"), 9
            ),
            Mutant(
                "VALID waits for READY",
                Patch(FILE, "self.busy & self.allow)", "self.busy & self.allow & self.ready)"),
                5,
            ),
        ),
    ),
)
