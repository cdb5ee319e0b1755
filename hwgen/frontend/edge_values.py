"""Weights and attributes of edges: hwgen computes without them, and says so where a forward would use them."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable

from torch import nn

from ..errors import HwgenError
from ..network.reader.fields import WEIGHTS
from .copying import unwrapped

__all__ = ["check_edge_values", "edge_values", "given_in"]


def edge_values(module: nn.Module) -> frozenset[str]:
    """Names of values of edges that a forward takes."""
    inside = unwrapped(module)
    taken = inspect.signature(inside.forward).parameters
    return frozenset(name for name in WEIGHTS if name in taken and getattr(inside, f"supports_{name}", True))


def check_edge_values(taken: Collection[str], given: Collection[str]) -> None:
    """Refuse values of edges that graphs have (``given``) and that a forward would use (``taken``).

    Raises
    ------
    HwgenError
    """
    for name in sorted({*taken} & {*given}):
        raise HwgenError(f"the graphs have {name}, and the model's forward takes it", f"data.{name}",
                         f"hwgen has no {name} yet: train the model without, and leave it out of the data")


def given_in(graphs: Iterable[object]) -> frozenset[str]:
    """Names of values of edges that some of PyG's Data have."""
    return frozenset(name for each in graphs for name in WEIGHTS if getattr(each, name, None) is not None)
