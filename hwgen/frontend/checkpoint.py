"""Checkpoints of networks: plain tensors, numbers and strings; loading runs no code.

The file is ``torch.save`` of a dictionary::

    format   "hwgen"     version  3
    facts    str, JSON: what :mod:`hwgen.network.store` keeps beside its arrays
    network  {name: tensor}     its arrays: codes, steps, tables
    sample   {name: tensor}     graphs that it is proved on (:mod:`hwgen.network.sample_store`)

Nothing here imports PyTorch Geometric, which takes as long to import as PyTorch: a build only loads.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..documents import parse_json
from ..errors import HwgenError
from ..kinds import shown
from ..network.edges import weights_count
from ..network.network import Network
from ..network.rules import check_network
from ..network.sample import Sample
from ..network.sample_store import sample_arrays
from ..network.sample_store import sample_of as sample_from
from ..network.store import network_arrays, network_of
from .checkpoint_file import FORMAT, SAVE, VERSION, open_checkpoint, plain_arrays, write_checkpoint

__all__ = ["load", "save_network"]

Arrays = dict[str, NDArray[Any]]


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
    if not weights_count(network.edges):  # what edges weigh is no part of the model
        sample = replace(sample, batch=replace(sample.batch, weight=None))
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
    known = {"format", "version", "facts", "network", "sample"}
    if content.keys() != known or not isinstance(content["facts"], str):
        odd = min(map(shown, content.keys() ^ known), default="facts")
        raise HwgenError(f"entry {odd} is missing, unknown or malformed", where, SAVE)
    facts = parse_json(content["facts"], f"{where}: facts", SAVE)
    network = network_of(facts, plain_arrays(content["network"], f"{where}: network"), where)
    sample = sample_from(plain_arrays(content["sample"], f"{where}: sample"), where, network)
    return network, sample


def _tensors(arrays: Arrays) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
