"""From a plan and sample data to a calibrated :class:`QuantizedNetwork`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

from ...errors import HwgenError
from ...network.granularity import Granularity
from ..graph import Graph
from ..traced import TracedNetwork
from .batch import GraphBatch
from .model import QuantizedNetwork
from .scheme import Scheme

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["SCHEMES", "quantize_plan", "sample_batch"]

#: Names for :func:`hwgen.quantize`. nns and mega serve any graph; a2q learns a step for each node of one graph.
SCHEMES: Mapping[str, Scheme] = {
    "nns": Scheme(),
    "nns-published": Scheme(form="step", message_bits=4),
    "mega": Scheme(rows=Granularity.PER_DEGREE, form="step", message_bits=4),
    "a2q": Scheme(rows=Granularity.PER_NODE, form="step", gradient="local", message_bits=4, bits=2),
    "uniform": Scheme(rows=Granularity.PER_TENSOR, bits=8),
}
#: Graphs that steps are read off, and the largest in-degree with an entry of its own.
SAMPLE_GRAPHS, LARGEST_DEGREE = 256, 255


def quantize_plan(plan: TracedNetwork, scheme: str | Scheme, data: Data | Iterable[Data]) -> QuantizedNetwork:
    """Put quantizers into a plan, with steps read off its FP32 values on sample data.

    Parameters
    ----------
    plan : TracedNetwork
    scheme : str or Scheme
        A name of SCHEMES, or settings of one's own.
    data : Data, or iterable of Data (a list, a data set, a DataLoader)
        Sample graphs; the first 256 count. For scheme ``a2q`` the one graph that the model is for.

    Returns
    -------
    QuantizedNetwork
        In training mode. It may be exported as it is (post-training quantization), or trained further.

    Raises
    ------
    HwgenError
        Unknown scheme, no sample graph, features that do not fit.
    """
    if isinstance(scheme, str) and scheme not in SCHEMES:
        raise HwgenError(f"unknown scheme {scheme!r}", "scheme", f"use one of {', '.join(SCHEMES)}")
    rules = SCHEMES[scheme] if isinstance(scheme, str) else scheme
    batch, bits, scale = sample_batch(data)
    if rules.rows is Granularity.PER_NODE and batch.graphs != 1:
        raise HwgenError(f"{batch.graphs} graphs for a scheme with a step for each node", "scheme",
                         "use nns or mega, which serve any graph")
    if batch.width != plan.features:
        raise HwgenError(f"the model takes {plan.features} features, the data has {batch.width}", "data.x",
                         "pass graphs like those that the model was trained on")
    degree = int(batch.edges.length.max()) if batch.nodes else 0
    model = QuantizedNetwork(plan, rules, degrees=min(degree, LARGEST_DEGREE), nodes=batch.nodes, input_bits=bits,
                             input_scale=scale)
    model.calibrate(batch)
    return model


def sample_batch(data: Data | Iterable[Data]) -> tuple[GraphBatch, int, float]:
    """Union of sample graphs, the width of their input codes, and the real value of code 1.

    Raises
    ------
    HwgenError
        No graph; graphs whose features are not small unsigned integers, or differ in number or scale.
    """
    if hasattr(data, "edge_index"):
        several: Iterable[Data] = [data]
    else:
        several = data
    graphs: list[Graph] = []
    batches: list[np.ndarray] = []
    for each in several:
        graphs.append(Graph.of(each))
        given = getattr(each, "batch", None)
        batches.append(np.zeros(graphs[-1].nodes, np.int64) if given is None else given.numpy().astype(np.int64))
        if sum(int(part.max(initial=-1)) + 1 for part in batches) >= SAMPLE_GRAPHS:
            break
    if not graphs:
        raise HwgenError("no sample graph", "data", "pass a graph, a list of graphs or a DataLoader")
    first = graphs[0]
    for graph in graphs:
        if graph.width != first.width or graph.input_scale != first.input_scale:
            raise HwgenError(f"graphs with {first.width} features of scale {first.input_scale} and with {graph.width} "
                             f"of scale {graph.input_scale}", "data", "use the same features for all graphs")
    nodes = np.cumsum([0, *[graph.nodes for graph in graphs]])
    numbers = np.cumsum([0, *[max(1, int(part.max(initial=-1)) + 1) for part in batches]])
    edges = [graph.data.edge_index.cpu().numpy() + start for graph, start in zip(graphs, nodes, strict=False)]
    union = csr_array(vstack([graph.features for graph in graphs]))
    batch = GraphBatch(union * first.input_scale, np.concatenate(edges, 1).astype(np.int64),
                       np.concatenate([part + start for part, start in zip(batches, numbers, strict=False)]),
                       int(numbers[-1]))
    return batch, max(graph.input_bits for graph in graphs), first.input_scale
