"""The store unit: rtl_templates/shell/store.py."""

from amaranth import Cat, Const, Mux, Signal, Value

from rtl_templates.shell.store import FIFO_DEPTH, READ_LATENCY, Store

from ..harness import Harness, Placed
from ..proof import Mutant, Patch, Proof

SERVERS, DEPTH, WORD_BITS = 2, 8, 4


def place(h: Harness) -> tuple[Placed, Value]:
    """Place the unit behind its contract; returns it and the pulse with which a store begins."""
    dut = h.place(Store(servers=SERVERS, word_bits=WORD_BITS, depth=DEPTH))
    begin = dut.start & ~dut.busy
    h.assume(~dut.start | ~dut.outside)
    return dut, begin


def levels(h: Harness, dut: Placed) -> list[Signal]:
    """Invariants of the credit: every word that was issued is on its way or in the queue. Returns the ways' valids."""
    way = [dut.signal(f"valid_{k}") for k in range(1, READ_LATENCY + 3)]
    level, produce, consume = (dut.signal(f"queue.{name}") for name in ("level", "produce", "consume"))
    h.check(dut.signal("credit") + sum(way[1:], start=way[0]) + level == FIFO_DEPTH)
    h.check(level <= FIFO_DEPTH)
    h.check(produce == (consume + level)[: len(produce)])
    return way


def protocol(h: Harness) -> None:
    """Any READY, any word, responses at any time to what was sent."""
    dut, begin = place(h)
    axi, way = dut.axi, levels(h, dut)
    announced, sent = axi.awvalid & axi.awready, axi.wvalid & axi.wready
    answered = axi.bvalid & axi.bready
    addresses = h.count("addresses", announced, answered, bits=3)
    bursts = h.count("bursts", sent & axi.wlast, answered, bits=3)
    h.assume(~axi.bvalid | ((addresses != 0) & (bursts != 0)))

    h.stable(axi.awvalid, axi.awready, axi.awaddr, axi.awlen)
    h.stable(axi.wvalid, axi.wready, axi.wdata, axi.wlast)
    left, level = dut.register("left"), dut.register("queue.level")
    h.check(axi.awvalid == dut.register("bursts.valid"))
    h.check(axi.wvalid == ((left != 0) & (level != 0)))
    h.check(~axi.awvalid | (axi.awaddr[4:12] + axi.awlen <= 255))
    h.check((axi.awaddr[:4] == 0) & (axi.awsize == 4) & (axi.awburst == 1) & (axi.wstrb == 0xFFFF))
    h.check(axi.bready)

    # LAST comes with beat LEN of the burst announced last; a store has the beats that it was asked for.
    length, number, open_ = Signal(8), Signal(8), Signal()
    remaining = Signal(8)
    fresh = dut.signal("bursts.fresh")
    with h.m.If(begin):
        h.m.d.sync += remaining.eq(dut.words << 1)
    with h.m.Elif(sent):
        h.m.d.sync += remaining.eq(remaining - 1)
    with h.m.If(fresh):
        h.m.d.sync += [length.eq(axi.awlen), number.eq(0), open_.eq(1)]
    with h.m.Elif(sent):
        h.m.d.sync += [number.eq(number + 1), open_.eq(number != length)]
    h.check(~axi.wvalid | (open_ & (remaining != 0) & (axi.wlast == (number == length))))
    # Responses are counted: done comes when all beats have gone and all bursts are answered.
    h.check(~dut.done | ((remaining == 0) & (addresses == 0) & (bursts == 0)))
    failed = Signal()
    with h.m.If(begin):
        h.m.d.sync += failed.eq(0)
    with h.m.Elif(answered & axi.bresp[1]):
        h.m.d.sync += failed.eq(1)
    h.check(~dut.done | ((dut.error != 0) == failed))
    h.check(dut.busy | ~(axi.awvalid | axi.wvalid | axi.bvalid))
    h.check(~way[-1] | (level != FIFO_DEPTH))  # no word is dropped

    # Invariants: the unit's counters are those above.
    size, busy = dut.signal("bursts.size"), dut.signal("bursts.left")
    h.check((dut.signal("failed") == failed) & (dut.signal("unanswered") == addresses))
    h.check((addresses <= 3) & (bursts <= 4))
    h.check(left == Mux(open_, length - number + 1, 0))
    h.check(~open_ | (number <= length))
    h.check(~(fresh & open_) & (~fresh | axi.awvalid))
    h.check(~axi.awvalid | fresh | (length == axi.awlen))
    h.check(~axi.awvalid | ((size != 0) & (axi.awlen == size - 1) & (size <= busy) & (axi.awaddr[4:12] + size <= 256)))
    h.check(remaining == Mux(axi.awvalid, Mux(fresh, busy, busy - size + left), busy + left))
    h.check((busy <= SERVERS * DEPTH) & (remaining <= SERVERS * DEPTH))
    pending = axi.awvalid & ~fresh & ~open_  # all data is sent before the address is taken
    h.check(bursts + (~axi.awvalid & open_) == addresses + pending)
    h.check(~axi.awvalid | (addresses != 3))
    h.check(dut.busy | ((busy == 0) & ~open_ & (addresses == 0)))
    # No word of a store is left for the next one: what is read, and what waits, is what will be sent.
    server, count = dut.signal("server"), dut.signal("final") + 1
    unread = Mux(dut.signal("going"), Mux(server, 0, count) + count - dut.result_address, 0)
    h.check(~dut.signal("going") | (dut.result_address < count))
    h.check(unread + FIFO_DEPTH - dut.signal("credit") == remaining)
    h.check(~dut.done | (dut.signal("credit") == FIFO_DEPTH))
    h.cover(dut.done & (h.past(axi.awvalid, 2) | failed) & ~h.first)
    h.cover(sent & axi.awvalid & ~fresh)  # data goes before the address is taken


def order(h: Harness) -> None:
    """The result memories hold the number of each word; one of them is followed from its read to the bus."""
    dut, _ = place(h)
    way = levels(h, dut)
    level, consume = dut.signal("queue.level"), dut.signal("queue.consume")
    address = dut.result_address
    words = [h.past(address, k) for k in range(1, 3)]
    for number, data in enumerate(dut.result_data):
        h.drive(data, Cat(words[1], number & 1))
    issue, server = dut.signal("issue"), dut.signal("server")
    taken = dut.axi.wvalid & dut.axi.wready
    one = h.follow(issue, Cat(address, server), taken, FIFO_DEPTH - dut.signal("credit"))
    h.check(~one.leaves | (dut.axi.wdata == one.word))
    # What is read: servers in turn, words of each in order, as many as were asked for.
    following, count = Signal(len(one.word)), Signal(4)
    begin = dut.start & ~dut.busy
    with h.m.If(begin):
        h.m.d.sync += [following.eq(0), count.eq(dut.words)]
    with h.m.Elif(issue):
        end = following[:3] == count - 1
        h.m.d.sync += following.eq(Mux(end, Cat(Const(0, 3), following[3] + 1), following + 1)[:4])
    h.check(~issue | (Cat(address, server) == following))
    going = dut.signal("going")
    h.check(
        ~going
        | (
            (dut.signal("final") == (count - 1)[:3])
            & (count != 0)
            & (count <= DEPTH)
            & (following[:3] <= dut.signal("final"))
            & (Cat(address, server) == following)
        )
    )
    # Invariants: where the word is, it is whole.
    stored = dut.word_at("queue.storage", (consume + one.ahead)[:4])
    h.check(~(one.active & (one.ahead < level)) | (stored == one.word))
    contents = [
        Cat(words[0], dut.signal("server_1")),
        Cat(words[1], dut.signal("server_2")),
        dut.signal("quad0"),
        dut.signal("word"),
    ]
    index: Value = level
    for valid, content in zip(reversed(way), reversed(contents), strict=True):
        h.check(~(one.active & valid & (one.ahead == index)) | (content == one.word))
        index = index + valid
    h.cover(one.leaves & (one.word == 0b1010))


FILE = "shell/store.py"
SIZE = f"{SERVERS} memories of {DEPTH} words"
PROOFS = (
    Proof(
        "store-axi",
        f"{FILE}: Store",
        SIZE,
        "AW and W are stable until READY and wait for none (both depend on registers only); LAST is beat LEN; bursts "
        "stay in 4 KiB; as many beats as were asked for; responses are counted, done and error come after the last; "
        "the queue never overflows",
        protocol,
        2,
        cover=16,
        mutants=(
            Mutant(
                "done does not wait for responses", Patch(FILE, "(left == 0) & (unanswered == 0))", "(left == 0))"), 14
            ),
            Mutant(
                "AWVALID waits for WVALID",
                Patch(FILE, "axi.awvalid.eq(bursts.valid)", "axi.awvalid.eq(bursts.valid & axi.wready)"),
                12,
            ),
            Mutant("LAST a beat early", Patch(FILE, "axi.wlast.eq(left == 1)", "axi.wlast.eq(left == 2)"), 14),
            Mutant("reads take no credit", Patch(FILE, "credit.eq(credit - issue +", "credit.eq(credit +"), 12),
        ),
    ),
    Proof(
        "store-order",
        f"{FILE}: Store",
        SIZE,
        "words leave in the order of memories and addresses, none lost or doubled",
        order,
        2,
        cover=26,
        mutants=(
            Mutant(
                "the selection comes a cycle early",
                Patch(FILE, "[chosen[READ_LATENCY][:2]]", "[chosen[READ_LATENCY - 1][:2]]"),
                14,
            ),
        ),
    ),
)
