"""Steps step aside from rounding ties, in any network."""

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import GCNConv, SAGEConv
from training_graphs import small_data, small_quantized

from hwgen.frontend.quantize import QuantizedNetwork
from hwgen.frontend.quantize.execute import activated, joined
from hwgen.frontend.quantize.prepare import quantize
from hwgen.frontend.quantize.settle import near_ties


class Mixed(nn.Module):
    """A residual GCN layer and a SAGE layer: rows and messages of several kinds, signed ones among them."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.three = GCNConv(12, 6), GCNConv(6, 6), SAGEConv(6, 3)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = self.one(x, edge_index).relu()
        return self.three(self.two(x, edge_index) + x, edge_index)


def near(model: QuantizedNetwork) -> dict[str, int]:
    """Near ties of each value, as its quantizer gets it."""
    found: dict[str, int] = {}
    stored: dict[str, Tensor] = {}
    quantizers = model.quantizers
    assert quantizers is not None
    batch = model.sample
    assert batch is not None
    with torch.no_grad():
        for value in model.plan.values[:-1]:
            out = activated(value, batch, joined(value, batch, stored, quantizers.weigher()))
            if value.role == "message":
                message = quantizers.message(value)
                step, top = message.step, torch.tensor(float(message.top))
            else:
                row = quantizers.row(value)
                entry = row.choose(out, batch)
                step, top = row.step[entry], row.top[entry]
            found[value.name] = int(near_ties(out, step, top).sum())
            stored[value.name] = quantizers.store(value, out, batch)
    return found


def test_near_ties_lie_where_two_codes_meet() -> None:
    x = torch.tensor([[0.5005, -1.499, 2.6], [3.4999, 7.5001, 0.0]])
    assert near_ties(x, torch.ones(1, 3), torch.tensor(7.0)).sum(1).tolist() == [2, 1]
    assert near_ties(x, torch.ones(2, 1), torch.tensor([[1.0], [8.0]])).sum(1).tolist() == [1, 2]


def test_a_tie_that_many_nodes_share_is_left() -> None:
    model = small_quantized(small_data()).eval()
    assert model.quantizers is not None
    first = model.quantizers.message(model.plan.values[0])
    with torch.no_grad():
        plain = QuantizedNetwork(model.plan).trace(model.sample)[model.plan.values[0].name]
        weights = model.quantizers.weigher()
        assert model.sample is not None
        plain = activated(model.plan.values[0], model.sample, joined(model.plan.values[0], model.sample, {}, weights))
        first.raw_step[0, 0] = plain[:, 0].abs().max() / 6.5  # the largest message is a tie
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    assert near(model)["convs.0.message"] > 0
    model.train().settle()
    assert not model.training
    for name, each in model.named_parameters():
        assert ((each - before[name]).abs() <= 0.0101 * before[name].abs()).all()
        assert name.endswith(("raw_step", "raw_size")) or torch.equal(each, before[name])
    assert set(near(model).values()) == {0}
    assert not torch.equal(first.raw_step, before["quantizers.messages.convs/0/message.raw_step"])


@pytest.mark.parametrize("scheme", ["a2q", "mega", "uniform", "nns"])
def test_any_module_settles_by_any_scheme(scheme: str) -> None:
    torch.manual_seed(0)
    model = quantize(Mixed(), scheme=scheme, data=small_data(nodes=120, top=15))
    before, state = near(model), {name: each.detach().clone() for name, each in model.named_parameters()}
    model.settle()
    after = near(model)
    assert sum(after.values()) < sum(before.values())
    for name, each in model.named_parameters():
        moved = not torch.equal(each, state[name])
        assert not moved or name.endswith(("raw_step", "raw_size"))
        if scheme == "nns":  # rows that search a table stay with their entries
            assert not moved or "messages" in name
    assert any("rows" in name and not torch.equal(each, state[name]) for name, each in model.named_parameters()) == (
        scheme != "nns")
