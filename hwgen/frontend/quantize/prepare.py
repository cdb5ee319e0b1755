"""From a trained module and sample data to a calibrated :class:`QuantizedNetwork`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from torch import nn
from torch_geometric.data import Data

from ...errors import HwgenError
from ...network.batch import SetName
from ...network.edges import EdgeQuantizers
from ...network.granularity import Granularity
from ...network.input import Input
from ...network.reader import read_graphs
from ...network.sample import Limits
from ...schemes import Penalty, Prompt, Scheme, named
from ..by_edge import by_edge
from ..data.batching import graphs_of, prepared, real, union_of
from ..data.graph_batch import GraphBatch
from ..edge_values import edges_weigh, taken_by, widths_in
from ..prompts import prompted
from ..traced import TracedNetwork
from ..tracing import plan_of, some_plan_of
from ..tracing.compare import compare
from .accepted import accepted
from .edge_codes import edge_codes
from .input import input_of
from .module import QuantizedNetwork

__all__ = ["quantize", "quantize_batch", "quantize_plan"]

#: Graphs that the module and what was traced of it are compared on, and graphs that steps are read off.
COMPARED, SAMPLE_GRAPHS = 16, 256
#: The largest in-degree with an entry of its own.
LARGEST_DEGREE = 255
#: Allocation gives no node more bits.
MOST_ALLOCATED = 4


def quantize(model: nn.Module, scheme: str | Scheme = "a2q", *, data: Data | Iterable[Data],
             weight_bits: int | None = None, message_bits: int | None = None, bits: float | None = None,
             edge_bits: int | None = None, input_bits: int | None = None, widths: Mapping[str, int] | None = None,
             penalty: Penalty | None = None,
             target_bits: float | None = None, prompt: str | Prompt | None = None) -> QuantizedNetwork:
    """Put quantizers into a copy of a trained model, with steps read off its own values.

    It may be saved as it is (post-training quantization), or trained further.

    Parameters
    ----------
    model : Module
        Trained in FP32; it is left alone. Its forward takes ``(x, edge_index)``, ``(x, edge_index, batch)`` or a Data;
        and ``edge_weight``, if the graphs have it.
    scheme : str or Scheme
        ``a2q`` learns a step and a width for every node of one graph. ``nns`` (a table, searched by the largest value
        of a row) and ``mega`` (by in-degree) serve graphs that training never saw; ``uniform`` has one step a value.
    data : Data, or iterable of Data
        The graph that the model is for, or sample graphs: a file, a list, a data set or a loader
        (:func:`hwgen.network.reader.read_graphs`). ``x`` holds real values, or unsigned integers of at most 8
        bits, which are codes; ``data.input_scale`` (default 1) is the real value of 1.
    weight_bits, message_bits, bits : number or None
        Widths of weights, of what is summed over neighbours, and of hidden rows to start from; None: the scheme's.
    edge_bits : int or None
        Of what edges weigh, 1 to 8 without the sign; None: the scheme's.
    input_bits : int or None
        Width of the input's codes; None: what unsigned integers need, and 4 of real values
        (:func:`.input.input_of`).
    widths : mapping of str to int, or None
        Bits of single values, by name or by layer (:class:`hwgen.schemes.Scheme`); None: the scheme's.
    penalty : Penalty or None
        What :meth:`QuantizedNetwork.penalty` adds to the loss; None: the scheme's.
    target_bits : float or None
        Of a2q: mean stored bits to allocate once and for all, instead of learning them: best below 0.9.
    prompt : str, Prompt or None
        Rows to learn beside the model, as :func:`hwgen.train` takes them: worth something once they are trained.

    Returns
    -------
    QuantizedNetwork
        In training mode. It learns; :func:`hwgen.save` writes it.

    Raises
    ------
    HwgenError
        Unknown scheme, unsupported layer (before anything is computed), widths out of range or of unknown
        values, features that do not fit; a network that no target runs, with the widths that mend it.
    """
    rules = named(scheme)
    given = {"weight_bits": weight_bits, "message_bits": message_bits, "bits": bits, "edge_bits": edge_bits,
             "widths": widths, "penalty": penalty}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    rules = replace(rules, **changed)
    some_plan_of(model)  # what is not supported is said before data are read
    graphs = graphs_of(data)
    traced = plan_of(model, weighs=edges_weigh(model, widths_in(graphs[0])))
    compare(model, traced, [real(each) for each in graphs[:COMPARED]])

    original = traced
    if prompt is not None:
        traced = prompted(traced, Prompt(kind=prompt) if isinstance(prompt, str) else prompt)
    codes = _input(traced, graphs, input_bits)

    def made(rules: Scheme, margin: float | None) -> QuantizedNetwork:
        return quantize_plan(traced, rules, graphs, given=codes, target_bits=target_bits, margin=margin,
                             original=original)

    chosen = isinstance(scheme, str) and message_bits is None  # by us, not by the user
    quantized = accepted(made, rules, union_of(graphs, codes), choose=chosen)
    quantized.edge_values = taken_by(model)
    return quantized


def quantize_plan(traced: TracedNetwork, scheme: str | Scheme, data: Data | Iterable[Data], *, correct: bool = True,
                  given: Input | None = None, target_bits: float | None = None, margin: float | None = None,
                  original: TracedNetwork | None = None) -> QuantizedNetwork:
    """Put quantizers into a traced network, with steps read off its FP32 values on sample data.

    Parameters
    ----------
    traced : TracedNetwork
    scheme : str or Scheme
        A name of SCHEMES, or settings of one's own.
    data : Data, or iterable of Data (a list, a data set, a DataLoader)
        Sample graphs; steps are read off the first 256. For scheme ``a2q`` the one graph that the model is for.
    given : Input or None
        How features become codes; None: read off the sample.
    correct, target_bits, margin
        As in :meth:`QuantizedNetwork.calibrate`.
    original : TracedNetwork or None
        As in :class:`QuantizedNetwork`.

    Returns
    -------
    QuantizedNetwork
        In training mode. It may be exported as it is (post-training quantization), or trained further.

    Raises
    ------
    HwgenError
        Unknown scheme, no sample graph, features that do not fit.
    """
    rules, graphs = named(scheme), graphs_of(data)
    given = given or _input(traced, graphs, None)
    whole, original = union_of(graphs, given), original or traced
    traced = _positioned(traced, rules)
    edges = edge_codes(traced, rules, GraphBatch.union(whole))
    return quantize_batch(traced, rules, prepared(graphs[:SAMPLE_GRAPHS]), given,
                          longest=Limits.of(whole, given.bits, edges).with_room(whole.graphs).longest, correct=correct,
                          target_bits=target_bits, margin=margin, original=original, edges=edges)


def quantize_batch(traced: TracedNetwork, scheme: Scheme, batch: GraphBatch, given: Input, *,
                   longest: Mapping[SetName, int] | None = None, correct: bool = True,
                   target_bits: float | None = None, margin: float | None = None,
                   original: TracedNetwork | None = None, edges: EdgeQuantizers | None = None) -> QuantizedNetwork:
    """The same from prepared graphs; see :func:`quantize_plan`, and :class:`QuantizedNetwork` for the rest."""
    original, traced = original or traced, _positioned(traced, scheme)
    if edges is None:
        edges = edge_codes(traced, scheme, batch)
    if target_bits is not None and not 0 <= target_bits <= MOST_ALLOCATED:
        raise HwgenError(f"target_bits is {target_bits}", "target_bits", f"use 0 to {MOST_ALLOCATED} bits")
    if scheme.rows is Granularity.PER_NODE and batch.graphs != 1:
        raise HwgenError(f"{batch.graphs} graphs for a scheme with a step for each node", "scheme",
                         "use nns or mega, which serve any graph")
    if traced.one_graph and batch.graphs != 1:
        raise HwgenError(f"a layer with cached=True on {batch.graphs} graphs", traced.one_graph,
                         "leave cached at its default, False: it keeps the edges of the first graph that it sees")
    if batch.width != traced.features:
        raise HwgenError(f"the model takes {traced.features} features, the data has {batch.width}", "data.x",
                         "pass graphs like those that the model was trained on")
    degree = int(batch.edges.length.max()) if batch.nodes else 0
    model = QuantizedNetwork(traced, scheme, sample=batch, degrees=min(degree, LARGEST_DEGREE), nodes=batch.nodes,
                             given=given, longest=longest, original=original, edges=edges)
    model.calibrate(correct=correct, target_bits=target_bits, margin=margin)
    return model


def _positioned(traced: TracedNetwork, scheme: Scheme) -> TracedNetwork:
    """With values where the scheme has quantizers."""
    return by_edge(traced) if scheme.by_edge else traced


def _input(traced: TracedNetwork, graphs: list[Data], bits: int | None) -> Input:
    """How features of graphs become codes."""
    found = read_graphs(graphs)
    return input_of(found.features, found.scale, bits, zero_points=traced.takes_zero_points)
