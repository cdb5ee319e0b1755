"""From a plan and sample data to a calibrated :class:`QuantizedNetwork`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import HwgenError
from ...network.granularity import Granularity
from ..data.batching import graphs_of, union_of
from ..data.graph_batch import GraphBatch
from ..traced import TracedNetwork
from .module import QuantizedNetwork
from .schemes import SCHEMES, Scheme

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["quantize_plan"]

#: Graphs that steps are read off, and the largest in-degree with an entry of its own.
SAMPLE_GRAPHS, LARGEST_DEGREE = 256, 255


def quantize_plan(plan: TracedNetwork, scheme: str | Scheme, data: Data | Iterable[Data], *, correct: bool = True,
                  target_bits: float | None = None) -> QuantizedNetwork:
    """Put quantizers into a plan, with steps read off its FP32 values on sample data.

    Parameters
    ----------
    plan : TracedNetwork
    scheme : str or Scheme
        A name of SCHEMES, or settings of one's own.
    data : Data, or iterable of Data (a list, a data set, a DataLoader)
        Sample graphs; the first 256 count. For scheme ``a2q`` the one graph that the model is for.
    correct, target_bits
        As in :meth:`QuantizedNetwork.calibrate`.

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
    codes, bits, scale = union_of(graphs_of(data, SAMPLE_GRAPHS))
    batch = GraphBatch.union(codes, scale)
    if rules.rows is Granularity.PER_NODE and batch.graphs != 1:
        raise HwgenError(f"{batch.graphs} graphs for a scheme with a step for each node", "scheme",
                         "use nns or mega, which serve any graph")
    if batch.width != plan.features:
        raise HwgenError(f"the model takes {plan.features} features, the data has {batch.width}", "data.x",
                         "pass graphs like those that the model was trained on")
    degree = int(batch.edges.length.max()) if batch.nodes else 0
    model = QuantizedNetwork(plan, rules, sample=batch, degrees=min(degree, LARGEST_DEGREE), nodes=batch.nodes,
                             input_bits=bits, input_scale=scale)
    model.calibrate(correct=correct, target_bits=target_bits)
    return model
