"""Quantizers of values by row: one class for each way in which a row gets its step and its width.

A row of :class:`PerNode` takes the entry of its node (A²Q), one of :class:`PerDegree` that of its in-degree (MEGA), one
of :class:`Nearest` the entry whose clip value is nearest to its largest magnitude (A²Q's nearest-neighbour strategy,
for graphs that training never saw); all rows of :class:`PerTensor` share one. The clip value is the largest that an
entry represents, ``step · top`` with ``top = 2^b - 1`` (unsigned) or ``2^(b-1) - 1``.

Where the step itself is learned, or its logarithm, a change of bits changes the clip value, and rows of
:class:`Nearest` hop to other entries. Where the clip value is learned, bits change the resolution only
(:data:`.schemes.Parametrization`).
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from ...network.granularity import Granularity
from ...network.network import Quantizer
from ..data.graph_batch import GraphBatch
from .fake_quantize import TINY, fake_quantize, top_of
from .penalty import Stored
from .schemes import Scheme
from .step_search import allocate_bits, best_steps

__all__ = ["Nearest", "PerDegree", "PerNode", "PerTensor", "RowQuantizer", "row_quantizer"]

#: The requantizer's row factor has 17 bits: steps of nodes stay within 2^±4 of their median, and it stays precise.
NODE_SPAN = 16.0


class RowQuantizer(nn.Module):
    """Learnable steps and bit widths, one entry for each row that differs; subclasses say which row takes which.

    Parameters
    ----------
    scheme : Scheme
    entries : int
    signed : bool
        Signed symmetric codes, whose sign counts as a bit; or unsigned ones.
    """

    def __init__(self, scheme: Scheme, entries: int, *, signed: bool) -> None:
        super().__init__()
        self.signed, self.gradient, self.parametrization = signed, scheme.gradient, scheme.parametrization
        self.least = 0 if scheme.least == 0 else 1 + int(signed)
        self.most, self.span = max(scheme.most, 1 + int(signed)), scheme.span
        self.raw_size = nn.Parameter(torch.full((entries, 1), 1.0 if self.parametrization == "step" else 0.0))
        start = max(float(scheme.bits), float(self.least))
        self.raw_bits = nn.Parameter(torch.full((entries, 1), start))
        #: What the last call stored.
        self.stored: Stored | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "stored": None}  # a copy has not been called yet

    def choose(self, x: Tensor, batch: GraphBatch) -> Tensor:
        """The entry of each row of ``x`` [n, k]: int64 [n]."""
        raise NotImplementedError

    @property
    def frozen(self) -> bool:
        """Whether bit widths no longer learn."""
        return not self.raw_bits.requires_grad

    @property
    def whole_bits(self) -> Tensor:
        """Stored bits in use: float [entries, 1], whole. A²Q rounds a width that counts a sign, half to even."""
        sign = 0 if self.signed else 1
        raw = self.raw_bits.detach()
        bits = (torch.round(raw + sign) - sign).clamp(self.least, self.most)
        # One signed bit stores as little as none.
        return torch.where(raw < 1, 0.0, bits.clamp_min(2.0)) if self.signed and self.least == 0 else bits

    @property
    def step(self) -> Tensor:
        """Steps in use: float [entries, 1], positive."""
        return self.sizes()[0]

    @property
    def top(self) -> Tensor:
        """Largest codes: float [entries, 1]."""
        return top_of(self.whole_bits, self.signed)

    def sizes(self) -> tuple[Tensor, Tensor]:
        """Step and bits of every entry, float [entries, 1] each; differentiable."""
        bits = self.raw_bits + (self.whole_bits - self.raw_bits).detach()  # rounded; the gradient passes
        if self.parametrization == "step":
            return self.limited(self.raw_size.abs()), bits
        size = self.raw_size.exp()
        return self.limited(size / top_of(bits, self.signed) if self.parametrization == "log_clip" else size), bits

    def limited(self, step: Tensor) -> Tensor:
        """Steps within the span that hardware multiplies precisely."""
        return torch.maximum(step, (step.detach().max() / self.span).clamp_min(TINY))

    def forward(self, x: Tensor, batch: GraphBatch, count: Tensor | None = None) -> Tensor:
        """Fake-quantize the rows of ``x`` [n, k], each of which stands for ``count`` [n, 1] ones."""
        if self.training and not self.frozen:
            self.raw_bits.data.clamp_(self.least, self.most)
        entry = self.choose(x, batch)
        step, bits = (each.index_select(0, entry) for each in self.sizes())
        rows = float(len(x) if count is None else count.sum())
        self.stored = Stored((bits if count is None else bits * count).sum(), rows, int(x.shape[1]), self.signed)
        return fake_quantize(x, step, bits, signed=self.signed, gradient=self.gradient)

    def freeze(self) -> None:
        """Round the bit widths and stop learning them."""
        self.raw_bits.data.copy_(self.whole_bits)
        self.raw_bits.requires_grad_(False)
        self.raw_bits.grad = None

    @torch.no_grad()
    def calibrate(self, x: Tensor, batch: GraphBatch) -> None:
        """Take the steps of least squared error on the rows of ``x`` [n, k]; rows of an entry share their mean."""
        if not bool((x.abs() > TINY).any()):
            return
        width = max(1 + int(self.signed), round(float(self.whole_bits.median())))
        step = best_steps(x, width, signed=self.signed, axis=1)
        entry = self.choose(x, batch)
        sums = torch.zeros(len(self.raw_size)).index_add(0, entry, step[:, 0].log())
        times = torch.zeros(len(self.raw_size)).index_add(0, entry, torch.ones(len(x)))
        mean = torch.where(times > 0, sums / times.clamp_min(1), step.log().median()).exp()[:, None]
        self._learn(mean * top_of(torch.tensor(float(width)), self.signed) / self.top.clamp_min(1.0))

    @torch.no_grad()
    def scale_steps(self, factor: Tensor) -> None:
        """Multiply the steps in use: ``factor`` float [entries, 1]."""
        self._learn(self.step * factor)

    @torch.no_grad()
    def randomise(self) -> None:
        """Draw steps as A²Q does before it trains from scratch: |N(0.01, 0.01)|."""
        self._learn(torch.empty_like(self.raw_size).normal_(0.01, 0.01).abs_().clamp_min_(1e-3))

    @torch.no_grad()
    def export(self, channels: int) -> Quantizer:
        """What hardware gets, for rows of so many channels."""
        raise NotImplementedError

    def _learn(self, step: Tensor) -> None:
        if self.parametrization == "step":
            self.raw_size.copy_(step)
        else:
            self.raw_size.copy_((step * self.top if self.parametrization == "log_clip" else step).log())

    def _arrays(self) -> dict[str, Any]:
        step, bits = (each[:, 0].double().numpy().copy() for each in self.sizes())
        return {"step": step, "bits": bits.round().astype("int64")}


class PerNode(RowQuantizer):
    """A step and a width for each node of the one graph that the model is for (A²Q)."""

    def choose(self, x: Tensor, batch: GraphBatch) -> Tensor:
        return batch.node

    def limited(self, step: Tensor) -> Tensor:
        """Steps within 2^±4 of their median; those of nodes without bits do not count for it."""
        with torch.no_grad():
            stored = self.whole_bits > 0
            middle = (step[stored] if stored.any() else step).median().clamp_min(TINY)
        return step.clamp(middle / NODE_SPAN, middle * NODE_SPAN)

    @torch.no_grad()
    def allocate(self, x: Tensor, batch: GraphBatch, target: float) -> None:
        """Spread a mean of ``target`` bits over nodes by the errors of their rows ``x`` [n, k], and freeze it."""
        bits, step = allocate_bits(x, target, signed=self.signed, largest=min(4, self.most))
        self.raw_bits.index_copy_(0, batch.node, bits)
        whole = self.step.clone()
        whole.index_copy_(0, batch.node, step)
        self._learn(whole)
        self.freeze()

    @torch.no_grad()
    def export(self, channels: int) -> Quantizer:
        return Quantizer(signed=self.signed, granularity=Granularity.PER_NODE, **self._arrays())


class PerDegree(RowQuantizer):
    """A step and a width for each in-degree (MEGA); larger degrees take the last entry.

    Parameters
    ----------
    via : "edges" or "looped"
        The list whose length is the degree.
    """

    def __init__(self, scheme: Scheme, entries: int, *, signed: bool,
                 via: Literal["edges", "looped"] = "edges") -> None:
        super().__init__(scheme, entries, signed=signed)
        self.via: Literal["edges", "looped"] = via

    def choose(self, x: Tensor, batch: GraphBatch) -> Tensor:
        return batch.lists(self.via).length[:, 0].long().clamp_max(len(self.raw_size) - 1)

    @torch.no_grad()
    def export(self, channels: int) -> Quantizer:
        return Quantizer(signed=self.signed, granularity=Granularity.PER_DEGREE, via=self.via, **self._arrays())


class Nearest(RowQuantizer):
    """A table that a row searches by its largest magnitude (A²Q's nearest-neighbour strategy)."""

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
        self._learn(torch.cat([clip[~twins], spread]).sort().values[:, None] / self.top)

    @torch.no_grad()
    def export(self, channels: int) -> Quantizer:
        """Entries by ascending clip value, since that is what chooses them."""
        clip, order = self.clip_value()[:, 0].double().sort(stable=True)
        arrays = {name: values[order.numpy()] for name, values in self._arrays().items()}
        return Quantizer(signed=self.signed, granularity=Granularity.NEAREST, clip_value=clip.numpy().copy(), **arrays)


class PerTensor(RowQuantizer):
    """One step for all rows and channels, and a fixed width."""

    def __init__(self, scheme: Scheme, *, signed: bool) -> None:
        super().__init__(scheme, 1, signed=signed)
        self.freeze()

    def choose(self, x: Tensor, batch: GraphBatch) -> Tensor:
        return torch.zeros(len(x), dtype=torch.long)

    @torch.no_grad()
    def calibrate(self, x: Tensor, batch: GraphBatch) -> None:
        if bool((x.abs() > TINY).any()):
            self._learn(best_steps(x.reshape(-1, 1), int(self.whole_bits), signed=self.signed, axis=0))

    @torch.no_grad()
    def export(self, channels: int) -> Quantizer:
        return Quantizer(signed=self.signed, granularity=Granularity.PER_TENSOR, **self._arrays())


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
