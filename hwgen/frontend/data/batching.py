"""PyG graphs as one integer batch: their disjoint union."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from ...errors import HwgenError
from ...network.batch import Batch
from .codes import GraphCodes

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["graphs_of", "joined", "real", "union_of"]


def graphs_of(data: Data | Iterable[Data], most: int | None = None) -> list[Data]:
    """One graph, or several, or a DataLoader's batches of them, as a list of single graphs.

    Parameters
    ----------
    data : Data or iterable of Data
    most : int or None
        Stop after so many.

    Raises
    ------
    HwgenError
        No graph.
    """
    several: list[Data] = []
    for each in [data] if hasattr(data, "edge_index") else data:
        several += each.to_data_list() if hasattr(each, "to_data_list") else [each]
        if most is not None and len(several) >= most:
            break
    if not several:
        raise HwgenError("no sample graph", "data", "pass a graph, a list of graphs or a DataLoader")
    return several[:most]


def union_of(graphs: Sequence[Data]) -> tuple[Batch, int, float]:
    """Disjoint union of graphs as codes, the width of these, and the real value of code 1.

    Raises
    ------
    HwgenError
        Features that are not small unsigned integers, or differ in number or scale.
    """
    parts = [GraphCodes.of(each) for each in graphs]
    width, scale = parts[0].features.shape[1], parts[0].scale
    for part in parts:
        if (part.features.shape[1], part.scale) != (width, scale):
            raise HwgenError(f"graphs with {width} features of scale {scale} and with {part.features.shape[1]} of "
                             f"scale {part.scale}", "data", "use the same features for all graphs")
    sizes = np.array([part.features.shape[0] for part in parts])
    starts = np.cumsum(sizes) - sizes
    edges = [part.edges + start for part, start in zip(parts, starts, strict=True)]
    batch = Batch(features=csr_array(vstack([part.features for part in parts])), edges=np.concatenate(edges, axis=1),
                  graph=np.repeat(np.arange(len(sizes)), sizes), graphs=len(sizes),
                  node=np.arange(sizes[0]) if len(sizes) == 1 else np.zeros(int(sizes.sum()), np.int64))
    return batch, max(part.bits for part in parts), scale


def real(graph: Data) -> Data:
    """A copy of a graph whose features are real values, as the user's own module takes them.

    Raises
    ------
    HwgenError
        As :func:`union_of`.
    """
    codes = GraphCodes.of(graph)
    copied = graph.clone()
    copied.x = graph.x.float() * codes.scale
    return copied


def joined(graphs: Sequence[Data], key: str, *, by_graph: bool) -> NDArray[Any] | str | None:
    """Labels or masks of all rows of results, as the user gave them: [rows], or [rows, columns].

    Parameters
    ----------
    by_graph : bool
        Whether a row of results is a graph, or a node.

    Returns
    -------
    array, str or None
        NaN where some graphs have them and others not; None where no graph has; what is wrong where they are not one,
        or one row, for each row of results.
    """
    found = [getattr(each, key, None) for each in graphs]
    if all(each is None for each in found):
        return None
    parts: list[NDArray[Any] | None] = []
    for index, (graph, each) in enumerate(zip(graphs, found, strict=True)):
        if each is None:
            parts.append(None)
            continue
        values, rows = np.asarray(each.detach().cpu() if hasattr(each, "detach") else each), len(graph.x)
        if by_graph and values.size and (values.ndim < 2 or len(values) == 1):
            values = values.reshape(1, -1)  # PyG has several labels of one graph as [columns] or [1, columns]
        if len(values) != (1 if by_graph else rows) or values.ndim > 2:
            return f"{key} of graph {index} has shape {values.shape}, results are of its " + (
                "graph" if by_graph else f"{rows} nodes")
        parts.append(values.reshape(len(values), -1))
    widths = {each.shape[1] for each in parts if each is not None}
    if len(widths) > 1:
        return f"{key} has {' or '.join(map(str, sorted(widths)))} columns"
    columns = widths.pop()
    whole = np.concatenate([np.full((1 if by_graph else len(graph.x), columns), np.nan) if each is None else each
                            for graph, each in zip(graphs, parts, strict=True)])
    return whole[:, 0] if columns == 1 else whole
