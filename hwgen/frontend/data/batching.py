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


def joined(graphs: Sequence[Data], key: str, rows: int, kind: type) -> NDArray[Any] | None:
    """Labels or masks of all rows; None unless every graph has some, and together as many as there are rows."""
    found = [getattr(each, key, None) for each in graphs]
    if any(each is None for each in found):
        return None
    values = np.concatenate([each.detach().cpu().numpy().reshape(-1) for each in found if each is not None])
    return values.astype(kind) if len(values) == rows else None
