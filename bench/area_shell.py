"""Area of the shell on UltraScale+ by Yosys, block by block: ``python bench/area_shell.py [servers] [groups]``.

Counts are Yosys's (``synth_xilinx -family xcup -abc9 -flatten``), not Vivado's.
"""

import sys
import tempfile
import time
from pathlib import Path

from amaranth.back import rtlil
from pyosys import libyosys

from rtl_templates.axi_lite import RegisterFile
from rtl_templates.control import Control
from rtl_templates.counters import Counters
from rtl_templates.loader import Loader
from rtl_templates.registers import REGISTERS, constants
from rtl_templates.sequencer import Sequencer
from rtl_templates.store import Store


def area(component, name):
    """Cells of one component: LUTs, LUTRAM sites, carry chains, flip-flops, block RAM, DSP."""
    design = libyosys.Design()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.il"
        path.write_text(rtlil.convert(component, name=name, emit_src=False))
        for command in (f"read_rtlil {path}", "delete t:$meminit*",
                        f"synth_xilinx -family xcup -abc9 -flatten -noiopad -noclkbuf -top {name}"):
            libyosys.run_pass(f"tee -q {command}", design)
    cells: dict[str, int] = {}
    for module in design.modules_.values():
        for cell in module.cells_.values():
            kind = cell.type.str().lstrip("\\")
            cells[kind] = cells.get(kind, 0) + 1
    memory = {"RAM32M16": 8, "RAM32M": 4, "RAM64M8": 8, "RAM64M": 4, "RAM32X1D": 2, "RAM64X1D": 2}
    return {
        "LUT": sum(count for kind, count in cells.items() if kind.startswith("LUT") or kind.startswith("INV")),
        "LUTRAM": sum(count * memory.get(kind, 1) for kind, count in cells.items() if kind.startswith("RAM")
                      and not kind.startswith("RAMB")),
        "SRL": sum(count for kind, count in cells.items() if kind.startswith("SRL")),
        "CARRY8": cells.get("CARRY8", 0) + cells.get("CARRY4", 0),
        "FF": sum(count for kind, count in cells.items() if kind in ("FDRE", "FDSE", "FDCE", "FDPE")),
        "BRAM": sum(count for kind, count in cells.items() if kind.startswith("RAMB")),
    }


def main():
    servers, groups = (int(value) for value in (sys.argv[1:] + ["16", "4"][len(sys.argv) - 1:])[:2])
    hardware = {entry.name.lower(): 1 for entry in REGISTERS if entry.access == "const"}
    blocks = {
        "registers": RegisterFile(constants=constants(hardware)),
        "loader": Loader(),
        "store": Store(servers=servers, word_bits=128, address_bits=10),
        "sequencer": Sequencer(groups=groups, servers=servers),
        "counters": Counters(groups=groups, servers=servers),
        "control": Control(),
    }
    total: dict[str, int] = {}
    print(f"{servers} servers, {groups} groups\n{'block':10s} {'LUT':>6} LUTRAM   SRL CARRY8    FF  BRAM      s")
    for name, component in blocks.items():
        began = time.perf_counter()
        counts = area(component, name)
        for kind, count in counts.items():
            total[kind] = total.get(kind, 0) + count
        print(f"{name:10s} " + " ".join(f"{count:6d}" for count in counts.values())
              + f" {time.perf_counter() - began:6.1f}", flush=True)
    print(f"{'sum':10s} " + " ".join(f"{count:6d}" for count in total.values()))


if __name__ == "__main__":
    main()
