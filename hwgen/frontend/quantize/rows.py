"""Quantizers of values by row: one class for each way in which a row gets its step and its width.

A row of :class:`PerNode` takes the entry of its node (A²Q), one of :class:`PerDegree` that of its in-degree (MEGA), one
of :class:`Nearest` the entry whose clip value is nearest to its largest magnitude (A²Q's nearest-neighbour strategy,
for graphs that training never saw); all rows of :class:`PerTensor` share one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ...network.granularity import Granularity
from ...schemes import Scheme
from ..data.graph_batch import GraphBatch
from .fake_quantize import TINY
from .row_quantizer import RowQuantizer
from .step_search import allocate_bits, best_steps

__all__ = ["Nearest", "PerDegree", "PerNode", "PerTensor", "row_quantizer"]

#: The requantizer's row factor has 17 bits: steps of nodes stay within 2^±4 of their median, and it stays precise.
NODE_SPAN = 16.0


class PerNode(RowQuantizer):
    """A step and a width for each node of the one graph that the model is for (A²Q).

    With buckets of degrees a node has the width of its bucket, which does not learn, and a step of its own: SGQuant's
    topology-aware granularity as published, whose ranges are each node's.
    """

    granularity = Granularity.PER_NODE

    def __init__(self, scheme: Scheme, entries: int, *, signed: bool) -> None:
        super().__init__(scheme, entries, signed=signed)
        self.splits, self.bucket_bits = scheme.splits, scheme.bucket_bits

    @torch.no_grad()
    def calibrate(self, x: Tensor, batch: GraphBatch) -> None:
        if self.splits:
            bits = torch.tensor(self.bucket_bits, dtype=x.dtype)[buckets(batch, self.splits)]
            self.fix(torch.full((len(self.raw_bits),), float(self.least)).index_copy(0, batch.node, bits))
        super().calibrate(x, batch)

    def choose(self, x: Tensor, batch: GraphBatch) -> Tensor:
        return batch.node

    def is_in_order(self, batch: GraphBatch) -> bool:
        return batch.is_in_order and batch.nodes == len(self.raw_size)

    def limited(self, step: Tensor) -> Tensor:
        """Steps within 2^±4 of their median; those of nodes without bits do not count for it.

        With buckets the same of the largest values: a row of few bits has a coarse step, and asks for less precision.
        """
        with torch.no_grad():
            stored, unit = self.whole_bits > 0, self.top.clamp_min(1.0) if self.splits else torch.ones(())
            size = step * unit
            middle = (size[stored] if stored.any() else size).median().clamp_min(TINY)
        return torch.minimum(torch.maximum(step, middle / NODE_SPAN / unit), middle * NODE_SPAN / unit)

    @torch.no_grad()
    def allocate(self, x: Tensor, batch: GraphBatch, target: float) -> None:
        """Spread a mean of ``target`` bits over nodes by the errors of their rows ``x`` [n, k], and freeze it."""
        bits, step = allocate_bits(x, target, signed=self.signed, largest=min(4, self.most))
        self.raw_bits.index_copy_(0, batch.node, bits)
        whole = self.step.clone()
        whole.index_copy_(0, batch.node, step)
        self.set_steps(whole)
        self.freeze()


class PerDegree(RowQuantizer):
    """A step and a width for each in-degree (MEGA); larger degrees take the last entry.

    With buckets of degrees there is an entry for each bucket, whose width does not learn (SGQuant, for any graph).

    Parameters
    ----------
    via : "edges" or "looped"
        The list whose length is the degree.
    """

    granularity = Granularity.PER_DEGREE

    def __init__(self, scheme: Scheme, entries: int, *, signed: bool,
                 via: Literal["edges", "looped"] = "edges") -> None:
        super().__init__(scheme, len(scheme.splits) + 1 if scheme.splits else entries, signed=signed)
        self.via: Literal["edges", "looped"] = via
        self.splits = scheme.splits
        if self.splits:
            self.fix(torch.tensor(scheme.bucket_bits, dtype=torch.float32))

    def choose(self, x: Tensor, batch: GraphBatch) -> Tensor:
        if self.splits:
            return buckets(batch, self.splits)
        return batch.lists(self.via).length[:, 0].long().clamp_max(len(self.raw_size) - 1)

    def arrays(self) -> dict[str, Any]:
        """A table by degree, as hardware has it: the degrees of a bucket have equal entries."""
        entry = np.arange(len(self.raw_size))
        if self.splits:
            entry = np.searchsorted(self.splits, np.arange(self.splits[-1] + 1), side="right")
        return {"via": self.via, **{name: values[entry] for name, values in super().arrays().items()}}


class Nearest(RowQuantizer):
    """A table that a row searches by its largest magnitude (A²Q's nearest-neighbour strategy)."""

    granularity = Granularity.NEAREST

    def clip_value(self) -> Tensor:
        """Largest value of each entry: float [entries, 1]."""
        return self.step * self.top

    def choose(self, x: Tensor, batch: GraphBatch) -> Tensor:
        with torch.no_grad():
            clip, order = self.clip_value()[:, 0].sort(stable=True)
            largest = x.detach().abs().amax(1) if x.shape[1] else x.new_zeros(len(x))
            return order[torch.searchsorted((clip[1:] + clip[:-1]) / 2, largest)]

    @torch.no_grad()
    def calibrate(self, x: Tensor, batch: GraphBatch) -> None:
        """Spread clip values over the quantiles of row maxima."""
        largest = x.abs().amax(1) if x.shape[1] else x.new_zeros(len(x))
        alive = largest[largest > TINY]
        if not len(alive):
            return
        places = (torch.arange(len(self.raw_size)) + 0.5) / len(self.raw_size)
        clip = alive.sort().values[(places * len(alive)).long()]
        # Equal quantiles would leave entries idle: idle ones spread over the range of the others.
        twins = torch.cat([clip.new_zeros(1, dtype=torch.bool), clip[1:] <= clip[:-1] * 1.001])
        spread = torch.logspace(0, 1, int(twins.sum()) + 2, base=float(clip[-1] / clip[0]))[1:-1] * clip[0]
        self.set_steps(torch.cat([clip[~twins], spread]).sort().values[:, None] / self.top)

    def arrays(self) -> dict[str, Any]:
        """Entries by ascending clip value, since that is what chooses them."""
        clip, order = self.clip_value()[:, 0].double().sort(stable=True)
        return {"clip_value": clip.numpy().copy(),
                **{name: values[order.numpy()] for name, values in super().arrays().items()}}


class PerTensor(RowQuantizer):
    """One step for all rows and channels, and a fixed width."""

    granularity = Granularity.PER_TENSOR

    def __init__(self, scheme: Scheme, *, signed: bool) -> None:
        super().__init__(scheme, 1, signed=signed)
        self.freeze()

    def choose(self, x: Tensor, batch: GraphBatch) -> Tensor:
        return torch.zeros(len(x), dtype=torch.long)

    @torch.no_grad()
    def calibrate(self, x: Tensor, batch: GraphBatch) -> None:
        if bool((x.abs() > TINY).any()):
            self.set_steps(best_steps(x.reshape(-1, 1), int(self.whole_bits), signed=self.signed, axis=0))


def buckets(batch: GraphBatch, splits: Sequence[int]) -> Tensor:
    """The bucket of each node, by its in-degree: int64 [n]."""
    degree = batch.lists("edges").length[:, 0]
    return torch.bucketize(degree, torch.tensor(splits, dtype=degree.dtype), right=True)


def row_quantizer(scheme: Scheme, *, signed: bool, of_graphs: bool, nodes: int, degrees: int) -> RowQuantizer:
    """The quantizer of a value by row.

    Parameters
    ----------
    scheme : Scheme
    signed : bool
        Whether the value can be negative.
    of_graphs : bool
        Whether its rows are graphs, which have no node and no degree.
    nodes, degrees : int
        Number of nodes, and the largest degree with an entry of its own.
    """
    if scheme.rows is Granularity.NEAREST:
        return Nearest(scheme, scheme.entries, signed=signed)
    if scheme.rows is Granularity.PER_TENSOR or of_graphs:
        return PerTensor(scheme, signed=signed)
    if scheme.rows is Granularity.PER_DEGREE:
        return PerDegree(scheme, degrees + 1, signed=signed)
    return PerNode(scheme, nodes, signed=signed)
