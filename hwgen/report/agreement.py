"""How near integer results are to PyTorch's: reported, never a tolerance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def agreement(results: NDArray[np.int64], torch: Mapping[str, NDArray[Any]], *, of: str,
              whose: str = "of the RTL") -> AgreementFacts:
    """Compare result codes with the model's own logits.

    Parameters
    ----------
    results : int64 [n, c]
        The hardware's 16-bit results, or the reference's: they are equal.
    torch : mapping of arrays
        ``logits`` float64 [n, c]; ``scale`` float64 [c], the real value of result code 1; and, where the graph has
        them, ``labels`` int64 [n] and ``test_mask`` bool [n].
    of, whose : str
        :class:`AgreementFacts` as ``of`` and ``results``.
    """
    near = Agreement.of(results, torch["scale"], torch["logits"])
    ours, theirs = results.argmax(axis=1), torch["logits"].argmax(axis=1)
    labels = torch.get("labels", np.zeros(0, np.int64))
    mask = torch.get("test_mask", np.ones(len(ours), np.bool_)) if labels.size else np.zeros(len(ours), np.bool_)
    right = {name: float((mine[mask] == labels[mask]).mean()) if mask.any() else None
             for name, mine in (("torch", theirs), ("integer", ours))}
    return AgreementFacts(
        of=of, results=whose, rows=int(results.shape[0]), argmax=near.argmax, disagreeing=near.disagreeing,
        largest_code_difference=near.largest, test_rows=int(mask.sum()),
        accuracy_torch=right["torch"], accuracy_integer=right["integer"])
