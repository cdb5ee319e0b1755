"""The loader: rtl_templates/shell/loader.py."""

from amaranth import Mux, Signal

from rtl_templates.shell.load_map import LoadMemory
from rtl_templates.shell.loader import OUTSTANDING, Loader
from rtl_templates.shell.timing import BURST_BEATS, SHELL_LOAD_DRAIN

from ..harness import Harness
from ..proof import Mutant, Patch, Proof

MOST = OUTSTANDING * BURST_BEATS
MEMORIES = (LoadMemory(target=1, words=8, needed=True), LoadMemory(target=2, words=4))


def build(h: Harness) -> None:
    """Any stream, any READY; memory gives beats that were asked for, at any time."""
    dut = h.place(Loader(memories=MEMORIES))
    axi, begin = dut.axi, dut.start & ~dut.busy
    asked, came = axi.arvalid & axi.arready, axi.rvalid & axi.rready
    coming = Signal(range(MOST + 257))
    h.m.d.sync += coming.eq(coming + Mux(asked, axi.arlen + 1, 0) - came)
    h.assume(~axi.rvalid | (coming != 0))

    h.stable(axi.arvalid, axi.arready, axi.araddr, axi.arlen)
    h.check(axi.arvalid == dut.register("bursts.valid"))
    h.check(axi.rready == (dut.register("coming") != 0))
    h.check(~axi.arvalid | (axi.araddr[4:12] + axi.arlen <= 255))
    h.check((axi.araddr[:4] == 0) & (axi.arsize == 4) & (axi.arburst == 1))
    h.check((coming <= MOST) & (~axi.rvalid | axi.rready))

    # As many beats as were asked for; done comes after the last one, and at rest nothing is asked.
    remaining = Signal(32)
    with h.m.If(begin):
        h.m.d.sync += remaining.eq(dut.beats)
    with h.m.Elif(came):
        h.m.d.sync += remaining.eq(remaining - 1)
    h.check(~came | (remaining != 0))
    h.check(~dut.done | ((remaining == 0) & (coming == 0) & dut.busy))
    h.check(dut.busy | ~(axi.arvalid | axi.rvalid))

    # After an abort nothing reaches the load bus, from the second cycle on, and nothing counts as loaded.
    aborted = Signal()
    with h.m.If(begin):
        h.m.d.sync += aborted.eq(0)
    with h.m.Elif(dut.abort & dut.busy):
        h.m.d.sync += aborted.eq(1)
    h.check(~(h.past(aborted) & aborted) | ~dut.load.valid)
    h.check(~h.past(dut.done & (aborted | dut.abort)) | ~dut.loaded)

    # Invariants
    left, size, valid = dut.signal("bursts.left"), dut.signal("bursts.size"), axi.arvalid
    drain = dut.signal("drain")
    h.check(dut.signal("coming") == coming)
    h.check(remaining == left + coming)
    h.check(
        ~valid
        | (
            (size != 0)
            & (size <= left)
            & (axi.arlen == size - 1)
            & (axi.araddr[4:12] + size <= 256)
            & (coming <= MOST - BURST_BEATS)
        )
    )
    h.check(dut.busy | ((left == 0) & (coming == 0)))
    h.check(~aborted | dut.signal("over"))
    h.check(~dut.busy | (dut.signal("aborted") == aborted))
    h.check((drain == SHELL_LOAD_DRAIN) | ((left == 0) & (coming == 0)) | ~dut.busy)
    h.cover(dut.done & dut.loaded)
    h.cover(dut.done & aborted)


FILE = "shell/loader.py"
PROOFS = (
    Proof(
        "loader-axi",
        f"{FILE}: Loader",
        "2 memories, 2 cycles of drain instead of 32",
        "AR is stable until READY and is a register; bursts stay in 4 KiB; at most 512 beats are under way and each is "
        "taken when it comes; as many as were asked for, done after the last; from the second cycle after abort "
        "nothing "
        "reaches the load bus, and that load counts for nothing",
        build,
        2,
        cover=14,
        reduced=(Patch("shell/timing.py", "\nSHELL_LOAD_DRAIN = 32 ", "\nSHELL_LOAD_DRAIN = 2 "),),
        mutants=(
            Mutant(
                "a burst is asked for while 257 beats are under way",
                Patch(FILE, "coming <= (OUTSTANDING - 1) * BURST_BEATS", "coming <= OUTSTANDING * BURST_BEATS"),
                12,
            ),
            Mutant("the stream goes on after abort", Patch(FILE, "[aborted.eq(1), over.eq(1)]", "[aborted.eq(1)]"), 12),
            Mutant("done does not wait for beats", Patch(FILE, " & (coming == 0)):", "):"), 14),
            Mutant(
                "an aborted load counts",
                Patch(FILE, "(self.error == Error.NONE) & ~aborted & ~self.abort", "~self.abort"),
                14,
            ),
        ),
    ),
)
