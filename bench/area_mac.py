# amaranth: UnusedElaboratable=no
"""Look-up tables of MAC arrays by Yosys: docs/area_mac.md.

    python bench/area_mac.py                    # the page; minutes
    python bench/area_mac.py 64x64x4 16x16x4s2  # lanes x columns x weight bits, s: signed rows, 2: pages; printed only

The figure is LUTs per binary operation and cycle: a plane's bit times a bit of a weight. An array of two planes a cycle
does twice as many.
"""

import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from amaranth.back import rtlil
from synthesis import synthesize
from verification_table import table

from hwgen.flow.families import FAMILIES
from hwgen.flow.resources import Usage
from rtl_templates.banked.formats import Target
from rtl_templates.cells.mac import MacArray

PAGE = Path(__file__).parents[1] / "docs" / "area_mac.md"
NAME = re.compile(r"(\d+)x(\d+)x(\d)(p2)?(s?)(\d*)(b?)")
#: Arrays of the page, with the most that they may take, where that is a target.
ARRAYS: Mapping[str, float | None] = {
    "16x8x4": None, "16x16x4": 0.55, "32x32x4": None, "64x16x4": None, "64x64x4": 0.40, "64x16x2": None,
    "64x16x8": None, "16x16x4s": None, "64x16x4s": None, "16x16x42": None, "64x16x42": None, "16x16x4s2": 0.58,
    "64x16x4s2": 0.50, "32x32x4s7": None, "32x32x4s9b": None, "16x16x4p2": None, "64x16x4p2": None,
}
HEAD = """# Area of the MAC array

Made by `python bench/area_mac.py`.

Cells are Yosys's (`synth_xilinx -family xcup -abc9`), not a vendor's; look-up tables used as memory count by the sites
they take. The figure is LUTs per binary operation and cycle: of lanes × columns × bits of a weight × planes a cycle.
Results have 18 bits, in arrays for signed rows 24. The decision is [0020](decisions/0020-mac-tables.md).

"""


def array(name: str) -> MacArray:
    """The array of a name."""
    found = NAME.fullmatch(name)
    if found is None:
        raise SystemExit(f"{__doc__}\nnot an array: {name}")
    lanes, columns, bits = map(int, found.groups()[:3])
    return MacArray(lanes=lanes, columns=columns, weight_bits=bits, planes=2 if found[4] else 1,
                    pages=int(found[6] or 1), signed=bool(found[5]), x_bits=24 if found[5] else 18,
                    block=int(found[1]) if found[7] else 0, target=Target.TABLE, primitives=FAMILIES["xcup"].primitives)


def counted(name: str) -> tuple[Usage, float]:
    """Cells of an array, and its figure."""
    component = array(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "top.il"
        path.write_text(rtlil.convert(component, name="top", emit_src=False))
        used = synthesize([f"read_rtlil {path}", "delete t:$print t:$check t:$meminit*"], "top")
    bits = int(name.split("x")[2][0])
    return used, used.lut / (component.lanes * component.columns * bits * component.planes)


def row(name: str, limit: float | None) -> list[str]:
    """A line of the page."""
    used, figure = counted(name)
    mac = array(name)
    features = [*(["2 planes a cycle"] if mac.planes > 1 else []), *(["signed rows"] if mac.signed else []),
                f"{mac.pages} page" + ("s" if mac.pages > 1 else ""), *(["block memories"] if mac.block else [])]
    beats = sum(mac.plan.depth(number) for number in range(len(mac.plan.slices))) * len(mac.plan.chunks) // mac.pages
    return [f"{mac.lanes} × {mac.columns} × {name.split('x')[2][0]} bits", ", ".join(features),
            " ".join(str(each.inputs) for each in mac.plan.tables), f"{used.lut:,}", f"{used.lutram:,}", f"{used.ff:,}",
            f"{used.bram36:g}", str(beats), f"{figure:.3f}",
            "" if limit is None else f"{limit:.2f}" + (", missed" if figure > limit else "")]


def main() -> None:
    """Print some arrays, or make the page."""
    if names := sys.argv[1:]:
        for name in names:
            used, figure = counted(name)
            print(f"{name:12} {used.lut:6} LUT, {used.lutram:5} of them memory, {used.ff:6} FF, {used.bram36:g} BRAM36,"
                  f"{figure:7.3f} LUT per operation", flush=True)
        return
    rows = [row(name, limit) for name, limit in ARRAYS.items()]
    PAGE.write_text(HEAD + table(["array", "features", "inputs of its tables", "LUT", "of them memory", "FF", "BRAM36",
                                  "beats that load a page", "LUT per operation", "target"], rows), encoding="utf-8")


if __name__ == "__main__":
    main()
