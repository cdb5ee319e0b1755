"""Weights and attributes of edges in graphs: which a forward gets, and which hwgen has nothing for."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping

from torch import Tensor, nn

from ..errors import HwgenError
from ..network.reader.fields import WEIGHTS
from .copying import unwrapped

__all__ = ["check_edge_values", "edges_weigh", "taken_by", "weight_in", "widths_in"]


def taken_by(module: nn.Module) -> frozenset[str]:
    """Names of values of edges among the arguments of a forward."""
    inside = unwrapped(module)
    taken = inspect.signature(inside.forward).parameters
    return frozenset(name for name in WEIGHTS if name in taken and getattr(inside, f"supports_{name}", True))


def widths_in(graph: object) -> dict[str, int]:
    """How many numbers one of PyG's Data has for each edge, by field."""
    found = {name: getattr(graph, name, None) for name in WEIGHTS}
    return {name: 1 if each.ndim == 1 else int(each.shape[1]) for name, each in found.items() if each is not None}


def weight_in(graph: object) -> Tensor | None:
    """What each edge of one of PyG's Data weighs: one number for each."""
    usable = [name for name, width in widths_in(graph).items() if width == 1]
    found: Tensor | None = getattr(graph, usable[0]) if usable else None
    return found


def edges_weigh(module: nn.Module, widths: Mapping[str, int]) -> bool:
    """Whether a forward is to get what edges weigh: graphs have it, and an argument, if not all of a Data, takes it."""
    usable = {name for name, width in widths.items() if width == 1}
    names = [name for name, each in inspect.signature(unwrapped(module).forward).parameters.items()
             if each.kind is not inspect.Parameter.VAR_KEYWORD]
    return bool(usable if len(names) == 1 else usable & taken_by(module))


def check_edge_values(taken: Collection[str], widths: Mapping[str, int], *, weighs: bool) -> None:
    """Refuse values of edges that graphs have and a forward takes, where ``weighs`` does not say that they count.

    Raises
    ------
    HwgenError
    """
    for name in sorted({*taken} & {*widths}):
        if widths[name] != 1:
            raise HwgenError(f"the graphs have {name} of {widths[name]} numbers an edge, and the model's forward takes "
                             "it", f"data.{name}", "give one number for each edge, or train the model without, and "
                             f"leave {name} out of the data")
        if not weighs:
            raise HwgenError(f"the graphs have {name}, and the model's forward takes it", f"data.{name}",
                             f"hand {name} to GCNConv or GraphConv, and make the model with these graphs, or leave "
                             f"{name} out")
