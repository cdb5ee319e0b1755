"""Options that several verbs share."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import HwgenError

if TYPE_CHECKING:
    from ..network.network import Network
    from ..network.sample import Sample

__all__ = ["BUILD", "hardware_options", "hardware_overrides", "is_banked", "lists_wishes", "verify_options"]

BUILD = click.Path(path_type=Path)

_HARDWARE = (
    click.option("--units", type=click.Choice(["1", "2", "4"]),
                 help="Pipelines, each with a copy of the node buffer.  [graph-level]"),
    click.option("--lanes", type=click.IntRange(8, 64),
                 help="Channels of a buffer word and columns of the MAC array: a multiple of 8.  [graph-level]"),
    click.option("--graphs", type=click.IntRange(1),
                 help="Graphs of mean size that a batch has room for.  [graph-level; default: 8]"),
    click.option("--windows/--no-windows", default=None,
                 help="Run graphs by windows of rows, or never.  [graph-level; default: where no design holds them]"),
    click.option("--groups", type=click.IntRange(1, 4), help="Groups of 16 processing elements: 1 to 4."),
    click.option("--digit", type=click.Choice(["1", "2", "4", "8"]),
                 help="Bits of a code that are added per cycle; 1 is the bit-serial array.  [default: 4]"),
    click.option("--servers", type=click.Choice(["4", "8", "16"]), help="Requantize-and-combine units."),
    click.option("--requant-lanes", type=click.Choice(["1", "2", "4", "8"]),
                 help="Requantizers of a server, or of a pipeline."),
    click.option("--planes", type=click.Choice(["1", "2"]), help="Activation bit planes a cycle of the MAC array."),
    click.option("--bank-depth", type=click.IntRange(1), help="Rows of a bank: a power of two."),
    click.option("--slots", type=click.IntRange(1), help="Slots of the schedule memory."),
)
_VERIFY = (
    click.option("--stalls", type=int, metavar="SEED", help="Random back-pressure on every AXI channel."),
    click.option("--trace", type=click.Choice(["vcd", "fst"]), help="Write a waveform of the run."),
)
_SHARED = ("requant_lanes",)
_NODE = ("groups", "digit", "servers", "planes", "bank_depth", "slots")
_STREAM = ("units", "lanes", "graphs", "windows")


def hardware_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add every hardware parameter a user may choose; what is left out is chosen for the model."""
    for option in reversed(_HARDWARE):
        function = option(function)
    return function


def hardware_overrides(options: dict[str, Any]) -> dict[str, int]:
    """Take the hardware parameters that were given out of a verb's options."""
    given = {name: options.pop(name) for name in (*_NODE, *_SHARED, *_STREAM)}
    return {name: int(value) for name, value in given.items() if value is not None}


def lists_wishes(given: Mapping[str, int]) -> dict[str, Any]:
    """What :func:`hardware_overrides` took, as :func:`hwgen.targets.lists.pipeline.build` wants it."""
    windows = given.get("windows")
    return {"graphs": given.get("graphs"), "windows": None if windows is None else bool(windows),
            "hardware": {name: value for name, value in given.items() if name not in ("graphs", "windows")}}


def is_banked(network: "Network", sample: "Sample", given: Mapping[str, int], config: Path | None) -> bool:
    """Whether a network goes to the banked organisation: a chain of GCN layers that nothing asks otherwise for.

    Parameters
    ----------
    given : mapping
        What :func:`hardware_overrides` took.
    config : Path or None
        ``config.json`` of another build.

    Raises
    ------
    HwgenError
        A parameter of the other organisation.
    """
    from ..targets.banked.accepts import accepts
    from ..targets.lists.config import names_lists

    node, stream = ([_flag(name) for name in given if name in names] for names in (_NODE, _STREAM))
    if accepts(network, sample) is None:
        if config is not None and names_lists(config):
            stream.append("--config")
        if node and stream:
            raise HwgenError(f"{node[0]} is an option of the node-level organisation, {stream[0]} one of the "
                             f"graph-level one", node[0], "leave one of them out")
        return not stream
    if node:
        raise HwgenError(f"{node[0]} is an option of the node-level organisation; {network.name} is a network "
                         f"of its own, for the graph-level organisation", node[0],
                         f"leave it out; {', '.join(map(_flag, (*_STREAM, *_SHARED)))} can be chosen")
    return False


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def verify_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a cosimulation can be told."""
    for option in reversed(_VERIFY):
        function = option(function)
    return function
