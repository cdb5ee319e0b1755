"""What Yosys is asked to map, it can map."""

import pytest
from amaranth.back import rtlil

from hwgen.flow import yosys
from hwgen.flow.families import FAMILIES
from hwgen.flow.resources import count
from hwgen.workshop import workshop
from rtl_templates.cells.mac import MacArray
from rtl_templates.cells.mac_plan import lutram


@pytest.mark.slow
@pytest.mark.parametrize("pages", [1, 2, 4, 7, 9])
def test_tables_of_any_number_of_pages(pages, tmp_path):
    path = tmp_path / "mac.il"
    array = MacArray(lanes=16, columns=8, weight_bits=4, pages=pages, x_bits=18, target=6)
    path.write_text(rtlil.convert(array, name="top"))
    with workshop() as shop:
        done = shop.run(yosys._command(shop.path / "part", [
            f"read_rtlil {path}", "delete t:$print t:$check",
            f"{FAMILIES['xcup'].synth} -top top"]))
        used = count(yosys._cells(shop.path / "part", done), FAMILIES["xcup"])
    assert used.lutram == sum(lutram(*memory) for memory in array.plan.memories(1))


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
