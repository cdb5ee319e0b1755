"""Fake quantization with the gradients of A²Q (Zhu et al., "A²Q: Aggregation-Aware Quantization …", ICLR 2023).

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
from typing import Any

import torch
from torch import Tensor

from ...schemes import Gradient

__all__ = ["TINY", "fake_quantize", "round_half_away", "top_of"]

#: No step, and no magnitude that a step is read off, is smaller.
TINY = 1e-8

def round_half_away(x: Tensor) -> Tensor:
    """Round to the nearest integer, halves away from zero."""
    return torch.sign(x) * torch.floor(x.abs() + 0.5)


def top_of(bits: Tensor, signed: bool) -> Tensor:
    """Largest code of a width: ``2^b - 1``, or ``2^(b-1) - 1`` where signed; differentiable."""
    return torch.exp2((bits - 1).clamp_min(0) if signed else bits) - 1


def capped(step: Tensor, cap: float, top: Tensor) -> Tensor:
    """Steps whose largest code ``top`` stands for ``cap`` at most; their gradient passes."""
    return step + (torch.minimum(step, cap / top.clamp_min(1.0)) - step).detach()


class _FakeQuantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, step: Tensor, bits: Tensor, signed: bool, gradient: Gradient) -> Tensor:
        ratio = x / step
        top = top_of(bits, signed)
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
