"""Memories as Yosys maps them, held to what it counted for single ones."""

import pytest

from hwgen.flow.memories import Mapped, block, chosen, distributed

#: Width, depth, and blocks of 36 kbit and flip-flops that Yosys 0.70 took.
BLOCKS = {
    "xcup": ((12, 4664, 2.5, 3), (59, 512, 1, 0), (64, 2816, 6, 2), (27, 2112, 2, 3)),
    "xc7": ((17, 752, 0.5, 0), (12, 2048, 1, 0), (128, 4593, 17, 4), (12, 2112, 1.5, 0)),
    "ecp5": ((12, 4664, 2.5, 42), (59, 512, 1, 129), (64, 2816, 6, 144), (27, 2112, 2, 71)),
    "gw5a": ((17, 752, 0.5, 46), (12, 2048, 1, 37), (128, 4593, 17, 275), (12, 2112, 1.5, 38)),
}
#: Width, depth, whether there is one address, and look-up tables that are memory.
DISTRIBUTED = {
    "xcup": ((98, 256, True, 392), (28, 16, True, 16), (64, 192, True, 192), (48, 32, True, 24), (2, 16, True, 8),
             (118, 16, False, 72), (28, 32, False, 16), (128, 40, False, 152), (12, 160, False, 40)),
    "xc7": ((28, 128, True, 56), (12, 256, True, 48), (12, 64, False, 16), (128, 20, False, 88),
            (64, 160, False, 220)),
    "ecp5": ((98, 256, True, 1600), (28, 16, True, 28), (48, 32, True, 96), (118, 16, False, 120),
             (12, 160, False, 120)),
    "gw5a": ((12, 64, False, 48), (128, 20, False, 256), (28, 128, True, 224), (128, 128, True, 1024)),
}


@pytest.mark.parametrize("family", BLOCKS)
def test_block_memories_are_counted_as_yosys_counts_them(family: str) -> None:
    for width, depth, blocks, registers in BLOCKS[family]:
        mapped = block(width, depth, family)
        assert (mapped.bram36, mapped.ff, mapped.lutram) == (blocks, registers, 0), (width, depth)


@pytest.mark.parametrize("family", DISTRIBUTED)
def test_memories_of_look_up_tables_are_counted_as_yosys_counts_them(family: str) -> None:
    for width, depth, one, amount in DISTRIBUTED[family]:
        assert distributed(width, depth, family, one=one).lutram == amount, (width, depth)


def test_a_write_port_takes_look_up_tables_of_four_inputs() -> None:
    assert distributed(8, 16, "ecp5") == Mapped(lutram=8, lut=12)
    assert distributed(8, 32, "gw5a") == Mapped(lutram=16, lut=24, selected=8)
    assert distributed(8, 80) == Mapped(lutram=24, lut=24, selected=8)
    assert distributed(14, 32) == Mapped(lutram=8, lut=8)


def test_sections_share_cells_and_are_chosen_between() -> None:
    """Five sections of 27 bits would be five blocks of 72 bits; one after the other they lie in two."""
    assert block(27, 2112) == Mapped(bram36=2, selected=54, ff=3)
    assert block(12, 4096) == Mapped(bram36=1.5, selected=0)
    assert block(12, 4664) == Mapped(bram36=2.5, selected=24, ff=3)
    assert [chosen(count, "xcup") for count in (1, 2, 4, 5, 16, 17)] == [0, 1, 1, 2, 4, 6]
    assert [chosen(count, "ecp5") for count in (1, 2, 4, 5)] == [0, 1, 3, 4]
