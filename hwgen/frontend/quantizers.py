"""Quantizers of A²Q (Zhu et al., "A²Q: Aggregation-Aware Quantization for Graph Neural Networks", ICLR 2023).

A quantizer with step ``s`` maps ``x`` to the code ``q = clip(rha(x / s))`` and hands on ``q·s``; ``rha`` rounds half
away from zero. Signed codes are symmetric, ``|q| <= 2^(b-1) - 1``; unsigned ones are ``0 .. 2^b - 1``, where ``b``
counts *stored* bits: A²Q's bit width, which it keeps signed for values that never are, is ``B = b + 1``.

Gradients: the value's is passed on unchanged, clipped or not. With ``i = [code not clipped]``::

    v_s = i·(q - x/s) + (1-i)·sign(x)·qmax             v_b = (1-i)·sign(x)·(qmax + 1)·ln2·s
    task gradient    ds = Σ g·v_s                      db = Σ g·v_b              g = dL/d(q·s)
    local gradient   ds = mean(e·v_s)                  db = mean(e·v_b)          e = sign(q·s - x)

The local gradient (A²Q §3.2) is that of the quantization error itself: it reaches nodes that no loss reaches.
"""

import math
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..numeric import MAX_ACTIVATION_BITS

__all__ = ["ColumnQuantizer", "NodeQuantizer", "fake_quantize", "mean_bits", "memory_kilobytes", "round_half_away"]

#: The requantizer's row factor has 17 bits: steps of nodes stay within 2^±4 of their median, and it stays precise.
NODE_SPAN = 16.0
#: Steps of columns stay within 2^-8 of the largest: columns that weight decay empties get no absurd step.
COLUMN_SPAN = 256.0
TINY = 1e-8

Gradient = Literal["task", "local"]


def round_half_away(x: Tensor) -> Tensor:
    """Round to the nearest integer, halves away from zero."""
    return torch.sign(x) * torch.floor(x.abs() + 0.5)


class _FakeQuantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, step: Tensor, bits: Tensor, signed: bool, gradient: Gradient) -> Tensor:
        ratio = x / step
        top = torch.exp2(bits - 1 if signed else bits) - 1
        code = round_half_away(torch.minimum(torch.maximum(ratio, -top if signed else torch.zeros_like(top)), top))
        out = code * step
        ctx.save_for_backward(x, ratio, code, out, top, step)
        ctx.gradient = gradient
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None, None, None]:
        x, ratio, code, out, top, step = ctx.saved_tensors
        factor = torch.sign(out - x) if ctx.gradient == "local" else grads[0]
        clipped = ratio.abs() > top
        by_step = by_bits = None
        if ctx.needs_input_grad[1]:
            by_step = _gather(factor * torch.where(clipped, torch.sign(ratio) * top, code - ratio), step, ctx.gradient)
        if ctx.needs_input_grad[2]:
            slope = torch.sign(ratio) * (top + 1) * math.log(2.0) * step
            by_bits = _gather(factor * torch.where(clipped, slope, 0.0), step, ctx.gradient)
        return grads[0], by_step, by_bits, None, None


def _gather(values: Tensor, like: Tensor, gradient: Gradient) -> Tensor:
    axes = [axis for axis in range(values.ndim) if like.shape[axis] == 1]
    return values.mean(axes, keepdim=True) if gradient == "local" else values.sum(axes, keepdim=True)


def fake_quantize(x: Tensor, step: Tensor, bits: Tensor, *, signed: bool, gradient: Gradient) -> Tensor:
    """Quantize and dequantize; the module docstring has the equations.

    Parameters
    ----------
    x : Tensor float [n, k]
        Values to quantize.
    step : Tensor float, broadcastable to ``x`` with as many axes
        Positive.
    bits : Tensor float of the same shape, or a scalar
        Whole numbers; gradients reach it as if it were continuous.
    signed : bool
        Signed symmetric codes, or unsigned ones.
    gradient : "task" or "local"
        What step and bit width are trained by.
    """
    apply: Callable[..., Tensor] = _FakeQuantize.apply
    return apply(x, step, bits, signed, gradient)


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
