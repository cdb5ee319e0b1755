"""Move steps a little, so that few values lie where fixed-point multipliers round another way than PyTorch.

A message of the first layer is an integer times a column's factor times d^-1/2: few distinct values, each shared by
many nodes. One that falls within a multiplier's precision of a tie flips all of them together, whatever the precision
is. Steps are free within a percent, so they step aside.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..data.graph_batch import GraphBatch
from .channels import ChannelSteps
from .execute import activated, joined
from .quantizers import Quantizers
from .rows import Nearest

__all__ = ["near_ties", "settle_steps"]

#: Nearness to a tie, in codes: twice what a 17-bit row factor and a truncated column product may add up to.
NEAR = 2e-3
#: Relative moves, smallest first.
MOVES = (0.0, *(sign * 0.001 * size for size in range(1, 11) for sign in (1, -1)))


@torch.no_grad()
def settle_steps(quantizers: Quantizers, batch: GraphBatch) -> None:
    """Move the steps of values, in order, each by the least of 21 moves that leaves fewest near ties on a graph.

    Rows that search a table stay: a moved step would send rows to other entries.
    """
    stored: dict[str, Tensor] = {}
    weights = quantizers.weigher()
    for value in quantizers.plan.values:
        if value.role == "result":
            return
        out = activated(value, batch, joined(value, batch, stored, weights))
        steps = quantizers.of(value)
        if isinstance(steps, ChannelSteps):
            steps.scale_steps(_best_move(out, steps.step, torch.tensor(float(steps.top))))
        elif not isinstance(steps, Nearest):
            steps.scale_steps(_best_move(out, steps.step, steps.top, steps.choose(out, batch)))
        stored[value.name] = quantizers.store(value, out, batch)


def near_ties(x: Tensor, step: Tensor, top: Tensor) -> Tensor:
    """Which values lie near a tie between two codes: bool, of the shape of ``x``."""
    ratio = (x / step).abs()
    return ((ratio - torch.floor(ratio) - 0.5).abs() < NEAR) & (ratio < top)


def _best_move(x: Tensor, step: Tensor, top: Tensor, entry: Tensor | None = None) -> Tensor:
    """Factors of steps: of columns, float [1, k], or of entries [entries, 1], where each row takes one."""
    rows = (step, top) if entry is None else (step[entry], top[entry])

    def ties(move: float) -> Tensor:
        near = near_ties(x, rows[0] * (1 + move), rows[1])
        if entry is None:
            return near.sum(0, keepdim=True)
        return torch.zeros(step.shape, dtype=torch.long).index_add(0, entry, near.sum(1, keepdim=True))

    fewest, best = ties(0.0), torch.ones_like(step)
    for move in MOVES[1:]:
        found = ties(move)
        best = torch.where(found < fewest, 1 + move, best)
        fewest = torch.minimum(found, fewest)
    return best
