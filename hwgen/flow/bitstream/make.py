"""A build folder to ``bitstream/``: top, constraints, netlist, placed and routed, packed."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import boards
from boards import Bitstream, Board

from ...errors import HwgenError
from ...progress import SILENT, Expected, Progress
from ...workshop import Command, Workshop, workshop
from ..config import load_config
from ..families import family_of
from ..folder import to_json, write_folder
from ..manifest import check_build
from ..yosys import WORKER, check_ended
from .constraints import constraints
from .facts import FACTS, FOLDER, BitstreamFacts
from .timing import Routed, read_timing
from .tools import FLOWS, Flow, pack_words, place_words, run_tool, versions
from .top import PATIENCE_S, SERIAL_TOP, choose_clock, divisor_of, top_verilog

__all__ = ["check_board", "make_bitstream"]

#: Seconds and megabytes of place and route, by the megabyte of the netlist: 240 and 850 of the smallest design's 21.
SECONDS_PER_MB, MB_PER_MB = 12.0, 40.0


def make_bitstream(build: Path, board: Board | None = None, *, mhz: float | None = None,
                   progress: Progress = SILENT) -> BitstreamFacts:
    """Make a build's bitstream; ``bitstream/`` is written whole or not at all.

    Parameters
    ----------
    build : Path
        A build folder.
    board : Board or None
        The build's own, where it is not one that comes with hwgen.
    mhz : float or None
        The accelerator's clock; None: the board's.

    Raises
    ------
    HwgenError
        Not a build; a board without pins; a clock that cannot be made, or that the routed design does not reach.
    ToolError
        A tool is missing or failed.
    """
    check_build(build)
    board = board or boards.load(load_config(build).board)
    flow, pins, tools = check_board(board)
    clock = choose_clock(board.family, pins.pin_mhz, pins.clock_mhz if mhz is None else mhz)
    divisor = divisor_of(clock, pins.baud)
    seconds: dict[str, float] = {}
    with workshop() as shop:
        design = (build / f"design_{board.family}.v").read_text(encoding="utf-8")
        with progress.step("bitstream: generating the top"):
            top = top_verilog(clock, divisor=divisor, patience=round(PATIENCE_S * clock.mhz * 1e6))
        (shop.path / "top.v").write_text(f"{top}\n{design}")
        (shop.path / flow.pins).write_text(constraints(board.flow, pins))
        began = time.monotonic()
        with progress.step("bitstream: synthesizing with Yosys"):
            _synthesize(shop, board)
        seconds["synthesis"], began = _since(began)
        size = (shop.path / "top.json").stat().st_size / 1e6
        with progress.step("bitstream: placing and routing with nextpnr",
                           Expected(SECONDS_PER_MB * size, megabytes=MB_PER_MB * size)):
            run_tool(shop, flow.place, place_words(board, clock.mhz))
        seconds["place and route"], began = _since(began)
        with progress.step("bitstream: packing"):
            run_tool(shop, flow.pack, pack_words(board))
        seconds["packing"], began = _since(began)
        routed = read_timing(json.loads((shop.path / "timing.json").read_text()))
        _check(routed, clock.mhz, build)
        facts = BitstreamFacts(
            board=board.name, file=flow.bits, baud=round(clock.mhz * 1e6 / divisor), clock_mhz=clock.mhz,
            routed_mhz=routed.mhz, slowest=routed.path, used=dict(routed.used), tools=tools, seconds=seconds,
            program=f"{flow.program} {FOLDER}/{flow.bits}")
        names = (flow.bits, flow.pins, "place.log")
        write_folder(build / FOLDER, {**{name: (shop.path / name).read_bytes() for name in names}, "top.v": top,
                                      FACTS: to_json(asdict(facts))})
    return facts


def check_board(board: Board) -> tuple[Flow, Bitstream, dict[str, str]]:
    """Tools, pins, and versions of the tools.

    Raises
    ------
    HwgenError
        No pins are known, or no open tool knows the part.
    ToolError
        A tool is missing.
    """
    if board.bitstream is None or board.flow not in FLOWS:
        known = [name for name in boards.names() if boards.load(name).bitstream is not None]
        raise HwgenError(f"no open tools make a bitstream for {board.name}", f"board {board.name}",
                         f"build for {', '.join(known)}; vivado/ of a build has a project for the other boards")
    flow = FLOWS[board.flow]
    return flow, board.bitstream, versions(flow)


def _since(began: float) -> tuple[float, float]:
    now = time.monotonic()
    return round(now - began, 1), now


def _synthesize(shop: Workshop, board: Board) -> None:
    """``top.json``, with buffers for pins and clocks."""
    synth = family_of(board).synth + FLOWS[board.flow].synth
    for option in (" -noiopads", " -noiopad", " -noclkbuf"):
        synth = synth.replace(option, "")
    (shop.path / "script.ys").write_text(f"read_verilog top.v\n{synth} -top {SERIAL_TOP} -json top.json\n")
    check_ended(shop.run(Command(words=[sys.executable, "-c", WORKER, "script.ys"])), shop.path / "top.json")


def _check(routed: Routed, mhz: float, build: Path) -> None:
    """Hold the routed clock against the one that the design will have."""
    if routed.mhz < mhz:
        raise HwgenError(f"the routed design reaches {routed.mhz:.1f} MHz, not {mhz:g}; the slowest path is from "
                         f"{routed.path}", str(build),
                         f"make it again with --mhz {int(routed.mhz)}, or build a smaller design")
