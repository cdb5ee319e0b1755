"""What is known of graphs: labels, and the results of the FP32 and the quantized model; and which graphs travel."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from ..network.labels import Labels
from ..network.reader import read_graphs
from ..network.sample import Limits, Sample
from .data.batching import prepared, union_of
from .data.graph_batch import GraphBatch
from .quantize import QuantizedNetwork

__all__ = ["SAMPLE", "batches_of", "drawn", "known_of"]

#: Graphs that travel in a checkpoint, and graphs that are run at once.
SAMPLE, AT_ONCE = 64, 256


def batches_of(graphs: Sequence[Data]) -> Iterator[GraphBatch]:
    """Consecutive graphs as batches that may be run at once."""
    for start in range(0, len(graphs), AT_ONCE):
        yield prepared(graphs[start:start + AT_ONCE])


@torch.no_grad()
def known_of(model: QuantizedNetwork, graphs: Sequence[Data]) -> Sample:
    """Run both models on graphs, and keep labels as they are.

    Labels of something else than the results are left out, with a warning.
    """
    was, results = model.training, list[tuple[torch.Tensor, torch.Tensor]]()
    model.eval()
    for batch in batches_of(graphs):
        results.append((model.fp32(batch), model.logits(batch)))
    model.train(was)
    fp32, logits = (torch.cat(each).double().numpy() for each in zip(*results, strict=True))
    union, (labels, mask) = union_of(graphs, model.input), _known(model, graphs)
    return Sample(batch=union, labels=labels, mask=mask, logits=logits, fp32=fp32,
                  limits=Limits.of(union, model.input.bits, model.edges))


def drawn(model: QuantizedNetwork, graphs: Sequence[Data], most: int = SAMPLE) -> list[Data]:
    """So many graphs at most, drawn from all of them, in their order; the same ones every time.

    Graphs that a mask leaves out, or that have no label, come last. Of classes each gives its share, and one graph at
    least.
    """
    if len(graphs) <= most:
        return list(graphs)
    place = np.random.default_rng(0).permutation(len(graphs))
    kinds, counted = np.zeros(len(graphs)), np.ones(len(graphs), dtype=bool)
    result = model.plan.values[-1]
    if result.domain == "graphs":
        labels, mask = _known(model, graphs)
        known = Labels.of(labels, result.width, len(graphs), mask)
        if known.kind in ("classification", "binary"):
            kinds = np.nan_to_num(known.known[:, 0], nan=-1.0)
        counted = known.counted
    share = np.zeros(len(graphs))  # where a graph stands among those of its class: 0 the first one, below 1 the last
    for kind in np.unique(kinds):
        own = place[kinds[place] == kind]
        own = own[np.argsort(~counted[own], kind="stable")]
        share[own] = np.arange(len(own)) / len(own)
    chosen = np.lexsort((share, ~counted))[:most]
    return [graphs[index] for index in np.sort(chosen)]


def _known(model: QuantizedNetwork, graphs: Sequence[Data]) -> tuple[
        NDArray[np.int64] | NDArray[np.float64] | None, NDArray[np.bool_] | None]:
    """Labels and test mask of the rows of results."""
    found, domain = read_graphs(graphs), model.plan.values[-1].domain
    if domain not in found.domains:
        if found.labels is not None:
            warnings.warn(f"labels are left out: they are of {found.domain}, results are of {domain}", stacklevel=2)
        return None, None
    return found.labels, found.counted("test_mask", domain)
