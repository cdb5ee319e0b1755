"""What quantizers of values by row have in common: entries of a step and a width each, and what is learned of them.

``clip_value`` is the largest value that an entry represents, ``step · top`` with ``top = 2^b - 1`` (unsigned) or
``2^(b-1) - 1``. Where the step itself is learned, or its logarithm, a change of bits changes the clip value. Where the
clip value is learned, bits change the resolution only (:data:`.schemes.Parametrization`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...network.granularity import Granularity
from ...network.network import Quantizer
from ...schemes import Scheme
from ..data.graph_batch import GraphBatch
from .fake_quantize import TINY, capped, fake_quantize, top_of
from .penalty import Stored
from .step_search import best_steps

__all__ = ["RowQuantizer"]


class RowQuantizer(nn.Module, ABC):
    """Learnable steps and bit widths, one entry for each row that differs; subclasses say which row takes which.

    Parameters
    ----------
    scheme : Scheme
    entries : int
    signed : bool
        Signed symmetric codes, whose sign counts as a bit; or unsigned ones.

    Attributes
    ----------
    floor : Tensor float, a scalar
        No step is finer (:mod:`.hold`).
    cap : float or None
        No entry represents a larger value: what saturates there saturates by its codes.
    """

    granularity: ClassVar[Granularity]
    floor: Tensor
    cap: float | None = None

    def __init__(self, scheme: Scheme, entries: int, *, signed: bool) -> None:
        super().__init__()
        self.signed, self.gradient, self.parametrization = signed, scheme.gradient, scheme.parametrization
        self.least = 0 if scheme.least == 0 else 1 + int(signed)
        self.most, self.span = max(scheme.most, 1 + int(signed)), scheme.span
        self.raw_size = nn.Parameter(torch.full((entries, 1), 1.0 if self.parametrization == "step" else 0.0))
        start = max(float(scheme.bits), float(self.least))
        self.raw_bits = nn.Parameter(torch.full((entries, 1), start))
        self.register_buffer("floor", torch.zeros(()))
        #: What the last call stored.
        self.stored: Stored | None = None
        #: Widths when they began to learn; None: they have not.
        self.begun: Tensor | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "stored": None}  # a copy has not been called yet

    @abstractmethod
    def choose(self, x: Tensor, batch: GraphBatch) -> Tensor:
        """The entry of each row of ``x`` [n, k]: int64 [n]."""

    def is_in_order(self, batch: GraphBatch) -> bool:
        """Whether row i takes entry i, for all entries."""
        return False

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
            return self._held(self.limited(self.raw_size.abs())), bits
        size = self.raw_size.exp()
        step = self.limited(size / top_of(bits, self.signed) if self.parametrization == "log_clip" else size)
        return self._held(step), bits

    def limited(self, step: Tensor) -> Tensor:
        """Steps within the span that hardware multiplies precisely."""
        return torch.maximum(step, (step.detach().max() / self.span).clamp_min(TINY))

    def forward(self, x: Tensor, batch: GraphBatch, count: Tensor | None = None) -> Tensor:
        """Fake-quantize the rows of ``x`` [n, k], each of which stands for ``count`` [n, 1] ones."""
        learning = self.training and not self.frozen
        if learning:
            self.raw_bits.data.clamp_(self.least, self.most)
            if self.begun is None and torch.is_grad_enabled():
                self.begun = self.whole_bits
        step, bits = self.sizes()
        learned = self.raw_bits if learning else bits
        if not self.is_in_order(batch):
            entry = self.choose(x, batch)
            step, bits, learned = (each.index_select(0, entry) for each in (step, bits, learned))
        rows = float(len(x) if count is None else count.sum())
        weighed = [(each if count is None else each * count).sum() for each in (bits, learned)]
        self.stored = Stored(bits=weighed[0], learned=weighed[1], rows=rows, width=int(x.shape[1]), signed=self.signed)
        return fake_quantize(x, step, bits, signed=self.signed, gradient=self.gradient)

    @torch.no_grad()
    def fix(self, bits: Tensor) -> None:
        """Give entries widths that do not learn: float [entries]."""
        self.raw_bits.copy_(bits.clamp_min(self.least)[:, None])
        self.freeze()

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
        entry = self.choose(x, batch)
        widths = self.whole_bits.clamp_min(1 + int(self.signed))[entry, 0]
        clip = torch.empty(len(x))
        for width in torch.unique(widths).tolist():
            some = widths == width
            top = top_of(torch.tensor(width), self.signed)
            clip[some] = best_steps(x[some], int(width), signed=self.signed, axis=1)[:, 0] * top
        sums = torch.zeros(len(self.raw_size)).index_add(0, entry, clip.log())
        times = torch.zeros(len(self.raw_size)).index_add(0, entry, torch.ones(len(x)))
        mean = torch.where(times > 0, sums / times.clamp_min(1), clip.log().median()).exp()[:, None]
        self.set_steps(mean / self.top.clamp_min(1.0))

    @torch.no_grad()
    def scale_steps(self, factor: Tensor) -> None:
        """Multiply the steps in use: ``factor`` float [entries, 1]."""
        self.set_steps(self.step * factor)

    @torch.no_grad()
    def randomise(self) -> None:
        """Draw steps as A²Q does before it trains from scratch: |N(0.01, 0.01)|."""
        self.set_steps(torch.empty_like(self.raw_size).normal_(0.01, 0.01).abs_().clamp_min_(1e-3))

    def hold(self, floor: Tensor) -> None:
        """Make no step finer than the largest of ``floor`` [channels], now and in training."""
        torch.maximum(self.floor, floor.max(), out=self.floor)

    def _held(self, step: Tensor) -> Tensor:
        """Steps between floor and cap; where these clash, the cap: it is what the model computes."""
        step = torch.maximum(step, self.floor)
        return step if self.cap is None else capped(step, self.cap, self.top)

    @torch.no_grad()
    def export(self) -> Quantizer:
        """What hardware gets."""
        return Quantizer(signed=self.signed, granularity=self.granularity, **self.arrays())

    def set_steps(self, step: Tensor) -> None:
        """Learn on from these steps: float [entries, 1]."""
        if self.parametrization == "step":
            self.raw_size.copy_(step)
        else:
            self.raw_size.copy_((step * self.top if self.parametrization == "log_clip" else step).log())

    def arrays(self) -> dict[str, Any]:
        """Fields of a :class:`~hwgen.network.network.Quantizer` by entries: step and bits of each, and what else."""
        step, bits = (each[:, 0].double().numpy().copy() for each in self.sizes())
        return {"step": step, "bits": bits.round().astype("int64")}
