"""The read network: rtl_templates/banked/clos.py."""

from amaranth import Array, Cat, Const, Value

from rtl_templates.banked.clos import Clos

from ..harness import Harness, Placed
from ..proof import Mutant, Patch, Proof

UNITS, RADIX = 16, 4


def build(h: Harness) -> None:
    """Any routes, any pauses; every input carries its own number, which tells at an output where a word came from."""
    dut = h.place(Clos(word_bits=4))
    for n, word in enumerate(dut.i):
        h.drive(word, n)
    early = [h.past(route, 1, dut.enable) for route in dut.route]
    routes = [h.past(route, 1, dut.enable) for route in early]
    moved = h.count("moved", dut.enable & ~filled(h, dut), bits=2)
    # Invariants: what the two stages of registers hold, by the routes of one and of two enabled cycles ago. Output k of
    # input switch s is one of its inputs; output m of middle switch k is the word of one of these switches.
    middle = []
    for n in range(UNITS):
        k = n // RADIX
        h.check((moved < 1) | (dut.signal(f"stage0_{n}") == Cat(early[n][:2], Const(n // RADIX, 2))))
        h.check(dut.signal(f"route0_{n}") == early[n][2:])
        s = routes[n][2:4]
        middle.append(Cat(Array(routes[RADIX * switch + k][:2] for switch in range(RADIX))[s], s))
        h.check((moved < 2) | (dut.signal(f"stage1_{n}") == middle[n]))
        h.check(dut.signal(f"route1_{n}") == routes[n][4:])
    # Output switch m gives what it is told of the words that middle switches 0 to 3 have for it.
    for n in range(UNITS):
        m = n // RADIX
        chosen = Array(middle[RADIX * k + m] for k in range(RADIX))[routes[n][4:]]
        h.check((moved < 2) | (dut.o[n] == chosen))
    h.cover((moved == 2) & (dut.o[5] == 14) & (routes[7] != 0))


def filled(h: Harness, dut: Placed) -> Value:
    """Two words have gone in since power-up: the registers hold them."""
    return h.past(h.past(Const(1, 1), 1, dut.enable), 1, dut.enable)


FILE = "banked/clos.py"
PROOFS = (
    Proof(
        "network",
        f"{FILE}: Clos",
        "16 words of 4 bits, each its own number",
        "for every setting, every output has the input that the three stages' routes name, two enabled cycles later; "
        "nothing moves in a pause",
        build,
        2,
        cover=4,
        mutants=(
            Mutant(
                "the stages are wired straight", Patch(FILE, "return n % RADIX * RADIX + n // RADIX", "return n"), 4
            ),
            Mutant(
                "a route is not delayed beside the first stage",
                Patch(
                    FILE,
                    "            routes = rest\n",
                    "            routes = rest if level else [route[2:] for route in routes]\n",
                ),
                4,
            ),
            Mutant(
                "a pause moves the words",
                Patch(
                    FILE,
                    "            with m.If(self.enable):\n                m.d.sync += [word.eq(x)",
                    "            with m.If(1):\n                m.d.sync += [word.eq(x)",
                ),
                4,
            ),
        ),
    ),
)
