"""A quantized module and its data to a checkpoint: the network that it is, and graphs to prove it on."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch_geometric.data import Data

from ..errors import HwgenError
from ..network.granularity import Granularity
from ..network.rules import plain_name
from .checkpoint import save_network
from .data.batching import graphs_of, real, union_of
from .edge_values import check_edge_values, weight_in, widths_in
from .known import drawn, known_of
from .quantize import QuantizedNetwork
from .quantize.accepted import alone, fit_steps

__all__ = ["save", "save_read"]


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
