# amaranth: UnusedElaboratable=no
"""What Yosys makes of a block memory, with the models of ``sim/cells``, is the memory: random play on each family.

Reads and writes of one address in one cycle come often: a block memory that a family gives no old word then needs
logic around it, and its model gives a wrong one.
"""

import pytest
from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from netlists import Both, model_files, netlists_of
from proofs import play

from hwgen.flow.families import FAMILIES
from rtl_templates.cells.add_memory import add_memory

FAMILY = [name for name, family in FAMILIES.items() if family.models]
#: Words and their bits: narrow and wide, one block and several, in depth and in width.
SHAPES = [(512, 36), (512, 72), (1024, 18), (600, 30), (2048, 9), (4096, 4), (8192, 2)]


class Store(wiring.Component):
    """A block memory whose two addresses are near each other."""

    def __init__(self, depth, bits):
        self.depth, self.bits = depth, bits
        super().__init__({"base": In(range(depth)), "near": In(1), "write": In(1), "read": In(1), "data": In(bits),
                          "o": Out(bits)})

    def elaborate(self, platform):
        m = Module()
        memory = add_memory(m, "memory", self.bits, self.depth, "block")
        reader, writer = memory.read_port(), memory.write_port()
        m.d.comb += [writer.addr.eq(self.base & 7), writer.data.eq(self.data), writer.en.eq(self.write),
                     reader.addr.eq(self.base & 7 ^ self.near), reader.en.eq(self.read), self.o.eq(reader.data)]
        top = self.depth - 1 & ~7  # all of the address matters
        with m.If(self.base[-1]):
            m.d.comb += [writer.addr.eq(top | self.base & 7), reader.addr.eq(top | self.base & 7 ^ self.near)]
        return m


@pytest.fixture(scope="module", params=FAMILY)
def mapped(request, tmp_path_factory):
    """A family, and files of each shape: all of one run of Yosys, which reads cells for seconds."""
    family = FAMILIES[request.param]
    files = netlists_of([Store(*shape) for shape in SHAPES], family, tmp_path_factory.mktemp(family.name),
                        "t:RAMB* t:DP* t:SDP*")
    return family, dict(zip(SHAPES, files, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "bits"), SHAPES)
def test_a_block_memory_is_a_memory(mapped, depth, bits, tmp_path):
    family, files = mapped
    play(Both(Store(depth, bits).signature), tmp_path, *model_files(family), modules=files[depth, bits])
