"""Steps for each channel, with one fixed width: of weights and of messages."""

import torch
from torch import Tensor, nn

from ...network.granularity import Granularity
from ...network.network import Quantizer
from ...schemes import Gradient
from .fake_quantize import TINY, capped, fake_quantize, round_half_away
from .step_search import best_steps

__all__ = ["CHANNEL_SPAN", "ChannelSteps"]

#: Steps stay within 2^-8 of the largest: channels that weight decay empties get no absurd step.
CHANNEL_SPAN = 256.0


class ChannelSteps(nn.Module):
    """One learnable step a channel, and a fixed width.

    Parameters
    ----------
    channels : int
    bits : int
        2 to 8, sign included; from 1 where unsigned.
    signed : bool
    gradient : "task" or "local"
        A²Q trains weight steps by the task's gradient and message steps by the local one.
    linear : bool
        Learn steps as they are, not their logarithms.

    Attributes
    ----------
    floor : Tensor float [1, channels]
        No step is finer (:mod:`.hold`).
    cap : float or None
        As of :class:`.row_quantizer.RowQuantizer`.
    """

    floor: Tensor
    cap: float | None = None

    def __init__(self, channels: int, bits: int, *, signed: bool, gradient: Gradient, linear: bool) -> None:
        super().__init__()
        self.channels, self.bits, self.signed, self.gradient, self.linear = channels, bits, signed, gradient, linear
        self.raw_step = nn.Parameter(torch.full((1, channels), 1.0 if linear else 0.0))
        self.register_buffer("floor", torch.zeros(1, channels))

    @property
    def step(self) -> Tensor:
        """Steps in use: float [1, channels], positive."""
        size = self.raw_step.abs() if self.linear else self.raw_step.exp()
        step = torch.maximum(torch.maximum(size, (size.detach().max() / CHANNEL_SPAN).clamp_min(TINY)), self.floor)
        return step if self.cap is None else capped(step, self.cap, torch.tensor(float(self.top)))

    @property
    def top(self) -> int:
        """Largest code."""
        return (1 << (self.bits - int(self.signed))) - 1

    def forward(self, x: Tensor) -> Tensor:
        """Fake-quantize ``x`` [n, channels]."""
        bits = torch.tensor(float(self.bits))
        return fake_quantize(x, self.step, bits, signed=self.signed, gradient=self.gradient)

    def codes(self, x: Tensor) -> Tensor:
        """Integer codes of ``x``: int64 [n, channels]."""
        return round_half_away((x / self.step).clamp(-self.top if self.signed else 0, self.top)).long()

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        """Take the steps of least squared error on ``x`` [n, channels]."""
        alive = (x.abs().amax(0, keepdim=True) if len(x) else torch.zeros_like(self.raw_step)) > TINY
        if alive.any():
            step = best_steps(x, self.bits, signed=self.signed, axis=0).clamp_min(TINY)
            # Channels of zeros get the finest step: ranges are proved for any codes, also for those that never come.
            self._learn(torch.where(alive, step, step[alive].min()))

    @torch.no_grad()
    def scale_steps(self, factor: Tensor) -> None:
        """Multiply the steps in use: ``factor`` float [1, channels]."""
        self._learn(self.step * factor)

    @torch.no_grad()
    def randomise(self) -> None:
        """Draw steps as A²Q does before it trains from scratch: |N(0.01, 0.01)|."""
        self._learn(torch.empty_like(self.raw_step).normal_(0.01, 0.01).abs_().clamp_min_(1e-3))

    def hold(self, floor: Tensor) -> None:
        """Make no step finer than ``floor`` [channels], now and in training."""
        torch.maximum(self.floor, floor[None, :], out=self.floor)

    @torch.no_grad()
    def export(self) -> Quantizer:
        """What hardware gets."""
        return Quantizer(signed=self.signed, granularity=Granularity.PER_CHANNEL,
                         step=self.step[0].double().numpy().copy(), bits=torch.tensor([self.bits]).numpy())

    def _learn(self, step: Tensor) -> None:
        self.raw_step.copy_(step if self.linear else step.log())
