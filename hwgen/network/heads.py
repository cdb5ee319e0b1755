"""What a user's forward does with its last result, and a build leaves to the host."""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["HEADS", "Head"]

#: Empty: nothing.
Head = Literal["", "log_softmax", "softmax", "sigmoid"]

Floats = NDArray[np.float64]


def _log_softmax(results: Floats) -> Floats:
    below = results - results.max(axis=1, keepdims=True)
    return np.asarray(below - np.log(np.exp(below).sum(axis=1, keepdims=True)))


def _sigmoid(results: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * results)))  # does not overflow


#: What forward returns for results [rows, width].
HEADS: Mapping[Head, Callable[[Floats], Floats]] = {
    "": lambda results: results, "log_softmax": _log_softmax, "softmax": lambda results: np.exp(_log_softmax(results)),
    "sigmoid": _sigmoid}
