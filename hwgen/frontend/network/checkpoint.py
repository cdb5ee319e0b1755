"""Checkpoints of networks: plain tensors, numbers and strings; loading runs no code.

The file is ``torch.save`` of a dictionary::

    format   "hwgen"     version  2
    facts    str, JSON: what :mod:`hwgen.network.store` keeps beside its arrays
    network  {name: tensor}     its arrays: codes, steps, tables
    sample   {name: tensor}     graphs that it is proved on (:mod:`hwgen.network.sample_store`)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...files import malformed
from ...network.network import Network
from ...network.rules import check_network
from ...network.sample import Sample
from ...network.sample_store import sample_arrays, sample_of
from ...network.store import network_arrays, network_of
from ..reading import FORMAT, NETWORK_VERSION, SAVE, open_checkpoint
from ..writing import write_checkpoint

__all__ = ["load_network", "network_from", "save_network"]

Arrays = dict[str, NDArray[Any]]


def save_network(network: Network, sample: Sample, path: Path | str) -> None:
    """Write a checkpoint; an existing file is replaced whole or not at all.

    Parameters
    ----------
    network : Network
        What :meth:`~hwgen.frontend.network.QuantizedNetwork.export` gave.
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
        sample = sample_of(_arrays(content["sample"]), where, network.input_bits)
    return network, sample


def _tensors(arrays: Arrays) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}


def _arrays(tensors: Any) -> Arrays:
    return {name: tensor.numpy() for name, tensor in tensors.items()}
