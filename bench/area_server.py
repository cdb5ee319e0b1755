# amaranth: UnusedElaboratable=no
"""Area of one server by Yosys, ``synth_xilinx -family xcup -abc9 -flatten``, without the probes and for four groups.

    python bench/area_server.py [name=value ...]      for instance  lanes=32 planes=2 primitives=0

LUT counts LUT1 to LUT6, LUT6_2, shift registers and distributed memory by the LUTs each takes. Yosys, not Vivado.
"""

import json
import sys
import tempfile
from pathlib import Path

from amaranth import Module
from amaranth.back import rtlil
from amaranth.lib import wiring
from amaranth.lib.wiring import flipped
from pyosys import libyosys

from rtl_templates.server import Server

SHAPE = {
    "servers": 16, "ports": 4, "lanes": 16, "code_bits": 4, "digit": 4, "acc_bits": 12, "bank_depth": 512,
    "param_depth": 512, "result_depth": 512, "feature_depth": 0, "requant_lanes": 8, "mac_columns": 8,
    "weight_bits": 4, "planes": 1, "pages": 1, "column_depth": 32, "primitives": 1,
}
#: LUTs of a cell; cells of one LUT are found by their names.
LUTRAM = {"RAM32M": 4, "RAM32M16": 8, "RAM64M": 4, "RAM64M8": 8, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4,
          "RAM32X1S": 1, "RAM64X1S": 1, "RAM128X1S": 2, "RAM256X1S": 4, "RAM512X1S": 8, "RAM256X1D": 8,
          "RAM32X16DR8": 8, "RAM64X8SW": 8}
PROBES = ("row_valid", "row_bank", "row_address", "row_data", "act_valid", "act_data")


class WithoutProbes(wiring.Component):
    """A server as it is built: nobody reads the probes."""

    def __init__(self, server: Server) -> None:
        self.server = server
        super().__init__(wiring.Signature({name: member for name, member in server.signature.members.items()
                                           if name not in PROBES}))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.server = self.server
        for name, member in self.signature.members.items():
            mine, theirs = getattr(self, name), getattr(self.server, name)
            if member.is_port and not member.dimensions:
                m.d.comb += theirs.eq(mine) if member.flow == wiring.In else mine.eq(theirs)
            elif member.is_port:
                m.d.comb += [b.eq(a) if member.flow == wiring.In else a.eq(b)
                             for a, b in zip(mine, theirs, strict=True)]
            elif member.dimensions:
                for a, b in zip(mine, theirs, strict=True):
                    wiring.connect(m, flipped(a), b)
            else:
                wiring.connect(m, flipped(mine), theirs)
        return m


def area(**shape: int) -> dict[str, int]:
    """Cells of one server: every cell type, and the sums LUT, FF, DSP and BRAM36."""
    top = WithoutProbes(Server(**{**shape, "primitives": bool(shape["primitives"])}))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "server.il")
        path.write_text(rtlil.convert(top, name="top"))
        design = libyosys.Design()
        for command in (f"read_rtlil {path}", "delete t:$print t:$check",
                        "synth_xilinx -family xcup -abc9 -flatten -noiopad -top top",
                        f"tee -q -o {folder}/stat.json stat -json"):
            libyosys.run_pass(command if command.startswith("tee") else f"tee -q {command}", design)
        cells = json.loads(Path(folder, "stat.json").read_text())["design"]["num_cells_by_type"]
    lut = sum(n * LUTRAM.get(name, name.startswith(("LUT", "SRL"))) for name, n in cells.items())
    return {**cells, "LUT": lut, "FF": sum(n for name, n in cells.items() if name.startswith("FD")),
            "DSP": cells.get("DSP48E2", 0),
            "BRAM36 halves": 2 * cells.get("RAMB36E2", 0) + cells.get("RAMB18E2", 0)}


if __name__ == "__main__":
    given = {key: int(value) for key, value in (argument.split("=") for argument in sys.argv[1:])}
    for key, value in sorted(area(**{**SHAPE, **given}).items()):
        print(f"{key:16} {value}")
