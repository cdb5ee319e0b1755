"""What Yosys is asked to map, it can map."""

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module

from hwgen.flow import yosys
from hwgen.flow.families import FAMILIES
from hwgen.flow.resources import count
from hwgen.workshop import workshop
from rtl_templates.cells.mac import MacArray
from rtl_templates.cells.mac_plan import lutram


@pytest.mark.slow
def test_tables_of_any_number_of_pages(tmp_path):
    path, every = tmp_path / "mac.il", Module()
    arrays = [MacArray(lanes=16, columns=8, weight_bits=4, pages=pages, x_bits=18, target=6)
              for pages in (1, 2, 4, 7, 9)]
    every.submodules += arrays
    ports = [port for array in arrays for _, _, port in array.signature.flatten(array)]
    path.write_text(rtlil.convert(every, name="top", ports=ports))
    with workshop() as shop:
        done = shop.run(yosys._command(shop.path / "part", [
            f"read_rtlil {path}", "delete t:$print t:$check",
            f"{FAMILIES['xcup'].synth} -top top"]))
        used = count(yosys._cells(shop.path / "part", done), FAMILIES["xcup"])
    assert used.lutram == sum(lutram(*memory) for array in arrays for memory in array.plan.memories(1))


def test_a_damaged_entry_of_the_cache_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("HWGEN_CACHE", str(tmp_path))
    cells = {"LUT6": 7, "FDRE": 2}
    yosys._keep("key", cells)
    assert yosys._kept("key") == cells
    assert yosys._kept("another") is None
    path = tmp_path / "yosys" / "key.cells.json"
    text = path.read_text()
    (tmp_path / "yosys" / "another.cells.json").write_text(text)
    assert yosys._kept("another") is None
    for damaged in ("", "[]", "[" * 100_000, "{}", text.replace("7", "8"), text.replace("LUT6", "LUT5"), "\ud800"):
        path.write_text(damaged, errors="surrogatepass")
        assert yosys._kept("key") is None
