"""``driver/``: Python that runs on a PYNQ board without the tool chain, and the same protocol in C."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from boards import Board
from rtl_templates.shell.registers import from_dict, to_c_header

from .ip_xact import REGISTER_BYTES
from .template import text
from .vivado import control_base

__all__ = ["PACKAGE", "driver_files"]

#: Below ``driver/``: modules of hwgen under another name, as they are.
PACKAGE = "hwgen_board"

_C = ("hwgen.h", "hwgen.c", "platform.h", "platform_linux.h", "platform_linux.c", "example.c")
_LAUNCHER = f'''"""Play this build's golden vectors on this board: python3 driver/validate.py --help"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from {PACKAGE}.driver.validate import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[1]))
'''


def driver_files(board: Board, design: Mapping[str, Any]) -> dict[str, str]:
    """Files of ``driver/``; none for a board without a Zynq.

    Parameters
    ----------
    board : Board
    design : mapping
        The content of ``design.json``.
    """
    base = control_base(board)
    if base is None:
        return {}
    own = files("hwgen")
    modules = sorted(each.name for each in (own / "driver").iterdir() if each.name.endswith(".py"))
    c_files = {name: text(f"c/{name}") for name in _C}
    c_files["hwgen_registers.h"] = to_c_header(from_dict(design["registers"]))
    c_files["hwgen_board.h"] = (f"/* Where vivado/build.tcl puts the registers on {board.title}. */\n"
                                f"#define HWGEN_CONTROL_BASE 0x{base:08X}u\n"
                                f"#define HWGEN_CONTROL_BYTES {REGISTER_BYTES}u\n")
    return {
        "validate.py": _LAUNCHER,
        f"{PACKAGE}/__init__.py": '"""Modules of hwgen that run on a board; see hwgen_board/driver/__init__.py."""\n',
        f"{PACKAGE}/errors.py": (own / "errors.py").read_text(encoding="utf-8"),
        **{f"{PACKAGE}/driver/{name}": (own / "driver" / name).read_text(encoding="utf-8") for name in modules},
        **{f"c/{name}": content for name, content in c_files.items()}}
