"""Quantizers of values by row: a table of steps and bit widths.

A table's row takes the entry of its node (A²Q), of its in-degree (MEGA), or the one whose clip value is nearest to the
row's largest magnitude (A²Q's nearest-neighbour strategy, for graphs that training never saw). The clip value is the
largest value that an entry represents, ``step · top`` with ``top = 2^b - 1`` (unsigned) or ``2^(b-1) - 1``. Two forms
of learning a table:

``step``
    step and bits, as published: a change of bits changes the clip value, and rows hop to other entries.
``clip``
    clip value and bits, ``step = clip_value / top``: bits change the resolution only.

Steps and clip values are learned as logarithms, so that one learning rate serves any scale.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ...network.granularity import Granularity
from ...network.network import Quantizer
from ...numeric import MAX_ACTIVATION_BITS
from ..data.graph_batch import GraphBatch
from .fake_quantize import TINY, Gradient, fake_quantize
from .step_search import best_steps

__all__ = ["Form", "RowTable"]

Form = Literal["clip", "step"]


class RowTable(nn.Module):
    """Learnable steps and bit widths, one entry for each row; the module docstring has the two forms.

    Parameters
    ----------
    entries : int
    bits : float
        Stored bits that training starts from, sign included.
    granularity : Granularity
        per_node, per_degree or nearest.
    form : "clip" or "step"
    signed : bool
    gradient : "task" or "local"
    via : "edges" or "looped"
        The list whose length is the degree.
    most : int
        Largest width.
    span : float
        Steps stay within this share of the largest.
    """

    def __init__(self, entries: int, bits: float, *, granularity: Granularity, form: Form, signed: bool,
                 gradient: Gradient, via: Literal["edges", "looped"] = "edges", most: int = MAX_ACTIVATION_BITS,
                 span: float = 1024.0) -> None:
        super().__init__()
        self.granularity, self.form, self.signed, self.gradient, self.via = granularity, form, signed, gradient, via
        self.most, self.span = most, span
        self.raw_size = nn.Parameter(torch.zeros(entries, 1))  # logarithm of the clip value (clip) or the step (step)
        self.raw_bits = nn.Parameter(torch.full((entries, 1), float(bits)))
        #: Mean bits of the rows of the last call, differentiable; and their sum over, and number of, the rows.
        self.mean: Tensor | None = None
        self.total, self.rows = 0.0, 0.0

    @property
    def least(self) -> int:
        """Fewest bits: one code apart from zero."""
        return 2 if self.signed else 1

    @property
    def whole_bits(self) -> Tensor:
        """Stored bits in use: float [entries, 1], whole."""
        return torch.round(self.raw_bits.detach()).clamp(self.least, self.most)

    def sizes(self) -> tuple[Tensor, Tensor, Tensor]:
        """Step, bits and clip value of every entry: float [entries, 1] each."""
        bits = self.raw_bits + (self.whole_bits - self.raw_bits).detach()  # rounded; the gradient passes
        top = torch.exp2(bits - int(self.signed)) - 1
        step = self.raw_size.exp() / top if self.form == "clip" else self.raw_size.exp()
        step = torch.maximum(step, step.detach().max() / self.span)
        return step, bits, step * top

    def choose(self, x: Tensor, batch: GraphBatch) -> Tensor:
        """The entry of each row: int64 [n]."""
        if self.granularity is Granularity.PER_NODE:
            return batch.node
        if self.granularity is Granularity.PER_DEGREE:
            return batch.lists(self.via).length[:, 0].long().clamp_max(len(self.raw_size) - 1)
        with torch.no_grad():
            clip, order = self.sizes()[2][:, 0].sort(stable=True)
            largest = x.detach().abs().amax(1) if x.shape[1] else x.new_zeros(len(x))
            return order[torch.searchsorted((clip[1:] + clip[:-1]) / 2, largest)]

    def forward(self, x: Tensor, batch: GraphBatch, count: Tensor | None = None) -> Tensor:
        """Fake-quantize the rows of ``x`` [n, k], each of which stands for ``count`` [n, 1] ones."""
        if self.training and self.raw_bits.requires_grad:
            self.raw_bits.data.clamp_(self.least, self.most)
        entry = self.choose(x, batch)
        step, bits, _ = self.sizes()
        own = bits.index_select(0, entry)
        weighed = own if count is None else own * count
        self.rows = float(len(x) if count is None else count.sum())
        sum_of_bits = weighed.sum()
        self.mean, self.total = sum_of_bits / max(self.rows, 1.0), float(sum_of_bits.detach())
        return fake_quantize(x, step.index_select(0, entry), own, signed=self.signed, gradient=self.gradient)

    def freeze(self) -> None:
        """Round the bit widths and stop learning them; in form ``step`` the steps keep their clip value no longer."""
        self.raw_bits.data.copy_(self.whole_bits)
        self.raw_bits.requires_grad_(False)
        self.raw_bits.grad = None

    @torch.no_grad()
    def calibrate(self, x: Tensor, batch: GraphBatch) -> None:
        """Spread clip values over the quantiles of row maxima (nearest), or over those of each node or degree."""
        largest = x.abs().amax(1) if x.shape[1] else x.new_zeros(len(x))
        alive = largest[largest > TINY]
        if not len(alive):
            return
        if self.granularity is Granularity.NEAREST:
            places = (torch.arange(len(self.raw_size)) + 0.5) / len(self.raw_size)
            ordered = alive.sort().values
            clip = ordered[(places * len(ordered)).long()]
            # Equal quantiles would leave entries idle: idle ones spread over the range of the others.
            twins = torch.cat([clip.new_zeros(1, dtype=torch.bool), clip[1:] <= clip[:-1] * 1.001])
            spread = torch.logspace(0, 1, int(twins.sum()) + 2, base=float(clip[-1] / clip[0]))[1:-1] * clip[0]
            clip = torch.cat([clip[~twins], spread]).sort().values
        else:
            width = best_steps(x, round(float(self.whole_bits.median())), signed=self.signed, axis=1)
            top = 2 ** (round(float(self.whole_bits.median())) - int(self.signed)) - 1
            entry = self.choose(x, batch)
            sums = torch.zeros(len(self.raw_size)).index_add(0, entry, width[:, 0].log())
            times = torch.zeros(len(self.raw_size)).index_add(0, entry, torch.ones(len(x)))
            clip = torch.where(times > 0, sums / times.clamp_min(1), width.log().median()).exp() * top
        top = torch.exp2(self.whole_bits[:, 0] - int(self.signed)) - 1
        self.raw_size.copy_((clip if self.form == "clip" else clip / top).log()[:, None])

    @torch.no_grad()
    def export(self) -> Quantizer:
        """What hardware gets; entries by ascending clip value where that is what chooses them."""
        step, bits, clip = (part[:, 0].double() for part in self.sizes())
        if self.granularity is Granularity.NEAREST:
            order = clip.sort(stable=True).indices
            step, bits, clip = step[order], bits[order], clip[order]
        return Quantizer(signed=self.signed, granularity=self.granularity, step=step.numpy(), bits=bits.long().numpy(),
                         clip_value=clip.numpy() if self.granularity is Granularity.NEAREST else None, via=self.via)
