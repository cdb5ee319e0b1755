"""Observed ranges: the equations of Degree-Quant, protected nodes, chosen widths, and what hardware gets of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from graph_sets import rings_and_stars
from torch import nn
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv, SAGEConv
from training_graphs import small_data

import hwgen
from hwgen.errors import HwgenError
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.quantize import SCHEMES, QuantizedNetwork
from hwgen.frontend.quantize.protect import chances, exposed
from hwgen.frontend.quantize.tracked import Tracked
from hwgen.frontend.tracing import plan_of
from hwgen.frontend.training.models import GCN, GIN
from hwgen.network.execute import run_network
from hwgen.schemes import Tracking

TRACKED = [name for name, scheme in SCHEMES.items() if scheme.tracking is not None]


def tracked(bits: int = 3, *, signed: bool = True, affine: bool = True, **settings: object) -> Tracked:
    made = Tracked(Tracking(**settings), bits, signed=signed)
    made.affine = affine
    return made.train()


def test_codes_follow_from_the_range() -> None:
    """[-1, 2.5] with 3 bits: s = 0.5, z = 2; halves go away from zero once z is added."""
    quantizer = tracked()
    x = torch.tensor([[-1.0, 2.5], [0.25, -0.25], [0.24, 0.0]])
    assert quantizer(x).tolist() == [[-1.0, 2.5], [0.5, 0.0], [0.0, 0.0]]
    assert quantizer.codes(x).tolist() == [[0, 7], [3, 2], [2, 2]]
    exported = quantizer.export()
    assert (exported.signed, exported.zero_point, exported.step, exported.bits) == (False, 2, [0.5], [3])
    assert quantizer.top.item() == 5


def test_symmetric_codes_and_unsigned_ones_have_no_zero_point() -> None:
    symmetric = tracked(affine=False)
    assert symmetric(torch.tensor([[-1.5, 0.7]])).tolist() == [[-1.5, 0.5]]
    assert (symmetric.export().signed, symmetric.export().zero_point) == (True, 0)
    unsigned = tracked(signed=False)
    assert unsigned(torch.tensor([[0.6, 3.5]])).tolist() == [[0.5, 3.5]]
    assert (unsigned.export().signed, unsigned.export().zero_point) == (False, 0)


@pytest.mark.parametrize(("affine", "passed"), [(True, [0, 1, 1, 0]), (False, [0, 1, 1, 1])])
def test_what_lies_on_the_rails_gets_no_gradient(affine: bool, passed: list[int]) -> None:
    """With signed codes ±3 and s = 5/3 the code of 2.4 is 1; with zero point 5 of 7 it is the last one."""
    x = torch.tensor([[-5.0, -0.1, 0.0, 2.4]], requires_grad=True)
    out = tracked(affine=affine)(x)
    out.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [passed]


def test_a_range_holds_zero_and_grows() -> None:
    quantizer = tracked()
    quantizer(torch.tensor([[2.0, 3.0]]))
    assert (quantizer.low.item(), quantizer.high.item()) == (0, 3)
    quantizer(torch.tensor([[-1.0, 1.0]]))
    assert (quantizer.low.item(), quantizer.high.item()) == (-1, 3)
    quantizer.eval()(torch.tensor([[-9.0, 9.0]]))
    assert (quantizer.low.item(), quantizer.high.item()) == (-1, 3)
    with torch.no_grad():
        quantizer.train()(torch.tensor([[-9.0, 9.0]]))
    assert (quantizer.low.item(), quantizer.high.item()) == (-1, 3)


def test_a_moving_average_follows() -> None:
    quantizer = tracked(momentum=0.25)
    for high, want in ((4.0, 4.0), (8.0, 5.0), (1.0, 4.0)):
        quantizer(torch.tensor([[0.0, high]]))
        assert quantizer.high.item() == want


@pytest.mark.parametrize(("tail", "low", "high"), [(0.01, -49, 50), (0.05, -45, 46), (0.001, -49, 50)])
def test_percentiles_are_the_kth_values(tail: float, low: float, high: float) -> None:
    """The k-th with k = n·p, at least 1, from either end, as the authors count."""
    x = torch.arange(-49.0, 51.0)[torch.randperm(100)].reshape(20, 5)
    quantizer = tracked(8, tail=tail)
    quantizer(x)
    assert (quantizer.low.item(), quantizer.high.item()) == (low, high)


def test_fewer_bits_leave_more_beyond() -> None:
    """As Degree-Quant's two settings have it; each of several widths has its own range."""
    assert [Tracking(tail=0.001).beyond(bits) for bits in (8, 4)] == pytest.approx([0.001, 0.01])
    quantizer = tracked(tail=0.01, candidates=(2, 4, 8))
    quantizer(torch.arange(1.0, 101.0)[:, None])
    assert quantizer.high.tolist() == [70, 91, 100]


def test_chances_follow_the_rank_of_the_degree_within_a_graph() -> None:
    edges = np.array([[0, 1, 2, 3, 4, 5], [1, 0, 0, 0, 5, 4]])
    batch = GraphBatch(torch.ones(6, 1), edges, np.array([0, 0, 0, 0, 1, 1]), 2)
    # degrees 3 1 0 0 and 1 1
    assert chances(batch, (0.1, 0.2)).tolist() == pytest.approx([0.2, 0.175, 0.15, 0.15, 0.2, 0.2])
    assert chances(batch, (0.0, 0.0)).tolist() == [0] * 6


def test_protected_rows_pass_and_are_not_observed() -> None:
    quantizer = tracked()
    x = torch.tensor([[-1.0, 2.5], [99.25, -7.0]], requires_grad=True)
    out = quantizer(x, protected=torch.tensor([False, True]))
    assert out.tolist() == x.tolist()
    assert quantizer.high.item() == 2.5
    out.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 0], [1, 1]]


def test_one_draw_serves_a_whole_forward_and_evaluation_has_none() -> None:
    scheme = replace(SCHEMES["dq-int4"], tracking=Tracking(protected=(1.0, 1.0)))
    model = hwgen.quantize(GCN(12, 6, 3, dropout=0.0), scheme, data=small_data())
    model.train()
    assert not torch.allclose(model.trace()["convs.0"], model.eval().trace()["convs.0"])
    model.train()
    assert len(model.trace()["convs.0"].unique()) > 40  # codes have 16 values
    assert len(model.eval().trace()["convs.0"].unique()) <= 16


def test_masks_spare_what_lists_read_and_sum() -> None:
    """Not what a perceptron computes between its layers, and no graphs."""
    plan = plan_of(GIN(3, 4, 2, layers=2, pool="add"))
    assert {value.name for value in plan.values[:-1]} - exposed(plan) == {"convs.1.nn.0", "pool", "lin1"}


class Largest(nn.Module):
    """Signed values, of which maxima over lists are taken."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = GCNConv(12, 5), SAGEConv(5, 3, aggr="max")

    def forward(self, x: torch.Tensor, edge_index: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.conv2(self.conv1(x, edge_index), edge_index)
        return out


def signs(model: QuantizedNetwork) -> dict[str, bool]:
    return {value.name: value.quantizer.signed for value in model.export().values if value.quantizer is not None}


def test_values_have_zero_points_where_hardware_has_terms_for_them() -> None:
    model = hwgen.quantize(GCN(12, 6, 3), "dq-int8", data=small_data())
    assert signs(model) == dict.fromkeys(signs(model), False)
    zeros = [value.quantizer.zero_point for value in model.export().values if value.quantizer is not None]
    assert zeros[0] > 0
    assert zeros[1] == 0
    found = signs(hwgen.quantize(Largest(), "dq-int8", data=small_data()))
    assert found["conv1"]  # a maximum reads it
    assert not found["conv1.message"]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", TRACKED)
def test_training_exports_what_it_computes(scheme: str, tmp_path: Path) -> None:
    data = small_data()
    training = hwgen.train("gcn", data, scheme, epochs=6)
    model = training.kept.model.double()
    network = model.export()
    sample = model.sample
    assert sample is not None
    training.save(tmp_path / "m.pt")
    loaded, saved = hwgen.load(tmp_path / "m.pt")
    results = run_network(network, saved.batch)
    for name, each in model.eval().trace().items():
        np.testing.assert_allclose(results[name].stored, each.detach().numpy(), rtol=1e-5, atol=1e-5)
    assert [value.quantizer.bits.tolist() for value in loaded.values[:-1] if value.quantizer is not None] == [
        value.quantizer.bits.tolist() for value in network.values[:-1] if value.quantizer is not None]


def test_widths_are_chosen_by_gradient_and_kept_when_frozen() -> None:
    """A high price drives them down, none lets the task decide."""
    quantizer = Tracked(Tracking(candidates=(2, 4, 8)), 8, signed=True)
    x = torch.randn(50, 4)
    out = quantizer(x)
    assert quantizer.stored is not None
    assert quantizer.stored.bits.item() == pytest.approx(50 * 14 / 3)
    (out - x).square().sum().backward()
    assert quantizer.choice.grad is not None
    assert quantizer.choice.grad[0] > 0 > quantizer.choice.grad[2]
    with torch.no_grad():
        quantizer.choice.copy_(torch.tensor([0.0, 1.0, 0.0]))
    quantizer.freeze()
    assert quantizer.bits == 4
    assert len(quantizer(x).unique()) <= 15


@pytest.mark.parametrize("cost", [100.0, 0.0])
def test_what_bits_cost_moves_widths(cost: float) -> None:
    tracking = SCHEMES["mixq"].tracking
    assert tracking is not None
    scheme = replace(SCHEMES["mixq"], tracking=replace(tracking, cost=cost))
    model = hwgen.quantize(GCN(12, 6, 3), scheme, data=small_data())
    optimizer = torch.optim.Adam(model.parameter_groups())
    for _ in range(30):
        loss = (model.logits() - model.fp32()).square().mean() + model.penalty()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.freeze_bits()
    network = model.export()
    found = [int(value.quantizer.bits[0]) for value in network.values if value.quantizer is not None]
    found += [term.weight.bits for value in network.values for term in value.terms if term.weight is not None]
    assert found == [2] * 5 if cost else sum(found) > 4 * 5
    assert float(model.penalty()) == 0


def test_joined_rows_and_pooled_graphs_train() -> None:
    training = hwgen.train("gin", rings_and_stars(), "dq-int4", epochs=2, hidden=4, layers=2)
    assert training.best.bits == 4


@pytest.mark.parametrize(("settings", "what"), [
    ({"tail": 0.5}, "tail is 0.5"), ({"momentum": 0.0}, "momentum is 0.0"),
    ({"protected": (0.2, 0.1)}, r"protected is \(0.2, 0.1\)"), ({"candidates": (4, 2)}, r"candidates is \(4, 2\)"),
    ({"candidates": (1, 2)}, r"candidates is \(1, 2\)"),
])
def test_settings_out_of_range_are_refused(settings: dict[str, object], what: str) -> None:
    with pytest.raises(HwgenError, match=f"^{what}\n  at tracking"):
        Tracking(**settings)


def test_a_tracked_scheme_has_one_range_a_tensor() -> None:
    with pytest.raises(HwgenError, match=r"^tracking with rows nearest and 4 bits\n  at tracking"):
        hwgen.quantize(GCN(12, 6, 3), replace(SCHEMES["nns"], tracking=Tracking()), data=Data())
