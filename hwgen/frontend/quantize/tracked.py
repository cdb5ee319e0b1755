"""Affine quantizers of whole tensors whose ranges are observed while training, and stand still in evaluation.

The quantizers of Degree-Quant (Tailor et al., "Degree-Quant: Quantization-Aware Training for Graph Neural Networks",
ICLR 2021). A range ``[l, h]`` that holds 0 gives ``s = (h - l)/(2^b - 1)`` and ``z = clip(round(-l/s))``::

    q = clip(round(x/s + z), 0, 2^b - 1)        x_q = s·(q - z)        dx = 0 where q is 0 or 2^b - 1, else dx_q

Where no zero point can be folded, and of weights, codes are signed and symmetric: ``s = max(|l|, |h|)/(2^(b-1) - 1)``,
z = 0. Rounding is half away from zero, as in hardware; published is half to even (docs/decisions/0013-zero-points.md).

With candidates (MixQ-GNN, Moustafa et al., ICDE 2025) the value is ``Σ_b softmax(c)_b · x_q(b)`` over their widths b;
that of the largest ``c`` is kept when bits are frozen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...network.granularity import Granularity
from ...network.network import Quantizer
from ...schemes import Tracking
from ..data.graph_batch import GraphBatch
from .fake_quantize import TINY, round_half_away
from .penalty import Stored

__all__ = ["Tracked"]

#: Percentiles of more elements are those of a sample of so many.
SAMPLED = 30_000


class _Affine(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, step: Tensor, zero: Tensor, least: int, most: int) -> Tensor:
        code = round_half_away(x / step + zero).clamp(least, most)
        ctx.save_for_backward((code <= least) | (code >= most))
        return (code - zero) * step

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None, None]:
        [clipped] = ctx.saved_tensors
        return grads[0].masked_fill(clipped, 0.0), None, None, None, None


class Tracked(nn.Module):
    """One step, one zero point and one width for a whole tensor.

    Parameters
    ----------
    tracking : Tracking
    bits : int
        Stored bits; ignored where there are candidates.
    signed : bool
        Whether the tensor can be negative.

    Attributes
    ----------
    affine : bool
        Whether a signed tensor has a zero point, else symmetric codes.
    low, high : Tensor float [widths]
        The observed range of each width, 0 in it.
    floor : Tensor float, a scalar
        The step is no finer (:mod:`.hold`).
    cap : float or None
        No code stands for a larger magnitude: what saturates there saturates by its codes.
    """

    low: Tensor
    high: Tensor
    floor: Tensor
    cap: float | None = None

    def __init__(self, tracking: Tracking, bits: int, *, signed: bool) -> None:
        super().__init__()
        self.tracking, self.signed, self.affine = tracking, signed, False
        self.widths = tracking.candidates or (bits,)
        for name in ("low", "high"):
            self.register_buffer(name, torch.zeros(len(self.widths)))
        self.register_buffer("floor", torch.zeros(()))
        self.choice = nn.Parameter(torch.zeros(len(self.widths)), requires_grad=len(self.widths) > 1)
        #: What the last call stored.
        self.stored: Stored | None = None
        self.begun: Tensor | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "stored": None}  # a copy has not been called yet

    @property
    def kept(self) -> int:
        """Number of the width that is kept: the likeliest, the largest of several."""
        return len(self.widths) - 1 - int(self.choice.flip(0).argmax())

    @property
    def bits(self) -> int:
        """The width that is kept."""
        return self.widths[self.kept]

    @property
    def whole_bits(self) -> Tensor:
        """The same as float [1, 1]."""
        return torch.full((1, 1), float(self.bits))

    @property
    def frozen(self) -> bool:
        """Whether the width no longer learns."""
        return not self.choice.requires_grad

    def freeze(self) -> None:
        """Keep the likeliest width."""
        self.choice.requires_grad_(False)
        self.choice.grad = None

    @property
    def step(self) -> Tensor:
        """Step in use: float [1, 1], positive."""
        return self._grid(self.kept)[0].reshape(1, 1)

    @property
    def top(self) -> Tensor:
        """Largest distance of a code from the zero point: float [1, 1]."""
        _, zero, least, most = self._grid(self.kept)
        return torch.maximum(most - zero, zero - least).reshape(1, 1)

    def _grid(self, index: int) -> tuple[Tensor, Tensor, int, int]:
        """Step, zero point, least and largest code of a width by its number."""
        bits, low, high = self.widths[index], self.low[index], self.high[index]
        if self.signed and not self.affine:
            top = (1 << (bits - 1)) - 1
            step = torch.maximum(high, -low) / top
            return self._held(step, top), torch.zeros_like(step), -top, top
        top = (1 << bits) - 1
        step = self._held((high - low) / top)
        zero = round_half_away(-low / step).clamp(0, top)
        return self._held(step, torch.maximum(zero, top - zero)), zero, 0, top

    def _held(self, step: Tensor, top: Tensor | int = 1) -> Tensor:
        """A step no finer than the floor, and such that ``top`` of it are within the cap."""
        step = torch.maximum(step.clamp_min(TINY), self.floor)
        return step if self.cap is None else torch.minimum(step, torch.as_tensor(self.cap / top))

    def forward(self, x: Tensor, batch: GraphBatch | None = None, count: Tensor | None = None,
                protected: Tensor | None = None) -> Tensor:
        """Fake-quantize ``x`` [n, k], whose rows stand for ``count`` [n, 1] ones; while training its range is observed.

        ``protected`` bool [n] names rows that pass as they are and are not observed.
        """
        if self.training and torch.is_grad_enabled():
            self.observe(x if protected is None else x[~protected])
        quantize: Callable[..., Tensor] = _Affine.apply
        out, mean = None, torch.tensor(float(self.bits))
        if self.frozen or not self.training:
            out = quantize(x, *self._grid(self.kept))
        else:
            if self.begun is None:
                self.begun = self.whole_bits
            share = self.choice.softmax(0)
            out = torch.stack([part * quantize(x, *self._grid(index)) for index, part in enumerate(share)]).sum(0)
            mean = (share * torch.tensor(self.widths, dtype=share.dtype)).sum()
        rows = float(len(x) if count is None else count.sum())
        total = mean * rows
        self.stored = Stored(bits=total, learned=total, rows=rows, width=int(x.shape[1]), signed=self.signed)
        return out if protected is None else torch.where(protected[:, None], x, out)

    def codes(self, x: Tensor) -> Tensor:
        """Integer codes of ``x``: int64 of its shape."""
        step, zero, least, most = self._grid(self.kept)
        return round_half_away(x / step + zero).clamp(least, most).long()

    @torch.no_grad()
    def observe(self, x: Tensor) -> None:
        """Take the range of ``x`` [n, k] into account."""
        if not x.numel():
            return
        flat = x.detach().reshape(-1) if self.cap is None else x.detach().reshape(-1).clamp(-self.cap, self.cap)
        if self.tracking.tail and len(flat) > 2 * SAMPLED:
            flat = flat[torch.randint(len(flat), (SAMPLED,))]
        ends = [self._ends(flat, bits) for bits in self.widths]
        low, high = (torch.stack(each) for each in zip(*ends, strict=True))
        low, high = (low if self.signed else low * 0).clamp_max(0), high.clamp_min(0)
        share = self.tracking.momentum
        if share is None or not bool((self.low < self.high).all()):
            low, high = torch.minimum(low, self.low), torch.maximum(high, self.high)
        else:
            low, high = self.low.lerp(low, share), self.high.lerp(high, share)
        self.set_range(low, high)

    def _ends(self, flat: Tensor, bits: int) -> tuple[Tensor, Tensor]:
        """The range of a width, off values [n]."""
        if not self.tracking.tail:
            return flat.aminmax()
        beyond = max(1, int(self.tracking.beyond(bits) * len(flat)))
        return flat.kthvalue(beyond).values, flat.kthvalue(len(flat) - beyond + 1).values

    @torch.no_grad()
    def set_range(self, low: Tensor | float, high: Tensor | float) -> None:
        """Go on from this range, which holds 0: one, or one of each width."""
        self.low.copy_(torch.as_tensor(low))
        self.high.copy_(torch.as_tensor(high))

    @torch.no_grad()
    def calibrate(self, x: Tensor, batch: GraphBatch | None = None) -> None:
        """Take the range of ``x`` [n, k], and forget others."""
        self.set_range(0.0, 0.0)
        self.observe(x)

    def randomise(self) -> None:
        """Forget what was observed: training from scratch observes its own."""
        self.set_range(0.0, 0.0)

    def choose(self, x: Tensor, batch: GraphBatch) -> Tensor:
        """The entry of each row of ``x`` [n, k], the only one: int64 [n]."""
        return torch.zeros(len(x), dtype=torch.long)

    def scale_steps(self, factor: Tensor) -> None:
        """Multiply the step: ``factor`` float [1, 1]."""
        self.set_range(self.low * factor[0, 0], self.high * factor[0, 0])

    def hold(self, floor: Tensor) -> None:
        """Make the step no finer than the largest of ``floor`` [channels], now and in training."""
        torch.maximum(self.floor, floor.max(), out=self.floor)

    @torch.no_grad()
    def export(self) -> Quantizer:
        """What hardware gets."""
        step, zero, least, _ = self._grid(self.kept)
        return Quantizer(signed=least < 0, granularity=Granularity.PER_TENSOR, bits=torch.tensor([self.bits]).numpy(),
                         step=step.double().reshape(1).numpy().copy(), zero_point=int(zero))
