"""Training learns what labels are: real values, signs, 0 and 1, with a final sigmoid and without."""

import dataclasses
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import SAGEConv, global_mean_pool

from hwgen.frontend.training import train
from hwgen.frontend.training.recipes import recipe_for

#: Quick, and enough for a share of nodes.
QUICK = dataclasses.replace(recipe_for("default", model="", data="", scheme="nns", per="graphs"), batch=6, epochs=26,
                            rate=0.06, quantized_epochs=10, weight_rate=0.003)


class Net(nn.Module):
    """One result a graph."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.lin, self.head = SAGEConv(4, 8), nn.Linear(8, 1), head

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        return self.head(self.lin(global_mean_pool(self.conv(x, edge_index).relu(), batch))).squeeze(-1)


def graphs(label: Callable[[Tensor], Tensor]) -> list[Data]:
    """Labels are made of the share of a graph's nodes that have feature 0."""
    random = torch.Generator().manual_seed(0)
    found = []
    for _ in range(60):
        nodes = int(torch.randint(4, 9, (1,), generator=random))
        x = torch.randint(0, 2, (nodes, 4), generator=random).float()
        found.append(Data(x=x, edge_index=torch.randint(0, nodes, (2, 3 * nodes), generator=random),
                          y=label(x[:, :1].mean().reshape(1))))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("head", "label"), [
    pytest.param(nn.Sigmoid, lambda share: share, id="shares behind a sigmoid"),
    pytest.param(nn.Identity, lambda share: 4 * share - 1.5, id="real values"),
    pytest.param(nn.Identity, lambda share: torch.where(share > 0.5, 1, -1), id="signs"),
    pytest.param(nn.Sigmoid, lambda share: (share > 0.5).long(), id="0 and 1 behind a sigmoid")])
def test_what_labels_are_is_learned(head: type[nn.Module], label: Callable[[Tensor], Tensor]) -> None:
    data = graphs(label)
    best = train(lambda: Net(head()), data, recipe=QUICK).best
    if best.task == "regression":
        spread = float(torch.cat([each.y for each in data]).std())
        assert max(best.fp32_test, best.test) < 0.5 * spread
    else:
        assert best.task == "binary"
        assert min(best.fp32_test, best.test) > 0.8
