"""What a user's forward does with its last result, and a build leaves to the host."""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

__all__ = ["HEADS", "Head"]

#: Empty: nothing.
Head = Literal["", "log_softmax", "softmax", "sigmoid"]

Floats = NDArray[np.float64]


def _sigmoid(results: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * results)))  # does not overflow


#: What forward returns for results [rows, width].
HEADS: Mapping[Head, Callable[[Floats], Floats]] = {
    "": lambda results: results, "log_softmax": lambda results: log_softmax(results, axis=1),
    "softmax": lambda results: np.exp(log_softmax(results, axis=1)), "sigmoid": _sigmoid}
