"""What a user's forward takes: features, edges, what these weigh, the graph of each node; or a Data that has them."""

from __future__ import annotations

import inspect

from torch import nn

from ...errors import HwgenError
from ..calls import Roles
from ..copying import unwrapped

__all__ = ["roles_of"]

EDGES = ("edge_index", "adj", "adj_t", "edges")
BATCH = ("batch", "batch_index", "batch_idx")
FEATURES = ("x", "input", "inputs", "features", "feat", "h")
WEIGHTS = ("edge_weight", "edge_attr", "edge_weights")
SIGNATURE = "write forward(self, x, edge_index), forward(self, x, edge_index, batch), or forward(self, data)"
#: Arguments that PyG's conventions name and hwgen has nothing for; those with defaults are left at them.
FOREIGN = ("pos", "ptr")


def roles_of(model: nn.Module, *, weighs: bool = False) -> Roles:
    """Roles of the arguments of forward. Those with a default stay at it, except the batch, and weights of edges.

    Parameters
    ----------
    model : Module
    weighs : bool
        Whether forward is called with what edges weigh, where it need not be.

    Raises
    ------
    HwgenError
        Arguments without a default that are none of these.
    """
    model = unwrapped(model)
    where = f"model ({type(model).__name__}.forward)"
    every = {name: each for name, each in inspect.signature(model.forward).parameters.items()
             if each.kind is not inspect.Parameter.VAR_KEYWORD}
    names = [name for name, each in every.items() if each.default is inspect.Parameter.empty
             and each.kind is not inspect.Parameter.VAR_POSITIONAL]
    if not names and any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in every.values()):
        signature = getattr(model, "signature", None)  # of PyG's Sequential
        if signature is None:
            return _of_what_it_holds(model, weighs=weighs)
        names = list(signature.param_dict)
    by_name = {name: "batch" for name in every if name in BATCH and name not in names}
    if weighs:
        by_name |= {name: "edge_weight" for name in every if name in WEIGHTS and name not in names}
    foreign = [name for name in names if name in FOREIGN]
    if foreign:
        raise HwgenError(f"forward takes {foreign[0]}", where, f"hwgen has no {foreign[0]}: {SIGNATURE}")
    only = {name for name in names if name in every and every[name].kind is inspect.Parameter.KEYWORD_ONLY}
    if len(names) == 1 and names[0] not in FEATURES:
        roles = {names[0]: "data"}
    else:
        roles = _by_names(names, where)
    return Roles(tuple(role for name, role in roles.items() if name not in only),
                 {**by_name, **{name: role for name, role in roles.items() if name in only}}, weighs)


def _by_names(names: list[str], where: str) -> dict[str, str]:
    if not 1 <= len(names) <= 4:
        raise HwgenError(f"forward takes {len(names)} arguments", where, SIGNATURE)
    known = {name: role for role, own in (("edge_index", EDGES), ("edge_weight", WEIGHTS), ("batch", BATCH),
                                          ("x", FEATURES)) for name in names if name in own}
    if len(set(known.values())) < len(known):
        raise HwgenError(f"forward takes {' and '.join(known)}", where, SIGNATURE)
    free = [role for role in ("x", "edge_index", "batch") if role not in known.values()]
    if len(names) - len(known) > len(free):
        raise HwgenError(f"forward takes {len(names)} arguments", where, SIGNATURE)
    return {name: known[name] if name in known else free.pop(0) for name in names}


def _of_what_it_holds(model: nn.Module, *, weighs: bool) -> Roles:
    """Roles of the one module that ``forward(self, *args, **kwargs)`` hands them on to."""
    held = [roles_of(each, weighs=weighs) for each in model.children()]
    if held and all(each == held[0] for each in held):
        return held[0]
    return Roles(("x", "edge_index"))
