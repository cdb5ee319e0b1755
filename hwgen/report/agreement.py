"""How near integer results are to PyTorch's: reported, never a tolerance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..network.agreement import Agreement

__all__ = ["AgreementFacts", "agreement"]


@dataclass(frozen=True, kw_only=True)
class AgreementFacts:
    """Integer results beside PyTorch's.

    Parameters
    ----------
    of : str
        What has results: nodes or graphs.
    results : str
        Whose integer results, for people: ``of the RTL``.
    rows : int
        How many were compared.
    argmax : float
        Share with the same class (ties: lowest class).
    disagreeing : int
        The others.
    largest_code_difference : int
        Of a logit, in result codes.
    test_rows : int
        Rows that the accuracies are over.
    accuracy_torch, accuracy_integer : float or None
        None without labels.
    """

    of: str
    results: str
    rows: int
    argmax: float
    disagreeing: int
    largest_code_difference: int
    test_rows: int
    accuracy_torch: float | None
    accuracy_integer: float | None


def agreement(results: NDArray[np.int64], scale: NDArray[np.float64], logits: NDArray[np.float64], *,
              labels: NDArray[np.int64] | None = None, mask: NDArray[np.bool_] | None = None, of: str,
              whose: str = "of the RTL") -> AgreementFacts:
    """Compare result codes with the model's own logits.

    Parameters
    ----------
    results : int64 [n, c]
        The hardware's 16-bit results, or the reference's: they are equal.
    scale : float64 [c] or [n, c]
        Real value of result code 1.
    logits : float64 [n, c]
    labels : int64 [n] or None
    mask : bool [n] or None
        Rows that the accuracies are over; None: all.
    of, whose : str
        :class:`AgreementFacts` as ``of`` and ``results``.
    """
    near = Agreement.of(results, scale, logits)
    ours, theirs = results.argmax(axis=1), logits.argmax(axis=1)
    counted = np.full(len(ours), labels is not None) if labels is None or mask is None else mask
    right = {name: float((mine[counted] == labels[counted]).mean()) if labels is not None and counted.any() else None
             for name, mine in (("torch", theirs), ("integer", ours))}
    return AgreementFacts(
        of=of, results=whose, rows=int(results.shape[0]), argmax=near.argmax, disagreeing=near.disagreeing,
        largest_code_difference=near.largest, test_rows=int(counted.sum()),
        accuracy_torch=right["torch"], accuracy_integer=right["integer"])
