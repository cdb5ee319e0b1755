"""What is known of graphs: labels, and the results of the FP32 and the quantized model; and which graphs travel."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ..network.labels import Labels
from ..network.sample import Limits, Sample
from .data.batching import joined, union_of
from .data.graph_batch import GraphBatch
from .quantize import QuantizedNetwork

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["SAMPLE", "batches_of", "drawn", "known_of"]

#: Graphs that travel in a checkpoint, and graphs that are run at once.
SAMPLE, AT_ONCE = 64, 256


def batches_of(graphs: Sequence[Data]) -> Iterator[GraphBatch]:
    """Consecutive graphs as batches that may be run at once."""
    for start in range(0, len(graphs), AT_ONCE):
        batch, _, scale = union_of(graphs[start:start + AT_ONCE])
        yield GraphBatch.union(batch, scale)


@torch.no_grad()
def known_of(model: QuantizedNetwork, graphs: Sequence[Data]) -> Sample:
    """Run both models on graphs, and keep labels as they are.

    Labels that are not one, or one row, for each row of results are left out with a warning.
    """
    was, results = model.training, list[tuple[torch.Tensor, torch.Tensor]]()
    model.eval()
    for batch in batches_of(graphs):
        results.append((model.fp32(batch), model.logits(batch)))
    model.train(was)
    fp32, logits = (torch.cat(each).double().numpy() for each in zip(*results, strict=True))
    union = union_of(graphs)[0]
    return Sample(batch=union, labels=_labels(model, graphs), mask=_mask(model, graphs), logits=logits, fp32=fp32,
                  limits=Limits.of(union, model.input_bits))


def drawn(model: QuantizedNetwork, graphs: Sequence[Data], most: int = SAMPLE) -> list[Data]:
    """So many graphs at most, drawn from all of them, in their order; the same ones every time.

    Graphs that a mask leaves out come last. Of classes each gives its share, and one graph at least.
    """
    if len(graphs) <= most:
        return list(graphs)
    place = np.random.default_rng(0).permutation(len(graphs))
    kinds, counted = np.zeros(len(graphs)), np.ones(len(graphs), dtype=bool)
    if _by_graph(model):
        mask = _mask(model, graphs)
        known = Labels.of(_labels(model, graphs), model.plan.values[-1].width, len(graphs))
        if known.kind in ("classification", "binary"):
            kinds = np.nan_to_num(known.known[:, 0], nan=-1.0)
        counted = counted if mask is None else mask
    share = np.zeros(len(graphs))  # where a graph stands among those of its class: 0 the first one, below 1 the last
    for kind in np.unique(kinds):
        own = place[kinds[place] == kind]
        own = own[np.argsort(~counted[own], kind="stable")]
        share[own] = np.arange(len(own)) / len(own)
    chosen = np.lexsort((share, ~counted))[:most]
    return [graphs[index] for index in np.sort(chosen)]


def _by_graph(model: QuantizedNetwork) -> bool:
    return model.plan.values[-1].domain == "graphs"


def _labels(model: QuantizedNetwork, graphs: Sequence[Data]) -> NDArray[np.int64] | NDArray[np.float64] | None:
    found = joined(graphs, "y", by_graph=_by_graph(model))
    if isinstance(found, str):
        warnings.warn(f"labels are left out: {found}", stacklevel=2)
        return None
    if found is None or found.dtype.kind != "f":
        return None if found is None else found.astype(np.int64)
    return None if np.isnan(found).all() else found.astype(np.float64)


def _mask(model: QuantizedNetwork, graphs: Sequence[Data]) -> NDArray[np.bool_] | None:
    found = joined(graphs, "test_mask", by_graph=_by_graph(model))
    if isinstance(found, str) or found is None or found.ndim != 1:
        return None
    return found.astype(bool)
