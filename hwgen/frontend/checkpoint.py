"""Checkpoints of networks: plain tensors, numbers and strings; loading runs no code.

The file is ``torch.save`` of a dictionary::

    format   "hwgen"     version  3
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

from ..errors import HwgenError
from ..files import malformed
from ..network.granularity import Granularity
from ..network.network import Network
from ..network.rules import check_network
from ..network.sample import Limits, Sample
from ..network.sample_store import sample_arrays
from ..network.sample_store import sample_of as sample_from
from ..network.store import network_arrays, network_of
from .checkpoint_file import FORMAT, SAVE, VERSION, open_checkpoint, write_checkpoint
from .data.batching import graphs_of, joined, union_of
from .data.graph_batch import GraphBatch
from .edge_values import check_edge_values, given_in
from .quantize import QuantizedNetwork

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["load", "save", "save_network"]

Arrays = dict[str, NDArray[Any]]

#: Graphs that travel in a checkpoint.
SAMPLE = 64


def save(model: QuantizedNetwork, data: Data | Iterable[Data], path: Path | str) -> None:
    """Write a checkpoint; an existing file is replaced whole or not at all.

    Parameters
    ----------
    model : QuantizedNetwork
        What :func:`hwgen.quantize` returned, trained or not. Bit widths are rounded if they were not frozen.
    data : Data, or iterable of Data
        The graph that it was quantized for, or graphs of the kind that it is for; the first 64 travel along, with their
        labels and test masks where there are some.
    path : Path or str
        File to write, such as ``model.pt``.

    Raises
    ------
    HwgenError
        A parameter that is not finite; graphs that do not fit; a path that cannot be written.
    """
    given: object = model
    if not isinstance(given, QuantizedNetwork):
        raise HwgenError(f"{type(given).__name__} is not quantized", "save", "pass what hwgen.quantize returned")
    network = model.export(Path(path).stem)
    graphs = graphs_of(data)
    check_edge_values(model.edge_values, given_in(graphs))
    save_network(network, _sample(model, graphs), path)


@torch.no_grad()
def _sample(model: QuantizedNetwork, graphs: list[Data]) -> Sample:
    """Sample graphs with labels and the model's own logits, and limits of all graphs."""
    chosen = graphs[:SAMPLE]
    batch, _, scale = union_of(chosen)
    if model.scheme is not None and model.scheme.rows is Granularity.PER_NODE and (
            len(graphs) > 1 or not model.is_own(graphs[0].x, graphs[0].edge_index, scale)):
        raise HwgenError("the model belongs to another graph", "data",
                         "save the model with the graph it was trained on")
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
    write_checkpoint({"format": FORMAT, "version": VERSION, "facts": json.dumps(facts),
                      "network": _tensors(arrays), "sample": _tensors(sample_arrays(sample))}, Path(path))


def load(path: Path | str) -> tuple[Network, Sample]:
    """Load and check a checkpoint.

    Raises
    ------
    HwgenError
        Not a checkpoint, a pickled module, a truncated file, another format version, or contents that are missing, of
        the wrong type, not finite or out of range.
    """
    content, where = open_checkpoint(Path(path)), str(path)
    with malformed(where, SAVE):
        network = network_of(json.loads(content["facts"]), _arrays(content["network"]), where)
        sample = sample_from(content["sample"], where, network)
    return network, sample


def _tensors(arrays: Arrays) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}


def _arrays(tensors: Any) -> Arrays:
    return {name: tensor.numpy() for name, tensor in tensors.items()}
