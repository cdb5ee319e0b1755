"""``hwgen demo``: the whole way, on data that ships inside a dependency."""

from pathlib import Path

import click

from ..flow.wishes import Wishes
from .build import run_build
from .console import Console, common
from .train import run_training

__all__ = ["demo"]


@click.command()
@click.option("--board", default="ultra96", show_default=True, help="See `hwgen boards`.")
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("build"), show_default=True,
              help="Folder for the checkpoint and the build.")
@common
def demo(console: Console, board: str, out: Path) -> None:
    """Train on scikit-learn's digits, build for a board, prove the hardware bit-exact, report. Downloads nothing.

    \b
    The same by hand:
      hwgen train --data digits -o build/digits.pt
      hwgen build build/digits.pt --board ultra96 --groups 1 --servers 8 -o build/digits-ultra96
    """
    checkpoint = out / "digits.pt"
    out.mkdir(parents=True, exist_ok=True)
    training = run_training(console, output=checkpoint, data="digits")
    facts, exact = run_build(console, checkpoint, board, Wishes(hardware={"groups": 1, "servers": 8}),
                             out=out / f"digits-{Path(board).stem}")
    console.say("", head=f"bit-exact = {'yes' if exact else 'no'}")
    console.result({"training": training, **facts})
    if not exact:
        raise SystemExit(1)
