"""Steps for each channel, with one fixed width: of weights, of messages, and of rows that share one step."""

import torch
from torch import Tensor, nn

from ...network.granularity import Granularity
from ...network.network import Quantizer
from .fake_quantize import COLUMN_SPAN, TINY, Gradient, fake_quantize, round_half_away
from .step_search import best_steps

__all__ = ["ColumnSteps"]


class ColumnSteps(nn.Module):
    """One learnable step a column, or one for all, and a fixed width.

    Parameters
    ----------
    columns : int
    bits : int
        2 to 8, sign included; from 1 where unsigned.
    signed : bool
    gradient : "task" or "local"
    tied : bool
        One step for all columns.
    """

    def __init__(self, columns: int, bits: int, *, signed: bool, gradient: Gradient, tied: bool = False) -> None:
        super().__init__()
        self.columns, self.bits, self.signed, self.gradient, self.tied = columns, bits, signed, gradient, tied
        self.raw_step = nn.Parameter(torch.zeros(1, 1 if tied else columns))

    @property
    def step(self) -> Tensor:
        """Steps in use: float [1, columns] or [1, 1]."""
        size = self.raw_step.exp()
        return torch.maximum(size, size.detach().max() / COLUMN_SPAN)

    @property
    def top(self) -> int:
        """Largest code."""
        return (1 << (self.bits - int(self.signed))) - 1

    def forward(self, x: Tensor) -> Tensor:
        """Fake-quantize ``x`` [n, columns]."""
        bits = torch.tensor(float(self.bits))
        return fake_quantize(x, self.step, bits, signed=self.signed, gradient=self.gradient)

    def codes(self, x: Tensor) -> Tensor:
        """Integer codes of ``x``: int64 [n, columns]."""
        return round_half_away((x / self.step).clamp(-self.top if self.signed else 0, self.top)).long()

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        """Take the steps of least squared error on ``x`` [n, columns]."""
        seen = x if self.raw_step.shape[1] > 1 else x.reshape(-1, 1)
        alive = (seen.abs().amax(0, keepdim=True) if len(seen) else torch.zeros_like(self.raw_step)) > TINY
        if alive.any():
            step = best_steps(seen, self.bits, signed=self.signed, axis=0).clamp_min(TINY)
            # Columns of zeros get the finest step: ranges are proved for any codes, also for those that never come.
            self.raw_step.copy_(torch.where(alive, step, step[alive].min()).log())

    @torch.no_grad()
    def export(self) -> Quantizer:
        """What hardware gets."""
        kind = Granularity.PER_TENSOR if self.tied else Granularity.PER_CHANNEL
        return Quantizer(signed=self.signed, granularity=kind, step=self.step[0].double().numpy().copy(),
                         bits=torch.tensor([self.bits]).numpy())
