"""A²Q's quantizers of a chain of layers: a step for each column, or a step and a width for each node."""

import torch
from torch import Tensor, nn

from ..numeric import MAX_ACTIVATION_BITS
from .quantize.channels import CHANNEL_SPAN as COLUMN_SPAN
from .quantize.fake_quantize import TINY, Gradient, fake_quantize, round_half_away

__all__ = ["ColumnQuantizer", "NodeQuantizer", "mean_bits", "memory_kilobytes"]

#: The requantizer's row factor has 17 bits: steps of nodes stay within 2^±4 of their median, and it stays precise.
NODE_SPAN = 16.0


class ColumnQuantizer(nn.Module):
    """Signed symmetric codes with one learnable step a column and a fixed width: weights, and messages X·W.

    Parameters
    ----------
    columns : int
    bits : int
        Stored bits, sign included; 2 to 8.
    gradient : "task" or "local"
        A²Q trains weight steps by the task's gradient and message steps by the local one.
    """

    def __init__(self, columns: int, bits: int, gradient: Gradient) -> None:
        super().__init__()
        self.bits, self.gradient = bits, gradient
        self.raw_step = nn.Parameter(torch.full((1, columns), 0.02))

    @property
    def step(self) -> Tensor:
        """Steps in use: float [1, columns], positive."""
        size = self.raw_step.abs()
        return torch.maximum(size, (size.detach().max() / COLUMN_SPAN).clamp_min(TINY))

    def forward(self, x: Tensor) -> Tensor:
        """Fake-quantize ``x`` [n, columns]."""
        bits = torch.tensor(float(self.bits))
        return fake_quantize(x, self.step, bits, signed=True, gradient=self.gradient)

    def codes(self, x: Tensor) -> Tensor:
        """Integer codes of ``x``: int64 [n, columns]."""
        top = 2 ** (self.bits - 1) - 1
        return round_half_away((x / self.step).clamp(-top, top)).long()


class NodeQuantizer(nn.Module):
    """Unsigned codes with a learnable step and bit width for each node, 0 to 8 stored bits.

    Parameters
    ----------
    nodes : int
    bits : float
        Stored bits that training starts from.
    gradient : "task" or "local"
    """

    def __init__(self, nodes: int, bits: float, gradient: Gradient = "local") -> None:
        super().__init__()
        self.gradient = gradient
        self.raw_step = nn.Parameter(torch.full((nodes, 1), 0.02))
        self.raw_bits = nn.Parameter(torch.full((nodes, 1), float(bits)))

    @property
    def step(self) -> Tensor:
        """Steps in use: float [nodes, 1], positive; those of nodes without bits do not count for the median."""
        size = self.raw_step.abs()
        with torch.no_grad():
            stored = self.whole_bits > 0
            middle = (size[stored] if stored.any() else size).median().clamp_min(TINY)
        return size.clamp(middle / NODE_SPAN, middle * NODE_SPAN)

    @property
    def whole_bits(self) -> Tensor:
        """Stored bits in use: float [nodes, 1], whole. A²Q rounds B = b + 1, half to even."""
        return torch.round(self.raw_bits.detach() + 1).clamp(1, MAX_ACTIVATION_BITS + 1) - 1

    @property
    def frozen(self) -> bool:
        """Whether bit widths no longer learn."""
        return not self.raw_bits.requires_grad

    def freeze(self) -> None:
        """Round the bit widths and stop learning them."""
        self.raw_bits.data.copy_(self.whole_bits)
        self.raw_bits.requires_grad_(False)
        self.raw_bits.grad = None

    def forward(self, x: Tensor) -> Tensor:
        """Fake-quantize ``x`` [nodes, k], which is not negative."""
        if self.training and not self.frozen:
            self.raw_bits.data.clamp_(0, MAX_ACTIVATION_BITS)
        bits = self.raw_bits + (self.whole_bits - self.raw_bits).detach()  # rounded; the gradient passes
        return fake_quantize(x, self.step, bits, signed=False, gradient=self.gradient)


def memory_kilobytes(quantizers: list[tuple[NodeQuantizer, int]]) -> Tensor:
    """A²Q's memory size: Σ over layers and nodes of width · B / 8 / 1024, in KB; differentiable.

    Parameters
    ----------
    quantizers : list of (NodeQuantizer, int)
        Each with the number of channels it quantizes.
    """
    sizes = [width * (quantizer.raw_bits + 1).abs().sum() for quantizer, width in quantizers]
    return torch.stack(sizes).sum() / (8 * 1024)


def mean_bits(quantizers: list[tuple[NodeQuantizer, int]]) -> Tensor:
    """Mean stored bits of a hidden value over all nodes and channels; differentiable."""
    total = torch.stack([width * quantizer.raw_bits.clamp_min(0).sum() for quantizer, width in quantizers]).sum()
    return total / sum(width * quantizer.raw_bits.shape[0] for quantizer, width in quantizers)
