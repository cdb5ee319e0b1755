"""Graphs as users hand them over, checked and end to end; what a model makes of them is not decided here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from ...errors import HwgenError
from ..batch import Batch
from ..equation import Domain, Labelled

__all__ = ["Graphs", "join"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Graphs:
    """The disjoint union of some graphs, with what is known of them.

    Parameters
    ----------
    features : csr_array int64 or float64 [n, f]
    scale : float or None
        What features are multiplied by to be real values; None: they are the codes of the model that takes them.
    edges : int64 [2, e]
        Sources above destinations.
    graph : int64 [n]
        The graph of each node, ascending.
    graphs : int
    node : int64 [n] or None
        Number of each node among the trained ones, where it was said.
    labels : int64 or float64 [rows] or [rows, tasks], or None
        As given: NaN and -1 stay; NaN too where other graphs have labels.
    masks : mapping of bool [rows]
        By ``train_mask``, ``val_mask`` and ``test_mask``.
    results : mapping of float64 [rows, classes]
        By ``logits``, ``fp32`` and ``integer``: of the quantized model, of FP32, of the integer program.
    domains : frozenset
        What rows can be by their number: nodes, graphs, either; or neither, where some graphs have rows of nodes.
    partly : frozenset of str
        What only some graphs have: it is left out, and refused where it would count.
    asked : int64 [k] or None
        Nodes whose results are wanted, in the order in which the user has them; None: all, in order.
    limits : float64 [8] or None
        Those of the data set, as :class:`hwgen.network.sample.Limits` has them.
    weights : mapping of [e] or [e, k]
        Values of edges, by ``edge_weight`` and ``edge_attr``.
    accuracy_by_width : float64 [k, 3] or None
        Of the model's training, as :class:`hwgen.network.sample.Sample` has it.
    """

    features: csr_array
    scale: float | None
    edges: Ints
    graph: Ints
    graphs: int
    node: Ints | None = None
    labels: NDArray[Any] | None = None
    masks: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    results: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    domains: frozenset[Labelled] = frozenset({"nodes", "graphs"})
    partly: frozenset[str] = frozenset()
    asked: Ints | None = None
    limits: NDArray[np.float64] | None = None
    weights: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    accuracy_by_width: NDArray[np.float64] | None = None

    @property
    def nodes(self) -> int:
        return int(self.features.shape[0])

    @property
    def real(self) -> csr_array:
        """Features as real values: csr_array float64 [n, f]."""
        return csr_array(self.features * (1.0 if self.scale is None else self.scale))

    @property
    def usable_weights(self) -> dict[str, NDArray[np.float64]]:
        """Values of edges that are one number for each, as float32 holds them: PyTorch rounds them to that."""
        return {name: value.reshape(-1).astype(np.float32).astype(np.float64) for name, value in self.weights.items()
                if value.ndim == 1 or value.shape[1:] == (1,)}

    @property
    def weight(self) -> NDArray[np.float64] | None:
        """What each edge weighs, for models that take it: float64 [e]."""
        usable = self.usable_weights
        return usable.get("edge_weight", usable.get("edge_attr"))

    def batch(self, features: csr_array) -> Batch:
        """The graphs with other features of the same nodes, such as codes."""
        node = self.node
        if node is None:
            node = np.arange(self.nodes) if self.graphs == 1 else np.zeros(self.nodes, np.int64)
        return Batch(features=features, edges=self.edges, graph=self.graph, graphs=self.graphs, node=node,
                     weight=self.weight)

    def part(self, first: int, last: int) -> "Graphs":
        """Graphs ``first`` to ``last - 1``."""
        last = min(last, self.graphs)
        if (first, last) == (0, self.graphs):
            return self
        low, high = np.searchsorted(self.graph, [first, last])
        inside = (self.edges[1] >= low) & (self.edges[1] < high)
        rows = slice(first, last) if self.domain == "graphs" else slice(low, high)
        asked = None if self.asked is None else self.asked[(self.asked >= low) & (self.asked < high)] - low
        return replace(self, features=self.features[low:high], edges=self.edges[:, inside] - low,
                       graph=self.graph[low:high] - first, graphs=last - first,
                       node=None if self.node is None else self.node[low:high],
                       labels=None if self.labels is None else self.labels[rows],
                       masks={name: mask[rows] for name, mask in self.masks.items()},
                       weights={name: value[inside] for name, value in self.weights.items()},
                       results={name: value[rows] for name, value in self.results.items()}, asked=asked)

    def ordered(self) -> "Graphs":
        """The same with the edges of a graph together."""
        order = np.argsort(self.graph[self.edges[1]], kind="stable")
        return replace(self, edges=self.edges[:, order],
                       weights={name: value[order] for name, value in self.weights.items()})

    @property
    def domain(self) -> Labelled:
        """What rows are; of either, graphs."""
        return "graphs" if "graphs" in self.domains else "nodes"

    def check_rows(self, domain: Domain, where: str) -> None:
        """Refuse labels, masks or logits that only some graphs have, or of something else than a model's results.

        Raises
        ------
        HwgenError
        """
        if self.partly:
            raise HwgenError(f"some graphs have {min(self.partly)}, others have none", where,
                             f"give every graph {min(self.partly)}, or none")
        if domain not in self.domains:
            those = " and of ".join(self.domains) or "nodes and of graphs"
            raise HwgenError(f"labels, masks or logits of {those}, and the model's results are of {domain}", where,
                             f"give one entry for each of the {domain}, or leave them out")

    def counted(self, name: str, domain: Domain) -> NDArray[np.bool_] | None:
        """A mask, and of nodes only those whose results are asked for: bool [rows], or None where all count."""
        mask = self.masks.get(name)
        if self.asked is None or domain == "graphs":
            return mask
        asked = np.zeros(self.nodes, dtype=bool)
        asked[self.asked] = True
        return (None if asked.all() else asked) if mask is None else mask & asked


def join(parts: Sequence[Graphs], where: str) -> Graphs:
    """Graphs one after another, in one record.

    Raises
    ------
    HwgenError
        Graphs of different features or scales; labels of different shapes.
    """
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    nodes, graphs = (np.cumsum([0, *sizes]) for sizes in ([each.nodes for each in parts],
                                                          [each.graphs for each in parts]))

    partly = set().union(*(each.partly for each in parts))
    domains = frozenset.intersection(*(each.domains for each in parts))

    def all_of(name: str, values: Sequence[Any]) -> Any:
        """Arrays one after another; None where some graph has none, but NaN for labels."""
        known = [value for value in values if value is not None]
        if known and name == "y" and len(known) < len(values):
            sizes = [each.graphs if "graphs" in domains else each.nodes for each in parts]
            values = [np.full((size, *known[0].shape[1:]), np.nan) if value is None else value
                      for size, value in zip(sizes, values, strict=True)]
        elif len(known) < len(values):
            partly.update([name] if known else [])
            return None
        shapes = {value.shape[1:] for value in values}
        if len(shapes) > 1:
            raise HwgenError(f"{name} of different shapes, {' and '.join(map(str, sorted(shapes)))} a row", where,
                             f"give {name} of one shape")
        return np.concatenate(values)

    for number, each in enumerate(parts):
        if each.features.shape[1] != first.features.shape[1] or each.scale != first.scale:
            raise HwgenError(f"graph 0 has {_kind(first)}, graph {graphs[number]} {_kind(each)}", where,
                             "use the same features for all graphs")

    def by_name(kinds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        every = {name: all_of(name, [each.get(name) for each in kinds]) for name in sorted(set().union(*kinds))}
        return {name: found for name, found in every.items() if found is not None}

    asked = None
    if any(each.asked is not None for each in parts):
        asked = np.concatenate([(np.arange(each.nodes) if each.asked is None else each.asked) + start
                                for each, start in zip(parts, nodes, strict=False)])
    joined = Graphs(
        features=csr_array(vstack([each.features for each in parts])), scale=first.scale,
        edges=np.concatenate([each.edges + start for each, start in zip(parts, nodes, strict=False)], axis=1),
        graph=np.concatenate([each.graph + start for each, start in zip(parts, graphs, strict=False)]),
        graphs=int(graphs[-1]), node=all_of("node", [each.node for each in parts]),
        labels=all_of("y", [each.labels for each in parts]), domains=domains, asked=asked,
        masks=by_name([each.masks for each in parts]), results=by_name([each.results for each in parts]),
        weights=by_name([each.weights for each in parts]))
    return replace(joined, partly=frozenset(partly - {"node"}))


def _kind(graphs: Graphs) -> str:
    scale = "" if graphs.scale is None else f" of scale {graphs.scale:g}"
    return f"{graphs.features.shape[1]} features{scale}"
