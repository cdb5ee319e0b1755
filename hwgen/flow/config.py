"""``config.json``: every choice that made a design; it makes the same design again, or gives wishes to a build."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal, TypedDict, cast

from ..documents import read_json
from ..errors import HwgenError
from ..kinds import Count, Within
from ..network.limit_names import LIMITS, OF_EDGES
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
    capacity: Mapping[str, Count]
    limits: Limits

    def to_text(self) -> str:
        """The content of the file."""
        return to_json({**asdict(self), "limits": self.limits.to_dict()})


_Mean = Annotated[float, Within(0, 1 << 53)]


class _Limits(TypedDict, total=False):
    """By the names of options."""

    max_nodes: Count
    max_edges: Count
    max_nonzeros: Count
    max_degree: Count
    max_node_nonzeros: Count
    mean_nodes: _Mean
    mean_edges: _Mean
    mean_nonzeros: _Mean
    max_edge_sum: Count
    max_edge_entries: Count
    mean_edge_entries: _Mean


class _File(TypedDict):
    """What a build's file holds."""

    board: str
    target: str
    runs: RunKind
    hardware: dict[str, int]
    capacity: dict[str, Count]
    limits: _Limits


class _Given(TypedDict, total=False):
    """What a user's file may hold of it."""

    board: str
    target: str
    runs: RunKind
    hardware: dict[str, int]
    capacity: dict[str, Count]
    limits: _Limits


def load_config(build: Path) -> Config:
    """The configuration of a build folder.

    Raises
    ------
    HwgenError
        Not a build, or a file that lacks something or holds something else.
    """
    path, fix = build / CONFIG, "name a folder that hwgen build wrote with this version"
    found = read_json(_File, path, fix)
    missing = set(LIMITS) - set(OF_EDGES) - set(found["limits"])
    if missing:
        raise HwgenError(f"limits.{min(missing)} is missing", str(path), fix)
    return Config(board=found["board"], target=found["target"], runs=found["runs"], hardware=found["hardware"],
                  capacity=found["capacity"], limits=Limits.from_dict(cast("Mapping[str, float]", found["limits"])))


def wishes_of(path: Path | None) -> Wishes:
    """What a ``config.json``, edited or not, leaves no choice of; a file may have ``hardware`` only.

    Raises
    ------
    HwgenError
        Not such a file, or a value of another kind.
    """
    if path is None:
        return Wishes()
    given = read_json(_Given, path, f'{_BUILD}: {{"hardware": {{...}}}}, names and integers')
    if "hardware" not in given:
        raise HwgenError("not a configuration", str(path), f'{_BUILD}: {{"hardware": {{...}}}}')
    runs = given.get("runs")
    room = given.get("capacity", {}) if runs == "batch" else {}
    return Wishes(target=given.get("target"), hardware=given["hardware"], graphs=room.get("graphs"),
                  listed="nonzeros" in room if "nodes" in room else None,  # all of it: nothing is left out by hand
                  windows=True if runs == "window" else None,
                  limits=cast("Mapping[str, float]", given.get("limits", {})))
