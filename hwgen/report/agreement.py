"""How near integer results are to PyTorch's: reported, never a tolerance."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["agreement"]


def agreement(results: NDArray[np.int64], torch: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """Compare result codes with the model's own logits.

    Parameters
    ----------
    results : int64 [n, c]
        The hardware's 16-bit results, or the reference's: they are equal.
    torch : dict of arrays
        ``logits`` float64 [n, c]; ``scale`` float64 [c], the real value of result code 1; and, where the graph has
        them, ``labels`` int64 [n] and ``test_mask`` bool [n].

    Returns
    -------
    dict
        ``argmax``: share of nodes with the same class (ties: lowest class); ``disagreeing``: the others;
        ``largest_code_difference``: of a logit, in result codes; ``accuracy_torch``, ``accuracy_integer``: on the
        test nodes, None without labels.
    """
    ours, theirs = results.argmax(axis=1), torch["logits"].argmax(axis=1)
    codes = np.rint(torch["logits"] / torch["scale"]).astype(np.int64)
    facts: dict[str, Any] = {
        "nodes": int(results.shape[0]),
        "argmax": float((ours == theirs).mean()),
        "disagreeing": int((ours != theirs).sum()),
        "largest_code_difference": int(np.abs(results - codes).max(initial=0)),
        "accuracy_torch": None, "accuracy_integer": None, "test_nodes": 0,
    }
    if "labels" in torch:
        mask = torch.get("test_mask", np.ones(ours.shape, np.bool_))
        labels = torch["labels"][mask]
        facts["test_nodes"] = int(labels.size)
        if labels.size:
            facts["accuracy_torch"] = float((theirs[mask] == labels).mean())
            facts["accuracy_integer"] = float((ours[mask] == labels).mean())
    return facts
