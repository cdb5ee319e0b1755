"""Run a module and its plan on the same graphs: proof that its layers were understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from ...errors import HwgenError
from ..copying import copy_of
from ..data.graph_batch import GraphBatch
from ..edge_values import check_edge_values, taken_by, weight_in, widths_in
from ..original import TOLERANCE, call, demand_equal, with_head
from ..quantize.execute import execute
from ..traced import TracedNetwork
from .roles import roles_of

__all__ = ["compare", "module_outputs"]

#: Largest relative difference where slopes of LeakyReLU were rounded to multiples of 1/4096.
ROUNDED = 2e-3


@torch.no_grad()
def compare(module: nn.Module, plan: TracedNetwork, graphs: Sequence[Data]) -> None:
    """Compare in evaluation mode.

    Parameters
    ----------
    module : Module
        As the user wrote it.
    plan : TracedNetwork
    graphs : sequence of Data
        Features as real values.

    Raises
    ------
    HwgenError
        The module fails on these graphs, computes something else, or takes values of edges that they have.
    """
    for each in graphs:
        check_edge_values(taken_by(module), widths_in(each), weighs=plan.weighs)
        if plan.weighs and weight_in(each) is None:
            raise HwgenError("the model takes a weight of each edge, and the graphs have none", "data.edge_weight",
                             "give every graph edge_weight, one number for each edge")
    theirs = module_outputs(module, graphs, weighs=plan.weighs)
    mine = torch.cat([with_head(plan, _execute(plan, each)) for each in graphs])
    tolerance = TOLERANCE if all(value.activation.is_exact for value in plan.values) else ROUNDED
    demand_equal(module, theirs, mine, tolerance)


@torch.no_grad()
def module_outputs(module: nn.Module, graphs: Sequence[Data], *, weighs: bool = False) -> Tensor:
    """What a module gives in evaluation mode for some graphs, one below the other; ``weighs``: with their weights.

    Raises
    ------
    HwgenError
        The module fails.
    """
    copied, roles = copy_of(module), roles_of(module, weighs=weighs)
    batched = {*roles.positional, *roles.named.values()} & {"batch", "data"}
    plain = [Data(x=each.x.float(), edge_index=each.edge_index, num_nodes=len(each.x),
                  **({name: getattr(each, name).float() for name in widths_in(each)} if weighs else {}))
             for each in graphs]
    outputs: list[Tensor] = []
    for union in [Batch.from_data_list(plain)] if batched else plain:
        given: dict[str, Any] = {"x": union.x, "edge_index": union.edge_index, "batch": union.batch, "data": union,
                                 "edge_weight": weight_in(union)}
        outputs.append(call(copied, [given[role] for role in roles.positional],
                            {name: given[role] for name, role in roles.named.items()}, "these graphs"))
    return torch.cat([each.reshape(-1) if each.ndim == 0 else each for each in outputs])  # one row, squeezed


def _execute(plan: TracedNetwork, graph: Data) -> Tensor:
    weight = weight_in(graph) if plan.weighs else None
    return execute(plan, GraphBatch.of(graph.x.float(), graph.edge_index, weight=weight))[plan.values[-1].name]
