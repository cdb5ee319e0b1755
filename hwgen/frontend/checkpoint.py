"""Checkpoints of networks: plain tensors, numbers and strings; loading runs no code.

The file is ``torch.save`` of a dictionary::

    format   "hwgen"     version  3
    facts    str, JSON: what :mod:`hwgen.network.store` keeps beside its arrays
    network  {name: tensor}     its arrays: codes, steps, tables
    sample   {name: tensor}     graphs that it is proved on (:mod:`hwgen.network.sample_store`)
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from ..documents import parse_json
from ..errors import HwgenError
from ..kinds import shown
from ..network.edges import weights_count
from ..network.granularity import Granularity
from ..network.network import Network
from ..network.rules import check_network, plain_name
from ..network.sample import Sample
from ..network.sample_store import sample_arrays
from ..network.sample_store import sample_of as sample_from
from ..network.store import network_arrays, network_of
from .checkpoint_file import FORMAT, SAVE, VERSION, open_checkpoint, plain_arrays, write_checkpoint
from .data.batching import graphs_of, real, union_of
from .edge_values import check_edge_values, weight_in, widths_in
from .known import drawn, known_of
from .quantize import QuantizedNetwork
from .quantize.accepted import alone, fit_steps

__all__ = ["load", "save", "save_network", "save_read"]

Arrays = dict[str, NDArray[Any]]


def save(model: QuantizedNetwork, data: Data | Iterable[Data], path: Path | str, *,
         test: Data | Iterable[Data] | None = None) -> None:
    """Write a checkpoint; an existing file is replaced whole or not at all.

    Parameters
    ----------
    model : QuantizedNetwork
        What :func:`hwgen.quantize` returned, trained or not. Bit widths are rounded if they were not frozen.
    data : Data, or iterable of Data
        The graph that it was quantized for, or graphs of the kind that it is for. 64 of them at most, drawn from all
        (by class where labels are classes), travel along with their labels and test masks.
    path : Path or str
        File to write, such as ``model.pt``.
    test : Data, iterable of Data or None
        Graphs to draw those that travel from, instead.

    Raises
    ------
    HwgenError
        A parameter that is not finite; graphs that do not fit; a network that no target runs; a path that cannot be
        written.

    Warns
    -----
    UserWarning
        Training has moved no bit width.
    """
    given: object = model
    if not isinstance(given, QuantizedNetwork):
        raise HwgenError(f"{type(given).__name__} is not quantized", "save", "pass what hwgen.quantize returned")
    if model.bits_stand_still:
        warnings.warn("training has moved no bit width: hidden rows have the bits that they began with; give the "
                      "optimizer model.parameter_groups(), where bits have a rate of their own, and train longer "
                      "before freeze_bits()", stacklevel=2)
    graphs = graphs_of(data)
    save_read(model, graphs, graphs if test is None else graphs_of(test), path)


def save_read(model: QuantizedNetwork, graphs: Sequence[Data], tested: Sequence[Data], path: Path | str,
              accuracy_by_width: Sequence[tuple[int, float, float]] = ()) -> None:
    """The same of graphs that were read; those of ``tested`` travel, and may be some of ``graphs``.

    ``accuracy_by_width`` is of models that were trained alike (:class:`hwgen.network.sample.Sample`); empty: unknown.
    """
    every = list({id(each): each for each in (*graphs, *tested)}.values())
    for each in every:
        check_edge_values(model.edge_values, widths_in(each), weighs=model.plan.weighs)
    if model.scheme is not None and model.scheme.rows is Granularity.PER_NODE and (
            len(tested) > 1 or not model.is_own(real(tested[0]).x, tested[0].edge_index, weight=weight_in(tested[0]))):
        raise HwgenError("the model belongs to another graph", "data",
                         "save the model with the graph it was trained on")
    chosen = drawn(model, tested)
    sample = alone(model, union_of(chosen, model.input), union_of(every, model.input))
    network = fit_steps(model, sample, plain_name(Path(path).stem))
    by_width = np.array(accuracy_by_width, dtype=np.float64) if accuracy_by_width else None
    save_network(network, replace(known_of(model, chosen), limits=sample.limits, accuracy_by_width=by_width), path)


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
