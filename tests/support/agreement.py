"""How near an integer program is to the model that it came from, in result codes: a measure of tests."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Agreement"]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Integer results beside a model's real ones.

    Parameters
    ----------
    argmax : float
        Share of rows (nodes or graphs) with the same class; 1 where there are none.
    disagreeing : int
        Number of the others.
    largest : int
        Largest difference of a result, in result codes.
    """

    argmax: float
    disagreeing: int
    largest: int

    @classmethod
    def of(cls, results: NDArray[np.int64], scale: NDArray[np.float64], real: NDArray[np.float64]) -> "Agreement":
        """Compare raw results [n, classes], real value of code 1 of each class [classes], real results [n, classes]."""
        same = results.argmax(axis=1) == real.argmax(axis=1)
        return cls(
            argmax=float(same.mean()) if same.size else 1.0,
            disagreeing=int((~same).sum()),
            largest=int(np.ceil(np.abs(results - real / scale).max(initial=0.0) - 0.5)),
        )
