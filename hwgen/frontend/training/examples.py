"""What a model is trained on: one graph with masks, or a fold of a set of graphs; prepared batches with labels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import HwgenError
from ...network.batch import Batch
from ...network.network import Domain
from ..data.batching import graphs_of, joined, union_of
from ..data.graph_batch import GraphBatch, quotient
from ..data.graph_set import GraphSet, Split

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["Example", "Examples", "ManyGraphs", "OneGraph", "Part", "as_set"]

Ints = NDArray[np.int64]
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")

#: Ways to deal training graphs into batches; epochs take turns, so that each is built once.
DEALS = 4
#: Training graphs that steps are read off.
SAMPLE = 256
#: Graphs that a module and its layers are compared on.
FEW = 16


class Example(NamedTuple):
    """A batch, the labels of its rows (nodes or graphs), and which of these count; None: all."""

    batch: GraphBatch
    labels: Tensor
    rows: Tensor | None


class Examples(ABC):
    """Labelled rows in three parts.

    Parameters
    ----------
    name : str
    per : "nodes" or "graphs"
        What has a label.
    classes, features : int
    input_bits, input_scale
        As in :class:`hwgen.network.network.Network`.
    """

    def __init__(self, *, name: str, per: Domain, classes: int, features: int, input_bits: int,
                 input_scale: float) -> None:
        self.name, self.per, self.classes, self.features = name, per, classes, features
        self.input_bits, self.input_scale = input_bits, input_scale

    @abstractmethod
    def epoch(self, epoch: int, seed: int) -> Iterator[Example]:
        """The training part once, as the batches of an epoch."""

    @abstractmethod
    def part(self, part: Part) -> list[Example]:
        """The batches of a part, in order."""

    @abstractmethod
    def sample(self, seed: int) -> GraphBatch:
        """What quantizers read their first steps off: of the training part where parts are graphs."""

    @abstractmethod
    def codes(self, part: Part) -> list[Batch]:
        """The batches of :meth:`part` as integers, each of all its nodes."""

    @abstractmethod
    def few(self) -> tuple[list[Data], GraphBatch]:
        """A few graphs, and the same as a batch: what a module and its layers are compared on."""

    @abstractmethod
    def graphs(self) -> tuple[list[Data], list[Data]]:
        """All graphs, and those that a build is to be judged by: the one graph, or those of the test part."""


class OneGraph(Examples):
    """The nodes of one graph.

    Parameters
    ----------
    data : Data
        With ``y``, ``train_mask``, ``val_mask`` and ``test_mask``, one entry a node.

    Raises
    ------
    HwgenError
        Labels or a mask that are missing, of another length, or empty; features that are no codes.
    """

    def __init__(self, data: Data) -> None:
        keys = ("y", "train_mask", "val_mask", "test_mask")
        for key in keys:
            if getattr(data, key, None) is None:
                raise HwgenError(f"the graph has no {key}", f"data.{key}", "set labels and the three masks")
        codes, bits, scale = union_of([data])
        found = {key: data[key].detach().cpu().reshape(-1) for key in keys}
        for key, values in found.items():
            if len(values) != codes.num_nodes:
                raise HwgenError(f"{len(values)} entries for {codes.num_nodes} nodes", f"data.{key}",
                                 "give every node one")
        self._labels = found["y"].long()
        self._rows = {part: found[key].bool() for part, key in zip(PARTS, keys[1:], strict=True)}
        for part, key in zip(PARTS, keys[1:], strict=True):
            if not bool(self._rows[part].any()):
                raise HwgenError(f"no node for {part}", f"data.{key}", "put at least one node into every mask")
        super().__init__(name=str(getattr(data, "name", "")), per="nodes", classes=int(self._labels.max()) + 1,
                         features=int(codes.features.shape[1]), input_bits=bits, input_scale=scale)
        self._data, self._codes, self._batch = data, codes, GraphBatch.union(codes, scale)

    def epoch(self, epoch: int, seed: int) -> Iterator[Example]:
        return iter(self.part("train"))

    def part(self, part: Part) -> list[Example]:
        return [Example(self._batch, self._labels, self._rows[part])]

    def sample(self, seed: int) -> GraphBatch:
        return self._batch

    def codes(self, part: Part) -> list[Batch]:
        return [self._codes]

    def few(self) -> tuple[list[Data], GraphBatch]:
        return [self._data], self._batch

    def graphs(self) -> tuple[list[Data], list[Data]]:
        return [self._data], [self._data]


class ManyGraphs(Examples):
    """A fold of a set of graphs; batches are built once.

    Parameters
    ----------
    graphs : GraphSet
    split : Split
    rounds : int or None
        Aggregations of the network, one after another: nodes that so many do not tell apart are one row
        (:func:`hwgen.frontend.data.graph_batch.quotient`). None: every node has its own.
    size : int
        Graphs in a batch.
    """

    def __init__(self, graphs: GraphSet, split: Split, rounds: int | None, size: int) -> None:
        super().__init__(name=graphs.name, per="graphs", classes=graphs.classes,
                         features=int(graphs.features.shape[1]), input_bits=graphs.input_bits,
                         input_scale=graphs.input_scale)
        self._set, self.split, self.rounds, self.size = graphs, split, rounds, size
        self._built: dict[bytes, Example] = {}

    def epoch(self, epoch: int, seed: int) -> Iterator[Example]:
        deal = np.random.default_rng((seed, epoch % DEALS)).permutation(self.split.train)
        parts = self._cut(deal)
        for which in np.random.default_rng((seed, epoch, 1)).permutation(len(parts)):
            yield self._batch(parts[which])

    def part(self, part: Part) -> list[Example]:
        return [self._batch(chosen) for chosen in self._cut(getattr(self.split, part))]

    def sample(self, seed: int) -> GraphBatch:
        return self._batch(np.random.default_rng(seed).permutation(self.split.train)[:SAMPLE]).batch

    def codes(self, part: Part) -> list[Batch]:
        return [self._set.union(chosen) for chosen in self._cut(getattr(self.split, part))]

    def few(self) -> tuple[list[Data], GraphBatch]:
        chosen = self.split.train[:FEW]
        return [self._set[int(graph)] for graph in chosen], self._batch(chosen).batch

    def graphs(self) -> tuple[list[Data], list[Data]]:
        every = [self._set[graph] for graph in range(len(self._set))]
        return every, [every[int(graph)] for graph in self.split.test]

    def _batch(self, chosen: Ints) -> Example:
        key = chosen.tobytes()
        if key not in self._built:
            union = self._set.union(chosen)
            batch = (GraphBatch.union(union, self.input_scale) if self.rounds is None
                     else quotient(union, self.rounds, self.input_scale))
            self._built[key] = Example(batch, torch.from_numpy(self._set.labels[chosen]), None)
        return self._built[key]

    def _cut(self, chosen: Ints) -> Sequence[Ints]:
        return np.array_split(chosen, max(1, round(len(chosen) / self.size)))


def as_set(data: Sequence[Data] | GraphSet, name: str) -> GraphSet:
    """A list of graphs, each with a label, as a set.

    Raises
    ------
    HwgenError
        Graphs without labels, or with a label for each node; features that are no codes.
    """
    if isinstance(data, GraphSet):
        return data
    graphs = graphs_of(data)
    labels = joined(graphs, "y", by_graph=True)
    if not isinstance(labels, np.ndarray) or labels.ndim != 1:
        raise HwgenError("graphs without one label each", "data.y",
                         "set y to int64 [1] in every graph; to classify nodes, join the graphs into one with masks")
    batch, _, scale = union_of(graphs)
    return GraphSet.of(batch, labels.astype(np.int64), name=name, input_scale=scale)
