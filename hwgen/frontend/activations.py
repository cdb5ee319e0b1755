"""PyTorch's side of :mod:`hwgen.network.activation`: what users write for each, and what training computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..network.activation import IDENTITY, RELU, Activation, Identity, LeakyReLU, ReLU

__all__ = ["TORCH", "InTorch", "activate"]


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


TORCH: Mapping[type[Activation], InTorch] = {
    Identity: InTorch(lambda own, x: x, (), {}, lambda: IDENTITY),
    ReLU: InTorch(lambda own, x: F.relu(x), (nn.ReLU, F.relu, F.relu_, torch.relu, torch.relu_, "relu", "relu_"), {},
                  lambda: RELU),
    LeakyReLU: InTorch(
        lambda own, x: F.leaky_relu(x, own.negative_slope), (nn.LeakyReLU, F.leaky_relu, F.leaky_relu_),
        {"negative_slope": 0.01},
        lambda negative_slope: LeakyReLU.near(negative_slope) if 0 <= negative_slope <= 1 else
        "use a slope from 0 to 1"),
}


def activate(activation: Activation, values: Tensor) -> Tensor:
    """What an activation makes of values, differentiable."""
    return TORCH[type(activation)].compute(activation, values)
