"""What stored bits cost: settings of the term that training adds to the loss."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Penalty"]


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """``weight · relu(size - target)²``.

    Parameters
    ----------
    size : "bits" or "kilobytes"
        Mean stored bits of a row, where every row counts once; or A²Q's memory size in KB (its equation 8, with the
        authors' hinge): Σ width · B / 8 / 1024 over all rows, where B counts a sign for every value, signed or not.
    rounded : bool
        Whether bits count as they are stored, or as they are learned. A²Q's cost the latter: the penalty does not jump
        where one of thousands of nodes rounds up, and half a bit costs less than one (CiteSeer, 3 seeds: 71.7 % at 0.95
        bit; 69.9 % at 0.79 rounded, which the same weight pulls down further). The few entries of a table move
        together: unrounded, all of them come to rest just above 2.5 bits and store 3 (GraphSAGE on Cora).
    weight, target : float
        With a step for every node the mean needs weights of 100 to 1000, since the share of a node in its gradient is
        1/n. Bits settle where the penalty meets the clipping error, above ``target``: on Cora 1000 and 0.5 bit give
        about 0.9, 300 and 1 bit give 1.45.
    """

    size: Literal["bits", "kilobytes"] = "bits"
    rounded: bool = True
    weight: float = 1000.0
    target: float = 0.5
