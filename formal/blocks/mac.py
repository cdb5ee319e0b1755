"""The bit-serial MAC array: rtl_templates/cells/mac.py."""

from typing import Any

from amaranth import Cat, Const, Mux, Signal, Value, signed

from rtl_templates.cells.mac import MacArray
from rtl_templates.cells.timing import MAC_SUM, mac_latency

from ..harness import Harness, Placed
from ..proof import Mutant, Patch, Proof

WEIGHT_BITS, X_BITS = 2, 12


def tables(h: Harness, dut: Placed, weights: list[list[Value]]) -> None:
    """What a load puts into the tables: sums of weights over subsets of inputs, as cells/mac_plan.py says."""
    plan = dut.plan
    for page, of_page in enumerate(weights):
        lifts = [_sum([Mux(w < 0, w, 0) for w in of_page[t.first : t.first + t.inputs]]) for t in plan.tables]
        for number, table in enumerate(plan.tables):
            last = number == len(plan.tables) - 1
            pieces = [(place, piece) for place, piece in enumerate(plan.slices) if piece.table == number]
            own = of_page[table.first : table.first + table.inputs]
            for address in range(1 << table.address_bits):
                entry = _sum([w for k, w in enumerate(own) if address >> k & 1])
                entry = entry + _sum(lifts[:-1]) if last else entry - lifts[number]
                if address >> table.inputs:  # the plane is subtracted: its bits come inverted
                    entry = entry - _sum(of_page)
                for plane in range(dut.planes):
                    for place, piece in pieces:
                        word = dut.word_at(f"table{plane}_{place}_0", page << table.address_bits | address)
                        h.assume(word == entry[piece.bit : piece.bit + piece.width])


def _sum(values: list[Value]) -> Value:
    total: Value = Const(0, signed(8))
    for value in values:
        total = total + value
    return total


def build(h: Harness, **options: Any) -> None:
    """Any weights, any planes, pauses, pages; loads are over."""
    lanes, pages, planes = options["lanes"], options.get("pages", 1), options.get("planes", 1)
    dut = h.place(MacArray(columns=1, weight_bits=WEIGHT_BITS, x_bits=X_BITS, target=3, **options))
    h.assume(~dut.load.valid & (~dut.last | dut.enable))
    weights: list[list[Value]] = [
        [h.constant(signed(WEIGHT_BITS), f"w{page}_{lane}") for lane in range(lanes)] for page in range(pages)
    ]
    for of_page in weights:
        for weight in of_page:
            h.assume(weight != -(1 << WEIGHT_BITS - 1))
    tables(h, dut, weights)
    if not dut.signed:
        h.assume(~dut.negate)
    if pages == 1:
        h.assume(~dut.hold)

    # The equation: acc = (acc << planes) + sum over planes and inputs, seen where its registers are.
    x = dut.x | dut.other
    codes = [Cat(x[plane * lanes + lane] for plane in range(planes)) for lane in range(lanes)]
    chosen = [Mux(dut.page[0], b, a) if pages > 1 else a for a, b in zip(weights[0], weights[-1], strict=True)]
    partial = _sum([Mux(code[k], w << k, 0) for code, w in zip(codes, chosen, strict=True) for k in range(planes)])
    partial = Mux(dut.negate, -partial, partial)
    early = mac_latency(lanes, planes) - MAC_SUM - 1
    ahead = h.past(Cat(dut.hold), early)  # of the planes after
    here = [h.past(value, early + 1) for value in (dut.enable, dut.last, partial)]
    enable, last, step = here[0], here[1], here[2].as_signed()
    acc = Signal(signed(dut.acc_bits))
    now = (acc + step)[: dut.acc_bits].as_signed()
    h.m.d.sync += acc.eq(Mux(enable & ~last, Mux(ahead, now, now << planes), 0))
    result = Signal(signed(dut.acc_bits))
    with h.m.If(enable & last):
        h.m.d.sync += result.eq(now)
    h.check(dut.result.as_signed() == result)
    # Invariant: what is kept between two planes.
    moved = dut.signal("moved0")
    whole = dut.signal("whole0") if pages > 1 else Const(0, dut.acc_bits)
    h.check((moved | whole) == acc)
    h.cover((result == 5) & h.past(enable & last) & (h.past(acc) == 4))


def proof(name: str, depth: int, says: str, mutants: tuple[Mutant, ...], **options: Any) -> Proof:
    """One shape of array."""
    size = ", ".join(f"{key} {value}" for key, value in options.items())
    return Proof(
        f"mac-{name}",
        f"{FILE}: MacArray",
        f"{size}, weights of {WEIGHT_BITS} bits",
        says,
        lambda h: build(h, **options),
        depth,
        cover=12,
        mutants=mutants,
    )


FILE = "cells/mac.py"
STEP = (
    "for every weight and plane, acc = (acc << planes) + sum of weight times plane, as many cycles later as timing.py "
    "says"
)
PROOFS = (
    proof(
        "step",
        3,
        STEP,
        (
            Mutant("the total is not moved", Patch(FILE, "moved.eq(total << self.planes)", "moved.eq(total)"), 12),
            Mutant(
                "a dot product begins with what is left",
                Patch(
                    FILE,
                    "~enable | last | (held if self.pages > 1 else 0)",
                    "~enable | (held if self.pages > 1 else 0)",
                ),
                12,
            ),
        ),
        lanes=3,
    ),
    proof(
        "two-planes",
        3,
        STEP,
        (
            Mutant(
                "the upper plane has the weight of the lower",
                Patch(FILE, "[Const(0, plane)] for _", "[Const(0, 0)] for _"),
                10,
            ),
        ),
        lanes=3,
        planes=2,
    ),
    proof(
        "signed",
        3,
        f"{STEP}; a plane with negate is subtracted; with hold the sum is added without the shift",
        (
            Mutant(
                "negate does not invert the plane",
                Patch(FILE, "bits = bits ^ given.negate.replicate(table.inputs)", "bits = bits"),
                10,
            ),
            Mutant("hold comes a cycle late", Patch(FILE, "held = late[-2][2]", "held = late[-1][2]"), 12),
        ),
        lanes=3,
        pages=2,
        signed=True,
    ),
)
