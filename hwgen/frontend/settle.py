"""Move steps a little, so that few values lie where fixed-point multipliers round another way than PyTorch.

A message of the first layer is an integer times a column's factor times d^-1/2: few distinct values, each shared by
many nodes. One that falls within a multiplier's precision of a tie flips all of them together, whatever the precision
is. Steps are free within a percent, so they step aside.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .a2q import QuantizedGCN

__all__ = ["settle"]

#: Nearness to a tie, in codes: twice what a 17-bit row factor and a truncated column product may add up to.
NEAR = 2e-3
#: Relative moves, smallest first.
MOVES = (0.0, *(sign * 0.001 * size for size in range(1, 11) for sign in (1, -1)))


@torch.no_grad()
def settle(model: QuantizedGCN) -> None:
    """Move the steps of messages and rows, layer by layer, each by the least of 21 moves that has fewest near ties.

    Call it after training and before accuracy is measured: codes change where a move crosses a tie.
    """
    model.eval()
    for index, layer in enumerate(model.gcn.layers):
        quantizer, row = layer.message_quantizer, layer.row_quantizer
        if quantizer is not None:
            messages: list[Tensor] = []
            model.gcn.trace(model.graph, messages)
            top = torch.tensor(2.0 ** (quantizer.bits - 1) - 1)
            quantizer.raw_step.mul_(_best_move(messages[index], quantizer.step, top, axis=0))
        if row is not None:
            hidden = model.gcn.trace(model.graph)[index]
            row.raw_step.mul_(_best_move(hidden, row.step, torch.exp2(row.whole_bits) - 1, axis=1))


def near_ties(x: Tensor, step: Tensor, top: Tensor, axis: int) -> Tensor:
    """Count values near a tie between two codes along an axis: int64, 1 long there."""
    ratio = (x / step).abs()
    near = ((ratio - torch.floor(ratio) - 0.5).abs() < NEAR) & (ratio < top)
    return near.sum(axis, keepdim=True)


def _best_move(x: Tensor, step: Tensor, top: Tensor, axis: int) -> Tensor:
    fewest = near_ties(x, step, top, axis)
    best = torch.ones_like(step)
    for move in MOVES[1:]:
        found = near_ties(x, step * (1 + move), top, axis)
        best = torch.where(found < fewest, 1 + move, best)
        fewest = torch.minimum(found, fewest)
    return best
