"""Graphs that travel with a network: what a build is proved on, and how large graphs of its kind are."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from ..kinds import Count, Within
from .batch import Batch, SetName
from .edges import NO_EDGES, EdgeQuantizers
from .limit_names import LIMITS, OF_EDGES
from .walks import edge_limits

__all__ = ["HEADROOM", "Limits", "Sample", "single"]

Ints = NDArray[np.int64]

#: Graphs that come later may be so many times as large as the largest of a set, unless the user says otherwise.
HEADROOM = 1.5


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest single graph of some, figure by figure.

    Parameters
    ----------
    nodes, edges : int
        Of one graph; edges are directed.
    entries : int
        List entries of one graph's features: non-zero ones, of several bits every set bit at least.
    degree : int
        In-edges of a node, a self loop added.
    features : int
        Non-zero features of a node.
    mean_nodes, mean_edges, mean_entries : float
        Of one graph.
    weight : int
        Largest sum of the magnitudes of a list whose edges weigh, in codes; 0 where none does.
    weighed, mean_weighed : int, float
        List entries of one graph's edges that weigh, bits and changes of sign.
    """

    nodes: Count
    edges: Count
    entries: Count
    degree: Count
    features: Count
    mean_nodes: Annotated[float, Within(0, 1 << 53)]
    mean_edges: Annotated[float, Within(0, 1 << 53)]
    mean_entries: Annotated[float, Within(0, 1 << 53)]
    weight: Count = 0
    weighed: Count = 0
    mean_weighed: Annotated[float, Within(0, 1 << 53)] = 0.0

    @classmethod
    def of(cls, batch: Batch, input_bits: int, quantizers: EdgeQuantizers = NO_EDGES) -> "Limits":
        """Those of the graphs of a batch; edges weigh where they have quantizers."""
        graphs = max(1, batch.graphs)
        nodes = np.bincount(batch.graph, minlength=graphs)
        edges = np.bincount(batch.graph[batch.edges[1]], minlength=graphs)
        pointers = batch.features.indptr
        filled = np.diff(pointers)
        # an empty plane between set ones costs an entry as well: no code takes more than its highest plane's number
        codes = np.bitwise_count(batch.features.data.astype(np.uint64)).astype(np.int64)
        sums = np.r_[0, np.cumsum(codes)]
        per_node = sums[pointers[1:]] - sums[pointers[:-1]] + (input_bits - 1) * (filled > 0)
        entries = np.bincount(batch.graph, weights=per_node, minlength=graphs)
        degree = np.bincount(batch.edges[1], minlength=max(1, batch.num_nodes))
        sums, weighed = edge_limits(batch, quantizers)
        return cls(nodes=int(nodes.max()), edges=int(edges.max()), entries=int(entries.max()),
                   degree=int(degree.max()) + 1, features=int(filled.max(initial=0)), mean_nodes=float(nodes.mean()),
                   mean_edges=float(edges.mean()), mean_entries=float(entries.mean()), weight=sums,
                   weighed=int(weighed.max()), mean_weighed=float(weighed.mean()))

    @property
    def longest(self) -> dict[SetName, int]:
        """The longest list of each set."""
        return {"edges": self.degree, "looped": self.degree, "closed": self.degree, "weighted": self.weight,
                "normed": self.weight, "features": self.features, "members": self.nodes, "sources": self.weight,
                "incoming": self.degree}

    def to_dict(self) -> dict[str, float]:
        """By the names of :data:`.limit_names.LIMITS`."""
        return {name: getattr(self, field) for name, field in LIMITS.items() if self.weighed or name not in OF_EDGES}

    def to_array(self) -> NDArray[np.float64]:
        """In the order of fields; those of edges only where there are any."""
        values = np.array(list(asdict(self).values()), dtype=np.float64)
        return values if self.weighed else values[: len(values) - len(OF_EDGES)]

    @classmethod
    def from_dict(cls, values: Mapping[str, float]) -> "Limits":
        """Inverse of :meth:`to_dict`.

        Raises
        ------
        KeyError
            One is missing.
        """
        found: dict[str, Any] = {field: values[name] for name, field in LIMITS.items()
                                 if name in values or name not in OF_EDGES}
        return cls(**found)

    def with_room(self, graphs: int) -> "Limits":
        """Those of so many graphs with room for others: more than a set has, of a single graph no more."""
        return self if graphs == 1 else self.enlarged(HEADROOM)

    def enlarged(self, times: float) -> "Limits":
        """Those of graphs with so many times the nodes, edges and degree; a node has no more features."""
        more = {name: math.ceil(getattr(self, name) * times)
                for name in ("nodes", "edges", "entries", "degree", "weight", "weighed")}
        return replace(self, **more)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Graphs with what is known of them.

    Parameters
    ----------
    batch : Batch
        Their disjoint union.
    labels : [rows] or [rows, columns], as the user gave them, or None
        Of graphs, or of nodes where results are by node; :mod:`hwgen.network.labels` says what they mean.
    mask : bool [rows] or None
        Rows that figures are over; None: all.
    logits : float64 [rows, classes] or None
        The quantized model's own, in PyTorch.
    limits : Limits
        Of the data set that the model is for.
    fp32 : float64 [rows, classes] or None
        Of the FP32 model that was quantized.
    integer : float64 [rows, classes] or None
        Of the integer program, in real units.
    accuracy_by_width : float64 [k, 3] or None
        Shares of validation and test rows that are right, behind the width of hidden rows in bits, 0 where widths were
        learned: of models that were trained alike, means over their seeds or folds.
    """

    batch: Batch
    labels: NDArray[np.int64] | NDArray[np.float64] | None
    mask: NDArray[np.bool_] | None
    logits: NDArray[np.float64] | None
    limits: Limits
    fp32: NDArray[np.float64] | None = None
    integer: NDArray[np.float64] | None = None
    accuracy_by_width: NDArray[np.float64] | None = None

    @property
    def room(self) -> Limits:
        """What a build reserves where the user asks for nothing."""
        return self.limits.with_room(self.batch.graphs)


def single(batch: Batch) -> list[Batch]:
    """The graphs of a batch, one by one."""
    if batch.graphs == 1:
        return [batch]
    bounds = np.searchsorted(batch.graph, np.arange(batch.graphs + 1))
    owner = batch.graph[batch.edges[1]] if batch.edges.size else np.zeros(0, dtype=np.int64)
    order = np.argsort(owner, kind="stable")
    edges = batch.edges[:, order]
    cuts = np.searchsorted(owner[order], np.arange(batch.graphs + 1))
    graphs = []
    for index, (low, high) in enumerate(pairwise(bounds)):
        own = slice(cuts[index], cuts[index + 1])
        graphs.append(Batch(features=batch.features[low:high], edges=edges[:, own] - low,
                            graph=np.zeros(high - low, dtype=np.int64), graphs=1, node=batch.node[low:high],
                            weight=None if batch.weight is None else batch.weight[order[own]]))
    return graphs
