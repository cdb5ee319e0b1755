"""``hwgen bitstream``: a build to a bitstream by open tools."""

from dataclasses import asdict
from pathlib import Path

import click

from ..flow.bitstream.facts import FOLDER, BitstreamFacts
from .console import Console, common
from .options import BUILD

__all__ = ["bitstream", "show_bitstream"]


@click.command()
@click.argument("build", type=BUILD)
@click.option("--board", help="The board's own TOML file, where it is none of `hwgen boards`.")
@click.option("--mhz", type=click.FloatRange(1, 1000), help="The accelerator's clock.  [default: the board's]")
@common
def bitstream(console: Console, build: Path, board: str | None, mhz: float | None) -> None:
    """Make the bitstream of a build, with Yosys and nextpnr from the package index.

    \b
    pip install 'hwgen[bitstreams]'
    hwgen build model.pt --board ulx3s-85f            a build
    hwgen bitstream build/model-ulx3s-85f             BUILD/bitstream: pins, top, log, accelerator.bit
    hwgen bitstream build/model-ulx3s-85f --mhz 40    at another clock

    It has a serial line in place of a memory bus: hwgen.Accelerator(BUILD, backend="serial", port="/dev/ttyUSB0").
    A clock that the routed design does not reach is refused, and the slowest path named. Place and route is
    WebAssembly: minutes for a small design, an hour for one that fills the board.
    """
    import boards as known

    from ..flow.bitstream.make import make_bitstream

    facts = make_bitstream(build, None if board is None else known.load(board), mhz=mhz, progress=console)
    show_bitstream(console, facts)
    console.say(f"bitstream: {build / FOLDER / facts.file}")
    console.result({"bitstream": str(build / FOLDER / facts.file), **asdict(facts)})


def show_bitstream(console: Console, facts: BitstreamFacts) -> None:
    """Print what came out."""
    rows = [
        ("board", facts.board),
        ("clock", f"{facts.clock_mhz:g} MHz; the routed design reaches {facts.routed_mhz:.1f} MHz"),
        ("slowest path", facts.slowest),
        ("serial line", f"{facts.baud:,} baud"),
        *((f"{cell} used", f"{used:,} of {most:,} ({used / most:.0%})") for cell, (used, most) in facts.used.items()),
        *((f"time of {name}", f"{seconds:.0f} s") for name, seconds in facts.seconds.items()),
        *((f"version of {name}", version) for name, version in facts.tools.items()),
        ("to load it", facts.program),
    ]
    console.table("Bitstream", ("what", "value"), rows)
