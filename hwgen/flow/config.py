"""``config.json``: every choice that made a design; it makes the same design again, or gives wishes to a build."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from ..errors import HwgenError
from ..files import read_json
from ..network.sample import Limits
from .folder import to_json
from .wishes import Wishes

__all__ = ["CONFIG", "Config", "RunKind", "load_config", "wishes_of"]

#: Below a build folder.
CONFIG = "config.json"

#: What a design loads, runs and stores at once: a whole graph, a batch of graphs, or a window of rows.
RunKind = Literal["graph", "batch", "window"]

_BUILD = "give a build's config.json"


@dataclass(frozen=True, kw_only=True)
class Config:
    """The design of a build. With the network it determines every image.

    Parameters
    ----------
    board, target : str
        Names.
    runs : "graph", "batch" or "window"
    hardware : mapping
        Every hardware parameter.
    capacity : mapping
        What the largest run has room for, by names of the target; none by windows.
    limits : Limits
        Of single graphs, by the names of options: ranges are proved within them.
    """

    board: str
    target: str
    runs: RunKind
    hardware: Mapping[str, int]
    capacity: Mapping[str, int]
    limits: Limits

    def to_text(self) -> str:
        """The content of the file."""
        return to_json({**asdict(self), "limits": self.limits.to_dict()})


def load_config(build: Path) -> Config:
    """The configuration of a build folder.

    Raises
    ------
    HwgenError
        Not a build, or a file that lacks something.
    """
    path = build / CONFIG
    content = read_json(path)
    try:
        config = Config(
            board=str(content["board"]), target=str(content["target"]), runs=content["runs"],
            hardware=_integers(content, "hardware", path), capacity=_integers(content, "capacity", path),
            limits=Limits.from_dict(content["limits"]))
    except (KeyError, TypeError, ValueError) as error:
        raise HwgenError(f"entry {error} is missing or malformed", str(path),
                         "name a folder that hwgen build wrote with this version") from None
    if config.runs not in get_args(RunKind):
        raise HwgenError(f"runs is {config.runs!r}", f"{path}: runs", f"use {', '.join(get_args(RunKind))}")
    return config


def wishes_of(path: Path | None) -> Wishes:
    """What a ``config.json``, edited or not, leaves no choice of; a file may have ``hardware`` only.

    Raises
    ------
    HwgenError
        Not such a file, or a value that is no integer.
    """
    if path is None:
        return Wishes()
    content = read_json(path)
    if "hardware" not in content:
        raise HwgenError("not a configuration", str(path), f'{_BUILD}: {{"hardware": {{...}}}}')
    graphs = _integers(content, "capacity", path).get("graphs") if content.get("runs") == "batch" else None
    target = content.get("target")
    return Wishes(target=None if target is None else str(target), hardware=_integers(content, "hardware", path),
                  graphs=graphs, windows=True if content.get("runs") == "window" else None,
                  limits=_limits(content, path))


def _limits(content: Mapping[str, Any], path: Path) -> dict[str, float]:
    """Limits by name; means are no integers."""
    given = content.get("limits", {})
    means = {name: value for name, value in given.items() if name.startswith("mean_") and isinstance(value, float)
             and 0 <= value < float("inf")} if isinstance(given, dict) else {}
    rest = {name: value for name, value in given.items() if name not in means} if means else given
    return {**_integers({"limits": rest}, "limits", path), **means}


def _integers(content: Mapping[str, Any], key: str, path: Path) -> dict[str, int]:
    """A mapping of names to integers."""
    items = content.get(key, {})
    if not isinstance(items, dict):
        raise HwgenError(f"{key} is {items!r}", f"{path}: {key}", f"{_BUILD}: {key} has names and integers")
    for name, value in items.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise HwgenError(f"{name} is {value!r}", f"{path}: {key}", "make it an integer")
    return dict(items)
