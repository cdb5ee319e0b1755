"""What a user's forward takes: node features, edges, the graph of each node; or a Data or Batch that has them."""

from __future__ import annotations

import inspect

from torch import nn

from ...errors import HwgenError
from ..trace import FOREIGN, Roles

__all__ = ["roles_of"]

EDGES = ("edge_index", "adj", "adj_t", "edges")
BATCH = ("batch", "batch_index", "batch_idx")
FEATURES = ("x", "input", "inputs", "features", "feat", "h")
SIGNATURE = "write forward(self, x, edge_index), forward(self, x, edge_index, batch), or forward(self, data)"
#: Attributes of a Data or Batch that are known.
READ = ("x", "edge_index", "batch", "num_graphs", "batch_size")


def roles_of(model: nn.Module) -> Roles:
    """Roles of the arguments of forward. Those with a default stay at it, except the batch.

    Raises
    ------
    HwgenError
        Arguments without a default that are none of these.
    """
    where = f"model ({type(model).__name__}.forward)"
    every = inspect.signature(model.forward).parameters
    by_name: dict[str, str] = {}
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in every.values()):  # PyG's Sequential
        signature = getattr(model, "signature", None)
        names = list(signature.param_dict) if signature is not None else ["x", "edge_index"]
    else:
        names = [name for name, each in every.items() if each.default is inspect.Parameter.empty
                 and each.kind is not inspect.Parameter.VAR_KEYWORD]
        by_name = {name: "batch" for name in every if name in BATCH and name not in names}
    foreign = [name for name in names if name in FOREIGN and name not in BATCH]
    if foreign:
        raise HwgenError(f"forward takes {foreign[0]}", where, f"hwgen has no {foreign[0]}: {SIGNATURE}")
    if len(names) == 1 and names[0] not in FEATURES:
        return Roles(("data",), by_name, READ)
    if not 1 <= len(names) <= 3:
        raise HwgenError(f"forward takes {len(names)} arguments", where, SIGNATURE)
    known = {name: "edge_index" if name in EDGES else "batch" if name in BATCH else "x"
             for name in names if name in EDGES + BATCH + FEATURES}
    if len(set(known.values())) < len(known):
        raise HwgenError(f"forward takes {' and '.join(known)}", where, SIGNATURE)
    free = [role for role in ("x", "edge_index", "batch") if role not in known.values()]
    return Roles(tuple(known[name] if name in known else free.pop(0) for name in names), by_name, READ)
