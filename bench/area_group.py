"""Area of a group by Yosys (``synth_xilinx -family xcup``), for every digit size: LUT, FF, BRAM36.

    python bench/area_group.py [--digits 1 2 4] [--parts]

Counts are Yosys's, not a vendor's: LUT1 to LUT6, distributed memory and shift registers are LUTs; a RAMB18 is
half a BRAM36. Yosys packs no output register into a block memory, so those count as flip-flops.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from amaranth import Elaboratable
from amaranth.back import rtlil  # type: ignore[attr-defined]

from rtl_templates.bank import Bank
from rtl_templates.clos import Clos
from rtl_templates.group import Group
from rtl_templates.lane import ProcessingElement

SHAPE = {"lanes": 16, "code_bits": 4, "acc_bits": 12}


#: Yosys talks; in a process of its own what it says is easily dropped.
WORKER = "import sys; from pyosys import libyosys as ys; ys.run_pass('script ' + sys.argv[1], ys.Design())"


def synthesize(design: Elaboratable) -> Counter[str]:
    """Cells of a flattened design after synthesis, by type."""
    with tempfile.TemporaryDirectory() as folder:
        source, script, listing = (Path(folder, name) for name in ("top.il", "script.ys", "stat.json"))
        source.write_text(rtlil.convert(design, name="top"))
        script.write_text(f"""read_rtlil {source}
synth_xilinx -family xcup -abc9 -flatten -noiopad -noclkbuf -top top
tee -q -o {listing} stat -json
""")
        subprocess.run([sys.executable, "-c", WORKER, str(script)], check=True, stdout=subprocess.DEVNULL)
        cells = json.loads(listing.read_text())["design"]["num_cells_by_type"]
    return Counter({name: int(count) for name, count in cells.items()})


def area(cells: Counter[str]) -> dict[str, float]:
    """LUT, FF, BRAM36, and the LUTs that are memory, out of cell counts."""
    sites = {"RAM32M16": 8, "RAM64M8": 8, "RAM32M": 4, "RAM64M": 4, "RAM128X1D": 4}
    memory = sum(count * sites.get(name, 1) for name, count in cells.items()
                 if name.startswith(("RAM32", "RAM64", "RAM128", "RAM256", "SRL")))
    logic = sum(count for name, count in cells.items() if name.startswith("LUT"))
    return {
        "LUT": logic + memory,
        "memory LUT": memory,
        "FF": sum(count for name, count in cells.items() if name.startswith("FD")),
        "BRAM36": cells["RAMB36E2"] + cells["RAMB18E2"] / 2,
    }


def main() -> None:
    """Print a line per design."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--parts", action="store_true", help="also its parts, each alone")
    arguments = parser.parse_args()
    for digit in arguments.digits:
        designs: dict[str, Elaboratable] = {
            "group": Group(**SHAPE, digit=digit, bank_depth=512, slots=1280)}
        if arguments.parts:
            designs |= {
                "bank": Bank(depth=512 * SHAPE["code_bits"] // digit, word_bits=SHAPE["lanes"] * digit),
                "clos": Clos(word_bits=SHAPE["lanes"] * digit),
                "element": ProcessingElement(**SHAPE, digit=digit),
            }
        for name, design in designs.items():
            figures = "  ".join(f"{key} {value:g}" for key, value in area(synthesize(design)).items())
            print(f"digit {digit}  {name:8}{figures}", flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
