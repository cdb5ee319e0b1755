"""RTLIL to Verilog with Yosys, run as its own process: ``python -m hwgen.flow.convert in.il out.v``.

A fresh process each time, because Yosys numbers what it creates from a counter that lives as long as the process:
only so do equal inputs give equal bytes.
"""

import sys

__all__ = ["PASSES", "convert"]

#: Memories lose their initial contents: they are loaded over AXI, and a line per word would make megabytes.
#: Wires of no width go: Yosys would write them as ``[-1:0]``, which is two bits.
PASSES = (
    "proc -noopt -nomux -norom",
    "delete t:$meminit*",
    "delete s:0",
    "memory_collect",
    "attrmap -remove src -remove generator -remove top",
    "attrmap -modattr -remove src -remove generator -remove top",
)


def convert(rtlil: str, verilog: str) -> None:
    """Read the file ``rtlil`` and write the file ``verilog``."""
    from pyosys import libyosys

    design = libyosys.Design()
    for command in (f"read_rtlil {rtlil}", *PASSES, f"write_verilog {verilog}"):
        libyosys.run_pass(f"tee -q {command}", design)


if __name__ == "__main__":
    convert(sys.argv[1], sys.argv[2])
