"""Random memories and passes for a unit's operand fetch."""

import random

from rtl_templates.lists.formats import (
    ACC_BITS,
    BEAT,
    DESCRIPTOR,
    LIST_ENTRY,
    NULL_INDEX,
    PASS,
    SETUP,
    Operand,
    Select,
    Target,
)
from rtl_templates.shell.words import pack

__all__ = ["ROWS", "Case", "drive"]

SETS = ("edges", "looped", "features", "members", "weighted", "normed")
ROWS = 6


def drive(ctx, interface, **values):
    """Set some members of an interface."""
    for name, value in values.items():
        ctx.set(getattr(interface, name), value)


class Case:
    """Random memories and passes for an operand fetch."""

    def __init__(self, seed, *, units=2, lanes=8, code_bits=4, acc_bits=ACC_BITS, longest=5):
        self.rng = rng = random.Random(seed)
        self.units, self.index = units, units - 1
        self.shape = {"units": units, "lanes": lanes, "code_bits": code_bits, "acc_bits": acc_bits, "buffer_depth": 64,
                      "list_depth": 128, "descriptor_depth": 64, "beats": 32}
        self.words = [rng.choice((rng.getrandbits(lanes * code_bits), (1 << lanes * code_bits) - 1)) for _ in range(64)]
        self.entries = [0] * 64
        self.setup = {"nodes": ROWS, "graphs": 2}
        self.descriptors, self.lists = [], []
        for name in SETS:  # NULLs and doubling among features only
            self.setup[name] = len(self.descriptors) // 2
            for _ in range(ROWS):
                count = rng.choice((0, 1, rng.randint(0, longest)))
                self.descriptors.append({"start": len(self.lists), "count": count, "node": rng.getrandbits(14)})
                self.lists += [self.draw_entry(name == "features") for _ in range(count)]
        self.lists += [0] * (-len(self.lists) % 8)
        assert len(self.lists) <= 1024
        self.beats = [self.draw_beat() for _ in range(32)]
        self.passes = []

    def draw_entry(self, planes):
        rng = self.rng
        index = rng.choice((0, rng.randrange(40)))
        if planes and rng.random() < 0.3:
            index = NULL_INDEX
        return pack(LIST_ENTRY, index=index, double=planes and rng.randint(0, 1))

    def draw_beat(self):
        rng = self.rng
        beat = {name: rng.getrandbits(bits) for name, bits in BEAT.items()}
        beat["set"] = rng.randrange(len(SETS))
        beat["row_kind"] = rng.choice(list(Select)[:4])
        beat["row_limit"] = rng.choice((0, 2, 100))
        beat["max"] &= beat["set"] != 2
        beat["degree"] &= beat["operand"] in (Operand.LIST, Operand.SKIP)
        beat["entry"] &= beat["operand"] == Operand.SELF
        return beat

    def add(self, **fields):
        """Add a pass, whose last beat gives a token."""
        task = dict.fromkeys(PASS, 0) | fields
        last = self.beats[task["beat_start"] + task["beat_count"] - 1]
        if last["operand"] == Operand.SKIP:
            last |= {"operand": Operand.ONE, "degree": 0}
        last["end"] = 1
        self.passes.append(task)

    def loads(self):
        """(target, unit, address, data) of everything, and some of another unit."""
        other = self.index ^ 1
        for k, beat in enumerate(self.beats):
            yield Target.BEAT, 0, k, pack(BEAT, **beat)
        for k in range(0, len(self.lists), 8):
            yield Target.LIST, self.index, k // 8, sum(x << 16 * j for j, x in enumerate(self.lists[k:k + 8]))
            yield Target.LIST, other, k // 8, 3
        for k in range(0, len(self.descriptors), 2):
            yield (Target.DESCRIPTOR, self.index, k // 2,
                   pack(DESCRIPTOR, **self.descriptors[k]) | pack(DESCRIPTOR, **self.descriptors[k + 1]) << 64)
        yield Target.SETUP, self.index, 0, pack(SETUP, **self.setup)
        yield Target.SETUP, other, 0, pack(SETUP, nodes=9, graphs=9)
        for chunk in range(-(-self.shape["lanes"] * self.shape["code_bits"] // 128)):
            for k, word in enumerate(self.words):
                yield Target.ROWS, chunk, k, word >> 128 * chunk & (1 << 128) - 1
