"""What Yosys is asked to map, it can map."""

import pytest
from amaranth.back import rtlil

from hwgen.flow import yosys
from hwgen.flow.resources import count
from rtl_templates.cells.mac import MacArray


@pytest.mark.parametrize("pages", [4, *(pytest.param(pages, marks=pytest.mark.slow) for pages in (7, 9))])
def test_tables_of_any_number_of_pages(pages, tmp_path):
    path = tmp_path / "mac.il"
    array = MacArray(lanes=6, columns=1, weight_bits=2, pages=pages, x_bits=18, target=6)
    path.write_text(rtlil.convert(array, name="top"))
    used = count(yosys._run([f"read_rtlil {path}", "delete t:$print t:$check",
                             "synth_xilinx -family xcup -abc9 -flatten -noiopad -noclkbuf -top top"]))
    assert 5 * pages <= used.lutram <= 5 * pages + 10
