"""Random networks with the graphs that they are proved on, as checkpoints hold them."""

import numpy as np
from networks import random_batch
from numpy.typing import NDArray

from hwgen.network.batch import Batch
from hwgen.network.execute import run_network
from hwgen.network.network import Network
from hwgen.network.sample import Limits, Sample

__all__ = ["logits", "sample_of"]


def logits(network: Network, batch: Batch) -> NDArray[np.float64]:
    """The model's own results: float64 [rows, classes]."""
    return run_network(network, batch)[network.values[-1].name].real


def sample_of(network: Network, seed: int = 0, *, graphs: int = 7, nodes: int = 5) -> Sample:
    """Graphs, some of them empty, with logits, labels that are right nine times of ten, and a mask."""
    rng = np.random.default_rng([seed, 17])
    batch = random_batch(seed, network, graphs=graphs, nodes=nodes, hub=6)
    known = logits(network, batch)
    labels = known.argmax(axis=1)
    wrong = rng.random(len(labels)) < 0.1
    return Sample(batch=batch, labels=np.where(wrong, (labels + 1) % known.shape[1], labels),
                  mask=rng.random(len(labels)) < 0.8, logits=known, limits=Limits.of(batch, network.input_bits))
