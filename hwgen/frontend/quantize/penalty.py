"""What stored bits cost: the term that training adds to the loss."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ...schemes import Penalty

__all__ = ["Stored", "cost_of"]


class Stored(NamedTuple):
    """What one value stored in the last call.

    Parameters
    ----------
    bits, learned : Tensor float, a scalar
        Sum of the stored bits of its rows, and of what is learned before it is rounded to them; differentiable.
    rows : float
        Number of rows.
    width : int
        Channels of a row.
    signed : bool
        Whether the bits count a sign.
    """

    bits: Tensor
    learned: Tensor
    rows: float
    width: int
    signed: bool


def cost_of(penalty: Penalty, stored: Sequence[Stored]) -> Tensor:
    """Evaluate the penalty of values, at least one: a scalar."""
    return penalty.weight * F.relu(_size(penalty, stored) - penalty.target) ** 2


def _size(penalty: Penalty, stored: Sequence[Stored]) -> Tensor:
    bits = [each.bits if penalty.rounded else each.learned for each in stored]
    if penalty.size == "bits":
        return torch.stack(bits).sum() / max(1.0, sum(each.rows for each in stored))
    sizes = [each.width * (sum_of_bits + (0.0 if each.signed else each.rows))
             for each, sum_of_bits in zip(stored, bits, strict=True)]
    return torch.stack(sizes).sum() / (8 * 1024)
