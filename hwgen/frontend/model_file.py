"""A checkpoint of either version, as a network and graphs that it is proved on."""

from pathlib import Path

from ..network.network import Network
from ..network.sample import Sample
from . import checkpoint, reading
from .chain_to_network import network_of

__all__ = ["load"]


def load(path: Path | str) -> tuple[Network, Sample]:
    """Load and check a checkpoint.

    Raises
    ------
    HwgenError
        As :func:`hwgen.frontend.reading.load`.
    """
    content = reading.open_checkpoint(Path(path), reading.VERSION, reading.NETWORK_VERSION)
    if content["version"] == reading.NETWORK_VERSION:
        return checkpoint.network_from(content, str(path))
    return network_of(reading.graph_from(content, str(path)))
