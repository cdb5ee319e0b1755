"""What a model is trained on: one graph with masks, or a fold of a set of graphs; prepared batches with labels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor
from torch_geometric.data import Data

from ...errors import HwgenError
from ...network.batch import Batch
from ...network.equation import Labelled
from ...network.heads import Head
from ...network.input import Input
from ...network.labels import Labels
from ...network.reader import Graphs, read_graphs
from ...network.reader.fields import MASKS
from ..data.batching import data_of, prepared, union_of
from ..data.graph_batch import GraphBatch, quotient
from ..data.graph_set import GraphSet, Split
from ..quantize.input import input_of
from .losses import Goal, tensor_of

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
    """A batch, the labels of its rows (:func:`.losses.tensor_of`), and which of these count; None: all."""

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
    labels : Labels
        Of all parts.
    goal : Goal
        What is learned of those of the training part.
    features : int
    given : Input
        How features become codes.
    """

    def __init__(self, *, name: str, per: Labelled, labels: Labels, goal: Goal, given: Input) -> None:
        self.name, self.per, self.labels, self.goal = name, per, labels, goal
        self.input, self.features = given, given.features

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
    """The nodes of one graph, or of several that masks part.

    Parameters
    ----------
    data : any
        What :func:`hwgen.network.reader.read_graphs` takes, with ``y``, ``train_mask``, ``val_mask`` and ``test_mask``,
        one entry a node.
    name : str
        Of the data set.
    labels : Labels or None
        What labels mean beside a model's results; None: what they mean alone.
    head : Head
        Behind results.
    bits, zero_points
        As in :func:`hwgen.frontend.quantize.input.input_of`.

    Raises
    ------
    HwgenError
        Labels or a mask that are missing, of something else than nodes, or empty.
    """

    def __init__(self, data: Any, name: str = "", *, labels: Labels | None = None, head: Head = "",
                 bits: int | None = None, zero_points: bool = True) -> None:
        graphs = read_graphs(data)
        graphs.check_rows("nodes", "data")
        if graphs.labels is None:
            raise HwgenError("the graph has no y", "data.y", "set labels and the three masks")
        labels = labels or Labels.alone(graphs.labels)
        self._rows: dict[Part, Tensor] = {}
        for part, key in zip(PARTS, MASKS, strict=True):
            mask = None if key not in graphs.masks else graphs.counted(key, "nodes")
            if mask is None:
                raise HwgenError(f"the graph has no {key}", f"data.{key}", "set labels and the three masks")
            rows = mask & labels.counted
            if not rows.any():
                raise HwgenError(f"no node for {part}", f"data.{key}", "put at least one node into every mask")
            self._rows[part] = torch.from_numpy(rows)
        super().__init__(name=name, per="nodes", labels=labels,
                         goal=Goal.of(labels, self._rows["train"].numpy(), head),
                         given=input_of(graphs.features, graphs.scale, bits, zero_points=zero_points))
        self._data, self._labels = data_of(graphs), tensor_of(labels)
        self._batch, self._codes = prepared(graphs), union_of(graphs, self.input)

    def epoch(self, epoch: int, seed: int) -> Iterator[Example]:
        return iter(self.part("train"))

    def part(self, part: Part) -> list[Example]:
        return [Example(self._batch, self._labels, self._rows[part])]

    def sample(self, seed: int) -> GraphBatch:
        return self._batch

    def codes(self, part: Part) -> list[Batch]:
        return [self._codes]

    def few(self) -> tuple[list[Data], GraphBatch]:
        few = self._data[:FEW]
        return few, self._batch if len(few) == len(self._data) else prepared(few)

    def graphs(self) -> tuple[list[Data], list[Data]]:
        return self._data, self._data


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
    labels, head
        As of :class:`OneGraph`.
    bits, zero_points
        As in :func:`hwgen.frontend.quantize.input.input_of`; real values are read off the training part.
    """

    def __init__(self, graphs: GraphSet, split: Split, rounds: int | None, size: int, *, labels: Labels | None = None,
                 head: Head = "", bits: int | None = None, zero_points: bool = True) -> None:
        labels = labels or Labels.alone(graphs.labels)
        training = np.zeros(len(labels.known), dtype=bool)
        training[graphs.rows_of(split.train)] = True
        super().__init__(name=graphs.name, per=graphs.per, labels=labels, goal=Goal.of(labels, training, head),
                         given=input_of(graphs.features, graphs.input_scale, bits, rows=graphs.nodes_of(split.train),
                                        zero_points=zero_points))
        self._set, self.split, self.rounds, self.size = graphs, split, rounds, size
        for part in PARTS:
            if not labels.counted[graphs.rows_of(getattr(split, part))].any():
                raise HwgenError(f"no {'node' if graphs.per == 'nodes' else 'graph'} with a label for {part}", "data.y",
                                 "label more, or give masks")
        self._labels = tensor_of(labels)
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
        return [self.in_codes(chosen) for chosen in self._cut(getattr(self.split, part))]

    def few(self) -> tuple[list[Data], GraphBatch]:
        chosen = self.split.train[:FEW]
        return [self._set[int(graph)] for graph in chosen], self._batch(chosen).batch

    def graphs(self) -> tuple[list[Data], list[Data]]:
        every = [self._set[graph] for graph in range(len(self._set))]
        return every, [every[int(graph)] for graph in self.split.test]

    def in_codes(self, chosen: Ints) -> Batch:
        """Some graphs of the set, as integers."""
        union = self._set.union(chosen)
        return replace(union, features=self.input.codes(csr_array(union.features * self._set.input_scale)))

    def _batch(self, chosen: Ints) -> Example:
        key = chosen.tobytes()
        if key not in self._built:
            union = self._set.union(chosen)
            batch = (GraphBatch.union(union, self._set.input_scale) if self.rounds is None
                     else quotient(union, self.rounds, self._set.input_scale))
            place = self._set.rows_of(chosen)
            known = self.labels.counted[place]
            rows = None if known.all() else torch.from_numpy(known)
            self._built[key] = Example(batch, self._labels[torch.from_numpy(place)], rows)
        return self._built[key]

    def _cut(self, chosen: Ints) -> Sequence[Ints]:
        return np.array_split(chosen, max(1, round(len(chosen) / self.size)))


def as_set(graphs: Graphs, name: str) -> GraphSet:
    """Graphs, each with a label or with labels of its nodes, as a set.

    Raises
    ------
    HwgenError
        Graphs without labels.
    """
    graphs.check_rows(graphs.domain, "data")
    if graphs.labels is None:
        raise HwgenError("graphs without labels", "data.y", "set y in every graph: a label or a row of labels, for the "
                         "graph or for each of its nodes")
    found = graphs.ordered()
    return GraphSet.of(found.batch(found.features), graphs.labels, name=name, per=graphs.domain,
                       input_scale=1.0 if found.scale is None else found.scale)
