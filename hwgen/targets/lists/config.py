"""``config.json`` of a build of the graph-level organisation, and the plan that it was made from."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from boards import Board

from ...errors import HwgenError
from ...files import read_json
from ...network.sample import Limits, Sample
from ...network.sample_store import load_sample
from ...network.store import load_network
from ..banked.design import read_hardware
from .candidates import Capacity
from .design import GRAPHS, BatchDesign, WindowDesign, design_as_built
from .hardware import Hardware

__all__ = ["MODEL", "SAMPLE", "config_of", "is_lists", "is_windowed", "load_design", "names_lists", "read_sample",
           "wanted_of"]

#: Below a build folder: the network, and its sample; a run folder has a sample of its own.
MODEL, SAMPLE = "model", "sample.npz"
CONFIG = "config.json"


def config_of(plan: BatchDesign | WindowDesign, limits: Limits, board: Board) -> dict[str, Any]:
    """The content of ``config.json``."""
    return {"board": board.name, "organisation": "stream", **plan.config, "limits": asdict(limits)}


def names_lists(config: Path) -> bool:
    """Whether a ``config.json`` is of the graph-level organisation; what is none is left to whoever takes it."""
    try:
        return bool(read_json(config).get("organisation") == "stream")
    except HwgenError:
        return False


def is_lists(build: Path) -> bool:
    """Whether a folder holds a build of the graph-level organisation.

    Raises
    ------
    HwgenError
        Not a build.
    """
    return bool(read_json(build / CONFIG).get("organisation") == "stream")


def is_windowed(build: Path) -> bool:
    """Whether the graphs of a build run by windows.

    Raises
    ------
    HwgenError
        Not a build.
    """
    return bool(read_json(build / CONFIG).get("windows"))


def load_design(build: Path) -> BatchDesign | WindowDesign:
    """The plan that a build folder was made from.

    Raises
    ------
    HwgenError
        Not a build of the graph-level organisation.
    """
    config = read_json(build / CONFIG)
    try:
        capacity = None if config.get("windows") else Capacity(**config["capacity"])
        limits, hardware = Limits(**config["limits"]), dict(config["hardware"])
    except (KeyError, TypeError):
        raise HwgenError("not a build of the graph-level organisation", str(build / CONFIG),
                         "name a folder that hwgen build wrote for a network of graphs") from None
    return design_as_built(load_network(build / MODEL), limits, capacity, hardware)


def read_sample(build: Path, run: Path | None = None) -> Sample:
    """The sample that a build was proved on, or the graphs of one of its runs."""
    return load_sample((run or build / MODEL) / SAMPLE, load_network(build / MODEL).input_bits)


def wanted_of(config: Path | None, hardware: Mapping[str, int], graphs: int | None,
              windows: bool | None) -> tuple[dict[str, int], int, bool | None]:
    """Hardware parameters not to be chosen, graphs of a batch, windows: the user's, and below them another build's.

    Parameters
    ----------
    windows : bool or None
        Whether graphs are to run by windows; None: as the other build's, and where that does not say so, as the graphs
        need it.

    Raises
    ------
    HwgenError
        Not such a file, an unknown parameter, a value that is no integer, or no graphs.
    """
    wanted = {**read_hardware(config, Hardware), **hardware}
    other = {} if config is None else read_json(config)
    if graphs is None:
        given = other.get("capacity", {}).get("graphs", GRAPHS)
        graphs = given if isinstance(given, int) else 0
    if graphs < 1:
        raise HwgenError("batches of no graphs", f"{config}: capacity.graphs" if config else "graphs",
                         "use a number of 1 or more")
    return wanted, graphs, True if windows is None and other.get("windows") is True else windows
