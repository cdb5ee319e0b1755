"""PyG graphs as the one reader sees them: single graphs of plain tensors, and their union, real or in codes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from ...network.batch import Batch
from ...network.input import Input
from ...network.reader import Graphs, read_graphs
from ...network.reader.codes import input_codes
from .graph_batch import GraphBatch

__all__ = ["data_of", "graphs_of", "prepared", "real", "union_of"]


def graphs_of(data: Any, most: int | None = None) -> list[Data]:
    """Whatever holds graphs (:func:`hwgen.network.reader.read_graphs`) as a list of single graphs, ``most`` at most.

    Raises
    ------
    HwgenError
        No graph, or what the reader refuses.
    """
    found = read_graphs(data, most=most)
    found.check_rows(found.domain, "data")
    return data_of(found)


def data_of(graphs: Graphs) -> list[Data]:
    """Single graphs as PyG has them, of plain tensors: ``x`` float32 [n, f], ``edge_index`` int64 [2, e].

    Where they are known, ``y``, ``train_mask``, ``val_mask`` and ``test_mask`` bool (of nodes only those whose results
    are asked for), ``node``, ``edge_weight`` and ``edge_attr``; and ``input_scale``, where that is not 1.
    """
    of_nodes = graphs.domain == "nodes"
    every = {name: graphs.counted(name, graphs.domain) for name in graphs.masks or ("test_mask",)} | {
        "y": graphs.labels}
    rows: dict[str, NDArray[Any]] = {name: value for name, value in every.items() if value is not None}
    graphs = graphs.ordered()
    nodes, edges = (np.searchsorted(each, np.arange(graphs.graphs + 1))
                    for each in (graphs.graph, graphs.graph[graphs.edges[1]]))
    found = []
    for index, ((low, high), (first, last)) in enumerate(zip(pairwise(nodes), pairwise(edges), strict=True)):
        own, some = slice(first, last), slice(low, high) if of_nodes else slice(index, index + 1)
        known = {name: torch.from_numpy(value[some].copy()) for name, value in rows.items()}
        known |= {name: torch.from_numpy(value[own].copy()) for name, value in graphs.weights.items()}
        known |= {} if graphs.node is None else {"node": torch.from_numpy(graphs.node[low:high].copy())}
        extra = {} if graphs.scale in (None, 1.0) else {"input_scale": graphs.scale}
        found.append(Data(x=torch.from_numpy(graphs.features[low:high].toarray()).float(),
                          edge_index=torch.from_numpy(graphs.edges[:, own] - low), **known, **extra))
    return found


def union_of(graphs: Any, given: Input) -> Batch:
    """Disjoint union of graphs, whose features are real values, as codes of an input.

    Raises
    ------
    HwgenError
        Features that differ in number or scale, or that the input does not take.
    """
    found = read_graphs(graphs)
    return found.batch(input_codes(given, found if found.scale is not None else replace(found, scale=1.0), "data"))


def prepared(graphs: Any) -> GraphBatch:
    """Disjoint union of graphs with their features as real values."""
    found = read_graphs(graphs)
    return GraphBatch.union(found.batch(found.real))


def real(graph: Data) -> Data:
    """A copy of a graph whose features are real values, as the user's own module takes them."""
    copied = graph.clone()
    copied.x = graph.x.float() * float(getattr(graph, "input_scale", 1.0))
    return copied
