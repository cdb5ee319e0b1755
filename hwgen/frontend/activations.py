"""PyTorch's side of :mod:`hwgen.network.activation`: what users write for each, and what training computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, nn

from ..errors import HwgenError
from ..network.activation import IDENTITY, RELU, Activation, Identity, LeakyReLU, ReLU

__all__ = ["SOFTMAX", "TORCH", "InTorch", "Softmax", "activate"]


class InTorch(NamedTuple):
    """One activation in PyTorch.

    Parameters
    ----------
    compute : callable
        Takes the activation and a tensor.
    targets : tuple
        Types of modules, functions, and names of methods that are read as it.
    arguments : mapping
        Of the functions, by name, with their defaults; modules have attributes of the same names.
    make : callable
        Takes these by name; gives the activation, or what to use instead.
    """

    compute: Callable[[Any, Tensor], Tensor]
    targets: tuple[Any, ...]
    arguments: Mapping[str, Any]
    make: Callable[..., Activation | str]


@dataclass(frozen=True)
class Softmax(Activation):
    """``exp(x_k) / Σ_l exp(x_l)`` over the channels of a row: of prompts. No integers are known of it."""

    kind: ClassVar[str] = "softmax"

    def real(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(softmax(values, axis=1))

    def integer(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        raise HwgenError("a softmax has no integers", "prompt", "use gpf or lorap, which hardware computes")

    @property
    def keeps_sign(self) -> bool:
        return False


SOFTMAX = Softmax()

TORCH: Mapping[type[Activation], InTorch] = {
    Identity: InTorch(lambda own, x: x, (), {}, lambda: IDENTITY),
    ReLU: InTorch(lambda own, x: F.relu(x), (nn.ReLU, F.relu, F.relu_, torch.relu, torch.relu_, "relu", "relu_"), {},
                  lambda: RELU),
    LeakyReLU: InTorch(
        lambda own, x: F.leaky_relu(x, own.negative_slope), (nn.LeakyReLU, F.leaky_relu, F.leaky_relu_),
        {"negative_slope": 0.01},
        lambda negative_slope: LeakyReLU.near(negative_slope) if 0 <= negative_slope <= 1 else
        "use a slope from 0 to 1"),
    Softmax: InTorch(lambda own, x: x.softmax(1), (), {}, lambda: SOFTMAX),
}


def activate(activation: Activation, values: Tensor) -> Tensor:
    """What an activation makes of values, differentiable."""
    return TORCH[type(activation)].compute(activation, values)
