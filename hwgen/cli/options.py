"""Options that several verbs share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["BUILD", "hardware_options", "hardware_overrides", "verify_options"]

BUILD = click.Path(path_type=Path)

_HARDWARE = (
    click.option("--groups", type=click.IntRange(1, 4), help="Groups of 16 processing elements: 1 to 4."),
    click.option("--digit", type=click.Choice(["1", "2", "4", "8"]),
                 help="Bits of a code that are added per cycle; 1 is the bit-serial array.  [default: 4]"),
    click.option("--servers", type=click.Choice(["4", "8", "16"]), help="Requantize-and-combine units."),
    click.option("--requant-lanes", type=click.Choice(["1", "2", "4", "8"]), help="Requantizers of a server."),
    click.option("--planes", type=click.Choice(["1", "2"]), help="Activation bit planes a cycle of the MAC array."),
    click.option("--bank-depth", type=click.IntRange(1), help="Rows of a bank: a power of two."),
    click.option("--slots", type=click.IntRange(1), help="Slots of the schedule memory."),
)
_VERIFY = (
    click.option("--stalls", type=int, metavar="SEED", help="Random back-pressure on every AXI channel."),
    click.option("--trace", type=click.Choice(["vcd", "fst"]), help="Write a waveform of the run."),
)
_NAMES = ("groups", "digit", "servers", "requant_lanes", "planes", "bank_depth", "slots")


def hardware_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add every hardware parameter a user may choose; what is left out is chosen for the model."""
    for option in reversed(_HARDWARE):
        function = option(function)
    return function


def hardware_overrides(options: dict[str, Any]) -> dict[str, int]:
    """Take the hardware parameters that were given out of a verb's options."""
    given = {name: options.pop(name) for name in _NAMES}
    return {name: int(value) for name, value in given.items() if value is not None}


def verify_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a cosimulation can be told."""
    for option in reversed(_VERIFY):
        function = option(function)
    return function
