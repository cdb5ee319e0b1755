"""A checkpoint of either version, by what it holds."""

from pathlib import Path

from ..network.network import Network
from ..network.sample import Sample
from ..targets.banked.chain import QuantGraph
from . import checkpoint, reading

__all__ = ["Model", "load"]

Model = QuantGraph | tuple[Network, Sample]


def load(path: Path | str) -> Model:
    """Load and check a checkpoint.

    Returns
    -------
    QuantGraph or (Network, Sample)
        A chain of GCN layers with the graph it is for; or any other network, with graphs that it is proved on.

    Raises
    ------
    HwgenError
        As :func:`hwgen.frontend.reading.load`.
    """
    content = reading.open_checkpoint(Path(path), reading.VERSION, reading.NETWORK_VERSION)
    if content["version"] == reading.NETWORK_VERSION:
        return checkpoint.network_from(content, str(path))
    return reading.graph_from(content, str(path))
