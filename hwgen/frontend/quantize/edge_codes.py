"""Codes of what edges weigh: chosen once, from graphs like those that a model is for."""

from __future__ import annotations

from dataclasses import replace

from ...network.edges import EdgeCodes, Weighed, codes_for
from ...schemes import Scheme
from ..data.graph_batch import GraphBatch
from ..traced import TracedNetwork

__all__ = ["edge_codes"]


def edge_codes(plan: TracedNetwork, scheme: Scheme, batch: GraphBatch) -> dict[Weighed, EdgeCodes]:
    """Codes for each kind of lists that a plan goes over and whose edges weigh.

    Where each message is quantized, the share of norms that may lie beyond the top code is that of other tensors.
    """
    beyond = 0.0 if scheme.tracking is None or not plan.by_edge else scheme.tracking.beyond(scheme.edge_bits)
    found = dict[Weighed, EdgeCodes]()
    for name in sorted(plan.lists_that_weigh):
        by_row = name == plan.by_row
        codes = codes_for(batch.values_of(name, given=not plan.plain)[2], scheme.edge_bits, beyond)
        found[name] = replace(codes, by_row=by_row, given=not plan.plain)
    return found
