"""Run a module and its plan on the same graphs: proof that its layers were understood."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ...errors import HwgenError
from ..network.batch import GraphBatch
from ..network.execute import execute
from ..plan import Plan
from .roles import roles_of

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["compare", "module_outputs", "with_head"]

#: Largest difference of an output from the module's own, relative to the largest: float32, summed in another order.
TOLERANCE = 1e-4
#: The same where slopes of LeakyReLU were rounded to multiples of 1/4096.
ROUNDED = 2e-3


@torch.no_grad()
def compare(module: nn.Module, plan: Plan, graphs: Sequence[Data]) -> None:
    """Compare in evaluation mode.

    Parameters
    ----------
    module : Module
        As the user wrote it.
    plan : Plan
    graphs : sequence of Data
        Features as real values.

    Raises
    ------
    HwgenError
        The module fails on these graphs, or computes something else.
    """
    where = f"model ({type(module).__name__}.forward)"
    theirs = module_outputs(module, graphs)
    mine = torch.cat([with_head(plan, _execute(plan, each)) for each in graphs])
    tolerance = TOLERANCE if all(value.slope in (0, 1) for value in plan.values) else ROUNDED
    far = (theirs - mine).abs().max() if theirs.shape == mine.shape else torch.inf
    if not far <= tolerance * max(1.0, float(theirs.abs().max())):
        raise HwgenError("the module computes something else than its layers", where,
                         "keep hooks, buffers and calls that change a tensor in place out of the model")


@torch.no_grad()
def module_outputs(module: nn.Module, graphs: Sequence[Data]) -> Tensor:
    """What a module gives in evaluation mode for some graphs, one below the other.

    Raises
    ------
    HwgenError
        The module fails.
    """
    from torch_geometric.data import Batch, Data

    copied = copy.deepcopy(module).to("cpu", torch.float32).eval()
    for layer in copied.modules():  # GCNConv(cached=True) may have seen another graph
        for name in ("_cached_edge_index", "_cached_adj_t"):
            if hasattr(layer, name):
                setattr(layer, name, None)
    roles = roles_of(module)
    batched = {*roles.positional, *roles.named.values()} & {"batch", "data"}
    plain = [Data(x=each.x.float(), edge_index=each.edge_index, num_nodes=len(each.x)) for each in graphs]
    outputs: list[Tensor] = []
    for union in [Batch.from_data_list(plain)] if batched else plain:
        given: dict[str, Any] = {"x": union.x, "edge_index": union.edge_index, "batch": union.batch, "data": union}
        try:
            outputs.append(copied(*[given[role] for role in roles.positional],
                                  **{name: given[role] for name, role in roles.named.items()}))
        except Exception as error:  # the user's own code
            raise HwgenError(f"the model fails on these graphs: {type(error).__name__}: {error}",
                             f"model ({type(module).__name__}.forward)",
                             "pass graphs like those that the model was trained on, features as codes and "
                             "data.input_scale") from error
    return torch.cat(outputs)


def with_head(plan: Plan, logits: Tensor) -> Tensor:
    """Logits as the user's forward returns them."""
    if plan.head == "log_softmax":
        return logits.log_softmax(1)
    return logits.softmax(1) if plan.head == "softmax" else logits


def _execute(plan: Plan, graph: Data) -> Tensor:
    return execute(plan, GraphBatch.of(graph.x.float(), graph.edge_index))[plan.values[-1].name]
