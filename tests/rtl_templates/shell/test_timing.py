"""Transfers at full rate, as the RTL counted them in cosimulation."""

import pytest

from rtl_templates.shell.timing import load_cycles, store_cycles

#: Beats -> STORE_CYCLES; one unit and four count the same.
COUNTED = {1: 9, 2: 10, 3: 13, 4: 14, 16: 26, 254: 264, 256: 266, 257: 267, 258: 268, 259: 271, 512: 524, 513: 525,
           514: 526, 515: 529, 768: 782, 770: 784, 771: 787, 1032: 1050}


@pytest.mark.parametrize("beats", COUNTED)
def test_a_burst_of_more_than_two_beats_costs_two_more_cycles(beats: int) -> None:
    assert store_cycles(beats) == COUNTED[beats]


def test_a_load_costs_the_same_however_long() -> None:
    assert [load_cycles(9), load_cycles(1257)] == [46, 1294]
