"""Checkpoints of networks: plain tensors, numbers and strings; loading runs no code.

The file is ``torch.save`` of a dictionary::

    format   "hwgen"     version  2
    facts    str, JSON: what :mod:`hwgen.network.store` keeps beside its arrays
    network  {name: tensor}     its arrays: codes, steps, tables
    sample   {name: tensor}     graphs that it is proved on (:mod:`hwgen.network.sample_store`)
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..files import malformed
from ..network.network import Network
from ..network.rules import check_network
from ..network.sample import Limits, Sample
from ..network.sample_store import sample_arrays
from ..network.sample_store import sample_of as sample_from
from ..network.store import network_arrays, network_of
from .data.batching import graphs_of, joined, union_of
from .data.graph_batch import GraphBatch
from .quantize import QuantizedNetwork
from .reading import FORMAT, NETWORK_VERSION, SAVE, open_checkpoint
from .writing import write_checkpoint

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["load_network", "network_from", "sample_of", "save_network", "save_quantized"]

Arrays = dict[str, NDArray[Any]]

#: Graphs that travel in a checkpoint.
SAMPLE = 64


def save_quantized(model: QuantizedNetwork, data: Data | Iterable[Data], path: Path | str) -> None:
    """Write a checkpoint; an existing file is replaced whole or not at all.

    Raises
    ------
    HwgenError
        A parameter that is not finite, graphs that do not fit, or a path that cannot be written.
    """
    save_network(model.export(Path(path).stem), sample_of(model, data), path)


@torch.no_grad()
def sample_of(model: QuantizedNetwork, data: Data | Iterable[Data]) -> Sample:
    """Sample graphs with labels and the model's own logits, and limits of all graphs.

    Parameters
    ----------
    model : QuantizedNetwork
    data : Data or iterable of Data
        Graphs of the kind that the model is for; the first 64 travel along.
    """
    graphs = graphs_of(data)
    chosen = graphs[:SAMPLE]
    batch, _, scale = union_of(chosen)
    rows = batch.graphs if model.plan.values[-1].domain == "graphs" else batch.num_nodes
    was = model.training
    logits = model.eval().logits(GraphBatch.union(batch, scale))
    model.train(was)
    labels, mask = joined(chosen, "y", rows, np.int64), joined(chosen, "test_mask", rows, bool)
    return Sample(batch=batch, labels=labels, mask=mask, logits=logits.double().numpy(),
                  limits=Limits.of(union_of(graphs)[0], model.input_bits))


def save_network(network: Network, sample: Sample, path: Path | str) -> None:
    """Write a checkpoint; an existing file is replaced whole or not at all.

    Parameters
    ----------
    network : Network
        What :meth:`~hwgen.frontend.quantize.QuantizedNetwork.export` gave.
    sample : Sample
    path : Path or str

    Raises
    ------
    HwgenError
        The network does not verify, or the path cannot be written.
    """
    check_network(network)
    facts, arrays = network_arrays(network)
    write_checkpoint({"format": FORMAT, "version": NETWORK_VERSION, "facts": json.dumps(facts),
                      "network": _tensors(arrays), "sample": _tensors(sample_arrays(sample))}, Path(path))


def load_network(path: Path | str) -> tuple[Network, Sample]:
    """Load and check a checkpoint.

    Raises
    ------
    HwgenError
        Not a checkpoint of a network, or contents that are missing, of the wrong type or out of range.
    """
    return network_from(open_checkpoint(Path(path), NETWORK_VERSION), str(path))


def network_from(content: dict[str, Any], where: str) -> tuple[Network, Sample]:
    """Check what was found in a file of version 2; ``where`` is for errors."""
    with malformed(where, SAVE):
        network = network_of(json.loads(content["facts"]), _arrays(content["network"]), where)
        sample = sample_from(_arrays(content["sample"]), where, network.input_bits)
    return network, sample


def _tensors(arrays: Arrays) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}


def _arrays(tensors: Any) -> Arrays:
    return {name: tensor.numpy() for name, tensor in tensors.items()}
