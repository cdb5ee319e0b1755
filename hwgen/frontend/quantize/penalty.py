"""What stored bits cost: the term that training adds to the loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Penalty", "Stored"]


class Stored(NamedTuple):
    """What one value stored in the last call.

    Parameters
    ----------
    bits : Tensor float, a scalar
        Sum of the stored bits of its rows; differentiable.
    rows : float
        Number of rows.
    width : int
        Channels of a row.
    signed : bool
        Whether the bits count a sign.
    """

    bits: Tensor
    rows: float
    width: int
    signed: bool


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """``weight · relu(size - target)²``.

    Parameters
    ----------
    size : "bits" or "kilobytes"
        Mean stored bits of a row, where every row counts once; or A²Q's memory size in KB (its equation 8, with the
        authors' hinge): Σ width · B / 8 / 1024 over all rows, where B counts a sign for every value, signed or not.
    weight, target : float
        With a step for every node the mean needs weights of 100 to 1000, since the share of a node in its gradient is
        1/n. Bits settle where the penalty meets the clipping error, above ``target``: on Cora 1000 and 0.5 bit give
        about 0.9, 300 and 1 bit give 1.45.
    """

    size: Literal["bits", "kilobytes"] = "bits"
    weight: float = 1000.0
    target: float = 0.5

    def __call__(self, stored: Sequence[Stored]) -> Tensor:
        """Evaluate the penalty of values, at least one."""
        return self.weight * F.relu(self._size(stored) - self.target) ** 2

    def _size(self, stored: Sequence[Stored]) -> Tensor:
        if self.size == "bits":
            return torch.stack([each.bits for each in stored]).sum() / max(1.0, sum(each.rows for each in stored))
        sizes = [each.width * (each.bits + (0.0 if each.signed else each.rows)) for each in stored]
        return torch.stack(sizes).sum() / (8 * 1024)
