# amaranth: UnusedElaboratable=no
"""A multiplexer of wide multiplexer cells chooses what a plain one does: a proof by Yosys, for every input."""

import pytest
from amaranth import Array, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2
from proofs import prove, vendor_cells

from rtl_templates.cells.multiplex import multiplex
from rtl_templates.cells.primitives import Primitives

WIDTH = 2


class Both(wiring.Component):
    """``same``: the cells choose what an Array does, wherever the index is one of the choices."""

    def __init__(self, count):
        self.count = count
        super().__init__({"choices": In(WIDTH).array(count), "index": In(ceil_log2(count)), "same": Out(1)})

    def elaborate(self, platform):
        m = Module()
        chosen = multiplex(m, "dut", list(self.choices), self.index, primitives=Primitives(multiplexers=True))
        m.d.comb += self.same.eq((chosen == Array(self.choices)[self.index]) | (self.index >= self.count))
        return m


@pytest.mark.parametrize("count", [1, 2, 4, 5, 8, 9, 12, 16, 17, 32, 40])
def test_cells_choose_what_an_array_does(count, tmp_path):
    cells = tmp_path / "cells.v"
    cells.write_text(vendor_cells("MUXF7", "MUXF8"))
    prove(Both(count), tmp_path, cells, steps=())
