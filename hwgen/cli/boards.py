"""``hwgen boards``: what the accelerator can be built for."""

from dataclasses import asdict

import click

from .console import Console, common

__all__ = ["boards"]


@click.command()
@common
def boards(console: Console) -> None:
    """List the boards: part, totals, and the clock that estimates assume.

    Your own board is a TOML file of the same form: give its path to `hwgen build --board`.
    """
    import boards as known

    from ..flow.families import family_of

    every = [known.load(name) for name in known.names()]
    rows = [(board.name, board.part, f"{board.resources.lut:,}", f"{board.resources.ff:,}", board.resources.bram36,
             board.resources.uram, board.resources.dsp, f"{board.clock.assumed_mhz} MHz",
             family_of(board).title, board.flow)
            for board in every]
    console.table("Boards", ("name", "part", "LUT", "FF", "BRAM36", "URAM", "DSP", "assumed clock", "family",
                             "flow"), rows)
    console.result({board.name: asdict(board) for board in every})
