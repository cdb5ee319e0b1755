"""Options that several verbs share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..flow.wishes import Wishes
from ..targets import OPTIONS, TARGETS, Option

__all__ = ["BUILD", "design_options", "wishes_from"]

BUILD = click.Path(path_type=Path)


def design_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add everything that a user may wish of a design; what is left out is chosen for the network and the board."""
    config = click.option("--config", type=click.Path(path_type=Path),
                          help="config.json of a build, edited; options go over it.")
    target = click.option("--target", type=click.Choice(TARGETS),
                          help="The kind of hardware.  [default: the fastest that fits the board]")
    added: list[Callable[[Callable[..., Any]], Callable[..., Any]]] = [
        config, *(_option(each) for each in reversed(OPTIONS)), target]
    for option in added:
        function = option(function)
    return function


def wishes_from(options: dict[str, Any]) -> Wishes:
    """Take what :func:`design_options` added out of a verb's options; below them what the config says."""
    from ..flow.config import wishes_of

    config, target = options.pop("config"), options.pop("target")
    given = {each.name: options.pop(each.name) for each in OPTIONS}
    return Wishes.of(given, target=target).over(wishes_of(config))


def _option(option: Option) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A wish as an option; its help says which targets have it, unless all do."""
    text = option.help if option.targets == TARGETS else f"{option.help}  [{', '.join(option.targets)}]"
    if option.values == (0, 1):
        return click.option(f"{option.flag}/--no-{option.name}", default=None, help=text)
    if option.values:
        return click.option(option.flag, type=click.Choice([str(value) for value in option.values]), help=text)
    return click.option(option.flag, type=click.IntRange(1), help=text)
