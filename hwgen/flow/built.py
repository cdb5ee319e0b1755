"""What a build folder says of itself: its design, its network, and the graphs that it was proved on."""

from pathlib import Path

import numpy as np

from ..files import malformed, read_npz
from ..network.dictionary import NO_PAIRS
from ..network.network import Network
from ..network.sample import Sample
from ..network.sample_store import load_sample, sample_of
from ..network.store import load_network
from ..targets import find_target
from ..targets.design import Design
from .config import CONFIG, load_config
from .manifest import check_build

__all__ = ["MODEL", "PAIRS", "SAMPLE", "load_built_network", "load_design", "read_sample"]

#: Below a build folder: the network, and its sample; a run folder has a sample of its own.
MODEL, SAMPLE = "model", "sample.npz"
#: Beside them the pairs of the design's dictionary of weight rows, where it has any.
PAIRS = "pairs.npz"


def load_built_network(build: Path) -> Network:
    """The network of a build folder.

    Raises
    ------
    HwgenError
        Not a build, or a damaged one.
    """
    check_build(build)
    return load_network(build / MODEL)


def load_design(build: Path) -> Design:
    """The design that a build folder was made from.

    Raises
    ------
    HwgenError
        Not a build, or a damaged one.
    """
    check_build(build)
    config = load_config(build)
    network, target = load_network(build / MODEL), find_target(config.target)
    pairs, path = NO_PAIRS, build / MODEL / PAIRS
    if path.exists():
        with malformed(str(path)):
            pairs = read_npz(path)["pairs"].astype(np.int64)
    with malformed(f"{build / CONFIG}: hardware"):  # of another version, whose hardware has other parameters
        return target.design(network, config, pairs)


def read_sample(build: Path, path: Path | None = None) -> Sample:
    """The sample that a build was proved on, or the graphs in another file: of a run, or of a user.

    A file with ``labels`` alone, or with ``mask`` too, is about the rows of the build's own sample.

    Raises
    ------
    HwgenError
        Not a build, or not a file of graphs.
    """
    own, network = build / MODEL / SAMPLE, load_built_network(build)
    if path is None or path.suffix != ".npz" or not (arrays := read_npz(path)).keys() <= {"labels", "mask"}:
        return load_sample(path or own, network)
    return sample_of({**read_npz(own), **arrays}, str(path), network)
