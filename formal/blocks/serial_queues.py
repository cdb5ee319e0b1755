"""Queues and register access behind a serial line: rtl_templates/serial/queues.py and lite_master.py."""

from amaranth import Mux, Signal

from rtl_templates.serial.lite_master import LiteMaster
from rtl_templates.serial.queues import LoadQueue, ResultQueue

from ..harness import Harness
from ..proof import Mutant, Patch, Proof

DEPTH = 4
_ADDRESS, _DATA, _LAST = 0, 2, 3  # of the queues' state machines: the first, the one that hands over, the last


def load(h: Harness) -> None:
    """Any host that counts room, any master; one position of the stream is followed."""
    dut = h.place(LoadQueue(depth=DEPTH))
    axi, tail, level, head = dut.axi, dut.tail, dut.level, dut.signal("head")
    state, left, wrong = dut.signal("fsm_state"), dut.signal("left"), dut.signal("wrong")
    position = h.constant(32, "position")
    ahead, behind = (position - tail)[:32], (position - head)[:32]
    room = DEPTH - level
    word, written = Signal(128), Signal()
    put_here = dut.put & (dut.place == ahead)
    eaten = axi.rvalid & axi.rready & ~wrong
    # The host: puts where there is room, and commits what it has put.
    h.assume(~dut.put | (dut.place < room))
    h.assume(~dut.commit | (dut.count <= room))
    h.assume(~(dut.commit & (ahead < dut.count)) | (written & ~dut.put))
    with h.m.If(put_here):
        h.m.d.sync += [word.eq(dut.beat), written.eq(1)]
    with h.m.If(eaten & (behind == 0)):
        h.m.d.sync += written.eq(0)
    # The bus: what is offered stays; of every position, what was put there; as many beats as were asked for.
    h.stable(axi.rvalid, axi.rready, axi.rdata, axi.rresp, axi.rlast)
    h.check(~(eaten & (behind == 0)) | (axi.rdata == word))
    h.check(~(eaten & (behind != 0)) | (level != 0))
    asked = Signal(9)
    with h.m.If(axi.arvalid & axi.arready):
        h.m.d.sync += asked.eq(axi.arlen + 1)
    with h.m.Elif(axi.rvalid & axi.rready):
        h.m.d.sync += asked.eq(asked - 1)
    h.check(~axi.rvalid | ((asked != 0) & (axi.rlast == (asked == 1))))
    h.check(~axi.arready | (asked == 0))
    h.check(~axi.rvalid | (axi.rresp == Mux(wrong, 2, 0)))
    h.check(~axi.rvalid | wrong | (level != 0))
    # Invariants
    h.check((level <= DEPTH) & (level == (tail - head)[:32]))
    h.check((state <= _LAST) & (left == asked) & ((state != _ADDRESS) | (asked == 0)))
    h.check(((state != 1) & (state != _DATA)) | (asked != 0))
    here = dut.word_at("memory", position[:2])
    h.check(~(written & (behind < DEPTH)) | (here == word))
    h.check(~((behind < level) & ~written))
    h.check(~(axi.rvalid & ~wrong & (behind == 0)) | (axi.rdata == word))
    h.check(~written | (behind < DEPTH))
    h.cover(eaten & (behind == 0) & (word == 5) & axi.rlast & (level == 3))
    h.cover(axi.rvalid & axi.rready & wrong)


def results(h: Harness) -> None:
    """Any master, any host that keeps to what there is; one position is followed."""
    dut = h.place(ResultQueue(depth=DEPTH))
    axi, tail, head = dut.axi, dut.tail, dut.head
    state, left, wrong = dut.signal("fsm_state"), dut.signal("left"), dut.signal("wrong")
    position = h.constant(32, "position")
    level, behind = (tail - head)[:32], (position - head)[:32]
    word, seen = Signal(128), Signal()
    taken = axi.wvalid & axi.wready
    kept = taken & ~wrong
    h.assume(~dut.free | ((dut.position - head)[:32] <= level))
    with h.m.If(kept & (tail == position)):
        h.m.d.sync += [word.eq(axi.wdata), seen.eq(1)]
    with h.m.Elif(dut.free & (behind < (dut.position - head)[:32])):
        h.m.d.sync += seen.eq(0)
    h.stable(axi.bvalid, axi.bready, axi.bresp)
    asked = Signal(9)
    with h.m.If(axi.awvalid & axi.awready):
        h.m.d.sync += asked.eq(axi.awlen + 1)
    with h.m.Elif(taken):
        h.m.d.sync += asked.eq(asked - 1)
    h.check(~taken | (asked != 0))
    h.check(~axi.bvalid | ((asked == 0) & (axi.bresp == Mux(wrong, 2, 0))))
    h.check(~axi.awready | (asked == 0))
    # What the host looks up is what was written, and nothing that it has not freed is overwritten.
    looked = h.past((head + dut.place)[:32]) == position
    h.check(~(looked & h.past(seen & (behind < level))) | (dut.beat == h.past(word)))
    # Invariants
    h.check(level <= DEPTH)
    h.check((state <= _DATA) & (left == asked) & ((state == 1) == (asked != 0)))
    h.check(~(behind < level) | seen)
    h.check(~seen | (behind < level))
    h.check(~seen | (dut.word_at("memory", position[:2]) == word))
    h.cover(axi.bvalid & axi.bready & (level == 3) & ~wrong)
    h.cover(axi.bvalid & wrong)


def lite(h: Harness) -> None:
    """A bridge that waits for done, a slave that answers what it was asked."""
    dut = h.place(LiteMaster())
    bus = dut.bus
    busy, writes = Signal(), Signal()
    begin = dut.read | dut.write
    h.assume(~(dut.read & dut.write) & (~begin | ~busy))
    with h.m.If(begin):
        h.m.d.sync += [busy.eq(1), writes.eq(dut.write)]
    with h.m.Elif(dut.done):
        h.m.d.sync += busy.eq(0)
    for value in (dut.address, dut.value):
        h.assume(~busy | (value == h.past(value)))
    addressed, given, asked = Signal(), Signal(), Signal()
    for flag, name in ((addressed, "aw"), (given, "w"), (asked, "ar")):
        with h.m.If(begin):
            h.m.d.sync += flag.eq(0)
        with h.m.Elif(getattr(bus, f"{name}valid") & getattr(bus, f"{name}ready")):
            h.m.d.sync += flag.eq(1)
            h.check(~flag)  # once
        payload = {"aw": (bus.awaddr,), "w": (bus.wdata, bus.wstrb), "ar": (bus.araddr,)}[name]
        h.stable(getattr(bus, f"{name}valid"), getattr(bus, f"{name}ready"), *payload)
    h.assume(~bus.bvalid | (busy & writes & addressed & given))
    h.assume(~bus.rvalid | (busy & ~writes & asked))
    h.check(bus.bready & bus.rready)
    h.check(~dut.done | busy)
    h.check(~h.past(bus.rvalid) | (dut.result == h.past(bus.rdata)))
    # Invariants: what is valid has not been taken, and only an access of its kind makes it so.
    h.check(bus.awvalid == (busy & writes & ~addressed))
    h.check(bus.wvalid == (busy & writes & ~given))
    h.check(bus.arvalid == (busy & ~writes & ~asked))
    h.cover(dut.done & writes)
    h.cover(dut.done & ~writes & (bus.rdata == 7))


FILE = "serial/queues.py"
LITE = "serial/lite_master.py"
PROOFS = (
    Proof(
        "serial-load", f"{FILE}: LoadQueue", f"{DEPTH} beats",
        "every position of the stream is read once, in order, as it was put; R is stable until READY; LAST is beat "
        "LEN; a burst from elsewhere is an error and takes nothing",
        load, 3, cover=14,
        mutants=(
            Mutant("memory reads in every cycle, and data changes while it is valid",
                   Patch(FILE, "read.en.eq(0)", "read.en.eq(1)"), 12),
            Mutant("an empty queue is read",
                   Patch(FILE, "with m.If((self.level != 0) | wrong):", "with m.If(1):"), 12),
            Mutant("a burst from elsewhere takes beats",
                   Patch(FILE, "eaten.eq(taken & ~wrong)", "eaten.eq(taken)"), 12),
        ),
    ),
    Proof(
        "serial-results", f"{FILE}: ResultQueue", f"{DEPTH} beats",
        "what the host looks up is what was written at that position; nothing is overwritten before it is freed; one "
        "response after all beats of a burst; a burst to elsewhere is an error and writes nothing",
        results, 3, cover=12,
        mutants=(
            Mutant("a full queue takes a beat", Patch(FILE, "axi.wready.eq(room | wrong)", "axi.wready.eq(1)"), 12),
            Mutant("a response comes a beat early",
                   Patch(FILE, "with m.If(left == 1):", "with m.If(left <= 2):"), 12),
        ),
    ),
    Proof(
        "serial-lite", f"{LITE}: LiteMaster", "as it is",
        "AW, W and AR are each valid until READY, once for an access; done with the response; the value that was read",
        lite, 2, cover=8,
        mutants=(
            Mutant("an address is withdrawn", Patch(LITE, "with m.Elif(ready):", "with m.Else():"), 8),
            Mutant("a write asks to read too", Patch(LITE, "(bus.arvalid, bus.arready, self.read))",
                                                     "(bus.arvalid, bus.arready, self.read | self.write))"), 8),
        ),
    ),
)
