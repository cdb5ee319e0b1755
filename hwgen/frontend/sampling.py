"""PyG graphs as integer batches, and what travels with a quantized network: sample graphs, labels, limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from ..errors import HwgenError
from ..network.batch import Batch
from ..network.sample import Limits, Sample
from .graph import Graph
from .network import GraphBatch, QuantizedNetwork
from .network.checkpoint import save_network

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["graphs_of", "sample_of", "save_quantized", "union_of"]

#: Graphs that travel in a checkpoint.
SAMPLE = 64


def graphs_of(data: Data | Iterable[Data]) -> list[Data]:
    """One graph, or several, or a DataLoader's batches of them, as a list of single graphs.

    Raises
    ------
    HwgenError
        No graph.
    """
    several: list[Data] = []
    for each in [data] if hasattr(data, "edge_index") else data:
        several += each.to_data_list() if hasattr(each, "to_data_list") else [each]
    if not several:
        raise HwgenError("no sample graph", "data", "pass a graph, a list of graphs or a DataLoader")
    return several


def union_of(graphs: Sequence[Data]) -> tuple[Batch, int, float]:
    """Disjoint union of graphs as codes, the width of these, and the real value of code 1.

    Raises
    ------
    HwgenError
        Features that are not small unsigned integers, or differ in number or scale.
    """
    prepared = [Graph.of(each) for each in graphs]
    first = prepared[0]
    for each in prepared:
        if (each.width, each.input_scale) != (first.width, first.input_scale):
            raise HwgenError(f"graphs with {first.width} features of scale {first.input_scale} and with {each.width} "
                             f"of scale {each.input_scale}", "data", "use the same features for all graphs")
    sizes = np.array([each.nodes for each in prepared])
    starts = np.cumsum(sizes) - sizes
    edges = [each.data.edge_index.detach().cpu().numpy().astype(np.int64) + start
             for each, start in zip(prepared, starts, strict=True)]
    batch = Batch(features=csr_array(vstack([each.features for each in prepared])), edges=np.concatenate(edges, axis=1),
                  graph=np.repeat(np.arange(len(sizes)), sizes), graphs=len(sizes),
                  node=np.arange(sizes[0]) if len(sizes) == 1 else np.zeros(int(sizes.sum()), np.int64))
    return batch, max(each.input_bits for each in prepared), first.input_scale


@torch.no_grad()
def sample_of(model: QuantizedNetwork, data: Data | Iterable[Data]) -> Sample:
    """Sample graphs with labels and the model's own logits, and limits of all graphs.

    Parameters
    ----------
    model : QuantizedNetwork
    data : Data or iterable of Data
        Graphs of the kind that the model is for; the first 64 travel along.
    """
    graphs = graphs_of(data)
    chosen = graphs[:SAMPLE]
    batch, _, scale = union_of(chosen)
    rows = batch.graphs if model.plan.values[-1].domain == "graphs" else batch.num_nodes
    was = model.training
    logits = model.eval().trace(GraphBatch.union(batch, scale))[model.plan.values[-1].name]
    model.train(was)
    labels, mask = _joined(chosen, "y", rows, np.int64), _joined(chosen, "test_mask", rows, bool)
    return Sample(batch=batch, labels=labels, mask=mask, logits=logits.double().numpy(),
                  limits=Limits.of(union_of(graphs)[0], model.input_bits))


def save_quantized(model: QuantizedNetwork, data: Data | Iterable[Data], path: Path | str) -> None:
    """Write a checkpoint; an existing file is replaced whole or not at all.

    Raises
    ------
    HwgenError
        A parameter that is not finite, graphs that do not fit, or a path that cannot be written.
    """
    save_network(model.export(Path(path).stem), sample_of(model, data), path)


def _joined(graphs: Sequence[Data], key: str, rows: int, kind: type) -> NDArray[Any] | None:
    """Labels or masks of all rows; None unless every graph has as many as it has rows."""
    found = [getattr(each, key, None) for each in graphs]
    if any(each is None for each in found):
        return None
    joined = np.concatenate([each.detach().cpu().numpy().reshape(-1) for each in found if each is not None])
    return joined.astype(kind) if len(joined) == rows else None
